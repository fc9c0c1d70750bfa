"""What studies of one model found: experiments on its basis, changed clips, and words along a stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.figures.findings.phrases import MAY_BE_CHANCE, NO_CHANCE, between, points, rate_text, sentence, share, word
from core.figures.style import NBSP
from core.records.ablation import Findings, Outcome
from core.records.listening import StreamScores, StreamTrack
from core.records.robustness import Change, Robustness, noise_title
from core.records.talk import TalkReport
from core.statistics import SIGNIFICANT, pairs_of
from core.studies.robustness.changes import UNCHANGED

NOTHING_MEASURED = "Nothing is measured yet."


# Experiments on a basis


def way(findings: Findings) -> str:
    """What is lost on the way back from the learned to the initial basis."""
    start = min(findings.outcomes, key=lambda one: one.place or 0.0)
    clear = dict(zip(findings.outcomes, findings.clear, strict=True))[start]
    if not start.won + start.lost:
        return "The initial basis is right on the very same clips as the learned one."
    return sentence(f"{_against(start, clear, 'the initial basis scores', 'the learned one')}")


def changes(findings: Findings) -> str:
    """Which changed basis costs most, and whether that is more than chance."""
    outcomes = list(zip(findings.outcomes, findings.clear, strict=True))
    if not outcomes:
        return NOTHING_MEASURED
    most, clear = max(outcomes, key=lambda one: (one[1], abs(one[0].difference)))
    if not clear and len(outcomes) > 1:
        return f"None of {len(outcomes)} changes makes a clear difference."
    return sentence(_against(most, clear, f"{most.name}:", "the learned basis"))


def importance(findings: Findings) -> str:
    """Which mel filter is worth most, and how many are worth anything by more than chance."""
    outcomes = list(zip(findings.outcomes, findings.clear, strict=True))
    if not outcomes:
        return NOTHING_MEASURED
    clear = [one for one, told in outcomes if told]
    if not clear:
        return f"None of {len(outcomes)} filters is worth more or less than chance would make."
    most = min(clear, key=lambda one: one.difference)
    low, high = most.difference_interval
    lost = "lost" if most.difference < 0 else "won"
    ends = (-high, -low) if most.difference < 0 else (low, high)
    return (
        f"Without filter {most.place:.0f} {points(most.difference)} are {lost} {between(ends)}, more than chance; "
        f"so it is for {len(clear)} of {len(outcomes)} filters."
    )


def _against(one: Outcome, clear: bool, head: str, other: str) -> str:
    low, high = one.difference_interval
    way_, ends = ("more", (low, high)) if one.difference >= 0 else ("less", (-high, -low))
    said = f"{head} {points(one.difference)} {way_} than {other} {between(ends)}"
    return f"{said}, {NO_CHANCE if clear else MAY_BE_CHANCE}"


# Changed clips


def changed(records: Sequence[Robustness]) -> str:
    """Which change hurts most: of one model the loss from its unchanged clips, of several the best and worst there."""
    if not records:
        return NOTHING_MEASURED
    if len(records) == 1:
        return _loss(records[0])
    step = int(np.mean([record.accuracy()[0] for record in records], axis=0).argmin())
    shares = {number: record.accuracy() for number, record in enumerate(records)}
    best, worst = (pick(shares, key=lambda number: shares[number][0][step]) for pick in (max, min))
    at = _there(records[0], step)
    top, low = (float(shares[number][0][step]) for number in (best, worst))
    if top == low:
        return f"Hardest {at}: all get {share(top)} right."
    if shares[worst][2][step] >= shares[best][1][step]:
        return f"Hardest {at}: {share(low)} to {share(top)} right, a difference that chance may have made."
    names = [records[number].run for number in (best, worst)]
    return f"Hardest {at}: {names[0]} gets {share(top)} right, {names[1]} {share(low)}, {NO_CHANCE}."


def _loss(record: Robustness) -> str:
    accuracy, low, high = record.accuracy()
    worst, start = int(accuracy.argmin()), _unchanged(record)
    if start is None:
        return f"Lowest {_there(record, worst)}: {share(float(accuracy[worst]))} {_ends(low, high, worst)}."
    if pairs_of(record.right[start], record.right[worst]).p >= SIGNIFICANT:
        return f"No change costs more than chance may make: at least {share(float(accuracy[worst]))} stay right."
    unchanged = "without noise" if record.kind == "noise" else "unchanged"
    return (
        f"{_there(record, worst)[:1].upper()}{_there(record, worst)[1:]} {share(float(accuracy[worst]))} "
        f"{_ends(low, high, worst)} stay right, {unchanged} {share(float(accuracy[start]))}."
    )


def noises(record: Robustness) -> str:
    """Which noise is hardest, where all of them together are."""
    step = int(record.accuracy()[0].argmin())
    kinds = {}
    for number, name in enumerate(record.noises):
        clips = record.noise == number
        if clips.any():
            accuracy, low, high = record.accuracy(clips)
            kinds[noise_title(name)] = (float(accuracy[step]), float(low[step]), float(high[step]))
    if not kinds:
        return NOTHING_MEASURED
    hardest, easiest = min(kinds, key=lambda name: kinds[name][2]), max(kinds, key=lambda name: kinds[name][1])
    at = _there(record, step)
    if kinds[hardest][2] >= kinds[easiest][1]:
        return sentence(f"{at} no noise is harder than another by more than chance may make")
    return sentence(
        f"{at} {hardest} is hardest ({share(kinds[hardest][0])} right), {easiest} easiest ({share(kinds[easiest][0])})"
    )


def lost_words(record: Robustness) -> str:
    """Which word loses most from the unchanged clips to the hardest change."""
    worst = int(record.accuracy()[0].argmin())
    start = _unchanged(record)
    if start is None or worst == start:
        return "No change costs any word." if record.n else NOTHING_MEASURED
    losses: dict[str, tuple[float, float, float]] = {}
    for label in np.unique(record.truth).tolist():
        before, after = (float(record.right[step, record.truth == label].mean()) for step in (start, worst))
        losses[record.labels[label]] = (before - after, before, after)
    most = max(losses, key=lambda label: losses[label][0])
    gone, before, after = losses[most]
    if gone <= 0:
        return f"No word is lost {_there(record, worst)}."
    mine = record.truth == record.labels.index(most)
    is_clear = pairs_of(record.right[start, mine], record.right[worst, mine]).p < SIGNIFICANT
    chance = "" if is_clear else f", {MAY_BE_CHANCE}"
    return f"{word(most)} loses most: from {share(before)} to {share(after)} right {_there(record, worst)}{chance}."


def _unchanged(record: Robustness) -> int | None:
    return next((step for step, value in enumerate(record.values) if value == UNCHANGED[record.kind]), None)


def _there(record: Robustness, step: int) -> str:
    return point_text(record.kind, record.values[step])


def _ends(low: NDArray[np.float64], high: NDArray[np.float64], step: int) -> str:
    return between((float(low[step]), float(high[step])))


def value_text(kind: Change, value: float | None) -> str:
    """A value as people read it on an axis.

    >>> value_text("noise", None), value_text("noise", 5.0), value_text("gain", 10.0), value_text("speed", 1.25)
    ('clean', '5', '+10', '1.25')
    """
    if value is None:
        return "clean"
    sign = "+" if value > 0 and kind in ("shift", "gain") else ""
    return f"{sign}{value:g}".replace("-", "\N{MINUS SIGN}")


def point_text(kind: Change, value: float | None) -> str:
    """A value in a sentence.

    >>> point_text("noise", None), point_text("shift", -100.0), point_text("speed", 1.25)
    ('without noise', '100 ms early', '1.25 times as fast')
    """
    if value == UNCHANGED[kind]:
        return "without noise" if kind == "noise" else "unchanged"
    assert value is not None
    if kind == "noise":
        return f"at {value_text(kind, value)} dB"
    if kind == "shift":
        return f"{abs(value):g} ms {'late' if value > 0 else 'early'}"
    if kind == "gain":
        return f"{abs(value):g} dB {'louder' if value > 0 else 'quieter'}"
    return f"{value:g} times as fast"


# Words along a stream


def stream(tracks: Sequence[StreamTrack], threshold: float | None) -> str:
    """What is missed and what is falsely heard on the first track, at a threshold or over all of them."""
    track = next(iter(tracks), None)
    if track is None or not track.scores:
        return NOTHING_MEASURED
    where = "without noise" if track.snr_db is None else f"at {track.snr_db:g}{NBSP}dB".replace("-", "−")
    chosen = next((each for each in track.scores if each.threshold == threshold), None)
    if chosen is None:
        first, last = track.scores[0], track.scores[-1]
        return sentence(f"{where}: from {_costs(first)} to {_costs(last)} as the threshold rises")
    return sentence(f"at {chosen.threshold:.2f}, {where}: {_costs(chosen, f' {between(chosen.misses_interval)}')}")


def _costs(scores: StreamScores, interval: str = "") -> str:
    rate = scores.false_alarms_per_hour
    alarms = f"{rate_text(rate)} false alarms an hour" if rate else "no false alarm"
    return f"{share(scores.miss_share)} missed{interval} and {alarms}"


def talk(report: TalkReport) -> str:
    """How often a model reports words in talk that has none, and which word most often."""
    scores = report.as_set
    low, high = scores.per_hour_interval
    heard = f"{report.hours:.2f} hours" if report.hours >= 0.1 else f"{60 * report.hours:.1f} minutes"
    if not scores.false_alarms:
        return f"No false alarm in {heard} of talk: at most {rate_text(high)} an hour with 95{NBSP}% probability."
    most, n = next(iter(report.by_word.items()))
    ends = f"95{NBSP}%: {rate_text(low)} to {rate_text(high)}"
    return (
        f"{rate_text(scores.per_hour)} false alarms an hour of talk ({ends}), "
        f"{scores.false_alarms:,} in {heard}; most often {word(most)}, {n:,} of them."
    )
