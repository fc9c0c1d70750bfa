"""How well a model does on clips: which words, which mix-ups, how sure, for whom, and at what threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.figures.findings.phrases import between, clips, share, word
from core.metrics import DetectionCurve, Reliability, ThresholdCosts, WordAnswers
from core.records.evaluation import Scores
from core.records.groups import GroupScores, RangeScores
from core.statistics import share_interval, wilson

NOTHING_COUNTED = "No clip was counted."
TOO_FEW = "There are too few clips for quarters: eight at least."

FEW = 5
"""With fewer clips a word's share says next to nothing."""

Measure = Literal["auc", "eer"]
"""Area under the ROC curve, or equal error rate."""


def mix_ups(labels: Sequence[str], counts: NDArray[np.int64]) -> str:
    """Which word is heard best and which worst; counts are (n_labels, n_labels), rows true labels."""
    n, right = counts.sum(axis=1), counts.diagonal()
    present, total = np.flatnonzero(n), int(n.sum())
    if not total:
        return NOTHING_COUNTED
    if total == 1:
        true = int(present[0])
        answered = int(counts[true].argmax())
        how = "rightly heard" if true == answered else f"heard as {word(labels[answered])}"
        return f"One clip alone: {word(labels[true])}, {how}."
    if right.sum() == total:
        return f"All {total:,} clips are heard right."
    if len(present) == 1:
        true = int(present[0])
        heard = f"{int(right[true]):,} of {clips(total)} of {word(labels[true])} are heard right"
        return f"{heard}{_taken(labels, counts, true)}."
    present = present[n[present] >= FEW] if (n >= FEW).sum() > 1 else present
    low, high = wilson(right[present], n[present])
    best, worst = int(present[low.argmax()]), int(present[high.argmin()])
    shares = right / np.maximum(n, 1)
    if high.min() >= low.max():
        least, most = (int(present[end]) for end in (shares[present].argmin(), shares[present].argmax()))
        return (
            f"Words differ by no more than chance may make: {word(labels[least])} {share(float(shares[least]))} right, "
            f"{word(labels[most])} {share(float(shares[most]))}."
        )
    return (
        f"{word(labels[best])} is heard best ({share(float(shares[best]))}), {word(labels[worst])} worst "
        f"({share(float(shares[worst]))}{_taken(labels, counts, worst)})."
    )


def _taken(labels: Sequence[str], counts: NDArray[np.int64], true: int) -> str:
    """What a word is mostly taken for."""
    wrong = counts[true].copy()
    wrong[true] = 0
    return f", {_often(wrong)} taken for {word(labels[int(wrong.argmax())])}" if wrong.any() else ""


def _often(wrong: NDArray[np.int64]) -> str:
    """How often the most frequent of some mistakes is the one that is made."""
    return "mostly" if 2 * wrong.max() > wrong.sum() else "most often"


def unknown_words(words: WordAnswers) -> str:
    """Which unknown word is taken for a keyword most."""
    n, mistaken = int(words.n.sum()), int(words.mistaken.sum())
    if not n:
        return NOTHING_COUNTED
    if not mistaken:
        return f"All {clips(n)} of unknown words are rightly called unknown."
    at = int(words.low.argmax())
    wrong = words.counts[at].copy()
    wrong[[label == "_unknown_" for label in words.labels]] = 0
    taken_for = word(words.labels[int(wrong.argmax())])
    most = f"{int(words.mistaken[at]):,} of {clips(int(words.n[at]))}, {_often(wrong)} for {taken_for}"
    if words.low[at] > mistaken / n:
        return f"{word(words.words[at])} is mistaken most: {most}."
    return f"No unknown word stands out by more than chance: {word(words.words[at])} is mistaken most ({most})."


def by_word(scores: Scores) -> str:
    """Which word has the highest F1 and which the lowest, this one with its precision and recall."""
    rows = [row for row in scores.by_class if row.n]
    if not rows:
        return NOTHING_COUNTED
    best, worst = max(rows, key=lambda row: row.f1), min(rows, key=lambda row: row.f1)
    if best.f1 == worst.f1:
        whose = f"{word(best.label)} has" if len(rows) == 1 else f"All {len(rows)} words have"
        return f"{whose} an F1 of {share(best.f1)}."
    return (
        f"F1 is highest for {word(best.label)} ({share(best.f1)}) and lowest for {word(worst.label)} "
        f"({share(worst.f1)}: precision {share(worst.precision)}, recall {share(worst.recall)})."
    )


