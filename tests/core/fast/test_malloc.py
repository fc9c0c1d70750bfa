"""Memory that a server used for a while goes back to the system."""

import subprocess
import sys

import pytest

from core.fast.malloc import share_pools

PROGRAM = """
import threading, time
import numpy as np, psutil
from core.fast.malloc import give_back, share_pools

def mb():
    return psutil.Process().memory_info().rss / 1e6

share_pools()
kept, start = [], mb()

def look_at_a_page():
    used = [np.ones(8_000) for _ in range(400)]  # 64 kB each: too small to go back by itself
    kept.append(np.ones(8_000))  # and something that stays, above what goes

threads = [threading.Thread(target=look_at_a_page) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
most = mb()
give_back()
print(round(most - start), round(mb() - start))
"""
"""Sixteen looks at a page at once, 26 MB each."""


@pytest.mark.skipif(not share_pools(), reason="this C library has an allocator of its own")
def test_a_server_gives_back_what_many_threads_have_used():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    most, left = map(int, ended.stdout.split())
    assert left < 20, f"{most} MB were taken, {left} MB are left"
