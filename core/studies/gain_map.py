"""Where a learned spectrogram pays: what each part of it gains, by what it is compared with, over seeds and in noise.

A gain compares trainings that differ in one thing alone, seed by seed. All gains of a map are one family: their
p-values are corrected together (Holm, 1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.config import to_dict
from core.errors import ConfigError
from core.runs import keep
from core.runs.layout import PROJECT
from core.statistics import SIGNIFICANT, Interval, holm, mean_interval, mean_p
from core.studies.grid_table import Factors, seed_differences

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


STUDY = keep.json_study(GainMap, "gain-map", "map of gains")

SHIPPED = PROJECT / "checkpoints" / STUDY.file()
"""The map that comes with the project."""


def merged(maps: Sequence[GainMap]) -> GainMap:
    """Several maps of the same data and clips as one; what two of them measured counts once, as the first has it.

    Raises:
        ConfigError: If they were not measured alike.
    """
    first = maps[0]
    for other in maps[1:]:
        same = ("dataset", "protocol", "n_clean", "n_noisy", "noises")
        if differs := [name for name in same if getattr(first, name) != getattr(other, name)]:
            raise ConfigError(f"{first.name} and {other.name} were not measured alike: {', '.join(differs)} differ.")
    accuracies: dict[tuple[Factors, str], dict[int, float]] = {}
    for one in (one for each in maps for one in each.measured):
        known = accuracies.setdefault((one.factors, one.condition), {})
        known |= {seed: share for seed, share in zip(one.seeds, one.accuracies, strict=True) if seed not in known}
    return replace(
        first,
        name=", ".join(each.name for each in maps),
        epochs=tuple({model: epochs for each in reversed(maps) for model, epochs in each.epochs}.items()),
        measured=tuple(
            Measured(factors, condition, tuple(by_seed), tuple(by_seed.values()))
            for (factors, condition), by_seed in accuracies.items()
        ),
    )


QUESTIONS: dict[str, str] = {
    "B": "learned mel filters, against fixed ones",
    "C": "learned kernels, against fixed ones",
    "D": "learned filters and kernels, against fixed ones",
    "pcen": "PCEN, against the logarithm alone",
    "learned-pcen": "learned PCEN, against the published numbers",
}
"""What a gain compares, by name; everything else is the same on both sides."""


def trainings(found: GainMap, factors: Factors) -> dict[int, dict[str, float]]:
    """The accuracies of every training of a combination, by seed and condition."""
    by_seed: dict[int, dict[str, float]] = {}
    for one in found.measured:
        if one.factors == factors:
            for seed, accuracy in zip(one.seeds, one.accuracies, strict=True):
                by_seed.setdefault(seed, {})[one.condition] = accuracy
    return dict(sorted(by_seed.items()))


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
            differences = seed_differences(accuracies, by_place.get((other, condition), {}))
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
