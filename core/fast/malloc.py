"""How a process gets its memory and gives it back: a training keeps what it had, a server keeps little."""

from __future__ import annotations

import ctypes
import gc

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # from glibc's malloc.h
LARGE_BYTES = 2**30
ARENAS = 4
"""Pools of memory that the threads of a server share."""


def keep_freed_memory() -> bool:
    """Make glibc's allocator keep what is freed; answers False where the C library has no such switch.

    By default a freed block of some megabytes goes back to the system, and the next one arrives page by page, each
    with a fault: a quarter of the time of a training step that makes many. The price is that a process keeps the most
    memory it ever used until it ends, so this is for processes that train, not for a server.

    >>> keep_freed_memory() in (True, False)
    True
    """
    # A C library that finds the first value too large keeps its own, and takes the second all the same.
    mapped = _glibc("mallopt", _M_MMAP_THRESHOLD, LARGE_BYTES) or _glibc("mallopt", _M_MMAP_THRESHOLD, 2**25)
    return _glibc("mallopt", _M_TRIM_THRESHOLD, 2**31 - 1) and mapped


def share_pools() -> bool:
    """Make the threads to come share a few pools of memory; answers False where the C library has no such switch.

    By default glibc gives the threads of a computer with two cores sixteen pools, and what is freed in one of them is
    of no use to the others. A server runs each look at a page on a thread of its own.

    >>> share_pools() in (True, False)
    True
    """
    return _glibc("mallopt", _M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Find what nobody uses any more, and give it back to the system as far as the C library can.

    Takes some tenths of a second with PyTorch loaded, in which no other thread runs.

    >>> give_back()
    """
    gc.collect()
    _glibc("malloc_trim", 0)


def _glibc(function: str, *values: int) -> bool:
    """Call a switch of glibc's allocator; answers whether it did something. Other systems have none of these."""
    try:
        return bool(getattr(ctypes.CDLL(None), function)(*values))
    except (OSError, AttributeError, TypeError):
        return False
