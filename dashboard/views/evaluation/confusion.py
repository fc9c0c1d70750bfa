"""The confusion matrix as a tool: read in three ways, put in order, and every cell opened to hear its clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core import figures, metrics
from core.metrics import WordAnswers
from core.records.evaluation import Evaluation
from core.runs import RunState
from dashboard.shared import cache, clip_explorer
from dashboard.shared.widgets import choose, show_clickable_figure
from dashboard.shared.wording import clips, interval, percent, plain, word

SHOW = {"true": "By true word", "answered": "By answer", "counts": "Counts"}
ORDER = {"labels": "As the labels", "confusion": "By confusion"}

READ = {
    "true": "Rows are the true words, columns the answers: of the clips of a word, so many per cent got each answer.",
    "answered": "Rows are the true words, columns the answers: when the model says a word, so many per cent of those "
    "clips were really each word.",
    "counts": "Rows are the true words, columns the answers: each cell counts clips.",
}

Cell = tuple[str, str]
"""True word and answer."""


def draw(run: RunState, path: Path) -> None:
    """The matrix, the clips of a chosen cell, and the words behind "unknown"."""
    evaluation, _ = cache.evaluation(path)
    st.subheader("Confusion matrix")
    left, right = st.columns(2)
    show: Any = choose("Cells show", SHOW, "evaluation.show", place=left)
    order = choose(
        "Order",
        ORDER,
        "evaluation.order",
        place=right,
        help="By confusion: words that are taken for each other stand side by side (average linkage over the shares "
        "mixed up, with optimal leaf ordering).",
    )
    cells = {(true, answered): n for true, answered, n in metrics.common_cells(evaluation)}
    chosen = _chosen("evaluation.cell")
    figure = figures.confusion_matrix(
        evaluation,
        show=show,
        chosen=chosen,
        order=metrics.confusion_order(evaluation.confusion).tolist() if order == "confusion" else None,
    )
    show_clickable_figure(figure, "evaluation.confusion", lambda cell: _choose("evaluation.cell", cell))
    st.caption(f"{READ[show]} The diagonal is right, everything beside it is a mix-up. Click a cell to hear its clips.")
    _clips_of(run, evaluation, "evaluation.cell", cells)
    words = metrics.unknown_words(evaluation)
    if words is not None:
        _unknown(run, evaluation, words, show)


def _unknown(run: RunState, evaluation: Evaluation, words: WordAnswers, show: Any) -> None:
    st.subheader("Behind “unknown”")
    # Shares of an answer that leave out most clips with that answer would mislead.
    figure = figures.unknown_matrix(
        words, show="counts" if show == "counts" else "true", chosen=_chosen("evaluation.unknown_cell")
    )
    show_clickable_figure(figure, "evaluation.unknown", lambda cell: _choose("evaluation.unknown_cell", cell))
    st.caption(
        f"{len(words.words)} words count as “unknown”, and the model should call each of them that. Those mistaken "
        "most often stand on top; columns beside “unknown” are the keywords they were taken for. Words with few clips "
        "say little. Click a cell to hear its clips."
    )
    cells = {
        (name, label): int(words.counts[i, j])
        for i, name in enumerate(words.words)
        for j, label in enumerate(words.labels)
        if words.counts[i, j]
    }
    _clips_of(run, evaluation, "evaluation.unknown_cell", cells)
    with st.expander("As numbers", icon=":material/table:"):
        st.dataframe(_unknown_table(words), hide_index=True, height="content")


def _unknown_table(words: WordAnswers) -> list[dict[str, Any]]:
    rows = []
    for i, name in enumerate(words.words):
        n = int(words.n[i])
        taken = sorted(
            ((int(count), label) for count, label in zip(words.counts[i], words.labels, strict=True)), reverse=True
        )
        others = [f"{word(label)} {count}" for count, label in taken if count and label != "_unknown_"]
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


def _chosen(key: str) -> Cell | None:
    cell = st.session_state.get(key)
    return (cell[0], cell[1]) if cell else None


def _choose(key: str, cell: Any) -> None:
    """A click on a cell; its ``customdata`` are true word, answer and clips."""
    if cell:
        st.session_state[key] = (str(cell[0]), str(cell[1]))


def _clips_of(run: RunState, evaluation: Evaluation, key: str, cells: dict[Cell, int]) -> None:
    """A choice that a click makes as well, and the clips of the chosen cell."""
    known = {*evaluation.labels, *evaluation.clip_words}
    chosen = _chosen(key)
    if chosen is not None and not known.issuperset(chosen):
        chosen = st.session_state[key] = None
    options = [*cells, *([chosen] if chosen and chosen not in cells else [])]
    titles = {cell: f"{word(cell[0])} heard as {word(cell[1])}: {clips(cells.get(cell, 0))}" for cell in options}
    st.selectbox(
        "Cell",
        options,
        index=None,
        key=key,
        persist_state="session",
        placeholder="Click a cell above, or choose one",
        format_func=titles.__getitem__,
        label_visibility="collapsed",
    )
    if (chosen := _chosen(key)) is None:
        return
    numbers = metrics.cell_clips(evaluation, *chosen).tolist()
    if not numbers:
        st.caption(f"No clip of “{plain(word(chosen[0]))}” was heard as “{plain(word(chosen[1]))}”.")
        return
    st.caption("The surest answers come first.")
    clip_explorer.draw(run, evaluation, numbers, f"{key}.{'.'.join(chosen)}")
