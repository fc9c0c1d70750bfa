"""The tutorial's linear model: every point of the log-mel has one weight a class."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    """Log-mel (B, n_mels, frames) to logits (B, n_labels) through one linear layer.

    >>> sum(p.numel() for p in Linear(n_mels=40, n_frames=101, n_labels=12).parameters())
    48492
    """

    def __init__(self, n_mels: int, n_frames: int, n_labels: int) -> None:
        super().__init__()
        self.classify = nn.Linear(n_mels * n_frames, n_labels)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Logits (B, n_labels); the log-mel is flattened band by band."""
        return _linear(log_mel, self.classify.weight, self.classify.bias)

    def of_raw(self, log_mel: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        """Logits of ``(log_mel - mean) * scale``, each band's own (n_mels,), without a pass over the clips.

        What would be done to the clips is done to the weights, which are eight times fewer than a batch.
        """
        weight = (self.classify.weight.unflatten(1, log_mel.shape[1:]) * scale[:, None]).flatten(start_dim=1)
        bias = self.classify.bias - weight @ mean.repeat_interleave(log_mel.shape[2])
        return _linear(log_mel, weight, bias)


def _linear(log_mel: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    # Classes by clips, not clips by classes as nn.Linear has it: with twelve columns a product takes twice as long.
    return torch.addmm(bias[:, None], weight, log_mel.flatten(start_dim=1).t()).t()
