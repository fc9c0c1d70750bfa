"""Models beside each other: which is better, by how much, and whether chance may have made it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.config import SETTING_TITLES, setting_name
from core.figures.findings.phrases import (
    MAY_BE_CHANCE,
    NO_CHANCE,
    better,
    between,
    clips,
    holds_zero,
    points,
    share,
    signed_points,
    word,
)
from core.figures.style import NBSP
from core.records.cost import RunCost
from core.records.evaluation import Scores
from core.statistics import SIGNIFICANT
from core.studies.comparison import Difference
from core.studies.grid_table import PCEN_TITLES, Row

NOTHING_MEASURED = "Nothing is measured yet."


def accuracies(measured: Sequence[tuple[str, Scores]]) -> str:
    """Which run has the highest accuracy and which the lowest, as far as intervals tell them apart."""
    if not measured:
        return NOTHING_MEASURED
    best, worst = (pick(measured, key=lambda one: one[1].accuracy) for pick in (max, min))
    (name, top), (other, low) = best, worst
    said = f"{name} {share(top.accuracy)} {between(top.interval)}"
    if len(measured) == 1:
        return f"{said}; always {word(top.baseline_label)} gets {share(top.baseline)}."
    if top.accuracy == low.accuracy:
        return f"All are right equally often: {share(top.accuracy)} {between(top.interval)}."
    return f"Highest: {said}; lowest: {other} {share(low.accuracy)} {between(low.interval)}."


def gains(differences: Sequence[Difference]) -> str:
    """What runs gain over a baseline, by McNemar's test on the same clips."""
    if not differences:
        return NOTHING_MEASURED
    if len(differences) == 1:
        return gain(differences[0])
    told = [one for one in differences if one.can_be_told]
    if not told:
        return (
            f"None of {len(differences)} models differs from {differences[0].baseline} by more than chance would make."
        )
    most = max(told, key=lambda one: abs(one.gain))
    way = "better" if most.gain > 0 else "worse"
    ends = most.interval if most.gain > 0 else (-most.interval[1], -most.interval[0])
    return (
        f"{len(told)} of {len(differences)} models differ from {most.baseline} by {NO_CHANCE}, most {most.run}: "
        f"{points(most.gain)} {way} {between(ends)}."
    )


def gain(difference: Difference) -> str:
    """What one run gains over a baseline, by McNemar's test on the same clips."""
    d = difference
    if not d.only_run + d.only_baseline:
        return f"No difference: {d.run} and {d.baseline} are right on the very same {clips(d.n)}."
    if d.can_be_told:
        way, ends = ("better", d.interval) if d.gain > 0 else ("worse", (-d.interval[1], -d.interval[0]))
        return f"{d.run} is {points(d.gain)} {way} than {d.baseline} {between(ends)}, {NO_CHANCE}."
    return f"No clear difference: {d.run} {signed_points(d.gain)} points {between(d.interval)}."


def gains_by_word(difference: Difference) -> str:
    """Which word gains and which loses by more than chance."""
    rows = [row for row in difference.by_word if row.n]
    clear = [row for row in rows if row.adjusted_p < SIGNIFICANT]
    if not clear:
        if not any(row.only_run + row.only_baseline for row in rows):
            return "No word differs: both are right on the very same clips."
        return f"None of {len(rows)} words differs by more than chance would make."
    most = max(clear, key=lambda row: abs(row.gain))
    way, ends = ("gains", most.interval) if most.gain > 0 else ("loses", (-most.interval[1], -most.interval[0]))
    others = f"; so do {len(clear) - 1} more" if len(clear) > 1 else ""
    if others and len({row.gain > 0 for row in clear}) > 1:
        others = f"; {len(clear) - 1} more differ"
    return f"{word(most.label)} {way} most: {points(most.gain)} {between(ends)}, {NO_CHANCE}{others}."


