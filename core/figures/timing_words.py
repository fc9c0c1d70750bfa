"""What timings say, in words: times with a unit that fits, and how two ways to do a task compare."""

from __future__ import annotations

from collections.abc import Sequence

from core.config import setting_name
from core.figures.style import NBSP
from core.records.benchmark import Spread, Timing

DEVICE_WORDS = {"cpu": "CPU", "cuda": "GPU"}


def main_reference(timings: Sequence[Timing]) -> str:
    """The reference that a task is foremost compared with; empty if there is none.

    BC-ResNet's public recipe stands before nnAudio, since it is the usual way to do the tasks that have it.
    """
    named = {name for timing in timings if timing.is_ours for name in timing.ratios}
    return next((name for name in ("public recipe", "nnAudio", "librosa") if name in named), "")


def stands_for(timing: Timing) -> str:
    """The reference that a timing of others belongs to: "nnAudio", "librosa", "public recipe"; else empty.

    The tutorial's loop has nnAudio inside, so it counts as nnAudio.
    """
    if timing.is_ours:
        return ""
    name = timing.variant.lower()
    words = {"public recipe": "public recipe", "librosa": "librosa", "nnaudio": "nnAudio", "tutorial": "nnAudio"}
    return next((reference for word, reference in words.items() if word in name), "")


def reference_name(reference: str, timings: Sequence[Timing]) -> str:
    """What a person reads for a reference beside these timings."""
    if reference == "nnAudio" and not any("nnaudio" in timing.variant.lower() for timing in timings):
        return next((timing.variant for timing in timings if stands_for(timing) == reference), reference)
    return "the public recipe" if reference == "public recipe" else reference


def time_unit(seconds: Sequence[float]) -> tuple[float, str]:
    """One unit for times that stand side by side: its share of a second, and its name.

    >>> time_unit([0.006, 0.2]), time_unit([1.8, 12.0])
    ((1000.0, 'ms'), (1.0, 's'))
    """
    return (1000.0, "ms") if seconds and min(seconds) < 0.1 and max(seconds) < 100 else (1.0, "s")


def clips_in_words(n_clips: int, task: str) -> str:
    """What was worked on.

    >>> clips_in_words(1, "one-clip"), clips_in_words(8999, "epoch-linear"), clips_in_words(60, "recording")
    ('one clip', '8,999 clips', '60 seconds of sound')
    """
    if task == "recording":
        return f"{n_clips:,} seconds of sound"
    return "one clip" if n_clips == 1 else f"{n_clips:,} clips"


def amount(value: float) -> str:
    """A number with three digits that count, and commas in a long one.

    >>> [amount(value) for value in (0.06124, 6.1234, 48.04, 191.3, 2130.4)]
    ['0.0612', '6.12', '48.0', '191', '2,130']
    """
    return f"{value:,.0f}" if value >= 999.5 else f"{value:#.3g}".rstrip(".")


def times(ratio: float) -> str:
    """A ratio with the digits that matter: two behind the point near 1, none from 10 up.

    >>> [times(ratio) for ratio in (0.981, 1.04, 5.24, 31.4)]
    ['0.98', '1.04', '5.2', '31']
    """
    return f"{ratio:.2f}" if ratio < 2 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"


def reach(spread: Spread, start: str = "") -> str:
    """How far a ratio reaches from repeat to repeat, in brackets; empty where one repeat tells nothing of it.

    >>> reach(Spread(5.2, 4.9, 5.6)), reach(Spread(5.2, 4.9, 5.6), "8 of 10 repeats: "), reach(Spread(5.2, 5.2, 5.2))
    (' (4.9 to 5.6)', ' (8 of 10 repeats: 4.9 to 5.6)', '')
    """
    return "" if spread.low == spread.high else f" ({start}{times(spread.low)} to {times(spread.high)})"


def is_faster(spread: Spread) -> bool:
    """Whether nearly all repeats were faster, by so much that it shows in what is written."""
    return round(spread.low, 2) > 1


def is_slower(spread: Spread) -> bool:
    """Whether nearly all repeats were slower, by so much that it shows in what is written."""
    return round(spread.high, 2) < 1


def judged(spread: Spread, reference: str, start: str = "") -> str:
    """A ratio as a person says it, also where it is nothing to be proud of.

    >>> judged(Spread(5.2, 4.9, 5.6), "nnAudio")
    '5.2 times as fast as nnAudio (4.9 to 5.6)'
    >>> judged(Spread(0.8, 0.75, 0.9), "librosa")
    'slower than librosa, 0.80 times its speed (0.75 to 0.90)'
    >>> judged(Spread(1.01, 0.96, 1.1), "nnAudio")
    'as fast as nnAudio within the spread, 1.01 times its speed (0.96 to 1.10)'
    """
    ends = reach(spread, start)
    if is_faster(spread):
        return f"{times(spread.median)} times as fast as {reference}{ends}"
    how = "slower than" if is_slower(spread) else "as fast as"
    within = "" if is_slower(spread) else " within the spread"
    return f"{how} {reference}{within}, {times(spread.median)} times its speed{ends}"


