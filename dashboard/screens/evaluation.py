"""How well a model does on clips it was not trained on, beside what a trivial answer scores."""

import streamlit as st

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, choose
from dashboard.views import tour
from dashboard.views.evaluation import accuracy, calibration, choice, groups, word_length

VIEWS = {
    "By word": accuracy.draw_words,
    "Calibration": calibration.draw,
    "Speakers": groups.draw_speakers,
    "Level and noise": groups.draw_sound,
    "Word length": word_length.draw,
}

begin_page(
    "Score", "Accuracy on clips that the model was not trained on. What it means depends on which clips those are."
)

run = picker.require_model("measure how well it does")
path = choice.choose(run)
if path is None:
    st.stop()
accuracy.headline(run, path)

# Not tabs: those would compute all views, of which one is seen.
view = choose("Look at", {one: one for one in VIEWS}, "scores", bind="query-params", label_visibility="collapsed")
VIEWS[view](run, path)
tour.looked_at("evaluation", run)
