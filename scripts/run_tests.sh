#!/usr/bin/env bash
# All tests, in two processes at once: those in a browser wait more than they compute. What they say comes last.
# Each takes one thread for arithmetic: the threads of two programs would wait for each other.
set -uo pipefail
export OMP_NUM_THREADS=1
log=.make/browser-tests.log
.venv/bin/pytest tests/browser >"$log" 2>&1 &
browser=$!
trap 'kill "$browser" 2>/dev/null' INT TERM
status=0
.venv/bin/pytest --ignore=tests/browser || status=$?
wait "$browser" || status=$?
cat "$log"
exit "$status"
