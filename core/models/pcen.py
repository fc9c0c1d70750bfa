"""Per-channel energy normalisation (PCEN): each mel band is divided by its own recent level, and compressed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.records.filters import PCEN_START, PcenBands

FLOOR = 1e-6
"""Added to the level that a band is divided by (Wang et al., 2017)."""

LIMITS = {"smoothing": (1e-3, 0.99), "gain": (0.0, 1.0), "bias": (1e-3, 100.0), "root": (0.05, 1.0)}
"""Where the numbers of a band stay while they learn: below the first smoothing a level would hardly move in a clip."""

BLOCK = 128
"""Frames smoothed by one product of matrices."""


class PCEN(nn.Module):
    """Log-mels in, and instead of their logarithm what stands out of each band's recent level.

    With the power E of a band and its level M, which follows E from frame to frame,

        M[t] = (1 - s) M[t-1] + s E[t]
        y[t] = (E[t] / (floor + M[t])^a + b)^r - b^r

    (Wang, Getreuer, Hughes, Lyon and Saurous, 2017). Each band has a smoothing s, gain a, bias b
    and root r of its own, which learn as in LEAF (Zeghidour et al., 2021). A clip begins at the level of its first
    frame; along a stream the level is carried on (``levels``).

    Args:
        n_mels: Bands.
        learned: Whether the numbers are parameters.

    Shapes:
        input: (n_clips, n_mels, n_frames), natural logarithm of mel power.
        output: the same, no unit.

    >>> steady = PCEN(n_mels=2, learned=False)(torch.zeros(1, 2, 3))
    >>> torch.allclose(steady, torch.tensor(3**0.5 - 2**0.5), atol=1e-5)
    True
    """

    smoothing: Tensor
    gain: Tensor
    bias: Tensor
    root: Tensor

    def __init__(self, n_mels: int, *, learned: bool) -> None:
        super().__init__()
        self.learned = learned
        for name, value in PCEN_START.items():
            values = torch.full((n_mels,), value)
            if learned:
                setattr(self, name, nn.Parameter(values))
            else:
                self.register_buffer(name, values)

    def forward(self, log_mel: Tensor) -> Tensor:
        """What stands out in clips, the same shape."""
        return self.stand_out(log_mel, self.levels(log_mel))

    def levels(self, log_mel: Tensor, before: Tensor | None = None) -> Tensor:
        """The level M of each band and frame, (n_clips, n_mels, n_frames).

        Args:
            log_mel: The same shape.
            before: Level behind the frame before the first one, (n_clips, n_mels); None takes the first one's power.
        """
        power = log_mel.exp()
        return smoothed(power, self.smoothing, power[..., 0] if before is None else before)

    def stand_out(self, log_mel: Tensor, levels: Tensor) -> Tensor:
        """What stands out of ``levels``, all of the shape of the log-mels."""
        gain, bias, root = (values[:, None] for values in (self.gain, self.bias, self.root))
        over_level = torch.exp(log_mel - gain * torch.log(FLOOR + levels))
        return torch.pow(over_level + bias, root) - torch.pow(bias, root)

    @torch.no_grad()
    def project(self) -> None:
        """Put the numbers back into their ``LIMITS`` after a step."""
        if self.learned:
            for name, (lowest, highest) in LIMITS.items():
                getattr(self, name).clamp_(lowest, highest)

    def bands(self) -> PcenBands:
        """The numbers of each band as arrays."""
        return PcenBands(**{name: getattr(self, name).detach().cpu().numpy().copy() for name in PCEN_START})


def smoothed(power: Tensor, smoothing: Tensor, before: Tensor) -> Tensor:
    """An exponential average along frames: ``(1 - s)`` times the last one and ``s`` times what is new.

    A recursion, but as a product with the weights that each frame has in each later one: gradients need no loop.

    Args:
        power: (n_clips, n_mels, n_frames).
        smoothing: Share of what is new, 0 to 1, of each band, (n_mels,).
        before: The average before the first frame, (n_clips, n_mels).

    Returns:
        The averages, (n_clips, n_mels, n_frames).

    >>> smoothed(torch.tensor([[[4.0, 8.0]]]), torch.tensor([0.5]), torch.tensor([[0.0]])).tolist()
    [[[2.0, 5.0]]]
    """
    parts = []
    for block in power.split(BLOCK, dim=2):
        n = block.shape[2]
        # (1 - s)^k for k from 0 to n, (n_mels, n + 1).
        kept = torch.pow((1 - smoothing)[:, None], torch.arange(n + 1, device=power.device))
        # weights[m, t, k]: how much of frame k is left in frame t, zero for later ones.
        rows = torch.nn.functional.pad(kept[:, :n], (n - 1, 0)).unfold(1, n, 1).flip(2)
        weights = rows * smoothing[:, None, None]
        part = torch.matmul(weights, block.permute(1, 2, 0)).permute(2, 0, 1) + kept[:, 1:] * before[..., None]
        before = part[..., -1]
        parts.append(part)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)
