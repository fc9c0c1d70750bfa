"""Taking the page's figures away: as pictures through their own toolbar, their numbers as tables."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import PurePath
from typing import Any

import streamlit as st

from dashboard.shared.wording import plain

PICTURE = "app.picture"
"""Format in which a figure's camera button saves it: "svg" or "png"."""

MIMES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".npz": "application/octet-stream",
    ".onnx": "application/octet-stream",
    ".pt": "application/octet-stream",
    ".py": "text/x-python",
    ".zip": "application/zip",
}
"""What a file is called on the web, by its ending."""

_drawn: ContextVar[dict[str, Any] | None] = ContextVar("drawn", default=None)


def begin() -> None:
    """A run of a page begins: nothing is drawn yet."""
    _drawn.set({})


@contextmanager
def part() -> Iterator[None]:
    """A fragment of a page that offers its own figures: what is saved is what it shows, also where it runs alone."""
    page = _drawn.set({})
    try:
        yield
        draw()
    finally:
        _drawn.reset(page)


def remember(figure: Any, key: str) -> None:
    """A figure was drawn; ``key`` is its own."""
    drawn = _drawn.get()
    if drawn is not None:
        drawn[key] = figure


def toolbar() -> dict[str, Any]:
    """What the toolbar of every figure offers."""
    return {
        "displaylogo": False,
        "responsive": True,
        "toImageButtonOptions": {"format": st.session_state.get(PICTURE, "png"), "scale": 2},
    }


def draw() -> None:
    """The offer, below all figures of a page that drew some."""
    drawn = _drawn.get()
    if not drawn:
        return
    with st.expander("Save figures", icon=":material/download:"):
        label = "As a picture: the camera above each figure saves it as"
        look: dict[str, Any] = {"format_func": str.upper, "key": PICTURE, "persist_state": "session"}
        st.segmented_control(label, ["png", "svg"], default="png", required=True, **look)
        st.caption("As numbers (CSV): one row a point.")
        with st.container(horizontal=True):
            for key, figure in drawn.items():
                button(
                    _title(figure, key), partial(_as_csv, figure), f"{_file_name(key)}.csv", f"saving.{key}", icon=""
                )


def button(label: str, data: Any, file_name: str, key: str, *, note: str = "", icon: str = "download") -> None:
    """A button that gives a file; ``data`` is its content, or makes it when the button is pressed."""
    mime = MIMES[PurePath(file_name).suffix]
    sign = f":material/{icon}:" if icon else None
    st.download_button(label, data, file_name, mime, key=key, icon=sign, help=note or None, on_click="ignore")


def _as_csv(figure: Any) -> str:
    # Imported when it is wanted: the frame around the pages is there before the figures are.
    from core.figures.export import as_csv

    return as_csv(figure)


def _title(figure: Any, key: str) -> str:
    """What is shown, without plotly's tags."""
    return plain(html.unescape(re.sub(r"<[^>]*>", " ", figure.layout.title.text or key)))


def _file_name(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", key).strip("-")
