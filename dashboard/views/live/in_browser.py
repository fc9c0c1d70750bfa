"""Listening in the visitor's browser alone: the model goes there, and no sound comes to the server."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.config import to_dict
from core.errors import ExportError
from core.runs import RunState
from dashboard.components import listening_page
from dashboard.shared import cache, jobs, listening_pages, measured
from dashboard.shared.widgets import job_panel
from dashboard.shared.wording import plain
from dashboard.views.live import listening_settings

PAGE = "live.page"
"""Key of the page that listens."""


def panel(run: RunState, place: DeltaGenerator) -> None:
    """The page that listens with a model, or the offer to make it; ``place`` is for the settings.

    Raises:
        CheckpointError: If the model cannot be read.
    """
    from core.export import served

    st.caption(
        ":material/lock: **Your sound stays in this browser.** The model comes to it and listens there; nothing that "
        "you say is sent to the server."
    )
    if not served.is_ready(run.folder):
        _offer(run)
        return
    settings = listening_settings.of(run)
    with place:
        listening_settings.draw([settings])
    address = listening_pages.address(served.key_of(run.folder))
    listening_page.draw(PAGE, address, to_dict(listening_settings.chosen(settings)))


def _offer(run: RunState) -> None:
    from core.export.needed import require_packages

    try:
        require_packages()
    except ExportError as error:
        st.info(plain(error), icon=":material/extension:")
        return
    cache.filters(run.folder)  # a model that cannot be read is told now, and not once it is being made ready
    name = f"live.page.{run.name}"
    if job_panel(name):
        return
    st.caption(
        "First the model is made ready for browsers, once: seconds for a small one, half a minute for the largest."
    )
    title = f"Making {plain(run.called)} ready for browsers"
    measured.button("Make it ready", "live.page.make", name, title, lambda: partial(_make, run))


def _make(run: RunState, progress: jobs.Progress) -> None:
    from core.export import served

    served.make(run.folder, progress)