def changed_answers(difference: Difference) -> str:
    """Which cell of the confusion matrix changed most."""
    change = difference.confusion
    if not change.any():
        return "Both models give every word the same answers equally often."
    true, answered = np.unravel_index(int(np.abs(change).argmax()), change.shape)
    n, label = int(change[true, answered]), word(difference.labels[true])
    what = f"{label} heard right" if true == answered else f"{label} taken for {word(difference.labels[answered])}"
    chance = "" if difference.can_be_told else f", {MAY_BE_CHANCE}"
    return f"Most changed: {what}, {clips(abs(n))} {'more' if n > 0 else 'fewer'}{chance}."


def costs(shown: Sequence[tuple[RunCost, float]], unit: str) -> str:
    """Which run is most accurate and which cheapest, each with its cost in ``unit``."""
    if not shown:
        return NOTHING_MEASURED
    best, best_cost = max(shown, key=lambda one: (one[0].accuracy, -one[1]))
    cheap, least = min(shown, key=lambda one: (one[1], -one[0].accuracy))
    said = f"{best.run}, {share(best.accuracy)} {between(best.interval)} for {short(best_cost)} {unit}"
    if best.run == cheap.run:
        return f"Most accurate{' and cheapest' if len(shown) > 1 else ''}: {said}."
    return f"Most accurate: {said}; cheapest: {cheap.run}, {share(cheap.accuracy)} for {short(least)}."


def short(value: float) -> str:
    """A large number in thousands or millions, as axes write it.

    >>> short(1580).replace(NBSP, " "), short(2.5e6).replace(NBSP, " "), short(3.21)
    ('1.58 k', '2.5 M', '3.21')
    """
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{NBSP}{unit}"
    return f"{value:.3g}"


def grid_accuracies(rows: Sequence[Row]) -> str:
    """Which combination of a grid is most accurate."""
    if not rows:
        return NOTHING_MEASURED
    best, worst = (pick(rows, key=lambda row: row.accuracy) for pick in (max, min))
    said = f"{_combination(best, rows)} {share(best.accuracy)} {between(best.interval)}"
    if len(rows) == 1:
        return f"One combination alone: {said}."
    if best.accuracy == worst.accuracy:
        return f"All combinations are right equally often: {share(best.accuracy)}."
    return f"Highest: {said}; lowest: {_combination(worst, rows)} {share(worst.accuracy)}."


def grid_gains(rows: Sequence[Row]) -> str:
    """Which setting gains most over the fixed spectrogram, and how many do by more than chance over seeds."""
    gained = [row for row in rows if row.gain is not None]
    if not gained:
        return NOTHING_MEASURED
    known = [row for row in gained if row.gain_interval is not None]
    if not known:
        top = max(gained, key=lambda row: row.gain or 0.0)
        largest = f"{_combination(top, rows)} {signed_points(top.gain or 0.0)} points"
        return f"One seed each tells nothing of chance; largest: {largest}."
    clear = [row for row in known if row.gain_interval and not holds_zero(row.gain_interval)]
    most = max(clear or known, key=lambda row: abs(row.gain or 0.0))
    how = better(most.gain or 0.0, most.gain_interval or (0.0, 0.0), "fixed")
    said = f"{_combination(most, rows, begins=True)}: {how}"
    if not clear:
        return (
            f"{said}." if len(known) == 1 else f"None of {len(known)} gains is more than chance over seeds would make."
        )
    return f"{said} ({len(clear)} of {len(known)} are)." if len(known) > 1 else f"{said}."


def _combination(row: Row, rows: Sequence[Row], *, begins: bool = False) -> str:
    """What tells a combination from the others; ``begins`` tells whether a sentence begins with it."""
    factors = row.factors
    parts = [factors.model] if len({one.factors.model for one in rows}) > 1 else []
    parts += [SETTING_TITLES[factors.setting] if begins and not parts else setting_name(factors.setting)]
    parts += [factors.basis] if len({one.factors.basis for one in rows}) > 1 else []
    parts += [f"{factors.n_mels} filters"] if len({one.factors.n_mels for one in rows}) > 1 else []
    parts += [PCEN_TITLES[factors.pcen] or "no PCEN"] if len({one.factors.pcen for one in rows}) > 1 else []
    return ", ".join(parts)
