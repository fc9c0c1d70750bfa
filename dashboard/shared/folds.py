"""Parts of a page that are folded away, and computed only once somebody opens them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def fold(label: str, key: str, draw: Callable[[], object], *, icon: str = "table") -> None:
    """A part under one line; a click on it opens it, and only then ``draw`` is called.

    Args:
        label: The line.
        key: Of the part in the session: whether it is open.
        draw: Draws what is in it.
        icon: Name of a Material symbol.
    """
    with st.expander(label, key=key, icon=f":material/{icon}:", on_change="rerun") as part:
        if part.open:
            draw()