def calibration(found: Reliability) -> str:
    """Whether the model is too sure of its answers, or not sure enough."""
    if found.n_clips < 2:
        return "One answer alone tells nothing of calibration." if found.n_clips else NOTHING_COUNTED
    means = f"{share(found.mean_confidence)} sure on average, {share(found.mean_accuracy)} right"
    if found.ece <= found.chance_ece:
        return f"Calibrated as far as chance lets one tell: {means}."
    low, high = share_interval(round(found.mean_accuracy * found.n_clips), found.n_clips)
    if found.mean_confidence > high:
        return f"Too sure of itself: {means}."
    if found.mean_confidence < low:
        return f"Not sure enough: {means}."
    return f"Right on average, but not at every level: {means}."


def detection(curves: Sequence[DetectionCurve], chosen: str, measure: Measure) -> str:
    """Which keyword is told best from the rest, by "auc" (area under the ROC curve) or "eer" (equal error rate)."""
    if not curves:
        return "No keyword has clips beside others."
    values = {curve.label: float(getattr(curve, measure)) for curve in curves}
    ranking = sorted(values, key=lambda label: values[label], reverse=measure == "auc")
    best, worst = ranking[0], ranking[-1]

    def text(label: str) -> str:
        return f"AUC {values[label]:.3f}" if measure == "auc" else f"equal error rate {share(values[label])}"

    if len(curves) == 1:
        return f"{word(best)}: {text(best)}."
    if text(best) == text(worst):
        return f"All {len(curves)} keywords are told from the rest alike: {text(best)}."
    if chosen in values:
        ends = [
            f"best {word(best)}" if best != chosen else "the best",
            f"worst {word(worst)}" if worst != chosen else "the worst",
        ]
        bare = {label: text(label).split()[-1] if measure == "auc" else share(values[label]) for label in (best, worst)}
        others = [f"{end} ({bare[label]})" for end, label in zip(ends, (best, worst), strict=True) if label != chosen]
        rank = next((f", {end}" for end, label in zip(ends, (best, worst), strict=True) if label == chosen), "")
        return f"{word(chosen)}: {text(chosen)}{rank}; {', '.join(others)}."
    return f"{word(best)} is told best from the rest ({text(best)}), {word(worst)} worst ({text(worst)})."


def threshold(costs: ThresholdCosts, chosen: float | None) -> str:
    """What is missed and what is taken for the keyword at a threshold; the lowest where none is chosen."""
    if not costs.n or not costs.n_others:
        return f"There are no clips of {word(costs.label)} beside others."
    at = costs.place(chosen or 0.0)
    missed, alarms = costs.misses[at] / costs.n, costs.false_alarms[at] / costs.n_others
    head = f"From {share(float(costs.thresholds[at]))} on" if chosen else "Without a threshold"
    return (
        f"{head}, {share(float(missed))} of {word(costs.label)} are missed {between(costs.misses_interval(at))} and "
        f"{share(float(alarms))} of the others taken for it {between(costs.false_alarms_interval(at))}."
    )


def groups(shown: Sequence[GroupScores], overall: float, what: str) -> str:
    """Which of some groups is lowest, and whether it is below all clips by more than chance."""
    if not shown:
        return "There is no group to show."
    low = min(shown, key=lambda group: (group.interval[1], group.name))
    if low.interval[1] >= overall:
        return f"No {what.lower()} is below the {share(overall)} of all clips by more than chance may make."
    said = f"Lowest: {what.lower()} {low.name}, {low.right:,} of {clips(low.n)} right {between(low.interval)}"
    many = f"; the lowest of {len(shown)} is low by chance, too" if len(shown) > 1 else ""
    return f"{said}, below the {share(overall)} of all clips{many}."


def ranges(series: Sequence[tuple[str, Sequence[RangeScores]]], unit: str) -> str:
    """In which range of a quantity accuracy is highest and lowest, if they differ by more than chance."""
    parts = [(name, part) for name, ranges_ in series for part in ranges_]
    if not parts:
        return TOO_FEW
    several = len({name for name, _ in parts}) > 1
    (_, best), (_, worst) = (
        max(parts, key=lambda part: part[1].interval[0]),
        min(parts, key=lambda part: part[1].interval[1]),
    )
    if worst.interval[1] >= best.interval[0]:
        shares = [part.accuracy for _, part in parts]
        return (
            f"No quarter differs from another by more than chance may make: {share(min(shares))} to "
            f"{share(max(shares))} right."
        )

    def where(part: RangeScores) -> str:
        name = next(name for name, each in parts if each is part)
        return f"{f'{name}, ' if several else ''}{part.start:.1f} to {part.end:.1f} {unit}".replace("-", "−")

    return (
        f"Highest from {where(best)} ({share(best.accuracy)}), lowest from {where(worst)} ({share(worst.accuracy)}), "
        "more than chance."
    )
