"""What is in the chosen dataset: its clips, words and speakers, and what is wrong with its files."""

from __future__ import annotations

import streamlit as st

from core import figures
from core.config import PROTOCOL_NOTES, SILENCE_LABEL
from core.data.pack import Pack
from core.data.source import DataSummary, split_title
from dashboard.shared.folds import fold
from dashboard.shared.widgets import show_figure, show_metrics

SPLIT_NOTES = {
    "train": "to learn from",
    "validation": "to choose the best epoch by",
    "official": PROTOCOL_NOTES["official"],
    "testing-list": PROTOCOL_NOTES["testing-list"],
}
"""What each split is for."""


def show_counts(summary: DataSummary) -> None:
    """Clips, words and speakers, in all and by split."""
    people = "Voices" if summary.synthetic else "Speakers"
    in_split = dict(zip(summary.splits, summary.word_counts.sum(axis=0).tolist(), strict=True))
    rows = [
        {"Split": split_title(split), "Clips": in_split[split], people: n, "What it is for": SPLIT_NOTES[split]}
        for split, n in zip(summary.splits, summary.speaker_counts, strict=True)
    ]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        show_metrics(
            ("Clips in all", f"{summary.n_clips:,}"),
            ("Words", f"{sum(word != SILENCE_LABEL for word in summary.words)}"),
            ("Noise recordings", f"{len(summary.noise_s)}"),
        )
    right.dataframe(
        rows,
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(format="localized") for name in ("Clips", people)},
    )
    st.caption(
        "Clips of silence are cut from the noise recordings. The name of the dataset counts each recording of a word "
        "once, also where it belongs to both test sets."
    )


def show_words(pack: Pack) -> None:
    """Clips of each word, folded away."""
    fold("Clips by word", "data.words", lambda: _words(pack), icon="grid_on")


def _words(pack: Pack) -> None:
    show_figure(figures.class_counts(pack.words.tolist(), pack.splits.tolist()), "data.counts")
    st.caption("Rows are words, columns are splits; brighter cells hold more clips.")


def show_problems(summary: DataSummary) -> None:
    """What was wrong with the files, where something was, folded away."""
    if summary.problems:
        title = f"{len(summary.problems)} problems found in the files"
        fold(title, "data.problems", lambda: _problems(summary), icon="warning")


def _problems(summary: DataSummary) -> None:
    st.dataframe([vars(problem) for problem in summary.problems], hide_index=True)
