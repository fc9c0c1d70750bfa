"""How a training process gets its memory: large blocks are kept and used again, not fetched anew for every step."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h
LARGE_BYTES = 2**30


def keep_freed_memory() -> bool:
    """Make glibc's allocator keep what is freed; answers False where the C library has no such switch.

    By default a freed block of some megabytes goes back to the system, and the next one arrives page by page, each
    with a fault: a quarter of the time of a training step that makes many. The price is that a process keeps the most
    memory it ever used until it ends, so this is for processes that train, not for a server.

    >>> keep_freed_memory() in (True, False)
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False  # macOS and Windows have allocators of their own
    # A C library that finds the first value too large keeps its own, and takes the second all the same.
    mapped = bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)) or bool(mallopt(_M_MMAP_THRESHOLD, 2**25))
    return bool(mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)) and mapped
