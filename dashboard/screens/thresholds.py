"""How sure an answer has to be before it counts, and what that costs."""

import streamlit as st

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page
from dashboard.views.evaluation import choice, thresholds

begin_page("Thresholds", "A lower threshold misses fewer words and raises more false alarms.")

run = picker.require_model("choose how sure it has to be")
path = choice.choose(run)
if path is None:
    st.stop()
thresholds.draw(run, path)
