"""``BandNorm`` in a few passes over its input, where PyTorch goes through it number by number."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

from core.distributed import Peers, peers_of
from core.fast.channel_major import follow_batch
from core.models.normalise import BandNorm


class FastBandNorm(BandNorm):
    """The same as ``BandNorm``, running statistics included, in a third of the time; for training on a CPU."""

    def forward(self, log_mel: Tensor) -> Tensor:
        """The same shape; batch statistics in training, running ones afterwards."""
        if not self.training:
            return super().forward(log_mel)
        peers = peers_of(self)
        n = peers.total(log_mel.numel() // self.num_features)
        normalised, mean, variance = _Normalised.apply(log_mel, self.eps, n, peers)  # type: ignore[no-untyped-call]
        follow_batch(self, mean, variance, n)
        return cast(Tensor, normalised)


class _Normalised(torch.autograd.Function):
    """(n_clips, n_mels, n_frames) in any memory layout to the same, with mean and biased variance of each band.

    A band has ``n`` numbers in all processes together.
    """

    @staticmethod
    def forward(ctx: Any, log_mel: Tensor, eps: float, n: int, peers: Peers) -> tuple[Tensor, Tensor, Tensor]:
        mean = peers.add_up(log_mel.sum(dim=(0, 2))) / n
        normalised = log_mel - mean[:, None]
        variance = peers.add_up(normalised.square().sum(dim=(0, 2))) / n
        scale = torch.rsqrt(variance + eps)
        normalised.mul_(scale[:, None])
        ctx.save_for_backward(normalised, scale)
        ctx.n, ctx.peers = n, peers
        ctx.mark_non_differentiable(mean, variance)
        return normalised, mean, variance

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor, _mean: Tensor, _variance: Tensor) -> tuple[Tensor, None, None, None]:
        normalised, scale = ctx.saved_tensors
        sums = torch.stack([(gradient * normalised).sum(dim=(0, 2)), gradient.sum(dim=(0, 2))])
        along, alone = ctx.peers.add_up(sums) / ctx.n
        gradient = gradient - alone[:, None]
        return gradient.sub_(normalised * along[:, None]).mul_(scale[:, None]), None, None, None
