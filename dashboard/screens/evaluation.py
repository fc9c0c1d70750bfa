"""How well a model does on clips it has never met, beside what a trivial answer scores; and where it fails."""

import streamlit as st

from dashboard import (
    cache,
    calibration_view,
    confusion_view,
    evaluation_choice,
    groups_view,
    picker,
    report_button,
    score_view,
    threshold_view,
    tour,
)
from dashboard.widgets import begin_page

VIEWS = {
    "Confusion matrix": confusion_view.draw,
    "By word": score_view.draw_words,
    "Calibration": calibration_view.draw,
    "Thresholds": threshold_view.draw,
    "Speakers": groups_view.draw_speakers,
    "Level and noise": groups_view.draw_sound,
    "Worst clips": groups_view.draw_worst,
}

begin_page(
    "Evaluation", "A model is tested on clips it has never met. What a score means depends on which clips those were."
)

run = picker.require_model("measure how well it does")
path = evaluation_choice.choose(run)
if path is None:
    st.stop()
evaluation, scores = cache.evaluation(path)

st.header(score_view.heading(evaluation))
score_view.headline(evaluation, scores, run.dataset)
report_button.draw(run.folder, "evaluation")

# Not tabs: those would compute all views, of which one is seen.
view = st.segmented_control(
    "Look at", list(VIEWS), default="Confusion matrix", required=True, key="evaluation.view", persist_state="session"
)
VIEWS[view](run, path)
tour.looked_at("evaluation", run)
