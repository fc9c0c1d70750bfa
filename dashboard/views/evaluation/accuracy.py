"""The numbers of an evaluation, each with what it was measured on."""

from __future__ import annotations

from math import log
from pathlib import Path

import streamlit as st

from core import figures
from core.config import OWN
from core.data.recordings import BIAS
from core.metrics import WordScores, word_scores
from core.records.cost import published_text
from core.records.evaluation import Scores
from core.runs import RunState
from dashboard.shared import cache
from dashboard.shared.folds import fold
from dashboard.shared.widgets import show_figure, show_metrics
from dashboard.shared.wording import interval, percent, plain, word


def headline(run: RunState, path: Path) -> None:
    """Accuracy with its interval and the trivial baseline, and the loss."""
    evaluation, scores = cache.evaluation(path)
    low, high = scores.interval
    show_metrics(
        ("Accuracy", percent(scores.accuracy), "Share of clips answered right."),
        (
            "95 % interval",
            f"{100 * low:.1f}–{percent(high)}",
            "Where the accuracy on endlessly many such clips probably lies (Wilson).",
        ),
        (
            "Trivial baseline",
            percent(scores.baseline),
            f"What always answering '{word(scores.baseline_label)}' scores on these clips.",
        ),
        (
            "Loss",
            f"{scores.loss:.3f}",
            f"Mean cross-entropy (nats): 0 is sure and right; {log(len(evaluation.labels)):.2f} is a blind guess.",
        ),
    )
    st.caption(
        f"{evaluation.clips_note.capitalize()}. "
        f"Always answering '{word(scores.baseline_label)}' would score {percent(scores.baseline)}; "
        + ("the model is better than that." if low > scores.baseline else "the model is not clearly better than that.")
    )
    if published := published_text(evaluation.protocol, evaluation.vocabulary, evaluation.dataset):
        st.caption(published)
    if evaluation.protocol == OWN:
        st.warning(BIAS, icon=":material/balance:")
    if run.dataset and run.dataset != evaluation.dataset:
        st.caption(f"It was trained on other data: {plain(run.dataset)}.")


def draw_words(run: RunState, path: Path) -> None:  # noqa: ARG001  (every view gets the run)
    """Recall, precision and F1 by word with their intervals, and averaged in three ways."""
    evaluation, scores = cache.evaluation(path)
    words = word_scores(evaluation)
    show_figure(figures.class_scores_bars(scores, words=words), "evaluation.bars")
    st.caption(
        "Precision: of the clips it called this word, how many were. Recall: of the clips of this word, how many it "
        "found. F1 is high only if both are. Bars: 95 % intervals (Wilson)."
    )

    def numbers() -> None:
        _word_table(words)
        st.markdown("**Averages**")
        _averages(scores)

    fold("As numbers", "evaluation.words.numbers", numbers)


def _word_table(words: tuple[WordScores, ...]) -> None:
    st.dataframe(
        [
            {
                "Word": word(one.label),
                "Clips": one.n,
                "Recall (95 % interval)": _with_interval(one.recall, one.recall_interval),
                "Answered": one.answered,
                "Precision (95 % interval)": _with_interval(one.precision, one.precision_interval),
                "F1": percent(one.f1 if one.n else None),
            }
            for one in words
        ],
        hide_index=True,
        height="content",
    )


def _with_interval(share: float, ends: tuple[float, float]) -> str:
    """A share and its interval in one cell, so that a phone shows both; a dash where nothing was counted."""
    return f"{percent(share)} ({interval(*ends)})" if share == share else "–"


def _averages(scores: Scores) -> None:
    st.dataframe(
        [
            {
                "Average": name,
                "Precision": percent(precision),
                "Recall": percent(recall),
                "F1": percent(f1),
                "How it is formed": how,
            }
            for name, precision, recall, f1, how in (
                ("micro", scores.micro_precision, scores.micro_recall, scores.micro_f1, "every clip counts alike"),
                ("macro", scores.macro_precision, scores.macro_recall, scores.macro_f1, "every word counts alike"),
                (
                    "weighted",
                    scores.weighted_precision,
                    scores.weighted_recall,
                    scores.weighted_f1,
                    "words count by their number of clips",
                ),
            )
        ],
        hide_index=True,
    )
