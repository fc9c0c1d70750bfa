#!/usr/bin/env bash
# All tests: first those that need no browser, in two processes, each with whole files, whose tests have much in common;
# then those in a browser, which measure times that a person would notice, with nothing beside them.
# Each process takes one thread for arithmetic: the threads of two programs would wait for each other.
set -uo pipefail
export OMP_NUM_THREADS=1
status=0
.venv/bin/pytest --ignore=tests/browser -n 2 --dist loadfile || status=$?
.venv/bin/pytest tests/browser || status=$?
exit "$status"
