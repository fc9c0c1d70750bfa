"""Parts of a page that are folded away, and computed only once somebody opens them; the address names the open ones."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def fold(label: str, key: str, draw: Callable[[], object], *, icon: str = "table", opened: bool = False) -> None:
    """A part under one line; a click on it opens it, and only then ``draw`` is called.

    Args:
        label: The line.
        key: Of the part, in the session and in the page's address: whether it is open.
        draw: Draws what is in it.
        icon: Name of a Material symbol.
        opened: Whether it is open until a person closes it.
    """
    with st.expander(label, opened, key=key, icon=f":material/{icon}:", bind="query-params") as part:
        if part.open:
            draw()
