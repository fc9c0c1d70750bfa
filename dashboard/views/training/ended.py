"""The result of the run that was just watched to its end, first on the page until it is put away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.runs import RunState
from dashboard.shared.wording import plain
from dashboard.views.training import result, run_panel, watching


def draw(found: Sequence[RunState]) -> None:
    """The result card, where there is a run to show it of."""
    name = st.session_state.get(watching.ENDED)
    run = next((one for one in found if one.name == name and one.has_checkpoint), None)
    if run is None:
        return
    words, icon, colour = run_panel.STATES[run.state]
    with st.container(border=True, key="training_ended"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(run.called)}**")
            st.badge(words, icon=icon, color=colour)  # type: ignore[arg-type]
            st.caption(plain(run.config.title) if run.config else "")
            st.button("Close", key="training.ended.close", type="tertiary", icon=":material/close:", on_click=_close)
        result.draw(run, found, "ended")


def _close() -> None:
    st.session_state.pop(watching.ENDED, None)
