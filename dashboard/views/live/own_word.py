"""A word of one's own that was heard: one click keeps its second as one more recording to learn it from."""

from __future__ import annotations

import streamlit as st

from core.data import own_words
from core.data.kept_clips import Clip
from core.errors import DataError
from dashboard.shared import failures, places
from dashboard.shared.wording import plain


def names() -> set[str]:
    """The words of one's own; none where they cannot be read, which their page says."""
    try:
        return set(own_words.all_words())
    except DataError:
        return set()


def is_taken(clip: Clip) -> bool:
    """Whether a second is among the recordings of a word of one's own."""
    try:
        return bool(own_words.kept_as(clip))
    except DataError:
        return False


def offer(place: str, clip: Clip, word: str) -> None:
    """The button beside a detection; what was given by it can be taken back.

    Args:
        place: Part of the widgets' keys; another detection needs another one.
        clip: The second that fired.
        word: What it is to be learned as.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if is_taken(clip):
            st.markdown(":material/check: One more recording to learn from", width="content")
            st.button("Undo", key=f"own_word.undo.{place}", type="tertiary", on_click=_take_back, args=(place, clip))
            places.link("own_words", "Learn again")
        else:
            st.button(
                f"Learn as “{plain(word)}”",
                key=f"own_word.keep.{place}",
                icon=":material/school:",
                on_click=_keep,
                args=(place, clip, word),
                help="Keeps this second as one more recording of the word: Own words learns from it.",
            )
    failures.show(f"own_word.{place}")


def _keep(place: str, clip: Clip, word: str) -> None:
    with failures.kept(f"own_word.{place}"):
        own_words.keep(word, clip)


def _take_back(place: str, clip: Clip) -> None:
    with failures.kept(f"own_word.{place}"):
        own_words.take_back(clip)
