"""Bringing each mel band to mean 0 and deviation 1, so that no filter wins by its gain alone."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from core.fast.channel_major import follow_batch


class BandNorm(nn.BatchNorm1d):
    """Batch normalisation of log-mels (n_clips, n_mels, n_frames) by band, without weights of its own.

    The same as ``nn.BatchNorm1d(n_mels, affine=False)``, running statistics included. In training on a CPU it does
    without PyTorch's own, which goes through its input number by number and takes three times as long.
    """

    def __init__(self, n_mels: int) -> None:
        super().__init__(n_mels, affine=False)

    def forward(self, log_mel: Tensor) -> Tensor:
        """The same shape; batch statistics in training, running ones afterwards."""
        if not self.training or log_mel.device.type != "cpu":
            return super().forward(log_mel)
        normalised, mean, variance = _Normalised.apply(log_mel, self.eps)  # type: ignore[no-untyped-call]
        self.follow(mean, variance, log_mel.numel() // self.num_features)
        return cast(Tensor, normalised)

    def of_clips(self, moments: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of each band, (n_mels,) each, over all clips.

        Args:
            moments: From ``clip_moments``, (n_clips, 2, n_mels).
        """
        mean, square = moments.mean(dim=0)
        variance = torch.addcmul(square, mean, mean, value=-1).clamp_min_(0)
        kind = cast(Tensor, self.running_mean).dtype
        return mean.to(kind), variance.to(kind)

    def follow(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Move the running statistics as a training step of ``forward`` does, from those of ``n`` frames."""
        follow_batch(self, mean, variance, n)


def clip_moments(log_mel: Tensor) -> Tensor:
    """Mean and mean of squares of each band in each clip, float64, (n_clips, 2, n_mels).

    >>> clip_moments(torch.tensor([[[1.0, 3.0]]])).flatten().tolist()
    [2.0, 5.0]
    """
    exact = log_mel.double()
    return torch.stack([exact.mean(dim=2), exact.square().mean(dim=2)], dim=1)


class _Normalised(torch.autograd.Function):
    """(n_clips, n_mels, n_frames) in any memory layout to the same, with mean and biased variance of each band."""

    @staticmethod
    def forward(ctx: Any, log_mel: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        mean = log_mel.mean(dim=(0, 2))
        normalised = log_mel - mean[:, None]
        variance = normalised.square().mean(dim=(0, 2))
        scale = torch.rsqrt(variance + eps)
        normalised.mul_(scale[:, None])
        ctx.save_for_backward(normalised, scale)
        ctx.mark_non_differentiable(mean, variance)
        return normalised, mean, variance

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor, _mean: Tensor, _variance: Tensor) -> tuple[Tensor, None]:
        normalised, scale = ctx.saved_tensors
        along = (gradient * normalised).mean(dim=(0, 2))
        gradient = gradient - gradient.mean(dim=(0, 2))[:, None]
        return gradient.sub_(normalised * along[:, None]).mul_(scale[:, None]), None
