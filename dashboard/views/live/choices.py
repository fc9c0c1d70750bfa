"""What a person chooses before anything is heard: how the sound comes, and the filters it is heard through."""

from __future__ import annotations

import streamlit as st

from dashboard.shared.widgets import choose

WAYS = {"listen": "Listen", "record": "Record one word", "upload": "Drop a file"}
SOURCES = {"browser": "Browser's microphone", "card": "This computer's sound card", "alone": "The browser alone"}
BASES = {"learned": "Learned filters", "initial": "Textbook filters"}

EAR = "live.ear"
"""Key of the part of the page that runs in the browser and hears its microphone."""


SOURCE = "live.microphone"
"""Key of the choice of who listens."""


def choose_way() -> str:
    """How the sound comes: "listen" as one speaks, "record" one word, or "upload" a file."""
    return choose("Sound", WAYS, "live.source", label_visibility="collapsed")


def choose_source(*, is_near: bool) -> str:
    """Who listens: the server, through the "browser" or the sound "card", or the browser "alone".

    Args:
        is_near: Whether the visitor sits at the server, whose sound card is then offered.
    """
    card = " The sound card is that of the computer that runs Earshot; it is offered because you sit at it."
    return choose(
        "Listen through",
        {key: title for key, title in SOURCES.items() if is_near or key != "card"},
        SOURCE,
        bind="query-params",
        help="The browser asks for your permission and works from everywhere; the sound goes to the computer that runs "
        f"Earshot.{card if is_near else ''} The browser alone: the model runs in your browser, and no sound leaves it.",
    )


def is_alone() -> bool:
    """Whether the browser listens alone, as far as can be told before the choice is drawn."""
    return st.session_state.get(SOURCE) == "alone" or st.query_params.get(SOURCE) == SOURCES["alone"]


def choose_basis() -> str:
    """The filters that the same sound is heard through: "learned", or "initial", those that training began with."""
    with st.container(horizontal=True, vertical_alignment="center"):
        basis = choose("Filters", BASES, "live.basis", label_visibility="collapsed")
        st.caption(
            "**Learned:** as training left the model. **Textbook:** the same network, its filters put back to where "
            "learning began.",
            width="stretch",
            help="Picture and answer come from the filters chosen; the sound stays the same. The network was trained "
            "with the learned filters, so this shows how much it relies on them, not which are better: for that, look "
            "under Compare at models that were trained with and without learned filters.",
        )
    return basis
