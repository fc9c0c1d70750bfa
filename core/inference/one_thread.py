"""Decisions in one thread: one second of sound is too little work to share.

On an idle computer two threads gain nothing on it. On a busy one, while a model is trained beside say, each of some
fifty matrix multiplications waits until the system lets the other thread run: measured with 16 programs on two cores, a
decision took 1.1 s in two threads and 0.05 s in one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch  # noqa: F401 (loads the library whose threads are limited)
from threadpoolctl import ThreadpoolController

_openmp = ThreadpoolController().select(user_api="openmp")


def in_one_thread() -> AbstractContextManager[Any]:
    """A context in which PyTorch computes in the calling thread alone; other threads keep theirs.

    >>> with in_one_thread():
    ...     torch.get_num_threads()
    1
    """
    limit: AbstractContextManager[Any] = _openmp.limit(limits=1)
    return limit
