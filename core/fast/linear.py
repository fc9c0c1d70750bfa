"""The linear model sooner: its product turned round, and normalisation and product as a single step in training.

Done one after the other, a dozen operations go over log-mels that are ten times as large as the layer's weights, forth
and back. But a normalised log-mel times a weight is the log-mel times a scaled weight, plus a constant; and what batch
normalisation's gradient needs besides (means of the gradient, and of its product with the normalised log-mels) follows
from the gradient of the weights. So the log-mels are read for the statistics and for two products of matrices, and
written once, as their gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

from core.fast.channel_major import follow_batch
from core.models import KeywordSpotter
from core.models.linear import Linear
from core.models.normalise import BandNorm

_MOMENTS = "clip_moments"
"""Log-mels that were computed once bring their moments along, under this name."""


class TurnedLinear(Linear):
    """The same logits as ``Linear``; for any device."""

    def forward(self, log_mel: Tensor) -> Tensor:
        """Logits (B, n_labels)."""
        # Labels by clips, not clips by labels as nn.Linear has it: with twelve columns a product takes twice as long.
        classify = self.classify
        return torch.addmm(classify.bias[:, None], classify.weight, log_mel.flatten(start_dim=1).t()).t()


class NormalisedLinearSpotter(KeywordSpotter):
    """A normalised linear ``KeywordSpotter`` that trains at a fraction of the time; for a CPU."""

    def classify(self, log_mel: Tensor, mask: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Logits (B, n_labels) of log-mels (B, n_mels, frames); in one step in training, where nothing is masked."""
        if mask or not self.training:
            return super().classify(log_mel, mask)
        if self.pcen is not None:
            log_mel = self.pcen(log_mel)
        layer, norm = cast(Linear, self.network).classify, cast(BandNorm, self.normalise)
        moments = getattr(log_mel, _MOMENTS, None)
        known = None if moments is None else _over_clips(moments, log_mel.dtype)
        logits, mean, variance = normalised_linear(log_mel, layer.weight, layer.bias, norm.eps, known)
        follow_batch(norm, mean, variance, len(log_mel) * log_mel.shape[2])
        return logits


def with_moments(log_mel: Tensor, moments: Tensor) -> Tensor:
    """Log-mels (n, n_mels, n_frames) that bring their ``clip_moments`` (n, 2, n_mels) along: half a training step."""
    setattr(log_mel, _MOMENTS, moments)
    return log_mel


def _over_clips(moments: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each band over all clips, (n_mels,) each."""
    mean, square = moments.mean(dim=0)
    variance = torch.addcmul(square, mean, mean, value=-1).clamp_min_(0)
    return mean.to(dtype), variance.to(dtype)


def normalised_linear(
    log_mel: Tensor, weight: Tensor, bias: Tensor, eps: float, moments: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """``linear(batch_norm(log_mel))`` with statistics of the batch, and these statistics.

    Args:
        log_mel: (n_clips, n_mels, n_frames), in memory band by band or frame by frame.
        weight: (n_labels, n_mels * n_frames).
        bias: (n_labels,).
        eps: Added to the variance.
        moments: Mean and biased variance of each band, (n_mels,) each, if they are known.

    Returns:
        Logits, (n_clips, n_labels), with gradients to log-mels, weight and bias; mean and biased variance of each band,
        (n_mels,) each, without.

    >>> log_mel = torch.tensor([[[1.0, 3.0]], [[5.0, 7.0]]])
    >>> logits, mean, variance = normalised_linear(log_mel, torch.tensor([[1.0, 0.0]]), torch.zeros(1), eps=0.0)
    >>> mean.tolist(), variance.tolist(), (logits * 5**0.5).flatten().tolist()
    ([4.0], [5.0], [-3.0, 1.0])
    """
    by_frame = log_mel.transpose(1, 2).is_contiguous()
    stored = log_mel.transpose(1, 2) if by_frame else log_mel.contiguous()
    if moments is None:
        with torch.no_grad():
            across, band = ((0, 1), 2) if by_frame else ((0, 2), 1)
            mean = stored.mean(dim=across)
            variance = (stored - _along(mean, stored, band)).square_().mean(dim=across)
    else:
        mean, variance = moments
        if not log_mel.requires_grad:
            # Weights alone are as quickly left to PyTorch.
            by_band = weight.unflatten(1, log_mel.shape[1:]) * torch.rsqrt(variance + eps)[:, None]
            scaled = by_band.flatten(start_dim=1)
            constant = bias - scaled @ mean.repeat_interleave(log_mel.shape[2])
            return torch.addmm(constant[:, None], scaled, log_mel.flatten(start_dim=1).t()).t(), mean, variance
    arguments = (stored, weight, bias, mean, variance, eps, by_frame)
    logits = cast(Tensor, _NormalisedLinear.apply(*arguments))  # type: ignore[no-untyped-call]
    return logits, mean, variance


def _along(values: Tensor, stored: Tensor, band: int) -> Tensor:
    """Values of each band, (n_mels,), in the shape that is added to all clips: along the axis of the bands."""
    return values if band == stored.ndim - 1 else values[:, None]


class _NormalisedLinear(torch.autograd.Function):
    """Everything is in the order in which the log-mels lie in memory; "points" are all bands of all frames."""

    @staticmethod
    def forward(
        ctx: Any,
        stored: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        eps: float,
        by_frame: bool,
    ) -> Tensor:
        n_frames = stored.shape[1 if by_frame else 2]
        scale = torch.rsqrt(variance + eps)
        means, scales = (
            band.repeat(n_frames) if by_frame else band.repeat_interleave(n_frames) for band in (mean, scale)
        )
        scaled = (_swapped(weight, len(mean)) if by_frame else weight) * scales
        constant = bias - scaled @ means
        ctx.save_for_backward(stored, scaled, means, scales, scale)
        ctx.by_frame = by_frame
        # Labels by clips, not clips by labels: with twelve columns a product takes twice as long.
        return torch.addmm(constant[:, None], scaled, stored.flatten(start_dim=1).t()).t()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None, None, None]:
        stored, scaled, means, scales, scale = ctx.saved_tensors
        by_frame = ctx.by_frame
        total = gradient.sum(dim=0)
        # What the weights would get from normalised log-mels: the products with them, summed over the clips.
        products = torch.mm(gradient.t(), stored.flatten(start_dim=1))
        products.addr_(total, means, alpha=-1).mul_(scales)
        to_stored = None
        if ctx.needs_input_grad[0]:
            shape = stored.shape[1:]
            frames, band = (0, 2) if by_frame else (1, 1)
            n = stored.numel() // len(scale)
            # The scale times what the gradient of normalised log-mels is on average, alone and along them.
            alone = (total @ scaled).view(shape).sum(dim=frames) / n
            along = (scaled * products).sum(dim=0).view(shape).sum(dim=frames) / n * scale
            mean = means.view(shape).select(frames, 0)
            to_stored = torch.addcmul(_along(along * mean - alone, stored, band), stored, _along(-along, stored, band))
            to_stored.view(len(stored), -1).addmm_(gradient, scaled)
        to_weight = _swapped(products, stored.shape[1]) if by_frame else products
        return to_stored, to_weight, total, None, None, None, None


def _swapped(points: Tensor, rows: int) -> Tensor:
    """Points of each label, (n_labels, rows * columns), column by column."""
    return points.view(len(points), rows, -1).transpose(1, 2).flatten(start_dim=1)
