#!/usr/bin/env bash
# All tests, in three processes that take file after file from one queue, those in a browser first: these are the
# longest, and wait more than they compute.
# Each process takes one thread for arithmetic: the threads of two programs would wait for each other.
set -euo pipefail
export OMP_NUM_THREADS=1
exec .venv/bin/pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder
