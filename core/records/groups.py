"""How many clips of a group or of a range were answered right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupScores:
    """How many clips of a group were answered right, with the 95 % interval of the share (Wilson)."""

    name: str
    n: int
    right: int
    interval: tuple[float, float]

    @property
    def accuracy(self) -> float:
        """Share answered right."""
        return self.right / self.n


@dataclass(frozen=True)
class RangeScores:
    """The same for the clips whose measured quantity lies from ``start`` to ``end``; ``middle`` is their median."""

    start: float
    middle: float
    end: float
    n: int
    right: int
    interval: tuple[float, float]

    @property
    def accuracy(self) -> float:
        """Share answered right."""
        return self.right / self.n
