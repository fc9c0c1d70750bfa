"""Each keyword against the rest, and what a threshold on its answer costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core import figures, metrics
from core.records.evaluation import Evaluation
from core.runs import RunState
from dashboard.shared import cache
from dashboard.shared.folds import fold
from dashboard.shared.widgets import choose, show_figure, show_metrics
from dashboard.shared.wording import clips, percent, word

WORD = "word"

SIDE_BY_SIDE = 12
"""Words that are offered side by side; more in a list."""

CURVES = {"det": "DET", "roc": "ROC"}


@st.fragment
def draw(run: RunState, path: Path) -> None:  # noqa: ARG001  (every view gets the run)
    """What a threshold for a keyword costs; ROC, DET and equal error rates of all of them on request."""
    evaluation, _ = cache.evaluation(path)
    curves = cache.detection_curves(path)
    if not curves:
        st.info("These clips hold no keyword beside others, so there is nothing to tell apart.")
        return
    labels = [curve.label for curve in curves]
    # What was chosen for other clips may be a word that these have not.
    if st.session_state.get(WORD, labels[0]) not in labels:
        del st.session_state[WORD]
    titles = {label: word(label) for label in labels}
    if len(labels) <= SIDE_BY_SIDE:
        chosen = choose("Word", titles, WORD, bind="query-params")
    else:
        chosen = st.selectbox("Word", labels, format_func=titles.__getitem__, key=WORD, bind="query-params")
    _threshold(evaluation, chosen)
    fold("All words: error curves", "evaluation.curves", lambda: _curves(curves, chosen), icon="show_chart")


def _curves(curves: Sequence[metrics.DetectionCurve], chosen: str) -> None:
    kind = choose("Curve", CURVES, "curve", bind="query-params")
    picture = figures.roc_curves if kind == "roc" else figures.det_curves
    show_figure(picture(curves, chosen=chosen), f"evaluation.{kind}")
    st.caption(
        "A clip counts as detected if the word's probability reaches a threshold. As the threshold falls, more clips "
        "of the word are found and more others taken for it: each line is one word. "
        + (
            "The axes are stretched towards the corner, where good models crowd."
            if kind == "det"
            else "A line through the middle (dotted) is guessing."
        )
    )
    st.dataframe(
        [
            {
                "Word": word(curve.label),
                "Clips": curve.n,
                "Equal error rate": percent(curve.eer),
                "at the probability": percent(curve.eer_threshold),
                "Area under ROC": f"{curve.auc:.4f}",
            }
            for curve in curves
        ],
        hide_index=True,
        height="content",
    )
    st.caption(
        "Equal error rate: at the threshold where the share of the word's clips that are missed equals the share of "
        "other clips taken for it. One number to compare words and models by; in use, one of the two errors usually "
        "costs more. Area under ROC: how often a clip of the word gets more of its probability than another clip."
    )


def _threshold(evaluation: Evaluation, label: str) -> None:
    value = st.slider(
        f"Threshold for “{word(label)}”: its least probability (%)",
        0.0,
        100.0,
        50.0,
        0.5,
        format="%.1f",
        key=f"evaluation.threshold.{label}",
        persist_state="session",
    )
    costs = metrics.threshold_costs(evaluation, label)
    at, free = costs.place(value / 100), costs.place(0)
    missed, alarms = int(costs.misses[at]), int(costs.false_alarms[at])
    show_metrics(
        (f"Missed: {missed:,} of {costs.n:,}", percent(missed / costs.n), "Clips of the word that were not accepted."),
        (
            f"False alarms: {alarms:,} of {costs.n_others:,}",
            percent(alarms / costs.n_others),
            "Clips of other words and of silence that were accepted as the word.",
        ),
    )
    show_figure(figures.threshold_cost_curves(costs, threshold=value / 100), "evaluation.costs")
    st.caption(
        f"An answer counts if “{word(label)}” is the most probable one and reaches the threshold; otherwise it is "
        f"rejected. Against no threshold at all, this one misses {clips(missed - int(costs.misses[free]))} more, and "
        f"{clips(int(costs.false_alarms[free]) - alarms)} fewer set off a false alarm. "
        "A threshold chosen on these clips and then reported on them flatters; choose on validation clips."
    )
