"""Choose the data, what learns and what to begin with; start training, watch it, and come back to past runs."""

import streamlit as st

from core import runs
from dashboard.shared.widgets import begin_page, explained
from dashboard.views.training import ended, new_run, run_list, watching

begin_page(
    "Train", "Train a model and its spectrogram. It runs as a program of its own: closing this page loses nothing."
)

found = runs.list_runs()
alive = [run for run in found if run.alive]
for run in alive:
    watching.draw(run)
if not alive:
    ended.draw(found)
with st.expander("New run", expanded=not alive, icon=":material/add_circle:"), explained():
    new_run.draw(found, n_alive=len(alive))
run_list.draw(found)
