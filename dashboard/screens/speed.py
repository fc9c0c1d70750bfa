"""How fast this program is, beside others that do the same work on the same computer."""

import streamlit as st

from dashboard.shared.widgets import begin_page
from dashboard.views import speed

begin_page(
    "Speed",
    "How fast is Earshot? It and other programs do the same work on this computer, in turn, so that all meet the same "
    "conditions: nnAudio, librosa, the nnAudio tutorial's training loop and BC-ResNet's public recipe.",
)

progress, shown, below = st.container(), st.container(), st.container()
with progress:
    reports = speed.reports(below)
with shown:
    report = speed.choose_report(reports)
    device = speed.choose_device(report)
    speed.facts(report, device)
    speed.draw_tasks(reports, report, device)
    speed.numbers(report)
