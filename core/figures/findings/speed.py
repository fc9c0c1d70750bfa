"""How long ways to do one task take: the fastest and the slowest, where the time goes, and what changed since."""

from __future__ import annotations

from collections.abc import Sequence

from core.config import setting_name
from core.figures.findings.phrases import sentence, share
from core.figures.style import NBSP
from core.figures.timing_words import DEVICE_WORDS, amount, judged, time_unit, times
from core.records.benchmark import BenchmarkReport, Timing

NOTHING_TIMED = "Nothing was timed here."
NOT_COMPARED = "No report compares this task with anything."


def bars(timings: Sequence[Timing]) -> str:
    """Which way is fastest and which slowest, by the median time for as many clips."""
    if not timings:
        return NOTHING_TIMED
    fastest, slowest = (pick(timings, key=_per_clip) for pick in (min, max))
    if len(timings) == 1:
        return f"Only {_named(fastest, timings)} was timed: {_time(fastest, timings)}."
    ratio = _per_clip(slowest) / _per_clip(fastest) if _per_clip(fastest) else 0.0
    said = f"{_named(fastest, timings)}, {_time(fastest, timings)}; slowest: {_named(slowest, timings)}"
    if times(ratio) == times(1.0):
        return f"All take as long: {_time(fastest, timings)}."
    return f"Fastest: {said}, {_time(slowest, timings)}{f' ({times(ratio)} times as long)' if ratio else ''}."


def parts(timings: Sequence[Timing]) -> str:
    """Where most of the time goes, of our own way that trains most."""
    timed = [timing for timing in timings if any(timing.parts.values())]
    if not timed:
        return NOTHING_TIMED
    one = max(timed, key=lambda timing: (timing.is_ours, timing.setting))
    part = max(one.parts, key=lambda name: one.parts[name])
    of_all = one.parts[part] / sum(one.parts.values())
    return f"Of the time of {_named(one, timings)}, most goes into {_PART_WORDS.get(part, part)}: {share(of_all)}."


_PART_WORDS = {"loading": "loading", "transfer": "the transfer", "features": "the features", "model": "the model"}


def history(lines: Sequence[tuple[str, Sequence[tuple[BenchmarkReport, Timing]]]], reference: str, named: str) -> str:
    """How fast the latest report found us beside the reference, on the line that has it."""
    found = [(report.moment, name, timing) for name, line in lines for report, timing in line]
    if not found:
        return NOT_COMPARED
    newest = max(moment for moment, _, _ in found)
    _, name, timing = max((one for one in found if one[0] == newest), key=lambda one: one[2].setting)
    n = len({moment for moment, _, _ in found})
    when = f"latest of {n} reports" if n > 1 else "one report"
    return sentence(f"{when}, {name}: {judged(timing.ratios[reference], named)}")


def _per_clip(timing: Timing) -> float:
    return timing.median_s / timing.n_clips


def _named(timing: Timing, timings: Sequence[Timing]) -> str:
    """A way to do the task, with what tells it from the others."""
    name = timing.variant
    if timing.setting and len({one.setting for one in timings}) > 1:
        name += f", {setting_name(timing.setting)}"
    if len({one.device for one in timings}) > 1:
        name += f" on the {DEVICE_WORDS.get(timing.device, timing.device)}"
    return name


def _time(timing: Timing, timings: Sequence[Timing]) -> str:
    """Median time for as many clips as the largest timing had."""
    n = max(one.n_clips for one in timings)
    scale, unit = time_unit([_per_clip(one) * n for one in timings])
    return f"{amount(scale * n * _per_clip(timing))}{NBSP}{unit}"
