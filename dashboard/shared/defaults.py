"""Choices that stay in the session although nobody made them: what was only the default follows the new default."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import streamlit as st


def follow(key: str, default: Any, options: Container[Any] | None = None) -> None:
    """Forget a choice before its widget is drawn, where it was the default of before or is there no more.

    Args:
        key: Of the choice in the session.
        default: What is chosen now until a person chooses.
        options: What can be chosen; None where the caller looks after that.
    """
    first = f"{key}.first"
    now = st.session_state.get(key)
    gone = options is not None and now not in options
    if now is not None and (gone or now == st.session_state.get(first)):
        del st.session_state[key]
    st.session_state[first] = default
