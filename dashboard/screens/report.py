"""A model in one file: what it learned and what that is worth, to send or to keep."""

import streamlit as st

from dashboard.shared import picker, report_button
from dashboard.shared.widgets import begin_page

begin_page("Report", "One HTML file with everything that is kept about a model, readable without this program.")

run = picker.require_model("write a report about it")
st.write(
    "The report holds the model's settings, what its filters learned, and every evaluation that is kept, each with "
    "protocol, number of clips and interval."
)
report_button.draw(run.folder, "report")
