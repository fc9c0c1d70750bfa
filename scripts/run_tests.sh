#!/usr/bin/env bash
# All tests, those in a browser beside the others: they wait more than they compute. What they say comes last.
# The others share two processes, each with whole files, whose tests have much in common.
# Each takes one thread for arithmetic: the threads of two programs would wait for each other.
set -uo pipefail
export OMP_NUM_THREADS=1
log=.make/browser-tests.log
.venv/bin/pytest tests/browser >"$log" 2>&1 &
browser=$!
trap 'kill "$browser" 2>/dev/null' INT TERM
status=0
.venv/bin/pytest --ignore=tests/browser -n 2 --dist loadfile || status=$?
wait "$browser" || status=$?
cat "$log"
exit "$status"
