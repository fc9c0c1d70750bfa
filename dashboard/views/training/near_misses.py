"""Near-misses in the next training: seconds of talk that a model took for keywords, as clips that hold none."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data import near_misses
from dashboard.shared.wording import as_code, clips


def choose() -> Path | None:
    """The folder of near-misses if a run is to learn from them; nothing is drawn where there are none.

    Raises:
        DataError: If the folder cannot be read.
        WriteError: If they cannot be deleted.
    """
    folder = near_misses.near_misses_folder()
    n = near_misses.count(folder)
    if not n:
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        learn = st.checkbox(
            f"Learn from {n:,} near-miss{'es' if n > 1 else ''} too",
            value=True,
            key="training.near_misses",
            persist_state="session",
            help="Seconds of talk that a model took for keywords: clips to train on in which there is none. Test clips "
            "stay the dataset's own.",
        )
        with st.popover("Clear …", type="tertiary"):
            st.write(
                f"This deletes {clips(n)} in {as_code(folder)} for good. A run that learned from them keeps its model."
            )
            if st.button(f"Delete {clips(n)}", key="training.clear_near_misses", type="primary"):
                near_misses.clear(folder)
                st.rerun()
    return folder if learn else None
