"""What a grid of trainings found: means over seeds with intervals, gains over the fixed spectrogram, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from core.config import PCENS, FrontEndConfig, Setting
from core.records.table import as_csv as table_as_csv
from core.statistics import mean_interval, share_interval

BASES: dict[str, tuple[str, dict[str, Any]]] = {
    "mel": ("textbook mel filters", {}),
    "random": ("random mel filters", {"mel_start": "random"}),
    "masked": ("STFT bins 25–49 masked", {"masked_bins": (25, 49)}),
    "triangle": ("triangles, centre and width learn", {"mel_shape": "triangle"}),
    "bell": ("Gaussians, centre and width learn", {"mel_shape": "bell"}),
    "random-stft": ("random STFT kernels", {"stft_start": "random"}),
}
"""What the spectrogram starts from, or is made of: title, and the settings of the front end that differ."""

PCEN_TITLES = {"off": "", "fixed": "PCEN", "learned": "learned PCEN"}
"""What each is called behind the filters that it follows."""

CLAIMED_GAIN = 0.142
CLAIM = (
    "Published: training the basis functions lifted keyword spotting by up to 14.2 points, and by less the larger the "
    "model (Heung, Cheuk and Herremans, 2022, abstract; all of Speech Commands, a recipe of their own)."
)


@dataclass(frozen=True)
class Factors:
    """What was varied, apart from the seed."""

    model: str
    """Name of the preset."""
    basis: str
    """One of ``BASES``."""
    n_mels: int
    setting: str
    pcen: str = "off"
    """One of ``config.PCENS``."""

    @property
    def plain(self) -> Factors:
        """The same under its first name: the shape of filters counts only where they are trained.

        >>> Factors("linear", "triangle", 40, "C").plain.basis, Factors("linear", "triangle", 40, "B").plain.basis
        ('mel', 'triangle')
        """
        shaped = "mel_shape" in BASES[self.basis][1]
        trains_mel = FrontEndConfig(setting=cast(Setting, self.setting)).trains_mel
        return replace(self, basis="mel") if shaped and not trains_mel else self

    @property
    def fixed(self) -> Factors:
        """The same with nothing of the spectrogram trained, PCEN included.

        >>> Factors("linear", "mel", 40, "B", "learned").fixed.pcen, Factors("linear", "mel", 40, "B").fixed.pcen
        ('fixed', 'off')
        """
        return replace(self, setting="A", pcen="off" if self.pcen == "off" else "fixed").plain

    @property
    def title(self) -> str:
        """The filters for people, and what follows them; not what is trained of them.

        >>> Factors("linear", "random", 40, "B", "learned").title
        '40 random mel filters, learned PCEN'
        """
        return ", ".join(filter(None, (f"{self.n_mels} {BASES[self.basis][0]}", PCEN_TITLES[self.pcen])))

    @property
    def place(self) -> tuple[Any, ...]:
        """What puts combinations in order: by model, basis, number of filters, PCEN and setting."""
        bases, pcens = list(BASES), list(PCENS)
        return self.model, bases.index(self.basis), self.n_mels, pcens.index(self.pcen), self.setting

    @property
    def is_fixed(self) -> bool:
        """Whether nothing of the spectrogram is trained."""
        return self == self.fixed


@dataclass(frozen=True)
class Score:
    """Accuracy of one training of a grid on the test clips."""

    factors: Factors
    seed: int
    accuracy: float
    """0 to 1."""
    n: int
    """Test clips."""
    epochs: int
    seconds: float
    """Time of training (s)."""


@dataclass(frozen=True)
class Row:
    """All seeds of one combination. Accuracies and intervals lie in 0 to 1; gains in -1 to 1."""

    factors: Factors
    seeds: int
    n: int
    """Test clips."""
    epochs: int
    seconds: float
    """Mean time of a training (s)."""
    accuracy: float
    """Mean over the seeds."""
    interval: tuple[float, float]
    """95 % interval: of the mean over seeds (Student's t), or with one seed of the share of clips (Wilson)."""
    gain: float | None
    """Mean difference from the same with nothing of the spectrogram trained (``Factors.fixed``), seed by seed; None for
    that itself, and where it was not trained."""
    gain_interval: tuple[float, float] | None
    """Its 95 % interval over seeds; None with fewer than two seeds in common."""


def summarise(scores: Iterable[Score]) -> tuple[Row, ...]:
    """One row for each combination, by model, basis, number of filters, PCEN and setting."""
    groups: dict[Factors, dict[int, Score]] = {}
    for score in scores:
        groups.setdefault(score.factors, {})[score.seed] = score
    order = sorted(groups, key=lambda one: one.place)
    return tuple(_row(factors, groups[factors], groups.get(factors.fixed, {})) for factors in order)


def seed_differences(one: Mapping[int, float], other: Mapping[int, float]) -> list[float]:
    """Accuracies of one combination less those of another, of the seeds that both have, in their order.

    >>> seed_differences({0: 0.5, 1: 0.75}, {1: 0.5, 2: 0.9})
    [0.25]
    """
    return [one[seed] - other[seed] for seed in sorted(set(one) & set(other))]


def _row(factors: Factors, by_seed: dict[int, Score], fixed: dict[int, Score]) -> Row:
    of_all = list(by_seed.values())
    accuracies = [score.accuracy for score in of_all]
    n = min(score.n for score in of_all)
    interval = mean_interval(accuracies)
    if interval is None:
        interval = share_interval(round(accuracies[0] * n), n)
    # Few seeds that differ much leave an interval wider than a share can be.
    interval = max(0.0, interval[0]), min(1.0, interval[1])
    ours, others = ({seed: score.accuracy for seed, score in side.items()} for side in (by_seed, fixed))
    gains = [] if factors.is_fixed else seed_differences(ours, others)
    return Row(
        factors=factors,
        seeds=len(of_all),
        n=n,
        epochs=max(score.epochs for score in of_all),
        seconds=float(np.mean([score.seconds for score in of_all])),
        accuracy=float(np.mean(accuracies)),
        interval=interval,
        gain=float(np.mean(gains)) if gains else None,
        gain_interval=mean_interval(gains),
    )


def as_csv(rows: Sequence[Row]) -> str:
    """The rows as a table for other programs, with shares and not percent."""
    columns = "model basis n_mels pcen setting seeds test_clips epochs mean_train_s accuracy accuracy_low accuracy_high"
    table = []
    for record in as_records(rows):
        accuracy = zip(("accuracy_low", "accuracy_high"), record.pop("interval"), strict=True)
        gain = zip(("gain_low", "gain_high"), record.pop("gain_interval") or ("", ""), strict=True)
        table.append({**record, **dict(accuracy), **dict(gain)})
    return table_as_csv(table, [*columns.split(), "gain", "gain_low", "gain_high"])


def as_records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as plain values, for ``json``."""
    return [
        {
            "model": row.factors.model,
            "basis": row.factors.basis,
            "n_mels": row.factors.n_mels,
            "pcen": row.factors.pcen,
            "setting": row.factors.setting,
            "seeds": row.seeds,
            "test_clips": row.n,
            "epochs": row.epochs,
            "mean_train_s": row.seconds,
            "accuracy": row.accuracy,
            "interval": list(row.interval),
            "gain": row.gain,
            "gain_interval": list(row.gain_interval) if row.gain_interval else None,
        }
        for row in rows
    ]
