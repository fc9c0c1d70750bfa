"""The point of the curve that is looked at: chosen by a click or by hand, its counts, and the models side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.data.pack import Pack
from core.figures.experiments import signed
from core.figures.robustness import point_text, value_text
from core.records.robustness import Robustness, noise_title
from core.statistics import SIGNIFICANT, Interval, group_interval, holm, pairs_of
from core.studies.comparison import p_text
from dashboard.shared.wording import clips, percent, plain, word

MODEL, STEP = "robustness.model", "at"
"""What the point is chosen with: a model's name, and the number of a value."""

_NAMES, _OF, _CLICKED = "robustness.names", "robustness.of", "robustness.clicked"


def pick(point: object) -> None:
    """A click on the curve: ``point`` is the ``customdata`` of the figure."""
    names = st.session_state.get(_NAMES, [])
    number, _, step = str(point).partition(",")
    if number.isdigit() and step.isdigit() and int(number) < len(names):
        st.session_state[MODEL], st.session_state[STEP] = names[int(number)], int(step)
        st.session_state[_CLICKED] = True


def choose_point(records: Sequence[Robustness]) -> tuple[int, int]:
    """Numbers of the model and of the value that are looked at; the first of all is where most models begin to fail."""
    first, names = records[0], [record.run for record in records]
    values = range(len(first.values))
    if st.session_state.get(_OF, first.kind) != first.kind:
        st.session_state.pop(STEP, None)
    if st.session_state.get(MODEL, names[0]) not in names:
        del st.session_state[MODEL]
    st.session_state[_NAMES], st.session_state[_OF] = names, first.kind
    step = st.select_slider(
        "Point of the curve",
        values,
        # Streamlit takes no first choice beside one that a click has just made.
        value=None if st.session_state.pop(_CLICKED, False) else values[-2] if len(values) > 1 else values[0],
        key=STEP,
        bind="query-params",
        format_func=[value_text(first.kind, value) for value in first.values].__getitem__,
    )
    if len(names) == 1:
        return 0, step
    return names.index(st.selectbox("Answers of", names, key=MODEL)), step


def explain(first: Robustness) -> None:
    """How to read the curve, and what it was measured on."""
    share, label = first.baseline
    text = (
        "A steep line is a model that needs ideal conditions. Whiskers: 95 % intervals. The clips are drawn with seed "
        f"{first.seed}; always answering “{word(label)}” would score {percent(share)}. "
    )
    if first.noises:
        text += f"Noises, none of which training heard: {plain(', '.join(map(noise_title, first.noises)))}."
    st.caption(text)


def say_counts(record: Robustness, step: int) -> None:
    """How many clips a model has right at the point."""
    accuracy, low, high = (float(each[step]) for each in record.accuracy())
    point = point_text(record.kind, record.values[step])
    st.markdown(
        f"{plain(record.run)} {point}: **{int(record.right[step].sum()):,} of {clips(record.n)} right, "
        f"{percent(accuracy)} ({100 * low:.1f}–{100 * high:.1f})**"
    )


def say_beside(records: Sequence[Robustness], number: int, step: int, pack: Pack | None) -> None:
    """The chosen model beside the others at the point, clip by clip; over speakers too where the clips are at hand."""
    record = records[number]
    others = [one for one in records if one is not record and np.array_equal(one.rows, record.rows)]
    pairs = [pairs_of(other.right[step], record.right[step]) for other in others]
    for other, pair, p in zip(others, pairs, holm([pair.p for pair in pairs]), strict=True):
        verdict = "more than chance explains" if p < SIGNIFICANT else "which chance explains as well"
        corrected = f", corrected for {len(others)} comparisons" if len(others) > 1 else ""
        net = record.right[step].astype(np.int64) - other.right[step]
        by_speaker = group_interval(net, pack.speakers[record.rows].tolist()) if pack else None
        over = f"; over speakers {_from_to(by_speaker)}" if by_speaker else ""
        st.caption(
            f"On the same clips, {plain(record.run)} alone is right on {pair.only_b:,} and {plain(other.run)} alone on "
            f"{pair.only_a:,}: {signed(pair.gain)} points ({_from_to(pair.interval)}{over}), {verdict} "
            f"(McNemar's exact test, {p_text(p)}{corrected})."
        )


def _from_to(interval: Interval) -> str:
    return " to ".join(map(signed, interval))
