"""The confusion matrix as a tool: read in three ways, put in order, and every cell heard beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from core import figures, metrics
from core.config import UNKNOWN_LABEL
from core.metrics import WordAnswers
from core.records.evaluation import Evaluation
from core.runs import RunState
from dashboard.shared import cache, clip_explorer, defaults, run_names
from dashboard.shared.folds import fold
from dashboard.shared.widgets import choose, show_clickable_figure
from dashboard.shared.wording import clips, interval, percent, plain, word

SHOW = {"true": "By true word", "answered": "By answer", "counts": "Counts"}
ORDER = {"labels": "As the labels", "confusion": "By confusion"}

READ = {
    "true": "Rows: true words. Columns: answers, in % of the clips of a word.",
    "answered": "Rows: true words. Columns: answers; cells in % of the clips that got an answer.",
    "counts": "Rows: true words. Columns: answers. Cells: number of clips.",
}
"""How to read a cell of the matrix."""

CELL, UNKNOWN_CELL = "cell", "unknown_cell"
"""The chosen cells, in the session and in the page's address."""

Cell = tuple[str, str]
"""True word and answer."""


@st.fragment
def draw(run: RunState, path: Path) -> None:
    """The matrix, and beside it the clips of a cell: first those of the most common mix-up."""
    # The figure names the model.
    evaluation = replace(cache.evaluation(path)[0], run=run_names.label(run))
    cells = {(true, answered): n for true, answered, n in metrics.common_cells(evaluation)}
    picture, heard = st.columns([3, 2], gap="medium")
    with heard:
        chosen = _choose_cell(CELL, evaluation, cells)
        _clips_of(run, evaluation, chosen, CELL)
    with picture:
        with st.container(horizontal=True, gap="medium"):
            show: Any = choose("Cells show", SHOW, "cells", bind="query-params")
            order = choose(
                "Order",
                ORDER,
                "order",
                bind="query-params",
                help="By confusion: words that are taken for each other stand side by side (average linkage over the "
                "shares mixed up, with optimal leaf ordering).",
            )
        figure = figures.confusion_matrix(
            evaluation,
            show=show,
            chosen=chosen,
            order=metrics.confusion_order(evaluation.confusion).tolist() if order == "confusion" else None,
        )
        show_clickable_figure(figure, "evaluation.confusion", lambda cell: _choose(CELL, cell))
        st.caption(f"{READ[show]} On the diagonal: right. Click a cell to hear its clips.")


@st.fragment
def draw_unknown(run: RunState, path: Path) -> None:
    """The words behind "unknown", and beside them the clips of a cell."""
    evaluation, _ = cache.evaluation(path)
    words = metrics.unknown_words(evaluation)
    if words is None:
        why = (
            "These clips do not tell which words count as"
            if evaluation.vocabulary.unknown
            else "This model calls no word"
        )
        st.info(f"{why} “unknown”.", icon=":material/info:")
        return
    picture, heard = st.columns([3, 2], gap="medium")
    with heard:
        chosen = _choose_cell(UNKNOWN_CELL, evaluation, _word_cells(words))
        _clips_of(run, evaluation, chosen, UNKNOWN_CELL)
    with picture:
        # Shares of an answer would mislead: they leave out most clips with that answer.
        titles = {name: SHOW[name] for name in ("true", "counts")}
        show: Any = choose("Cells show", titles, "unknown_cells", bind="query-params")
        figure = figures.unknown_matrix(words, show=show, chosen=chosen)
        show_clickable_figure(figure, "evaluation.unknown", lambda cell: _choose(UNKNOWN_CELL, cell))
        st.caption(
            f"{len(words.words)} words count as “unknown”, those mistaken most often on top. The other columns are the "
            "keywords they were taken for."
        )
        fold(
            "As numbers",
            "evaluation.unknown.numbers",
            lambda: st.dataframe(_unknown_table(words), hide_index=True, height="content"),
        )


def _word_cells(words: WordAnswers) -> dict[Cell, int]:
    """The cells that have clips: mix-ups first, the most frequent ahead."""
    found = {
        (name, label): int(words.counts[i, j])
        for i, name in enumerate(words.words)
        for j, label in enumerate(words.labels)
        if words.counts[i, j]
    }
    return dict(sorted(found.items(), key=lambda cell: (cell[0][1] == UNKNOWN_LABEL, -cell[1])))


def _unknown_table(words: WordAnswers) -> list[dict[str, Any]]:
    rows = []
    for i, name in enumerate(words.words):
        n = int(words.n[i])
        taken = sorted(
            ((int(count), label) for count, label in zip(words.counts[i], words.labels, strict=True)), reverse=True
        )
        others = [f"{word(label)} {count}" for count, label in taken if count and label != UNKNOWN_LABEL]
        rows.append(
            {
                "Word": name,
                "Clips": n,
                "Taken for another": percent(int(words.mistaken[i]) / n),
                "95 % interval": interval(float(words.low[i]), float(words.high[i])),
                "Taken for (clips)": ", ".join(others[:4]) or "–",
            }
        )
    return rows


# The chosen cell


def _choose_cell(key: str, evaluation: Evaluation, cells: Mapping[Cell, int]) -> Cell | None:
    """The cell whose clips are heard, by hand or by a click: first the most common mix-up; None without clips."""
    now = st.session_state.get(key)
    # What these clips have not is forgotten.
    if now is not None and not {*evaluation.labels, *evaluation.clip_words}.issuperset(now):
        del st.session_state[key]
    defaults.follow(key, next(iter(cells), None))
    now = st.session_state.get(key)
    options = [*cells, *([now] if now and now not in cells else [])]
    titles = {cell: f"{word(cell[0])} heard as {word(cell[1])}: {clips(cells.get(cell, 0))}" for cell in options}
    chosen: Cell | None = st.selectbox(
        "Cell",
        options,
        key=key,
        bind="query-params",
        persist_state="session",
        format_func=titles.__getitem__,
        help="Mix-ups first, the most frequent ahead. A click on the picture chooses as well.",
    )
    return chosen


def _choose(key: str, cell: Any) -> None:
    """A click on a cell; its ``customdata`` are true word, answer and clips."""
    if cell:
        st.session_state[key] = (str(cell[0]), str(cell[1]))


def _clips_of(run: RunState, evaluation: Evaluation, chosen: Cell | None, key: str) -> None:
    """The clips of the chosen cell."""
    if chosen is None:
        return
    numbers = metrics.cell_clips(evaluation, *chosen).tolist()
    if not numbers:
        st.caption(f"No clip of “{plain(word(chosen[0]))}” was heard as “{plain(word(chosen[1]))}”.")
        return
    st.caption("The surest answers come first.")
    clip_explorer.draw(run, evaluation, numbers, f"{key}.{'.'.join(chosen)}")
