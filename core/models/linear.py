"""The tutorial's linear model: every point of the log-mel has one weight a class."""

from __future__ import annotations

from typing import cast

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
        return cast(Tensor, self.classify(log_mel.flatten(start_dim=1)))
