"""Light or dark: figures are drawn for the page's ground, so the page has to run again when that changes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent

_ground = st.components.v2.component(
    "earshot_ground",
    html='<div class="ground" aria-hidden="true"></div>',
    css=(HERE / "theme.css").read_text(encoding="utf-8"),
    js=(HERE / "theme.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # some of them are for the page
)


def is_dark() -> bool:
    """Whether the reader sees a dark page."""
    return st.context.theme.type == "dark"


def watch() -> None:
    """Nothing to see: it makes the page run again when its reader chooses light or dark. Once a page."""
    _ground(key="app.ground", data={"theme": st.context.theme.type}, on_theme_change=_nothing)


def _nothing() -> None:
    pass
