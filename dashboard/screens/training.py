"""Choose a preset and a setting, start training, watch it, and come back to past runs."""

import streamlit as st

from core import runs
from dashboard.shared import dataset_choice
from dashboard.shared.widgets import begin_page, explained
from dashboard.views.training import new_run, run_panel

begin_page(
    "Train", "Train a model and its spectrogram. It runs as a program of its own: closing this page loses nothing."
)

found = runs.list_runs()
alive = [run for run in found if run.alive]
for run in alive:
    run_panel.watch(run)

with st.expander("New run", expanded=not alive, icon=":material/add_circle:"):
    dataset_choice.shown()
    with explained():
        new_run.draw(found, n_alive=len(alive))

past = [run for run in found if not run.alive]
st.header("Past runs")
if not past:
    st.info("No run has ended yet. The first one appears here when it has.", icon=":material/lightbulb:")
    st.stop()
run_panel.table(past)
run_panel.details(run_panel.choose(past))
