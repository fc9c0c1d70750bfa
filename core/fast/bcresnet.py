"""BC-ResNet with activations stored channel by channel: the faster way on a CPU."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from core.fast.channel_major import (
    add_and_rectify,
    along_bands,
    along_frames,
    batch_norm,
    drop_channels,
    first_convolution,
    last_convolution,
    pointwise,
)
from core.models.bcresnet import BCResNet, BroadcastBlock, SubSpectralNorm


class ChannelMajorBCResNet(BCResNet):
    """The same logits, gradients, running statistics and random draws as ``BCResNet``; for a CPU."""

    def forward(self, log_mel: Tensor) -> Tensor:
        """Logits (B, n_labels)."""
        convolution, norm, _ = self.head
        x = first_convolution(log_mel.transpose(0, 1), cast(nn.Conv2d, convolution))
        x = batch_norm(x, cast(nn.BatchNorm2d, norm), rectified=True)
        for block in self.blocks:
            x = _through(cast(BroadcastBlock, block), x)
        depthwise, mixing, norm, _ = self.tail
        x = pointwise(last_convolution(x, cast(nn.Conv2d, depthwise)), cast(nn.Conv2d, mixing))
        x = batch_norm(x, cast(nn.BatchNorm2d, norm), rectified=True)
        return cast(Tensor, self.classify(x.mean(dim=(1, 3)).t()))


def _through(block: BroadcastBlock, x: Tensor) -> Tensor:
    """A block with channels first: (n_in, H, B, W) to (n_out, H / frequency_stride, B, W)."""
    *entry, depthwise, sub_spectral = block.along_frequency
    bands = x
    if entry:
        bands = pointwise(bands, cast(nn.Conv2d, entry[0]))
        bands = batch_norm(bands, cast(nn.BatchNorm2d, entry[1]), rectified=True)
    bands = batch_norm(along_bands(bands, cast(nn.Conv2d, depthwise)), cast(SubSpectralNorm, sub_spectral).norm)
    convolution, norm, _, mixing, dropout = block.along_time
    time = along_frames(bands.mean(dim=1), cast(nn.Conv2d, convolution))
    time = functional.silu(batch_norm(time, cast(nn.BatchNorm2d, norm)))
    time = drop_channels(pointwise(time, cast(nn.Conv2d, mixing)), cast(nn.Dropout2d, dropout))
    return add_and_rectify(bands, time, None if block.transition else x)
