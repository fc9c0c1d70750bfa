"""The speech embedding of Lin et al. (2020): what speech sounds like in 96 numbers, whatever the words are."""

from __future__ import annotations

from math import log
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.config import FrontEndConfig
from core.errors import ConfigError

SPECTROGRAM = FrontEndConfig(
    setting="A",
    n_fft=512,
    win_length=400,
    n_mels=32,
    fmin=60.0,
    fmax=3800.0,
    center=False,
    log_offset=1e-12,
)
"""The front end that the published weights were trained behind."""

MARGIN = 32
"""Frames of quiet put before and after a clip. One embedding hears 76 frames (0.78 s), one every 8, and so the word
stands at different places in eleven of them; three would fit into the second itself."""

N_NUMBERS = 96
"""Numbers of an embedding."""

SIZE = 3 * N_NUMBERS
"""Numbers of a clip: what its embeddings have in common, how they differ, and how the late ones differ from the early.
Six wake words of many speakers, five recordings of each: 99 % are told apart by them, 88 % by three embeddings side by
side."""

STAGES = ((24, 1, (2, 2)), (48, 2, (1, 2)), (72, 2, (2, 2)), (96, 2, (1, 2)), (96, 2, (2, 2)))
"""Channels of each stage, its pairs of convolutions along frequency and time, and the pooling that ends it (frames,
mel bands)."""

RANGE_DB = 80.0
"""Whatever lies this far below the loudest point of a clip's spectrogram is heard as if it lay there."""


class LeakyFloor(nn.Module):
    """A leaky rectifier that lets through a fifth of what is negative, down to -0.4."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return functional.leaky_relu(x, 0.2).clamp(min=-0.4)


class SpeechEmbedding(nn.Module):
    """Log-mel (B, 32, frames) to logits (B, n_labels): embeddings along time, and one linear layer on what they share.

    The convolutions are those of Google's ``speech_embedding`` (Lin et al., "Training keyword spotters with limited and
    synthesized speech data", ICASSP 2020), with batch normalisation folded in. Its weights, 328,128, were learned from
    200 million clips of speech; with random ones the network is of little use.

    Args:
        n_mels: Rows of the log-mel, 32.
        n_labels: Number of classes.

    >>> network = SpeechEmbedding(n_mels=32, n_labels=4)
    >>> network.embed(torch.zeros(2, 32, 97)).shape, network(torch.zeros(2, 32, 97)).shape
    (torch.Size([2, 288]), torch.Size([2, 4]))
    """

    def __init__(self, n_mels: int, n_labels: int) -> None:
        super().__init__()
        if n_mels != SPECTROGRAM.n_mels:
            raise ConfigError(
                f"The speech embedding takes {SPECTROGRAM.n_mels} mel filters, not {n_mels}: those that its weights "
                "were learned behind."
            )
        layers: list[nn.Module] = [nn.Conv2d(1, 24, 3, padding=(0, 1)), LeakyFloor()]
        n_in = 24
        for n_out, pairs, pooling in STAGES:
            for _ in range(pairs):
                layers += [nn.Conv2d(n_in, n_out, (1, 3), padding=(0, 1)), LeakyFloor()]
                layers += [nn.Conv2d(n_out, n_out, (3, 1)), LeakyFloor()]
                n_in = n_out
            layers.append(nn.MaxPool2d(pooling))
        self.layers = nn.Sequential(*layers, nn.Conv2d(n_in, N_NUMBERS, (3, 1), bias=False))
        self.classify = nn.Linear(SIZE, n_labels)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Logits (B, n_labels)."""
        return cast(Tensor, self.classify(self.embed(log_mel)))

    def embed(self, log_mel: Tensor) -> Tensor:
        """Log-mels (B, 32, frames) to (B, 288): means and deviations of the embeddings, late ones less early ones."""
        level = log_mel / log(10)
        loudest = level.amax(dim=(1, 2), keepdim=True)
        level = torch.maximum(level, loudest - RANGE_DB / 10)
        quiet = level.amin(dim=(1, 2), keepdim=True).expand(-1, level.shape[1], MARGIN)
        frames = torch.cat([quiet, level, quiet], dim=2).transpose(1, 2)[:, None]
        along = cast(Tensor, self.layers(frames + 2))[..., 0]
        half = along.shape[2] // 2
        drift = along[:, :, -half:].mean(dim=2) - along[:, :, :half].mean(dim=2)
        # A clip without any change has no deviation, and would have no gradient either.
        deviation = (along.var(dim=2, correction=0) + 1e-6).sqrt()
        return torch.cat([along.mean(dim=2), deviation, drift], dim=1)
