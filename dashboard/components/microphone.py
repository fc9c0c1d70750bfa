"""The listening part of Try: a microphone, a level meter and pictures that move, drawn by the browser.

What the two halves say to each other: the browser sends messages (``messages.py``), one at a time; each run of the
part's fragment answers with ``data`` (``dashboard.views.live.listener``), which names the last message that was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.bidi_component import main as streamlit_component

from dashboard.components.messages import Message, read_message

HERE = Path(__file__).resolve().parent
SCRIPTS = ("capture.js", "delivery.js", "lane.js", "picture.js", "view.js", "microphone.js")
"""The JavaScript half, in an order in which each file needs only those before it."""

# Streamlit 1.67 shows a component's state through a class that pickle cannot find, and then refuses to go on where
# `enforceSerializableSessionState` is set. What it would add is triggers, and there are none here.
streamlit_component.make_bidi_component_presenter = lambda *_: None  # type: ignore[attr-defined, assignment]

_microphone = st.components.v2.component(
    "earshot_microphone",
    html=(HERE / "microphone.html").read_text(encoding="utf-8"),
    css=(HERE / "microphone.css").read_text(encoding="utf-8"),
    js="\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS),
)

_bell = st.components.v2.component("earshot_bell", js=(HERE / "bell.js").read_text(encoding="utf-8"))


def draw(key: str, data: Mapping[str, Any], on_message: Callable[[], None]) -> None:
    """Draw the part; ``on_message`` is called before a run in which ``last_message`` has something new."""
    # State and not a trigger: a trigger is lost when a run of the whole page overtakes that of a fragment.
    _microphone(key=key, data={**data, "colours": colours()}, on_message_change=on_message)


@cache
def colours() -> dict[str, Any]:
    """Colours that the JavaScript half draws with: a scale, speech, and what each is on a dark page."""
    # The button stands there before the figures are imported.
    from plotly.colors import get_colorscale

    from core.figures.style import AMOUNT_SCALE, DARK, GREEN

    return {"amounts": [colour for _, colour in get_colorscale(AMOUNT_SCALE)], "speech": GREEN, "dark": DARK}


def draw_waiting(key: str) -> None:
    """Draw the part before there is a model: it listens already, and keeps what it hears for when there is one."""
    # A value that is no plain one makes Streamlit import pandas first, to see whether it is a table.
    _microphone(key=key, data={"waiting": True}, on_message_change=_nothing)


def last_message(key: str) -> Message | None:
    """The latest message of the part; None if there is none that makes sense."""
    state = st.session_state.get(key)
    return read_message(state.get("message")) if state else None


def bell(key: str, listener: str, shown: int) -> None:
    """Nothing to see: it makes the fragment around it run again whenever the microphone's part has shown a word.

    Args:
        key: Its own.
        listener: Who heard the words that the fragment shows.
        shown: Number of the newest of them; it is asked again until it shows the newest there is.
    """
    _bell(key=key, data={"listener": listener, "shown": shown}, on_heard_change=_nothing)


def _nothing() -> None:
    pass
