"""Averaged weights: a running mean of a model over its last steps, which strays less than the last step does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from core.models import KeywordSpotter

WARM_STEPS = 9
"""The first steps are averaged more evenly: after n of them a step counts (1 + this) / (n + this), if that is more."""


class AveragedWeights:
    """An exponential moving average of a model's weights, filters and running statistics (Polyak and Juditsky, 1992).

    Args:
        model: What is followed; it stays where it is and keeps its tensors.
        keeps: Share that the average keeps of itself in a step, 0 to 1.
    """

    def __init__(self, model: KeywordSpotter, keeps: float) -> None:
        self.keeps = keeps
        self._weights = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
        self._means = {name: value.clone() for name, value in self._weights.items()}
        # On the device, so that steps which are recorded once and replayed count on.
        self._steps = torch.zeros((), device=next(iter(self._means.values())).device)

    def follow(self) -> None:
        """Take the weights of one more step in."""
        self._steps += 1
        new = ((1 + WARM_STEPS) / (self._steps + WARM_STEPS)).clamp_min(1 - self.keeps)
        for name, mean in self._means.items():
            mean.lerp_(self._weights[name], new.to(mean.dtype))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the model has the averaged weights; afterwards its own again, to the last bit."""
        own = {name: value.clone() for name, value in self._weights.items()}
        self._put(self._means)
        try:
            yield
        finally:
            self._put(own)

    def state_dict(self) -> dict[str, Any]:
        """The average and how many steps it took; tensors."""
        return {"steps": self._steps, "means": self._means}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was taken.

        Raises:
            KeyError: If a tensor is missing.
            RuntimeError: If one has another shape.
        """
        self._steps.copy_(state["steps"])
        for name, mean in self._means.items():
            mean.copy_(state["means"][name])

    def _put(self, values: dict[str, torch.Tensor]) -> None:
        for name, weight in self._weights.items():
            weight.copy_(values[name])
