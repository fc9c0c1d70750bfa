"""What learning filters did to a model: where its sensitivity went, and what it gained over a fixed spectrogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.config import RunConfig
from core.frontend.filter_facts import band_edges, band_shares
from core.records.filters import Filters
from core.statistics import holm
from core.studies.comparison import Difference

WORTH_SHOWING = 0.1
"""Share of a model's sensitivity that has to move before it makes a picture."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Where a bank of mel filters is sensitive: shares of all its weight, by octave."""

    edges_hz: NDArray[np.float64]
    """Ends of the bands, (n_bands + 1,)."""
    before: NDArray[np.float64]
    """Of the initial filters, (n_bands,), adding up to 1."""
    after: NDArray[np.float64]
    """Of the learned ones."""

    @property
    def moved(self) -> float:
        """Share of the sensitivity that lies elsewhere now, 0 to 1."""
        return float(np.nansum(np.abs(self.after - self.before)) / 2)


def sensitivity(filters: Filters) -> Sensitivity:
    """Where a model's mel filters were sensitive, and where they are."""
    edges = band_edges("octaves", filters.sample_rate)
    before, after = (
        band_shares(one.mel_basis, edges, filters.sample_rate) for one in (filters.initial, filters.learned)
    )
    return Sensitivity(edges, before, after)


def is_the_same_but_fixed(config: RunConfig, other: RunConfig) -> bool:
    """Whether ``other`` is what ``config`` would have been, had its filters not been trained."""
    return (
        other.front_end.setting == "A"
        and config.front_end.setting != "A"
        and replace(config.front_end, setting="A") == other.front_end
        and config.model == other.model
        and config.vocabulary == other.vocabulary
        and config.augment == other.augment
        and config.training.regime == other.training.regime
    )


def corrected(differences: Sequence[Difference]) -> list[Difference]:
    """Differences that are told of together, their p-values corrected for how many they are (Holm)."""
    ps = holm([one.p for one in differences])
    return [replace(one, adjusted_p=p, n_compared=len(ps)) for one, p in zip(differences, ps, strict=True)]


def what_it_gained(name: str, one: Difference) -> str:
    """What a model gained over the same network with textbook filters, in a sentence."""
    low, high = (_signed(end) for end in one.interval)
    on = f"on {one.n:,} clips of the {one.clips_title}"
    beside = f"than with textbook filters: {low} to {high} points (95 % interval), {on}."
    if not one.can_be_told:
        return f"With learned filters, {name} gets no clearly different share right {beside}"
    more = "more" if one.gain > 0 else "less"
    return f"With learned filters, {name} gets {abs(100 * one.gain):.1f} points {more} right {beside}"


def what_others_gained(others: Sequence[tuple[str, Difference]]) -> str:
    """The same of other networks, each by its name, in a few words each; empty without any."""
    said = []
    for name, one in others:
        low, high = (_signed(end) for end in one.interval)
        clear = f"{_signed(one.gain)} points" if one.can_be_told else "no clear difference"
        said.append(f"{name}: {clear} ({low} to {high}).")
    return " ".join(said)


def _signed(share: float) -> str:
    text = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text
