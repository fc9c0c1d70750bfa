"""The numbers of an evaluation, each with what it was measured on."""

from __future__ import annotations

import streamlit as st

from core.config import OWN, PROTOCOL_NOTES, PROTOCOLS
from core.recordings import BIAS
from core.results import Evaluation, Scores
from dashboard.widgets import show_metrics
from dashboard.wording import clips, percent, word


def heading(evaluation: Evaluation) -> str:
    """Protocol, number of clips and dataset in one line."""
    if evaluation.protocol == OWN:
        return f"{evaluation.dataset}: {clips(evaluation.n)}"
    return f"{PROTOCOLS[evaluation.protocol].capitalize()}: {clips(evaluation.n)} of {evaluation.dataset}"


def headline(evaluation: Evaluation, scores: Scores, trained_on: str) -> None:
    """Accuracy with its interval and the trivial baseline, and the loss."""
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
        ("Loss", f"{scores.loss:.3f}", "Mean cross-entropy (nats): 0 is sure and right; 2.48 is a blind guess."),
    )
    st.caption(
        f"{evaluation.run} on the {PROTOCOLS[evaluation.protocol]} ({PROTOCOL_NOTES[evaluation.protocol]}). "
        f"Always answering '{word(scores.baseline_label)}' would score {percent(scores.baseline)}; "
        + ("the model is better than that." if low > scores.baseline else "the model is not clearly better than that.")
    )
    if evaluation.protocol == OWN:
        st.warning(BIAS, icon=":material/balance:")
    if trained_on and trained_on != evaluation.dataset:
        st.caption(f"It was trained on other data: {trained_on}.")


def tables(scores: Scores) -> None:
    """The same figures as numbers: by class, and averaged in three ways."""
    with st.expander("As numbers", icon=":material/table:"):
        st.dataframe(
            [
                {
                    "Word": word(one.label),
                    "Precision": percent(one.precision if one.n else None),
                    "Recall": percent(one.recall if one.n else None),
                    "F1": percent(one.f1 if one.n else None),
                    "Clips": one.n,
                }
                for one in scores.by_class
            ],
            hide_index=True,
            height="content",
        )
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
