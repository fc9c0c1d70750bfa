"""Mel power from power spectra that were computed before, picked by row without a copy of the batch."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

CHUNK_CLIPS = 10
"""Clips picked at once: their spectra stay in the cache until they were multiplied."""


def mel_of_rows(stored: Tensor, rows: Tensor, basis: Tensor) -> Tensor:
    """Mel power of some of the stored spectra.

    A batch of spectra is six times as large as anything else in a training step. So it is never put together: a few
    clips are picked and multiplied at a time, and picked again for the gradient.

    Args:
        stored: Power spectra of any precision, (n, n_frames, n_bins); they get no gradient.
        rows: Which of them, whole numbers, (n_clips,).
        basis: Mel filters, (n_mels, n_bins).

    Returns:
        Mel power, (n_clips, n_frames, n_mels).

    >>> mel_of_rows(torch.arange(4.0).view(2, 1, 2), torch.tensor([1]), torch.eye(2)).tolist()
    [[[2.0, 3.0]]]
    """
    return cast(Tensor, _MelOfRows.apply(stored, rows, basis))  # type: ignore[no-untyped-call]


class _MelOfRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stored: Tensor, rows: Tensor, basis: Tensor) -> Tensor:
        mel = basis.new_empty(len(rows), stored.shape[1], len(basis))
        for some, out in zip(_chunks(rows), mel.split(_chunk(rows)), strict=True):
            torch.mm(_picked(stored, some, basis.dtype), basis.t(), out=out.flatten(0, 1))
        ctx.save_for_backward(stored, rows, basis)
        return mel

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, Tensor]:
        stored, rows, basis = ctx.saved_tensors
        to_basis = torch.zeros_like(basis)
        for some, part in zip(_chunks(rows), gradient.contiguous().split(_chunk(rows)), strict=True):
            to_basis.addmm_(part.flatten(0, 1).t(), _picked(stored, some, basis.dtype))
        return None, None, to_basis


def _chunk(rows: Tensor) -> int:
    return CHUNK_CLIPS if rows.device.type == "cpu" else len(rows)


def _chunks(rows: Tensor) -> tuple[Tensor, ...]:
    return tuple(rows.split(_chunk(rows)))


def _picked(stored: Tensor, rows: Tensor, dtype: torch.dtype) -> Tensor:
    """(n_clips * n_frames, n_bins)."""
    return stored.index_select(0, rows).to(dtype).flatten(0, 1)
