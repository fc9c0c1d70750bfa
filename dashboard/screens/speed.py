"""How fast this program is, beside others that do the same work on the same computer."""

import streamlit as st

from core import figures
from dashboard import cache, speed_view
from dashboard.widgets import begin_page, show_figure

begin_page(
    "Speed",
    "How fast is Earshot? It and other programs do the same work on this computer, in turn, so that all meet the same "
    "conditions: nnAudio, librosa, the nnAudio tutorial's training loop and BC-ResNet's public recipe.",
)

speed_view.measure_panel()
reports = cache.benchmark_reports()
report = speed_view.choose_report(reports)
device = speed_view.choose_device(report)
speed_view.facts(report, device)

for task, timings in speed_view.by_task(report, device).items():
    st.subheader(speed_view.heading(task))
    show_figure(figures.speed_bars(timings, title=speed_view.figure_title(timings)), f"speed.bars.{task}.{device}")
    speed_view.in_words(task, timings)
    if any(len(timing.parts) > 1 for timing in timings):
        with st.expander("Where the time goes", icon=":material/stacked_bar_chart:"):
            show_figure(figures.speed_parts(timings), f"speed.parts.{task}.{device}")
            st.caption(
                "Loading: reading the clips. Transfer: copying them to the GPU. Features: the spectrogram. "
                "Model: the network behind it."
            )
    past = speed_view.history(reports, report, task, device)
    if len(past) > 1:
        with st.expander("Earlier measurements of this machine", icon=":material/history:"):
            show_figure(figures.speed_history(past, task), f"speed.history.{task}.{device}")

speed_view.numbers(report)
