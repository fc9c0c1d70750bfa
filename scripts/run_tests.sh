#!/usr/bin/env bash
# All tests, in three processes at once. Those in a browser wait more than they compute, and take longest: one process has
# most of them, another one those of whole pages once it is through with the pages without a browser; the third has all
# others. What the others say comes last.
# Each takes one thread for arithmetic: the threads of two programs would wait for each other.
set -uo pipefail
export OMP_NUM_THREADS=1
late=(tests/browser/test_{accessibility,evaluation,filters,fresh_server,pages}.py)
.venv/bin/pytest tests/browser "${late[@]/#/--ignore=}" >.make/browser-tests.log 2>&1 &
running=($!)
.venv/bin/pytest tests/dashboard "${late[@]}" >.make/page-tests.log 2>&1 &
running+=($!)
trap 'kill "${running[@]}" 2>/dev/null' INT TERM
status=0
.venv/bin/pytest --ignore=tests/browser --ignore=tests/dashboard || status=$?
for part in "${running[@]}"; do
    wait "$part" || status=$?
done
cat .make/page-tests.log .make/browser-tests.log
exit "$status"
