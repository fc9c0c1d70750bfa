"""More of a measurement on request: by noise and by word, and all numbers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import figures
from core.figures.robustness import clips_text, value_text
from core.records.robustness import Robustness
from core.records.table import as_csv
from dashboard.shared import saving
from dashboard.shared.widgets import show_figure


def apart(record: Robustness) -> None:
    """Which noises and which words are hard for a model."""
    noises, words = st.columns(2) if record.noises else (None, st.container())
    if noises:
        with noises:
            show_figure(figures.accuracy_by_noise(record), "robustness.noises")
            st.caption("Each line is one kind of noise. A low line is a noise that hides words from this model.")
    with words:
        show_figure(figures.right_by_word(record), "robustness.words")
        st.caption(
            "A row is a word: bright while it is still recognised. “unknown” or “silence” may stay bright because "
            "the model answers it to everything."
        )


def table(records: Sequence[Robustness]) -> None:
    """The curve as a table, and as a file."""
    first = records[0]
    st.dataframe(
        [
            {"Model": record.run} | {_column(first, step): cell for step, cell in enumerate(_cells(record))}
            for record in records
        ],
        hide_index=True,
    )
    st.caption(f"Accuracy in %, in brackets its 95 % interval; {clips_text(first)}.")
    saving.button(
        "Save as CSV",
        as_csv(row for one in records for row in one.as_rows()),
        f"robustness-{first.kind}-{first.protocol}.csv",
        "robustness.csv",
        note="A row for each model and value, and for each noise apart.",
    )


def _column(record: Robustness, step: int) -> str:
    unit = {"noise": " dB", "shift": " ms", "gain": " dB", "speed": " ×"}[record.kind]
    return value_text(record.kind, record.values[step]) + ("" if record.values[step] is None else unit)


def _cells(record: Robustness) -> list[str]:
    return [f"{100 * a:.1f} ({100 * b:.1f}–{100 * c:.1f})" for a, b, c in zip(*record.accuracy(), strict=True)]
