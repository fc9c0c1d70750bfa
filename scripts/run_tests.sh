#!/usr/bin/env bash
# All tests, in three processes at once: those in a browser, of pages without one, and all others. The first wait more
# than they compute. What the others say comes last.
# Each takes one thread for arithmetic: the threads of two programs would wait for each other.
set -uo pipefail
export OMP_NUM_THREADS=1
running=()
for part in browser dashboard; do
    .venv/bin/pytest "tests/$part" >".make/$part-tests.log" 2>&1 &
    running+=($!)
done
trap 'kill "${running[@]}" 2>/dev/null' INT TERM
status=0
.venv/bin/pytest --ignore=tests/browser --ignore=tests/dashboard || status=$?
for part in "${running[@]}"; do
    wait "$part" || status=$?
done
cat .make/dashboard-tests.log .make/browser-tests.log
exit "$status"
