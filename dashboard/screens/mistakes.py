"""Which words a model takes for which, and the clips that it is worst on; every one of them can be heard."""

import streamlit as st

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, choose
from dashboard.views.evaluation import choice, confusion, groups

VIEWS = {"Confusion matrix": confusion.draw, "Worst clips": groups.draw_worst}

begin_page("Mistakes", "Which words are taken for which, and how those clips sound.")

run = picker.require_model("see what it mixes up")
path = choice.choose(run)
if path is None:
    st.stop()
view = choose("Look at", {one: one for one in VIEWS}, "mistakes.view")
VIEWS[view](run, path)
