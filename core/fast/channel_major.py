"""BC-ResNet's layers for a CPU: activations stored channel by channel, so that every layer works on long rows.

Stored as (channels, bands, clips, frames), a 1 × 1 convolution is one product of matrices, a convolution with three
taps along bands or frames is a product with a banded matrix, and batch normalisation works on contiguous rows. The
layers of PyTorch take most of their time for the gradients of such small convolutions and for the statistics of a
batch. Weights stay in its modules, under their own names.

Shapes: C channels, H bands, N clips, W frames.
"""

from __future__ import annotations

import functools
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.distributed import Peers, peers_of
from core.models.bcresnet import padding_in_time

FAR_FROM_ZERO = 30.0
"""Squared mean over variance beyond which the mean is taken off first, so that the variance keeps its digits."""


def pointwise(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """A 1 × 1 convolution without bias, (C_in, ...) to (C_out, ...)."""
    weight = conv.weight.flatten(start_dim=1)
    return (weight @ x.flatten(start_dim=1)).view(len(weight), *x.shape[1:])


def along_bands(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """A depthwise convolution along bands, (C, H, N, W) to (C, H_out, N, W)."""
    matrix = banded_along_bands(conv, x.shape[1])
    return torch.bmm(matrix, x.flatten(start_dim=2)).view(len(x), -1, *x.shape[2:])


def banded_along_bands(conv: nn.Conv2d, n_bands: int) -> Tensor:
    """The matrices, (C, H_out, H), of a depthwise convolution along bands."""
    padding = int(conv.padding[0])
    return banded(conv.weight[:, 0, :, 0], n_bands, conv.stride[0], (padding, padding), conv.dilation[0])


def along_frames(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """A depthwise convolution along frames, (C, N, W) to (C, N, W_out)."""
    matrix = banded(conv.weight[:, 0, 0], x.shape[2], conv.stride[1], padding_in_time(conv), conv.dilation[1])
    return torch.bmm(x, matrix.transpose(1, 2))


def banded(taps: Tensor, n_in: int, stride: int, padding: tuple[int, int], dilation: int) -> Tensor:
    """Taps (C, n_taps) as matrices (C, n_out, n_in): a product with one is the convolution."""
    places = _places(n_in, taps.shape[1], stride, padding, dilation).to(taps.dtype)
    return (taps @ places.flatten(start_dim=1)).view(len(taps), *places.shape[1:])


@functools.cache
def _places(n_in: int, n_taps: int, stride: int, padding: tuple[int, int], dilation: int) -> Tensor:
    """Where each tap stands in the banded matrix, (n_taps, n_out, n_in), ones and zeros."""
    n_out = (n_in + sum(padding) - dilation * (n_taps - 1) - 1) // stride + 1
    # Kept for every later use: made in inference mode, training could not use it.
    with torch.inference_mode(False):
        places = torch.zeros(n_taps, n_out, n_in)
    for tap in range(n_taps):
        for out in range(n_out):
            position = out * stride + tap * dilation - padding[0]
            if 0 <= position < n_in:
                places[tap, out, position] = 1
    return places


def first_convolution(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """The convolution from one channel, (H, N, W) to (C, H_out, N, W)."""
    before = padding_in_time(conv)[0]
    return cast(Tensor, _FirstConvolution.apply(x, conv.weight[:, 0], conv.stride[0], before))  # type: ignore[no-untyped-call]


class _FirstConvolution(torch.autograd.Function):
    """Each row of bands is a product with the rows that its taps reach, shifted along time beforehand."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, before: int) -> Tensor:
        n_bands, n_clips, n_frames = x.shape
        n_channels, height, width = weight.shape
        shifted = x.new_zeros(n_bands + 2 * (height // 2), width, n_clips, n_frames)
        inner = shifted[height // 2 : height // 2 + n_bands]
        for tap, (to, origin) in enumerate(_shifts(width, n_frames, before)):
            inner[:, tap, :, to] = x[:, :, origin]
        flat = weight.reshape(n_channels, -1)
        n_out = (n_bands - 1) // stride + 1
        out = x.new_empty(n_channels, n_out, n_clips, n_frames)
        for band in range(n_out):
            torch.mm(flat, _reached(shifted, band * stride, height), out=out[:, band].flatten(start_dim=1))
        ctx.save_for_backward(shifted, weight)
        ctx.stride, ctx.before = stride, before
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        shifted, weight = ctx.saved_tensors
        n_channels, height, width = weight.shape
        gradient = gradient.contiguous()
        to_weight = weight.new_zeros(n_channels, height * width)
        to_shifted = torch.zeros_like(shifted) if ctx.needs_input_grad[0] else None
        turned = weight.reshape(n_channels, -1).t().contiguous()
        for band in range(gradient.shape[1]):
            row = gradient[:, band].flatten(start_dim=1)
            to_weight.addmm_(row, _reached(shifted, band * ctx.stride, height).t())
            if to_shifted is not None:
                _reached(to_shifted, band * ctx.stride, height).addmm_(turned, row)
        if to_shifted is None:
            return None, to_weight.view_as(weight), None, None
        inner = to_shifted[height // 2 : len(shifted) - height // 2]
        to_x = inner.new_zeros(inner.shape[0], *inner.shape[2:])
        for tap, (to, origin) in enumerate(_shifts(width, inner.shape[3], ctx.before)):
            to_x[:, :, origin] += inner[:, tap, :, to]
        return to_x, to_weight.view_as(weight), None, None


def _shifts(width: int, n_frames: int, before: int) -> list[tuple[slice, slice]]:
    """For each tap of a convolution that keeps the length: output frames, and the input frames they see.

    Its first tap sees ``before`` frames back.
    """
    shifts = []
    for offset in range(-before, width - before):
        first, end = max(0, -offset), min(n_frames, n_frames - offset)
        shifts.append((slice(first, end), slice(first + offset, end + offset)))
    return shifts


def _reached(shifted: Tensor, first: int, height: int) -> Tensor:
    """The rows that one output band sees, (height * width, N * W)."""
    return shifted[first : first + height].flatten(0, 1).flatten(start_dim=1)


def last_convolution(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """A depthwise convolution that keeps the frames and not the bands, (C, H, N, W) to (C, H_out, N, W)."""
    weight = conv.weight[:, 0]
    width = weight.shape[2]
    matrices = torch.cat([banded(weight[:, :, tap], x.shape[1], 1, (0, 0), 1) for tap in range(width)], dim=1)
    by_tap = torch.bmm(matrices, x.flatten(start_dim=2)).view(len(x), width, -1, *x.shape[2:])
    padded, n_frames = functional.pad(by_tap, padding_in_time(conv)), x.shape[3]
    return torch.stack([padded[:, tap, ..., tap : tap + n_frames] for tap in range(width)]).sum(dim=0)


def batch_norm(x: Tensor, norm: nn.BatchNorm2d, *, rectified: bool = False) -> Tensor:
    """Batch normalisation of (C, ...), perhaps followed by a ReLU; C may be channels times groups of bands."""
    rows, peers = x.reshape(norm.num_features, -1), peers_of(norm)
    if not norm.training:
        scale, shift = scale_and_shift(norm)
        out = torch.addcmul(shift[:, None], rows, scale[:, None])
        return (out.relu_() if rectified else out).view(x.shape)
    n = peers.total(rows.shape[1])
    arguments = (rows, norm.weight, norm.bias, norm.eps, rectified, n, peers)
    out, mean, variance = _BatchNorm.apply(*arguments)  # type: ignore[no-untyped-call]
    follow_batch(norm, mean, variance, n)
    return cast(Tensor, out).view(x.shape)


def scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A batch normalisation with its running statistics as a factor and a summand a channel, (C,) each."""
    scale = norm.weight * torch.rsqrt(cast(Tensor, norm.running_var) + norm.eps)
    return scale, norm.bias - cast(Tensor, norm.running_mean) * scale


@torch.no_grad()
def follow_batch(norm: nn.BatchNorm1d | nn.BatchNorm2d, mean: Tensor, variance: Tensor, n: int) -> None:
    """Move running statistics as PyTorch does: by the momentum, with the unbiased variance of ``n`` numbers."""
    momentum = cast(float, norm.momentum)
    cast(Tensor, norm.num_batches_tracked).add_(1)
    cast(Tensor, norm.running_mean).lerp_(mean, momentum)
    cast(Tensor, norm.running_var).lerp_(variance * (n / max(n - 1, 1)), momentum)


class _BatchNorm(torch.autograd.Function):
    """(C, L) to the same, with mean and biased variance of each row; the ReLU may be part of it.

    A row has ``n`` numbers in all processes together.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float, rectified: bool, n: int, peers: Peers
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, variance = _moments(x, n, peers)
        deviation = (variance + eps).rsqrt()
        scale = weight.double() * deviation
        out = x * scale.to(x.dtype)[:, None]
        out += (bias.double() - mean * scale).to(x.dtype)[:, None]
        if rectified:
            out.relu_()
        ctx.rectified, ctx.n, ctx.peers = rectified, n, peers
        ctx.save_for_backward(x, out if rectified else x, weight, mean, deviation)
        mean, variance = mean.to(x.dtype), variance.to(x.dtype)
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor, _mean: Tensor, _variance: Tensor) -> tuple[Tensor | None, ...]:
        x, out, weight, mean, deviation = ctx.saved_tensors
        if ctx.rectified:
            gradient = torch.ops.aten.threshold_backward(gradient, out, 0)
        total = gradient.sum(dim=1).double()
        along = ((gradient * x).sum(dim=1).double() - mean * total) * deviation
        slope = weight.double() * deviation
        # Of all processes for what comes before; a weight's gradients are added up with those of all others.
        whole_total, whole_along = ctx.peers.add_up(torch.stack([total, along]))
        of_x = -slope * deviation * whole_along / ctx.n
        constant = -slope * whole_total / ctx.n - of_x * mean
        to_x = x * of_x.to(x.dtype)[:, None]
        to_x += constant.to(x.dtype)[:, None]
        to_x.addcmul_(gradient, slope.to(x.dtype)[:, None])
        return to_x, along.to(x.dtype), total.to(x.dtype), None, None, None, None


def _moments(x: Tensor, n: int, peers: Peers) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each row, float64; in one pass where the digits suffice, else in two."""

    def over_all(numbers: Tensor) -> tuple[Tensor, Tensor]:
        sums = torch.stack([numbers.sum(dim=1).double(), torch.linalg.vector_norm(numbers, dim=1).double().square()])
        first, second = peers.add_up(sums) / n
        return first, second - first.square()

    mean, variance = over_all(x)
    if bool((mean.square() > FAR_FROM_ZERO * variance).any()):
        centre = mean.to(x.dtype)
        rest, variance = over_all(x - centre[:, None])
        mean = centre.double() + rest
    return mean, variance.clamp_min(0.0)


def add_and_rectify(bands: Tensor, over_time: Tensor, residual: Tensor | None) -> Tensor:
    """ReLU of bands (C, H, N, W) plus what holds for all bands (C, N, W), plus the input of the block if it has one."""
    return cast(Tensor, _AddAndRectify.apply(bands, over_time, residual))  # type: ignore[no-untyped-call]


class _AddAndRectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, bands: Tensor, over_time: Tensor, residual: Tensor | None) -> Tensor:
        out = bands + over_time[:, None]
        if residual is not None:
            out += residual
        out.relu_()
        ctx.save_for_backward(out)
        ctx.has_residual = residual is not None
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        (out,) = ctx.saved_tensors
        gradient = torch.ops.aten.threshold_backward(gradient, out, 0)
        return gradient, gradient.sum(dim=1), gradient if ctx.has_residual else None


def drop_channels(x: Tensor, dropout: nn.Dropout2d) -> Tensor:
    """Dropout of whole channels of (C, N, W), with the random draws that (N, C, 1, W) would meet."""
    if not dropout.training:
        return x
    peers = peers_of(dropout)
    kept = functional.dropout2d(x.new_ones(peers.total(x.shape[1]), x.shape[0], 1, 1), dropout.p)[peers.mine]
    return x * kept[:, :, 0, 0].t()[:, :, None]
