#!/usr/bin/env bash
# All tests, in three rows at once, each as long as the others. Those in a browser wait more than they compute: one row has
# most of them, another one those of whole pages, once it is through with the pages without a browser.
# Each takes one thread for arithmetic: the threads of two programs would wait for each other.
set -uo pipefail
export OMP_NUM_THREADS=1
whole_pages=(tests/browser/test_{accessibility,evaluation,filters,fresh_server,pages}.py)
later=(tests/core/{studies,training})
pytest=.venv/bin/pytest

browser() {
    local status=0
    "$pytest" tests/browser "${whole_pages[@]/#/--ignore=}" || status=$?
    "$pytest" "${later[@]}" || status=$?
    return "$status"
}

browser >.make/browser-tests.log 2>&1 &
running=($!)
"$pytest" tests/dashboard "${whole_pages[@]}" >.make/page-tests.log 2>&1 &
running+=($!)
trap 'kill "${running[@]}" 2>/dev/null' INT TERM
status=0
"$pytest" --ignore=tests/browser --ignore=tests/dashboard "${later[@]/#/--ignore=}" || status=$?
for part in "${running[@]}"; do
    wait "$part" || status=$?
done
cat .make/page-tests.log .make/browser-tests.log
exit "$status"
