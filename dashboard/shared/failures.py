"""What went wrong in a button's work, shown at the button: a click's work has no page to show it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import KeywordSpottingError
from dashboard.shared import state
from dashboard.shared.wording import plain


@contextmanager
def kept(place: str) -> Iterator[None]:
    """Note what goes wrong for the place where it was asked for."""
    failed = st.session_state[state.FAILED]
    failed.pop(place, None)
    try:
        yield
    except KeywordSpottingError as error:
        failed[place] = str(error)


def show(place: str) -> None:
    """Show what ``kept`` noted for this place."""
    if text := st.session_state[state.FAILED].get(place):
        st.error(plain(text), icon=":material/error:")
