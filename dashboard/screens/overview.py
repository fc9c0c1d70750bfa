"""What this is, one picture of learned versus initial, and the tour."""

import streamlit as st

from core import figures, runs
from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page, explained, model_button, page_link, show_figure
from dashboard.shared.wording import plain
from dashboard.views import tour

begin_page(
    "Earshot",
    "**Keyword spotting with a spectrogram that learns.** A keyword spotter hears one second of sound and says which "
    "of ten words it was, or silence, or an unknown word. Usually a fixed spectrogram comes first; here its mel "
    "filters and STFT kernels are trained too. See what they learned, measure whether it helps, and talk to the model.",
)

found = runs.list_runs()
own = [run for run in found if not run.shipped]
shown = picker.best_with_learned_filters(found)
if shown is None:
    st.info(
        "No trained model yet, so there is nothing learned to show. Begin with step 1 below: the demo words "
        "(synthetic voices) come with the project, and a first model trains in a minute or two.",
        icon=":material/lightbulb:",
    )
else:
    with explained():
        show_figure(figures.overview_picture(cache.filters(shown.folder)), "overview.picture")
        st.caption(
            f"{picker.title(shown)}, trained on {plain(shown.dataset)}. Each curve is one mel filter: the band of "
            "tones it listens to. Dashed grey is where training began, solid blue is what it found."
        )
        model_button("filterbank", "Look closer", shown.name, "overview.closer")

st.header("Guided tour")
for number, step in enumerate(tour.STEPS, start=1):
    parts = [(name, is_done(own)) for name, is_done in step.parts]
    with st.container(border=True):
        st.subheader(f"{number}. {step.title}")
        st.write(step.text)
        row = st.container(horizontal=True, vertical_alignment="center")
        with row:
            for name, done in parts:
                icon = ":material/check_circle:" if done else ":material/radio_button_unchecked:"
                st.badge(f"done: {name}" if done else f"to do: {name}", icon=icon, color="green" if done else "gray")
            for page, link in step.links:
                page_link(page, link)
if any(run.shipped for run in found):
    st.caption("The models that came with the project do not count as done, but every page can look at them.")
