#!/usr/bin/env bash
# All tests, in three rows at once, each as long as the others. Those in a browser wait more than they compute: one row has
# most of them; another one has those of whole pages, once it is through with the pages without a browser. Both then take
# some of the third row's. What failed in any row stands at the very end.
# Each takes one thread for arithmetic: the threads of two programs would wait for each other.
set -uo pipefail
export OMP_NUM_THREADS=1
# Many processes start: what the first one compiled is kept for the others, also where Python is told not to.
unset PYTHONDONTWRITEBYTECODE
whole_pages=(tests/browser/test_{accessibility,evaluation,filters,fresh_server,pages}.py)
after_browser=(tests/core/{fast,jobs,microphone} tests/fuzz)
after_pages=(tests/core/{studies,training})
pytest=.venv/bin/pytest
logs=(.make/{page,browser,other}-tests.log)

pages() {
    local status=0
    "$pytest" tests/dashboard "${whole_pages[@]}" || status=$?
    "$pytest" "${after_pages[@]}" || status=$?
    return "$status"
}

browser() {
    local status=0
    "$pytest" tests/browser "${whole_pages[@]/#/--ignore=}" || status=$?
    "$pytest" "${after_browser[@]}" || status=$?
    return "$status"
}

others() {
    local elsewhere=(tests/browser tests/dashboard "${after_browser[@]}" "${after_pages[@]}")
    "$pytest" "${elsewhere[@]/#/--ignore=}" 2>&1 | tee .make/other-tests.log
}

pages >.make/page-tests.log 2>&1 &
running=($!)
browser >.make/browser-tests.log 2>&1 &
running+=($!)
trap 'kill "${running[@]}" 2>/dev/null' INT TERM
status=0
others || status=$?
for part in "${running[@]}"; do
    wait "$part" || status=$?
done
cat .make/page-tests.log .make/browser-tests.log
echo "== All rows"
grep -hE '^(FAILED|ERROR) |^=+ .* in [0-9.]+s' "${logs[@]}"
exit "$status"
