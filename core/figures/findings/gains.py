"""Where learning a spectrogram pays: the largest gain, the largest loss, and how many are more than chance."""

from __future__ import annotations

from collections.abc import Sequence

from core.config import SETTING_NAMES
from core.figures.findings.phrases import NO_CHANCE, between, sentence, signed_points
from core.studies.gain_map import CLEAN, Gain
from core.studies.grid_table import PCEN_TITLES

WHAT = {
    "B": "learned filters",
    "C": "learned kernels",
    "D": "learned filters and kernels",
    "pcen": "PCEN",
    "learned-pcen": "learning PCEN's numbers",
}
"""What is gained by, inside a sentence."""


def where_it_pays(gains: Sequence[Gain], condition: str) -> str:
    """The largest clear gain in a condition, the largest clear loss, and how many are clear."""
    here = [one for one in gains if one.condition == condition]
    heard = "on clean clips" if condition == CLEAN else f"in noise at {condition}"
    if not here:
        return f"Nothing can be compared {heard} yet: that takes two seeds of both sides."
    clear = [one for one in here if one.is_clear]
    if not clear:
        return f"None of {len(here)} differences {heard} is more than chance over seeds would make."
    won, lost = [one for one in clear if one.gain > 0], [one for one in clear if one.gain < 0]
    said = [_said(max(won, key=lambda one: one.gain), here)] if won else []
    said += [_said(min(lost, key=lambda one: one.gain), here)] if lost else []
    name = "clean" if condition == CLEAN else f"at {condition}"
    return sentence(f"{name}: {'; '.join(said)}. {len(clear)} of {len(here)} are {NO_CHANCE}")


def _said(one: Gain, here: Sequence[Gain]) -> str:
    return f"{WHAT[one.question]}, {_where(one, here)} {signed_points(one.gain)} points {between(one.interval)}"


def _where(gain: Gain, here: Sequence[Gain]) -> str:
    """What tells a difference from the others of its question."""
    factors, all_factors = gain.factors, [one.factors for one in here]
    parts = [f"{factors.n_mels} bands"]
    if len({one.model for one in all_factors}) > 1:
        parts.append(factors.model)
    if len({one.basis for one in all_factors}) > 1:
        parts.append("random start" if factors.basis == "random" else "textbook start")
    is_of_filters = gain.question in SETTING_NAMES
    parts.append(PCEN_TITLES[factors.pcen] if is_of_filters else SETTING_NAMES[factors.setting])
    return ", ".join(filter(None, parts))
