"""How well a model does on clips it has never met, beside what a trivial answer scores."""

import streamlit as st

from dashboard.shared import cache, picker
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
    "Score", "A model is tested on clips it has never met. What a score means depends on which clips those were."
)

run = picker.require_model("measure how well it does")
path = choice.choose(run)
if path is None:
    st.stop()
evaluation, scores = cache.evaluation(path)

st.header(accuracy.heading(evaluation))
accuracy.headline(evaluation, scores, run.dataset)

# Not tabs: those would compute all views, of which one is seen.
view = choose("Look at", {one: one for one in VIEWS}, "evaluation.view")
VIEWS[view](run, path)
tour.looked_at("evaluation", run)
