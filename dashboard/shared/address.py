"""What addresses say: on every page the dataset and the model, on Train the run whose details are open."""

from __future__ import annotations

import streamlit as st

from core.config import DEMO
from dashboard.shared import state

MOST_KNOWN = 100
"""Folders that an address can name; the oldest is forgotten first."""


@st.cache_resource
def _known() -> dict[str, str]:
    """Folders that were chosen on this server, by what addresses call them: no address makes it read another one."""
    return {}


def follow() -> None:
    """Choose the dataset that the page's address names; say so where it names none that is known."""
    asked = state.asked_anew(state.DATA)
    if asked and asked != state.data_name():
        root = _known().get(asked)
        if asked == DEMO:
            st.session_state[state.DATA_KIND] = DEMO
        elif root is not None:
            state.use_folder(root)
        else:
            st.warning(
                "The address of this page names a dataset that was not chosen here since the server was started. "
                "Choose its folder under Train, Data; until then another one is used.",
                icon=":material/link_off:",
            )
    name = state.data_name()
    if name != DEMO:
        _known()[name] = str(st.session_state[state.DATA_ROOT]).strip()
        while len(_known()) > MOST_KNOWN:
            _known().pop(next(iter(_known())))


def say_missing(what: str, name: str, instead: str) -> None:
    """Say that the page's address asks for something that is not here, and what happens instead."""
    # As code, in one line: an address is anybody's text.
    named = " ".join(name[:80].replace("`", "'").split())
    st.warning(
        f"The address of this page asks for {what} `{named}`, which is not here. {instead}", icon=":material/link_off:"
    )


def query(page: str) -> dict[str, str]:
    """What has to be carried to a page: dataset and model, and to Train the run that it showed last."""
    model, run = st.session_state.get(state.MODEL), st.session_state.get(state.RUN)
    carried = {state.DATA: state.data_name(), **({state.MODEL: model} if model else {})}
    return {**carried, state.RUN: run} if run and page == "training" else carried
