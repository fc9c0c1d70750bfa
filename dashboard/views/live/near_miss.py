"""A detection where no keyword was said: one click gives it to the next training as a clip that holds none."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data import near_misses
from core.data.kept_clips import Clip
from core.errors import DataError
from dashboard.shared import failures


def is_taken(cuts: Sequence[Clip]) -> bool:
    """Whether all of these seconds are near-misses already."""
    try:
        return bool(cuts) and near_misses.are_kept(cuts, near_misses.near_misses_folder())
    except DataError:  # said where one is to be kept
        return False


def offer(place: str, cuts: Sequence[Clip]) -> None:
    """The button beside a detection; what was given by it can be taken back.

    Args:
        place: Part of the widgets' keys; another detection needs another one.
        cuts: The seconds to learn from.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if is_taken(cuts):
            st.markdown(":material/check: Train learns that this is no keyword", width="content")
            st.button("Undo", key=f"near_miss.undo.{place}", type="tertiary", on_click=_remove, args=(place, cuts))
        else:
            st.button(
                "Not a keyword",
                key=f"near_miss.add.{place}",
                icon=":material/school:",
                on_click=_add,
                args=(place, cuts),
                help="Keeps what fired as a near-miss: Train offers to learn that it is no keyword.",
            )
    failures.show(f"near_miss.{place}")


def _add(place: str, cuts: Sequence[Clip]) -> None:
    with failures.kept(f"near_miss.{place}"):
        near_misses.add(cuts, near_misses.near_misses_folder())


def _remove(place: str, cuts: Sequence[Clip]) -> None:
    with failures.kept(f"near_miss.{place}"):
        near_misses.remove(cuts, near_misses.near_misses_folder())
