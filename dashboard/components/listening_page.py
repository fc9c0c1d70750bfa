"""A page that listens in the browser alone (``core.export.web``), in a frame: no sound of it comes to the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).resolve().parent

_page = st.components.v2.component(
    "earshot_listening_page",
    html='<iframe title="The model in this browser" allow="microphone"></iframe>',
    css=(HERE / "listening_page.css").read_text(encoding="utf-8"),
    js=(HERE / "listening_page.js").read_text(encoding="utf-8"),
)


def draw(key: str, address: str, listening: Mapping[str, Any]) -> None:
    """Draw the page.

    Args:
        key: Its own.
        address: Where this server has it.
        listening: How answers become words: the fields of ``ListeningConfig``. A change holds at once.
    """
    _page(key=key, data={"address": address, "listening": dict(listening)})
