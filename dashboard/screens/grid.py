"""Train many models in a row, crossed, and see over several seeds what was worth it."""

import streamlit as st

from core.jobs.grid import grid_names
from dashboard.shared import dataset_choice
from dashboard.shared.widgets import begin_page, explained
from dashboard.views import grid
from dashboard.views.training import seeds

begin_page(
    "Seeds",
    "One training with one seed proves little. Here every combination is trained several times, "
    "and the differences are shown with their intervals.",
)

names = grid_names()
with st.expander("New grid", expanded=not names or seeds.is_planned(), icon=":material/add_circle:"):
    dataset_choice.shown()
    with explained():
        grid.draw_form()
if not names:
    st.info("No grids yet. The first one appears here as soon as it is started.", icon=":material/lightbulb:")
    st.stop()
grid.draw(grid.choose_grid(names))
