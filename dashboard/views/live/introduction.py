"""Below the microphone: one picture of learned versus initial, and the tour."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import figures, runs
from core.runs import RunState
from dashboard.shared import cache, picker, places
from dashboard.shared.widgets import explained, show_figure
from dashboard.shared.wording import plain
from dashboard.views import tour


def draw() -> None:
    """What this is for, and the way through it."""
    found = runs.list_runs()
    _claim(found)
    with st.expander("Guided tour: the tutorial's four steps", icon=":material/tour:"):
        _tour(found)


def _claim(found: Sequence[RunState]) -> None:
    """One picture of what was learned, of the best model whose mel filters were trained."""
    shown = picker.best_with_learned_filters(found)
    if shown is None:
        return
    st.header("What a spectrogram learns")
    with explained():
        show_figure(figures.overview_picture(cache.filters(shown.folder)), "overview.picture")
        st.caption(
            f"{picker.title(shown)}, trained on {plain(shown.dataset)}. Each curve is one mel filter: the band of "
            "tones it listens to. Dashed grey is where training began, solid blue is what it found."
        )
        places.model_button("filterbank", "Look closer", shown.name, "overview.closer")


def _tour(found: Sequence[RunState]) -> None:
    """The steps, each with what of it is done; the models that came with the project do not count."""
    own = [run for run in found if not run.shipped]
    for number, step in enumerate(tour.STEPS, start=1):
        with st.container(border=True):
            st.subheader(f"{number}. {step.title}")
            st.write(step.text)
            with st.container(horizontal=True, vertical_alignment="center"):
                for name, is_done in step.parts:
                    done = is_done(own)
                    icon = ":material/check_circle:" if done else ":material/radio_button_unchecked:"
                    st.badge(
                        f"done: {name}" if done else f"to do: {name}", icon=icon, color="green" if done else "gray"
                    )
                for page, label in step.links:
                    places.link(page, label)
