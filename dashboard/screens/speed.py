"""How fast this program is, beside others that do the same work on the same computer."""

import streamlit as st

from core import figures
from dashboard.shared.widgets import begin_page, show_figure
from dashboard.views import speed

begin_page(
    "Speed",
    "How fast is Earshot? It and other programs do the same work on this computer, in turn, so that all meet the same "
    "conditions: nnAudio, librosa, the nnAudio tutorial's training loop and BC-ResNet's public recipe.",
)

reports = speed.reports()
report = speed.choose_report(reports)
device = speed.choose_device(report)
speed.facts(report, device)

for task, timings in speed.by_task(report, device).items():
    st.subheader(speed.heading(task))
    show_figure(figures.speed_bars(timings, title=speed.figure_title(timings)), f"speed.bars.{task}.{device}")
    speed.in_words(task, timings)
    if any(len(timing.parts) > 1 for timing in timings):
        with st.expander("Where the time goes", icon=":material/stacked_bar_chart:"):
            show_figure(figures.speed_parts(timings), f"speed.parts.{task}.{device}")
            st.caption(
                "Loading: reading the clips. Transfer: copying them to the GPU. Features: the spectrogram. "
                "Model: the network behind it."
            )
    past = speed.history(reports, report, task, device)
    if len(past) > 1:
        with st.expander("Earlier measurements of this machine", icon=":material/history:"):
            show_figure(figures.speed_history(past, task), f"speed.history.{task}.{device}")

speed.numbers(report)
