"""BC-ResNet: broadcasted residual learning for keyword spotting (Kim et al., Interspeech 2021)."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from core.errors import ConfigError

SUB_BANDS = 5
"""Groups of rows that sub-spectral normalisation treats apart (Chang et al., 2021)."""

STAGES = ((2, 1), (2, 2), (4, 2), (4, 1))
"""Blocks and frequency stride of each of the four stages; stage i dilates time by 2**i. With fewer than 40 mel filters
the stride is left out where rows could no longer be parted into groups."""


class SubSpectralNorm(nn.Module):
    """Batch normalisation with its own statistics for each of ``SUB_BANDS`` groups of frequency rows."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(n_channels * SUB_BANDS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape; H must be a multiple of ``SUB_BANDS``."""
        n, channels, height, width = x.shape
        grouped = x.reshape(n, channels * SUB_BANDS, height // SUB_BANDS, width)
        return cast(Tensor, self.norm(grouped)).reshape(n, channels, height, width)


class BroadcastBlock(nn.Module):
    """A 2-D branch along frequency plus a 1-D branch along time, broadcast back over frequency.

    A block that changes the number of channels (a transition) has no residual connection.
    """

    def __init__(self, n_in: int, n_out: int, frequency_stride: int, dilation: int) -> None:
        super().__init__()
        self.transition = n_in != n_out
        along_frequency: list[nn.Module] = []
        if self.transition:
            along_frequency += [nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)]
        along_frequency += [
            nn.Conv2d(n_out, n_out, (3, 1), (frequency_stride, 1), padding=(1, 0), groups=n_out, bias=False),
            SubSpectralNorm(n_out),
        ]
        self.along_frequency = nn.Sequential(*along_frequency)
        self.along_time = nn.Sequential(
            nn.Conv2d(n_out, n_out, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=n_out, bias=False),
            nn.BatchNorm2d(n_out),
            nn.SiLU(inplace=True),
            nn.Conv2d(n_out, n_out, 1, bias=False),
            nn.Dropout2d(0.1),
        )
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, H, W) to (B, n_out, H / frequency_stride, W)."""
        bands = self.along_frequency(x)
        out = bands + self.along_time(bands.mean(dim=2, keepdim=True))
        return cast(Tensor, self.activation(out if self.transition else out + x))


class BCResNet(nn.Module):
    """Log-mel (B, n_mels, frames) to logits (B, n_labels).

    Args:
        n_mels: Rows of the log-mel; a multiple of 10, since halving them must leave groups of five. The published
            network has 40.
        n_labels: Number of classes.
        tau: Width; the published ones are 1, 1.5, 2, 3, 6 and 8.

    >>> sum(p.numel() for p in BCResNet(n_mels=40, n_labels=12, tau=1).parameters())
    9232
    """

    def __init__(self, n_mels: int, n_labels: int, tau: float) -> None:
        super().__init__()
        if n_mels % (2 * SUB_BANDS):
            raise ConfigError(
                f"BC-ResNet takes a multiple of {2 * SUB_BANDS} mel filters, not {n_mels}. Choose 40, as published, or "
                "the linear model, which takes any number."
            )
        self.n_mels = n_mels
        base = int(8 * tau)
        widths = [base, int(1.5 * base), 2 * base, int(2.5 * base)]
        n_in = 2 * base
        self.head = nn.Sequential(
            nn.Conv2d(1, n_in, 5, stride=(2, 1), padding=2, bias=False), nn.BatchNorm2d(n_in), nn.ReLU(inplace=True)
        )
        blocks: list[nn.Module] = []
        rows = n_mels // 2
        for stage, ((n_blocks, stride), n_out) in enumerate(zip(STAGES, widths, strict=True)):
            stride = stride if rows % (stride * SUB_BANDS) == 0 else 1
            rows //= stride
            for block in range(n_blocks):
                blocks.append(BroadcastBlock(n_in, n_out, stride if block == 0 else 1, dilation=2**stage))
                n_in = n_out
        self.blocks = nn.Sequential(*blocks)
        self.tail = nn.Sequential(
            nn.Conv2d(n_in, n_in, 5, padding=(0, 2), groups=n_in, bias=False),
            nn.Conv2d(n_in, 4 * base, 1, bias=False),
            nn.BatchNorm2d(4 * base),
            nn.ReLU(inplace=True),
        )
        self.classify = nn.Linear(4 * base, n_labels)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Logits (B, n_labels)."""
        x = self.tail(self.blocks(self.head(log_mel[:, None])))
        return cast(Tensor, self.classify(x.mean(dim=(2, 3))))
