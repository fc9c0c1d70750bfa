"""Where a learned spectrogram pays: what each part of it gains, by what it is compared with, over seeds and in noise.

A gain compares trainings that differ in one thing alone, seed by seed. All gains of a map are one family: their
p-values are corrected together (Holm, 1979).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.config import to_dict
from core.statistics import SIGNIFICANT, Interval, holm, mean_interval, mean_p
from core.studies.grid_table import Factors

CLEAN = "clean"

FEWEST_SEEDS = 2
"""Below that nothing is known of chance."""


@dataclass(frozen=True)
class Measured:
    """The accuracies of one combination in one condition, a seed each."""

    factors: Factors
    condition: str
    """``CLEAN``, or a signal-to-noise ratio such as "10 dB"."""
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    """Share of the clips answered right, in the order of the seeds, 0 to 1."""


@dataclass(frozen=True)
class GainMap:
    """All that was measured of the trainings of a grid."""

    name: str
    """What the grid is called."""
    dataset: str
    """What it was trained and tested on, for people."""
    protocol: str
    n_clean: int
    """Test clips without noise."""
    n_noisy: int
    """Test clips in noise; 0 where none was measured."""
    noises: tuple[str, ...]
    """Kinds of that noise; no training heard any of them."""
    epochs: tuple[tuple[str, int], ...]
    """Epochs of each model's trainings."""
    measured: tuple[Measured, ...]

    @property
    def conditions(self) -> tuple[str, ...]:
        """What the clips were heard in, clean first."""
        return tuple(dict.fromkeys(one.condition for one in self.measured))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return to_dict(self)


QUESTIONS: dict[str, str] = {
    "B": "learned mel filters, against fixed ones",
    "C": "learned kernels, against fixed ones",
    "D": "learned filters and kernels, against fixed ones",
    "pcen": "PCEN, against the logarithm alone",
    "learned-pcen": "learned PCEN, against the published numbers",
}
"""What a gain compares, by name; everything else is the same on both sides."""


@dataclass(frozen=True)
class Gain:
    """What one thing gains in one place of the map."""

    question: str
    """One of ``QUESTIONS``."""
    factors: Factors
    """What was trained; the other side differs by the question alone."""
    condition: str
    seeds: int
    """Trainings that both sides have."""
    gain: float
    """Mean difference over the seeds, -1 to 1."""
    interval: Interval
    """Its 95 % interval over seeds (Student's t)."""
    p: float
    adjusted_p: float
    """Corrected for all gains of the map."""

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance over seeds would make, also among so many."""
        return self.adjusted_p < SIGNIFICANT


def gains(found: GainMap) -> tuple[Gain, ...]:
    """Every gain that a map can tell, in its own order."""
    by_place = {
        (one.factors, one.condition): dict(zip(one.seeds, one.accuracies, strict=True)) for one in found.measured
    }
    compared = []
    for (factors, condition), accuracies in by_place.items():
        for question, other in _compared_with(factors).items():
            differences = _differences(accuracies, by_place.get((other, condition), {}))
            if len(differences) >= FEWEST_SEEDS:
                compared.append((question, factors, condition, differences))
    ps = [mean_p(differences) for *_, differences in compared]
    return tuple(
        Gain(
            question,
            factors,
            condition,
            seeds=len(differences),
            gain=sum(differences) / len(differences),
            interval=mean_interval(differences) or (-1.0, 1.0),
            p=p,
            adjusted_p=adjusted,
        )
        for (question, factors, condition, differences), p, adjusted in zip(compared, ps, holm(ps), strict=True)
    )


def _compared_with(factors: Factors) -> dict[str, Factors]:
    """The other side of every question that a combination answers."""
    others = {}
    if factors.setting != "A":
        others[factors.setting] = replace(factors, setting="A").plain
    if factors.pcen == "fixed":
        others["pcen"] = replace(factors, pcen="off")
    if factors.pcen == "learned":
        others["learned-pcen"] = replace(factors, pcen="fixed")
    return others


def _differences(one: Mapping[int, float], other: Mapping[int, float]) -> list[float]:
    """Of the seeds that both have."""
    return [one[seed] - other[seed] for seed in sorted(set(one) & set(other))]
