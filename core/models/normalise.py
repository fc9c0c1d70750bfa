"""Bringing each mel band to mean 0 and deviation 1, so that no filter wins by its gain alone."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn


class BandNorm(nn.BatchNorm1d):
    """Batch normalisation of log-mels (n_clips, n_mels, n_frames) by band, without weights of its own.

    Batch statistics in training, running ones afterwards.
    """

    def __init__(self, n_mels: int) -> None:
        super().__init__(n_mels, affine=False)

    def mean_and_scale(self) -> tuple[Tensor, Tensor]:
        """What each band is normalised by once training is over, (n_mels,) each: features are (x - mean) * scale.

        >>> BandNorm(2).mean_and_scale()
        (tensor([0., 0.]), tensor([1.0000, 1.0000]))
        """
        mean, variance = cast(Tensor, self.running_mean), cast(Tensor, self.running_var)
        return mean, torch.rsqrt(variance + self.eps)


def clip_moments(log_mel: Tensor) -> Tensor:
    """Mean and mean of squares of each band in each clip, float64, (n_clips, 2, n_mels).

    >>> clip_moments(torch.tensor([[[1.0, 3.0]]])).flatten().tolist()
    [2.0, 5.0]
    """
    exact = log_mel.double()
    return torch.stack([exact.mean(dim=2), exact.square().mean(dim=2)], dim=1)
