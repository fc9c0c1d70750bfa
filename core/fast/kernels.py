"""Power spectra through STFT kernels that may be anything: as few multiplications as such kernels allow.

An FFT only serves Fourier kernels. Trained ones need a matrix product of every frame with every kernel, which is what
training spends its time on. Two things make it cheap here:

- *Shared products.* Frames overlap: with a hop of a third of the frame, each block of ``hop`` samples meets three
  frames. Seen block by block, the analysis is a convolution with three taps whose coefficients are matrices, and three
  outputs of such a convolution need five products of matrices instead of nine (Toom and Cook's algorithm, in the form
  of Winograd's minimal filtering; see Lavin and Gray, 2016). The same holds for its gradients.
- *A backward pass that keeps only what it needs*: the response of the kernels and the transformed blocks. Power is
  squared without a root, so nothing divides by zero at digital silence.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

ALIGNED = 4
"""Numbers that one vector instruction takes, at least: rows of a multiple of them are multiplied a tenth faster."""

TILE = 3
"""Frames computed together, and hops that a group of taps reaches over."""

PARTS = 5
"""Products of matrices for a tile: ``2 * TILE - 1`` (evaluation at 0, 1, -1, 2 and infinity)."""

# Rows: the five points; columns: the three taps. Fractions are on this side, so that signals meet whole numbers only.
_TAPS_TO_PARTS = (
    (1 / 2, 0.0, 0.0),
    (1 / 2, 1 / 2, 1 / 2),
    (1 / 6, -1 / 6, 1 / 6),
    (1 / 6, 1 / 3, 2 / 3),
    (0.0, 0.0, 1.0),
)


def plan_for(n_fft: int, hop_length: int, *, tiled: bool = True) -> Plan:
    """The plan with the fewest multiplications; not ``tiled`` asks for the plain product of frames and kernels.

    >>> type(plan_for(480, 160)).__name__, type(plan_for(512, 160)).__name__
    ('TiledPlan', 'PlainPlan')
    """
    groups = -(-n_fft // (TILE * hop_length))
    # Multiplications of a tile and kernel; a tenth pays for the transforms.
    if tiled and PARTS * groups * hop_length < 0.9 * TILE * n_fft:
        return TiledPlan(n_fft, hop_length)
    return PlainPlan(n_fft, hop_length)


class PlainPlan:
    """Every frame is cut out and multiplied by every kernel.

    Kernels are prepared as factors (differentiable), waveforms split into the other factors; the products are joined to
    responses. The two steps on the waveforms' side have their gradients beside them.
    """

    def __init__(self, n_fft: int, hop_length: int) -> None:
        self.n_fft, self.hop_length = n_fft, hop_length

    def prepare(self, kernels: Tensor) -> Tensor:
        """(n_kernels, n_fft) to (1, n_fft, n_kernels)."""
        return kernels.t()[None]

    def split(self, padded: Tensor) -> Tensor:
        """(n_clips, n_samples) to (1, n_clips * n_frames, n_fft)."""
        return padded.unfold(1, self.n_fft, self.hop_length).reshape(1, -1, self.n_fft)

    def respond(self, pieces: Tensor, factors: Tensor, dtype: torch.dtype) -> Tensor:
        """The only product is the response."""
        return (pieces[0] @ factors[0]).to(dtype)

    def join_backward(self, gradient: Tensor) -> Tensor:
        """As they are."""
        return gradient[None]

    def split_backward(self, gradient: Tensor, n_clips: int, n_samples: int) -> Tensor:
        """Overlapping frames are added where they came from."""
        frames = gradient.view(n_clips, -1, self.n_fft)
        waveform = gradient.new_zeros(n_clips, n_samples)
        for number in range(frames.shape[1]):
            start = number * self.hop_length
            waveform[:, start : start + self.n_fft] += frames[:, number]
        return waveform


class TiledPlan:
    """The same, three frames at a time through five products (see the head of this file).

    Kernels are filled up with zeros to whole groups of three taps; the number of frames is rounded up to whole tiles,
    and what lies behind the end of the signal counts as silence.
    """

    def __init__(self, n_fft: int, hop_length: int) -> None:
        self.n_fft, self.hop_length = n_fft, hop_length
        self.groups = -(-n_fft // (TILE * hop_length))

    def prepare(self, kernels: Tensor) -> Tensor:
        """(n_kernels, n_fft) to (5, groups * hop, n_kernels)."""
        n_kernels = len(kernels)
        taps = torch.nn.functional.pad(kernels, (0, self.groups * TILE * self.hop_length - self.n_fft))
        taps = taps.view(n_kernels, self.groups, TILE, self.hop_length)
        matrix = kernels.new_tensor(_TAPS_TO_PARTS)
        return torch.einsum("pt,kgth->pghk", matrix, taps).reshape(PARTS, -1, n_kernels)

    def split(self, padded: Tensor) -> Tensor:
        """(n_clips, n_samples) to (5, n_clips * tiles, groups * hop)."""
        n_clips, n_samples = padded.shape
        tiles = self._tiles(n_samples)
        blocks = self._blocks(padded, tiles)
        pieces = padded.new_empty(PARTS, n_clips, tiles, self.groups, self.hop_length)
        for group in range(self.groups):
            first, second, third, fourth, fifth = self._windows(blocks, tiles, group)
            zero, one, minus, two, end = pieces[:, :, :, group]
            torch.sub(fourth, second, out=two)
            torch.sub(first, third, out=zero).mul_(2).add_(two)
            torch.sub(third, fourth, out=minus)
            torch.add(minus, second, alpha=2, out=one)
            minus.add_(third, alpha=2).sub_(second, alpha=2)
            torch.sub(fifth, third, out=end).sub_(two, alpha=2)
        return pieces.view(PARTS, n_clips * tiles, -1)

    def respond(self, pieces: Tensor, factors: Tensor, dtype: torch.dtype) -> Tensor:
        """(5, rows, depth) and (5, depth, n_kernels) to (3 * rows, n_kernels)."""
        one, minus, two = ((pieces[part] @ factors[part]).to(dtype) for part in (1, 2, 3))
        responses = torch.empty(len(one), TILE, one.shape[1], dtype=dtype, device=one.device)
        first, second, third = responses.unbind(1)
        torch.sub(one, minus, out=second).add_(two, alpha=2)
        even = one.add_(minus)
        torch.add(even, two, out=first)
        torch.add(even, two, alpha=4, out=third)
        _add_product(first, pieces[0], factors[0])
        _add_product(third, pieces[4], factors[4])
        return responses.view(TILE * len(one), -1)

    def join_backward(self, gradient: Tensor) -> Tensor:
        """(3 * rows, n_kernels) to (5, rows, n_kernels)."""
        zero, one, two = gradient.view(-1, TILE, gradient.shape[1]).unbind(1)
        products = gradient.new_empty(PARTS, *zero.shape)
        products[0], products[4] = zero, two
        torch.add(zero, two, out=products[3])
        torch.add(products[3], one, out=products[1])
        torch.sub(products[3], one, out=products[2])
        products[3].add_(one, alpha=2).add_(two, alpha=3)
        return products

    def split_backward(self, gradient: Tensor, n_clips: int, n_samples: int) -> Tensor:
        """(5, rows, depth) to (n_clips, n_samples)."""
        tiles = self._tiles(n_samples)
        pieces = gradient.view(PARTS, n_clips, tiles, self.groups, self.hop_length)
        blocks = gradient.new_zeros(n_clips, TILE * (tiles + self.groups - 1) + TILE - 1, self.hop_length)
        for group in range(self.groups):
            first, second, third, fourth, fifth = self._windows(blocks, tiles, group)
            zero, one, minus, two, end = pieces[:, :, :, group]
            edge = two + zero - 2 * end
            first.add_(zero, alpha=2)
            second.add_(one - minus, alpha=2).sub_(edge)
            third.add_(one).add_(minus, alpha=3).sub_(zero, alpha=2).sub_(end)
            fourth.add_(edge).sub_(one).sub_(minus)
            fifth.add_(end)
        waveform = gradient.new_zeros(n_clips, n_samples)
        flat = blocks.view(n_clips, -1)
        length = min(n_samples, flat.shape[1])
        waveform[:, :length] = flat[:, :length]
        return waveform

    def _tiles(self, n_samples: int) -> int:
        n_frames = (n_samples - self.n_fft) // self.hop_length + 1
        return -(-n_frames // TILE)

    def _blocks(self, padded: Tensor, tiles: int) -> Tensor:
        """Waveforms cut into blocks of one hop, (n_clips, n_blocks, hop), with silence behind the end."""
        n_blocks = TILE * (tiles + self.groups - 1) + TILE - 1
        missing = n_blocks * self.hop_length - padded.shape[1]
        # A negative amount of padding cuts off samples that no frame reaches.
        return torch.nn.functional.pad(padded, (0, missing)).view(len(padded), n_blocks, self.hop_length)

    @staticmethod
    def _windows(blocks: Tensor, tiles: int, group: int) -> list[Tensor]:
        """The five blocks that each tile of a group of taps reaches over, each (n_clips, tiles, hop)."""
        first = TILE * group
        return [blocks[:, first + i : first + i + TILE * (tiles - 1) + 1 : TILE] for i in range(PARTS)]


Plan = PlainPlan | TiledPlan
"""One way to multiply frames by kernels."""


def prepared_kernels(cosine: Tensor, sine: Tensor, plan: Plan) -> Tensor:
    """Kernels, each (n_bins, n_fft), as ``kernel_power`` takes them; silent ones fill them up to a multiple of 4."""
    missing = (0, 0, 0, -len(cosine) % ALIGNED)
    return plan.prepare(torch.cat([torch.nn.functional.pad(kernels, missing) for kernels in (cosine, sine)]))


def kernel_power(padded: Tensor, factors: Tensor, plan: Plan) -> Tensor:
    """Power of each pair of a cosine and a sine kernel in each frame.

    Args:
        padded: Waveforms, (n_clips, n_samples); no padding is added.
        factors: The kernels, from ``prepared_kernels``.
        plan: How to multiply.

    Returns:
        Power, (n_clips, frames, bins). There may be a few more frames than fit into the signal, and a few silent bins
        more than kernels: cut them off.
    """
    return cast(Tensor, _KernelPower.apply(padded, factors, plan, None))  # type: ignore[no-untyped-call]


def kernel_power_bfloat16(padded: Tensor, changes: Tensor, plan: Plan, response: Tensor) -> Tensor:
    """``kernel_power`` with the large products in bfloat16, which has three digits.

    Three digits of the whole response would drown the quiet bands of speech, and the gradient of the logarithm with
    them. So the kernels are given as their small change from Fourier's, and Fourier's response comes from an FFT.

    Args:
        padded: Waveforms, (n_clips, n_samples); they get no gradient.
        changes: Kernels less the Fourier kernels, from ``prepared_kernels``.
        plan: How to multiply.
        response: Response of the Fourier kernels, (n_clips * frames, n_kernels), as in ``fourier_response``.
    """
    return cast(Tensor, _KernelPower.apply(padded, changes, plan, response))  # type: ignore[no-untyped-call]


class _KernelPower(torch.autograd.Function):
    """Sum of the squares of the cosine and the sine response, with a gradient that saves no more than it needs."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, factors: Tensor, plan: Plan, fourier: Tensor | None) -> Tensor:
        dtype = padded.dtype if fourier is None else torch.bfloat16
        pieces, factors = plan.split(padded).to(dtype), factors.to(dtype)
        responses = plan.respond(pieces, factors, padded.dtype)
        if fourier is not None:
            responses += fourier
        ctx.save_for_backward(pieces, factors, responses)
        ctx.plan, ctx.shape = plan, padded.shape
        cosine, sine = responses.chunk(2, dim=1)
        return (cosine * cosine).addcmul_(sine, sine).view(len(padded), -1, cosine.shape[1])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        pieces, factors, responses = ctx.saved_tensors
        plan = cast(Plan, ctx.plan)
        n_bins = gradient.shape[2]
        # Half the gradient of the responses; the two follows below, where there are fewer numbers.
        halves = (responses.view(-1, 2, n_bins) * gradient.reshape(-1, 1, n_bins)).view(responses.shape)
        products = plan.join_backward(halves).to(pieces.dtype)
        to_padded = to_factors = None
        if ctx.needs_input_grad[1]:
            to_factors = _products(pieces.transpose(1, 2), products, gradient.dtype, alpha=2)
        if ctx.needs_input_grad[0]:
            to_pieces = _products(products, factors.transpose(1, 2), gradient.dtype, alpha=2)
            to_padded = plan.split_backward(to_pieces, *ctx.shape)
        return to_padded, to_factors, None, None


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add a product of matrices to ``total``, within the product itself where the types allow it."""
    if left.dtype == total.dtype:
        total.addmm_(left, right)
    else:
        total.add_((left @ right).to(total.dtype))


def _products(left: Tensor, right: Tensor, dtype: torch.dtype, alpha: float = 1) -> Tensor:
    """``alpha`` times the product of each pair of matrices, in ``dtype``; one call each, faster than a batched one."""
    out = left.new_empty(len(left), left.shape[1], right.shape[2])
    for one, other, result in zip(left, right, out, strict=True):
        torch.addmm(result, one, other, beta=0, alpha=alpha, out=result)
    return out.to(dtype)
