"""Several runs in one view: which is better, what differs between them, and what their filters became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core import figures, runs
from core.errors import CheckpointError, DataError
from core.figures.describe import Part
from core.records.filters import Filters
from core.runs import RunState
from core.studies.comparison import (
    SPEAKER_CAUTION,
    Difference,
    SettingRow,
    only_right,
    outcome,
    settings_table,
    speaker_note,
)
from dashboard.shared import cache, clip_explorer
from dashboard.shared.widgets import choose, show_figure
from dashboard.shared.wording import clips, plain
from dashboard.views.compare.choice import Clips, offer

FILTER_PARTS: dict[Part, str] = {"mel": "Mel filters", "stft": "STFT kernels"}
FILTER_ONE: dict[Part, str] = {"mel": "Mel filter", "stft": "STFT bin"}


def show_accuracies(chosen: Clips, looks: Mapping[str, int]) -> None:
    """Accuracy of each run that was measured, with its interval."""
    scores = [(name, cache.evaluation(path)[1]) for name, path in chosen.measured]
    first = cache.evaluation(chosen.measured[0][1])[0]
    figure = figures.run_accuracies(scores, chosen.protocol, looks, vocabulary=first.vocabulary)
    show_figure(figure, "compare.accuracies")
    st.caption(f"{first.clips_note.capitalize()}.")


def differences(chosen: Clips, runs: Mapping[str, RunState], baseline: str) -> tuple[Difference, ...]:
    """Each other run beside the baseline, on the same clips; none, with the reason said, where that cannot be."""
    names = [name for name, _ in chosen.measured]
    if len(names) < 2:
        st.info("A comparison clip by clip needs two runs that were measured on these clips.", icon=":material/info:")
        return ()
    if baseline not in names:
        text = f"{baseline} was not measured on these clips; {names[0]} is the baseline here."
        st.info(plain(text), icon=":material/info:")
        baseline = names[0]
    try:
        return cache.differences(chosen.measured, baseline)
    except DataError as error:
        st.warning(plain(error), icon=":material/difference:")
        offer(chosen, {name: runs[name] for name in names})
        return ()


def say_outcome(found: Sequence[Difference]) -> None:
    """What came out in words, with what one must know to believe it."""
    for one in found:
        with st.container(border=True):
            if one.can_be_told:
                st.badge("a difference", color="green", icon=":material/check:")
            else:
                st.badge("no clear difference", color="gray", icon=":material/drag_handle:")
            st.write(outcome(one))
            st.caption(speaker_note(one, short=len(found) > 1))
    notes = [
        "True of these trained models. Whether a setting is better in general is told by several runs of each with "
        "other seeds."
    ]
    if len(found) > 1:
        notes.append(
            f"{SPEAKER_CAUTION} Intervals over speakers draw whole speakers anew. Holm's correction keeps the chance "
            "of a false finding among all these tests below 5 %; the intervals are not widened for it."
        )
    if found:
        st.caption(" ".join(notes))


def numbers(found: Sequence[Difference], looks: Mapping[str, int]) -> None:
    """The gain of each run over the baseline, the four outcomes and the test."""
    show_figure(figures.accuracy_gains(found, looks), "compare.gains")
    st.caption("Right of the line: better than the baseline. Clip by clip, so that hard clips are hard for both.")
    st.dataframe(
        [
            {
                "Run": one.run,
                "Baseline": one.baseline,
                "Both right": one.both,
                "Only the run right": one.only_run,
                "Only the baseline right": one.only_baseline,
                "Neither": one.neither,
                "Gain (points)": f"{100 * one.gain:+.2f}",
                "95 % over clips": f"{100 * one.interval[0]:+.2f} to {100 * one.interval[1]:+.2f}",
                "95 % over speakers": (
                    f"{100 * one.speaker_interval[0]:+.2f} to {100 * one.speaker_interval[1]:+.2f}"
                    if one.speaker_interval
                    else "–"
                ),
                "p (McNemar)": f"{one.p:.2g}",
                "p (Holm)": f"{one.adjusted_p:.2g}",
            }
            for one in found
        ],
        hide_index=True,
    )


def word_by_word(found: Difference) -> None:
    """Which words were gained or lost."""
    show_figure(figures.word_gains(found), "compare.words")


@st.fragment
def answers_instead(found: Difference) -> None:
    """Which answers became more, and which fewer."""
    shares = st.toggle("Shares of each row instead of counts", value=True, key="shares", bind="query-params")
    show_figure(figures.confusion_difference(found, normalised=shares), "compare.confusion")
    st.caption("Rows are the true words: which answers became more (orange) or fewer (blue).")


def choose_difference(found: Sequence[Difference]) -> Difference:
    """The comparison that is looked at word by word."""
    if len(found) == 1:
        return found[0]
    named = {one.run: one for one in found}
    name = st.selectbox(
        f"Looked at word by word, beside {found[0].baseline}",
        list(named),
        key=f"compare.looked.{'.'.join(named)}",
        persist_state="session",
    )
    return named[name]


@st.fragment
def hear_clips(chosen: Clips, runs: Mapping[str, RunState], difference: Difference) -> None:
    """The clips that only one of two runs got right."""
    counts = {difference.run: difference.only_run, difference.baseline: difference.only_baseline}
    titles = {name: f"Only {name} ({n:,})" for name, n in counts.items()}
    right = choose("Who got them right?", titles, f"compare.right.{difference.run}.{difference.baseline}", stays=False)
    wrong = difference.baseline if right == difference.run else difference.run
    files = dict(chosen.measured)
    first, other = cache.evaluation(files[right])[0], cache.evaluation(files[wrong])[0]
    numbers = only_right(first, other).tolist()
    if not numbers:
        st.caption("There are none.")
        return
    st.caption(f"{clips(len(numbers))} that {plain(right)} got right and {plain(wrong)} wrong; the surest first.")
    clip_explorer.draw(runs[right], first, numbers, key=f"compare.{right}.{wrong}.{chosen.protocol}")


# Settings and filters


@st.fragment
def settings(chosen: Mapping[str, RunState]) -> None:
    """The settings that differ; the others on request."""
    states = list(chosen.values())
    rows = (
        SettingRow("Run", "trained on", tuple(run.dataset or "?" for run in states)),
        *settings_table([run.config for run in states]),
        SettingRow("Run", "epochs trained", tuple(str(run.epoch) for run in states)),
        SettingRow("Run", "best epoch", tuple(str(run.best_epoch or "–") for run in states)),
    )
    every = st.toggle("Show the settings that are equal, too", key="compare.every", persist_state="session")
    shown = [row for row in rows if every or row.differs]
    if not shown:
        st.caption("All settings are equal.")
        return
    st.dataframe(
        [
            {
                "Part": row.part,
                "Setting": row.name,
                **dict(zip(chosen, row.values, strict=True)),
            }
            for row in shown
        ],
        hide_index=True,
        height="content",
    )
    equal = sum(not row.differs for row in rows)
    if not every:
        st.caption(f"{equal} other settings are equal.")


@st.fragment
def show_curves(chosen: Mapping[str, RunState]) -> None:
    """How the runs learned, epoch by epoch."""
    on_training = st.toggle("Training clips instead of validation clips", key="compare.training")
    reports = {name: runs.read_progress(run.folder) for name, run in chosen.items()}
    show_figure(figures.compared_curves(reports, on_training_clips=on_training), "compare.curves")
    st.caption("Higher accuracy and lower loss are better. Runs trained on other data have other validation clips.")


@st.fragment
def show_filters(chosen: Mapping[str, RunState], looks: Mapping[str, int]) -> None:
    """Mel filters or STFT kernels of the runs over each other: all, one close up, and how much each changed."""
    found = _filters(chosen)
    if not found:
        return
    part: Part = choose("Part of the spectrogram", FILTER_PARTS, "compare.part")
    if part == "mel":
        show_figure(figures.compared_mel_filters(found, looks), "compare.mel")
        st.caption("Each curve is one filter: high where it listens. Grey and dashed: where training began.")
        highest = max(len(one.initial.mel_basis) for one in found.values()) - 1
    else:
        highest = max(len(one.initial.stft_cos) for one in found.values()) - 1
    number = st.slider(
        f"{FILTER_ONE[part]} shown close up",
        0,
        highest,
        min(10, highest),
        key=f"compare.number.{part}.{highest}",
        persist_state="session",
    )
    same = st.toggle("Compare shapes only (divide out the gain)", key="compare.same_gain", persist_state="session")
    show_figure(figures.compared_filter(found, part, number, looks, same_gain=same), f"compare.one.{part}")
    st.caption(
        "How strongly this filter weighs each frequency."
        if part == "mel"
        else "How strongly this pair of kernels answers a tone, over its pitch; 0 dB is the untrained pair at its best."
    )
    show_figure(figures.compared_change(found, part, looks), f"compare.change.{part}")
    st.caption("One point a filter. Gain is how loud it is as a whole, shape which tones it prefers.")


def _filters(chosen: Mapping[str, RunState]) -> dict[str, Filters]:
    """Filters of each run; one that cannot be read is named and left out."""
    found = {}
    for name, run in chosen.items():
        try:
            found[name] = cache.filters(run.folder)
        except CheckpointError as error:
            st.error(plain(error), icon=":material/error:")
    return found
