"""Random numbers for the clips of a batch: one for each clip, whoever computes it."""

from __future__ import annotations

import torch
from torch import Tensor


class PartOfBatch(torch.Generator):
    """A generator for a process that computes some clips of each batch: it draws for all, and keeps those of its own.

    So a batch that several processes share meets the random numbers that it would meet in one.
    """

    n_clips = 0
    """Clips of the whole batch."""
    mine = slice(0, 0)
    """Those of this process."""


def even(n: int, low: float, high: float, generator: torch.Generator, dtype: torch.dtype | None = None) -> Tensor:
    """A number for each of ``n`` clips, (n,), drawn evenly from ``low`` to ``high``, on the generator's device.

    >>> part = PartOfBatch("cpu")
    >>> part.n_clips, part.mine = 4, slice(2, 4)
    >>> own = even(2, 0.0, 1.0, part.manual_seed(0))
    >>> torch.equal(own, even(4, 0.0, 1.0, torch.Generator().manual_seed(0))[2:])
    True
    """
    n_drawn, mine = _drawn(n, generator)
    return low + (high - low) * torch.rand(n_drawn, generator=generator, device=generator.device, dtype=dtype)[mine]


def whole(n: int, low: int, high: int, generator: torch.Generator) -> Tensor:
    """A whole number for each of ``n`` clips, (n,), drawn evenly from ``low`` up to, but without, ``high``."""
    n_drawn, mine = _drawn(n, generator)
    return torch.randint(low, high, (n_drawn,), generator=generator, device=generator.device)[mine]


def chosen(n: int, probability: float, generator: torch.Generator) -> Tensor:
    """Which of ``n`` clips are among a random share of them, (n,)."""
    return even(n, 0.0, 1.0, generator) < probability


def _drawn(n: int, generator: torch.Generator) -> tuple[int, slice]:
    """How many numbers are drawn, and which of them are for the ``n`` clips."""
    if isinstance(generator, PartOfBatch):
        return generator.n_clips, generator.mine
    return n, slice(None)
