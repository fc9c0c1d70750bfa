"""BC-ResNet: broadcasted residual learning for keyword spotting (Kim et al., Interspeech 2021)."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from core.errors import ConfigError

SUB_BANDS = 5
"""Groups of rows that sub-spectral normalisation treats apart (Chang et al., 2021)."""

STAGES = ((2, 1), (2, 2), (4, 2), (4, 1))
"""Blocks and frequency stride of each of the four stages; stage i dilates time by 2**i. With fewer than 40 mel filters
the stride is left out where rows could no longer be parted into groups."""


class CausalConv2d(nn.Conv2d):
    """A convolution whose frames see none behind them: all that is padded along time stands before the first one.

    ``padding`` then holds for bands alone; its second number stays unused.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C_out, H_out, W)."""
        padded = functional.pad(input, padding_in_time(self))
        rows = int(self.padding[0])
        return functional.conv2d(padded, self.weight, self.bias, self.stride, (rows, 0), self.dilation, self.groups)


def padding_in_time(convolution: nn.Conv2d) -> tuple[int, int]:
    """Frames of zeros that a convolution which keeps their number puts before the first one and behind the last."""
    reach = convolution.dilation[1] * (convolution.kernel_size[1] - 1)
    return (reach, 0) if isinstance(convolution, CausalConv2d) else (reach // 2, reach - reach // 2)


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

    def __init__(self, n_in: int, n_out: int, frequency_stride: int, dilation: int, *, causal: bool = False) -> None:
        super().__init__()
        along_frames = CausalConv2d if causal else nn.Conv2d
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
            along_frames(n_out, n_out, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=n_out, bias=False),
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
        causal: Whether its frames see none behind them, so that it can go along a stream; the published one sees both
            sides. The weights are of the same shapes.

    >>> sum(p.numel() for p in BCResNet(n_mels=40, n_labels=12, tau=1).parameters())
    9232
    """

    def __init__(self, n_mels: int, n_labels: int, tau: float, *, causal: bool = False) -> None:
        super().__init__()
        along_frames = CausalConv2d if causal else nn.Conv2d
        if n_mels % (2 * SUB_BANDS):
            raise ConfigError(
                f"BC-ResNet takes a multiple of {2 * SUB_BANDS} mel filters, not {n_mels}. Choose 40, as published, or "
                "the linear model, which takes any number."
            )
        self.n_mels, self.causal = n_mels, causal
        base = int(8 * tau)
        widths = [base, int(1.5 * base), 2 * base, int(2.5 * base)]
        n_in = 2 * base
        self.head = nn.Sequential(
            along_frames(1, n_in, 5, stride=(2, 1), padding=2, bias=False), nn.BatchNorm2d(n_in), nn.ReLU(inplace=True)
        )
        blocks: list[nn.Module] = []
        rows = n_mels // 2
        for stage, ((n_blocks, stride), n_out) in enumerate(zip(STAGES, widths, strict=True)):
            stride = stride if rows % (stride * SUB_BANDS) == 0 else 1
            rows //= stride
            for block in range(n_blocks):
                stride_here = stride if block == 0 else 1
                blocks.append(BroadcastBlock(n_in, n_out, stride_here, dilation=2**stage, causal=causal))
                n_in = n_out
        self.blocks = nn.Sequential(*blocks)
        self.tail = nn.Sequential(
            along_frames(n_in, n_in, 5, padding=(0, 2), groups=n_in, bias=False),
            nn.Conv2d(n_in, 4 * base, 1, bias=False),
            nn.BatchNorm2d(4 * base),
            nn.ReLU(inplace=True),
        )
        self.classify = nn.Linear(4 * base, n_labels)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Logits (B, n_labels)."""
        return cast(Tensor, self.classify(self.along(log_mel).mean(dim=2)))

    def along(self, log_mel: Tensor) -> Tensor:
        """What is known of each frame, (B, n_features, frames); the logits are a linear layer on its mean."""
        return cast(Tensor, self.tail(self.blocks(self.head(log_mel[:, None]))).mean(dim=2))
