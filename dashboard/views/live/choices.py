"""What a person chooses before anything is heard: how the sound comes, and the filters it is heard through."""

from __future__ import annotations

import streamlit as st

from dashboard.shared.widgets import choose

WAYS = {"listen": "Listen", "record": "Record one word", "upload": "Drop a file"}
BASES = {"learned": "Learned filters", "initial": "Textbook filters"}

EAR = "live.ear"
"""Key of the part of the page that runs in the browser and hears its microphone."""


def choose_way() -> str:
    """How the sound comes: "listen" as one speaks, "record" one word, or "upload" a file."""
    return choose("Sound", WAYS, "live.source", label_visibility="collapsed")


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