def comparison(timings: Sequence[Timing]) -> str:
    """What the timings of one task on one device come to: one to three sentences, the unflattering ones included."""
    ours = [timing for timing in timings if timing.is_ours]
    reference = main_reference(timings)
    lead = max((timing for timing in ours if reference in timing.ratios), key=_weight, default=None)
    if lead is None:
        return "This report has nothing else to compare it with." if ours else "Earshot itself was not timed here."
    pairs = [(timing, name) for timing in ours for name in timing.ratios if (timing, name) != (lead, reference)]
    faster = [(timing, name) for timing, name in pairs if is_faster(timing.ratios[name])]
    not_faster = [pair for pair in pairs if pair not in faster]
    said = [f"With {setting_name(lead.setting)}, " if lead.setting and _several(timings) else ""]
    said[0] += _beside_its_reference(lead, reference, timings)
    if faster:
        said.append(f"Earshot is also {_by_reference(faster, timings)}.")
    if not_faster:
        said.append(f"**Not faster:** Earshot is {_one_by_one(not_faster, timings)}.")
    return " ".join(said)


def limit_note(timings: Sequence[Timing]) -> str:
    """How close we come to what the machine could do at best; empty where that is not known."""
    ours = [timing for timing in timings if timing.is_ours and timing.floor_s and timing.median_s]
    if not ours:
        return ""
    one = max(ours, key=_weight)
    floor_s = one.floor_s or 0.0
    scale, unit = time_unit([floor_s, one.median_s])
    setting = f" in setting {one.setting}" if one.setting else ""
    return (
        f"At its best rates this machine would need {amount(scale * floor_s)}{NBSP}{unit} for the same arithmetic and "
        f"memory traffic{setting}. {one.variant} reaches {100 * floor_s / one.median_s:.0f}{NBSP}% of that speed."
    )


def _weight(timing: Timing) -> tuple[str, bool]:
    """The setting that trains most is the one this project is about; the plain way stands for its variants."""
    return timing.setting, timing.variant == "Earshot"


def _beside_its_reference(lead: Timing, reference: str, timings: Sequence[Timing]) -> str:
    """The most important comparison, with both times."""
    ratio = lead.ratios[reference]
    beside = [
        other
        for other in timings
        if stands_for(other) == reference and (other.setting, other.device) == (lead.setting, lead.device)
    ]
    # Where a reference was timed in several ways, the ratio belongs to the one that it fits.
    per_clip_s = ratio.median * lead.median_s / lead.n_clips
    other = min(beside, key=lambda one: abs(one.median_s / one.n_clips - per_clip_s), default=None)
    if other is None:
        return f"{lead.variant} is {judged(ratio, reference_name(reference, timings), '8 of 10 repeats: ')}."
    theirs_s = other.median_s * lead.n_clips / other.n_clips
    scale, unit = time_unit([lead.median_s, theirs_s])
    if is_faster(ratio):
        how = f"{times(ratio.median)} times as fast"
    else:
        how = "it is slower" if is_slower(ratio) else "no clear difference"
        how += f", {times(ratio.median)} times the speed"
    return (
        f"{lead.variant} needs {amount(scale * lead.median_s)}{NBSP}{unit} where {other.variant} needs "
        f"{amount(scale * theirs_s)}{NBSP}{unit}: {how}{reach(ratio, '8 of 10 repeats: ')}."
    )


def _by_reference(pairs: Sequence[tuple[Timing, str]], timings: Sequence[Timing]) -> str:
    """Ratios in a row, such as "8.8 (A) and 7.1 (B) times as fast as nnAudio"."""
    texts = []
    for reference in dict.fromkeys(name for _, name in pairs):
        ratios = []
        for timing, name in pairs:
            if name == reference:
                which = _which(timing, timings).removeprefix("setting ")
                ratios.append(times(timing.ratios[name].median) + (f" ({which})" if which else ""))
        *firsts, last = ratios
        row = f"{', '.join(firsts)}{' and ' if firsts else ''}{last}"
        texts.append(f"{row} times as fast as {reference_name(reference, timings)}")
    return "; ".join(texts)


def _one_by_one(pairs: Sequence[tuple[Timing, str]], timings: Sequence[Timing]) -> str:
    texts = []
    for timing, name in pairs:
        which = _which(timing, timings)
        said = judged(timing.ratios[name], reference_name(name, timings))
        texts.append(f"{said}, in {which}" if which else said)
    return "; ".join(texts)


def _several(timings: Sequence[Timing]) -> bool:
    return len({timing.setting for timing in timings}) > 1


def _which(timing: Timing, timings: Sequence[Timing]) -> str:
    """What tells one of our timings from the others: setting and kind."""
    setting = f"setting {timing.setting}" if timing.setting and _several(timings) else ""
    kind = timing.variant.removeprefix("Earshot").strip(" ,")
    return ", ".join(part for part in (setting, kind) if part)
