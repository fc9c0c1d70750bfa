"""Calibration: whether the model's percentages mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core import figures
from core.metrics import Reliability
from core.runs import RunState
from dashboard.shared import cache
from dashboard.shared.folds import fold
from dashboard.shared.widgets import choose, show_figure, show_metrics
from dashboard.shared.wording import interval, percent

BINNING = {"width": "Equal widths", "clips": "Equal numbers of clips"}


@st.fragment
def draw(run: RunState, path: Path) -> None:  # noqa: ARG001  (every view gets the run)
    """Reliability diagram and expected calibration error."""
    binning: Any = choose("Ten bins of", BINNING, "bins", bind="query-params")
    found = cache.reliability(path, binning)
    show_metrics(
        (
            "Expected calibration error",
            percent(found.ece),
            "Distance between how sure the model was and how often it was right, averaged over the clips.",
        ),
        (
            "By chance alone up to",
            percent(found.chance_ece),
            "A model that is calibrated perfectly stays below this in 95 of 100 cases, on as many clips.",
        ),
        ("Sure on average", percent(found.mean_confidence), "Mean probability that it gave its answers."),
        ("Right on average", percent(found.mean_accuracy), "Share of the answers that were right: the accuracy."),
    )
    show_figure(figures.reliability_diagram(found), "evaluation.reliability")
    st.caption(
        "Answers are sorted by their probability into ten bins "
        + ("from 0 to 100 %" if binning == "width" else "that hold equally many")
        + "; a point shows how many of a bin were right. On the dotted line the percentages mean what they say; below "
        "it the model is surer than it should be, above it less sure. " + _verdict(found)
    )
    fold("As numbers", "evaluation.calibration.numbers", lambda: _table(found))


def _table(found: Reliability) -> None:
    st.dataframe(
        [
            {
                "Probability of the answer": f"{100 * bottom:.1f}–{percent(top)}",
                "Clips": int(n),
                "Sure on average": percent(float(sure)),
                "Right": percent(float(right)),
                "95 % interval": interval(float(low), float(high)),
            }
            for bottom, top, n, sure, right, low, high in zip(
                found.bottoms, found.tops, found.n, found.confidence, found.accuracy, found.low, found.high, strict=True
            )
        ],
        hide_index=True,
        height="content",
    )


def _verdict(found: Reliability) -> str:
    if found.ece <= found.chance_ece:
        return "Here the error is no larger than chance makes it on so few clips."
    way = "too sure" if found.mean_confidence > found.mean_accuracy else "not sure enough"
    return f"Here the error is larger than chance makes it: on average the model is {way}."
