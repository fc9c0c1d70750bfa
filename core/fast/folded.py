"""BC-ResNet once training is over, on a CPU: for clips, or along a stream; as few steps as possible, for listening.

A single clip keeps a processor busy for a millisecond or two; calling a hundred and fifty layers takes several times as
long. So everything that is constant once training is over is multiplied out beforehand: batch normalisation into the
weights before it, a convolution along bands and the mean over bands after it into one matrix a channel.

Shapes: C channels, H bands, N clips, W frames.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.fast.channel_major import banded, banded_along_bands, scale_and_shift
from core.models.bcresnet import SUB_BANDS, BCResNet, BroadcastBlock, SubSpectralNorm, padding_in_time

Extend = Callable[[Tensor, tuple[int, int]], Tensor]
"""From (..., W) and numbers of frames to what a convolution along time sees: so many more before and behind."""


CLIPS_AT_ONCE = 12
"""Clips that go through all layers together: what a layer leaves stays near the processor for the next one."""


class FoldedBCResNet:
    """The answers of a ``BCResNet`` in evaluation mode to clips, up to rounding; it follows no later change.

    >>> network = BCResNet(n_mels=40, n_labels=12, tau=1).eval()
    >>> log_mel = torch.zeros(1, 40, 101)
    >>> with torch.inference_mode():
    ...     torch.allclose(FoldedBCResNet(network)(log_mel), network(log_mel), atol=1e-4)
    True
    """

    @torch.no_grad()
    def __init__(self, network: BCResNet) -> None:
        convolution, norm = cast(nn.Conv2d, network.head[0]), cast(nn.BatchNorm2d, network.head[1])
        scale, shift = scale_and_shift(norm)
        self.stride, self.head_padding = convolution.stride, padding_in_time(convolution)
        self.head = convolution.weight * scale[:, None, None, None], shift
        blocks = [cast(BroadcastBlock, block) for block in network.blocks]
        n_bands = network.n_mels // self.stride[0]
        self.blocks = []
        for block in blocks:
            self.blocks.append(FoldedBlock(block, n_bands))
            n_bands = self.blocks[-1].n_bands
        depthwise, mixing = cast(nn.Conv2d, network.tail[0]), cast(nn.Conv2d, network.tail[1])
        scale, shift = scale_and_shift(cast(nn.BatchNorm2d, network.tail[2]))
        taps = depthwise.weight[:, 0].unbind(2)
        self.width, self.tail_padding = len(taps), padding_in_time(depthwise)
        self.taps = torch.cat([banded(tap, n_bands, 1, (0, 0), 1) for tap in taps], dim=1)
        self.mixing = mixing.weight.flatten(1) * scale[:, None], shift[:, None]
        self.last = network.classify.weight, network.classify.bias

    def __call__(self, log_mel: Tensor) -> Tensor:
        """Log-mels (N, n_mels, W) to logits (N, n_labels); in inference mode only."""
        return torch.cat([self.classify(self.along(clips)) for clips in log_mel.split(CLIPS_AT_ONCE)])

    def along(self, log_mel: Tensor, extend: Extend = functional.pad) -> Tensor:
        """What is known of each frame, (n_features, N, W); ``extend`` is asked in the same order each time."""
        weight, bias = self.head
        extended = extend(log_mel, self.head_padding)[:, None]
        head = functional.conv2d(extended, weight, bias, self.stride, padding=(2, 0)).relu_()
        x = head.permute(1, 2, 0, 3).contiguous()
        for block in self.blocks:
            x = block(x, extend)
        n_channels, _, n_clips, n_frames = x.shape
        by_tap = extend(torch.bmm(self.taps, x.flatten(2)).view(n_channels, -1, n_clips, n_frames), self.tail_padding)
        by_tap = by_tap.view(n_channels, self.width, -1, n_clips, n_frames + self.width - 1)
        summed = by_tap[:, 0, ..., :n_frames].clone()
        for tap in range(1, self.width):
            summed += by_tap[:, tap, ..., tap : tap + n_frames]
        weight, bias = self.mixing
        features = torch.addmm(bias, weight, summed.flatten(1)).relu_()
        return features.view(len(weight), -1, n_clips, n_frames).mean(dim=1)

    def classify(self, features: Tensor) -> Tensor:
        """The logits, (N, n_labels), of what is known of frames, (n_features, N, W)."""
        weight, bias = self.last
        return functional.linear(features.mean(dim=2).t(), weight, bias)


class Stream:
    """A causal network along a stream: each frame goes through it once, and the answer is that of the last second.

    It begins with frames of which nothing was known before, as a clip does.
    """

    def __init__(self, network: FoldedBCResNet, n_frames: int) -> None:
        self._network, self._n_frames = network, n_frames
        self._before: list[Tensor] = []
        self._known: Tensor | None = None

    def advance(self, features: Tensor) -> Tensor:
        """The logits, (1, n_labels), of the last ``n_frames`` frames, once these, (1, n_mels, n_new), have come."""
        places = itertools.count()

        def extend(x: Tensor, padding: tuple[int, int]) -> Tensor:
            before = padding[0]
            place = next(places)
            if place == len(self._before):
                self._before.append(x.new_zeros(*x.shape[:-1], before))
            extended = torch.cat([self._before[place], x], dim=-1)
            self._before[place] = extended[..., -before:]
            return extended

        new = self._network.along(features, extend)
        self._known = (new if self._known is None else torch.cat([self._known, new], dim=2))[..., -self._n_frames :]
        return self._network.classify(self._known)


class FoldedBlock:
    """One ``BroadcastBlock``, (C_in, H, N, W) to (C, H_out, N, W).

    ``matrix``, (C, H_out + 1, H), makes bands of bands, and in its last row their mean; ``taps`` are three weights a
    channel, (C, 1) each, along the frames of that mean.
    """

    def __init__(self, block: BroadcastBlock, n_bands: int) -> None:
        *entry, depthwise, sub_spectral = block.along_frequency
        self.entry: tuple[Tensor, Tensor] | None = None
        if entry:
            scale, shift = scale_and_shift(cast(nn.BatchNorm2d, entry[1]))
            self.entry = cast(nn.Conv2d, entry[0]).weight.flatten(1) * scale[:, None], shift[:, None]
        conv = cast(nn.Conv2d, depthwise)
        matrix = banded_along_bands(conv, n_bands)
        n_channels, self.n_bands, _ = matrix.shape
        groups = (n_channels, SUB_BANDS, 1)
        scale, shift = (
            values.view(groups).expand(-1, -1, self.n_bands // SUB_BANDS).reshape(n_channels, self.n_bands, 1)
            for values in scale_and_shift(cast(SubSpectralNorm, sub_spectral).norm)
        )
        matrix = matrix * scale
        # A last row gives the mean over bands.
        self.matrix = torch.cat([matrix, matrix.mean(dim=1, keepdim=True)], dim=1)
        self.shift = torch.cat([shift, shift.mean(dim=1, keepdim=True)], dim=1)
        convolution, norm, _, mixing, _ = block.along_time
        scale, shift = scale_and_shift(cast(nn.BatchNorm2d, norm))
        self.padding = padding_in_time(cast(nn.Conv2d, convolution))
        self.dilation = cast(nn.Conv2d, convolution).dilation[1]
        self.taps = (cast(nn.Conv2d, convolution).weight[:, 0, 0] * scale[:, None])[:, :, None].unbind(1)
        self.time_shift = shift[:, None]
        self.mixing = cast(nn.Conv2d, mixing).weight.flatten(1)
        self.transition = block.transition

    def __call__(self, x: Tensor, extend: Extend) -> Tensor:
        """(C_in, H, N, W) to (C, H_out, N, W)."""
        n_clips, n_frames = x.shape[2:]
        bands, step = x.flatten(2), self.dilation
        if self.entry is not None:
            weight, bias = self.entry
            bands = torch.addmm(bias, weight, x.flatten(1)).relu_().view(len(weight), x.shape[1], -1)
        bands = torch.baddbmm(self.shift, self.matrix, bands).view(len(self.matrix), -1, n_clips, n_frames)
        over_bands = extend(bands[:, self.n_bands], self.padding)
        time = self.time_shift[..., None]
        for tap, weight in enumerate(self.taps):
            time = torch.addcmul(time, weight[..., None], over_bands[..., tap * step : tap * step + n_frames])
        time = torch.mm(self.mixing, functional.silu(time, inplace=True).flatten(1)).view(-1, 1, n_clips, n_frames)
        out = bands[:, : self.n_bands] + time
        return (out if self.transition else out.add_(x)).relu_()
