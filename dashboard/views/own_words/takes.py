"""The recordings of each word: taken with the microphone or from files, heard and deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.data import own_words
from core.data.source import OTHER_WORD
from core.errors import KeywordSpottingError
from core.records.arrays import Waveform
from dashboard.shared import given_sounds, saving
from dashboard.shared.wording import plain

NEW = "own_words.new"
"""Session-state key: words that were named and have no recordings yet."""

TOLD = "own_words.told"
"""Session-state key: what became of the last take of each word."""

ENOUGH = 5
"""Recordings of a word from which it can be learned well."""

COLUMNS = 2


def draw() -> dict[str, list[Path]]:
    """All words with their recordings; answers them, ``_other_`` included.

    Raises:
        DataError: If they cannot be read.
    """
    found = own_words.all_words()
    named = [word for word in (*found, *st.session_state.get(NEW, ())) if word != OTHER_WORD]
    words = list(dict.fromkeys(named))
    _ask_for_words(words)
    columns = st.columns(COLUMNS)
    for number, word in enumerate(words):
        with columns[number % COLUMNS], st.container(border=True):
            _word(word, found.get(word, []))
    with columns[len(words) % COLUMNS], st.container(border=True):
        _room(found.get(OTHER_WORD, []))
    return found


def _ask_for_words(words: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name a word", key="own_words.name", placeholder="hey computer", on_change=_name, width=300, max_chars=60
        )
        if words:
            saving.button(
                "Export as zip",
                own_words.export,
                "earshot-words.zip",
                "own_words.export",
                note="All recordings, in a folder for each word: what enrol --words takes.",
            )
    if text := st.session_state.get(TOLD, {}).get(""):
        st.error(plain(text), icon=":material/error:")
    if not words:
        st.info("Name the first word, then say it five times with a pause after each.", icon=":material/mic:")


def _name() -> None:
    """A word was typed: it has a place on the page from now on."""
    text = st.session_state["own_words.name"]
    st.session_state["own_words.name"] = ""
    told = st.session_state.setdefault(TOLD, {})
    told.pop("", None)
    if not text.strip():
        return
    try:
        word = own_words.checked(text)
    except KeywordSpottingError as error:
        told[""] = str(error)
        return
    st.session_state[NEW] = list(dict.fromkeys([*st.session_state.get(NEW, ()), word]))


def _word(word: str, recordings: list[Path]) -> None:
    st.markdown(f"**{plain(word)}** · {_count(len(recordings))}")
    _take(
        word, f"Say “{plain(word)}” five times, with a pause after each", lambda sound: own_words.add_take(word, sound)
    )
    _hear(word, recordings)


def _room(recordings: list[Path]) -> None:
    st.markdown(f"**None of the words** · {_count(len(recordings))}")
    what = "A minute of your room, and of talk without the words"
    _take(OTHER_WORD, what, own_words.add_background)
    _hear(OTHER_WORD, recordings)


def _count(n: int) -> str:
    return f"{n} recording{'' if n == 1 else 's'}"


def _take(word: str, label: str, add: Callable[[Waveform], int]) -> None:
    """Two ways to give recordings: the microphone, and files."""
    # A widget that has given its sound is put away with its name, and an empty one takes its place.
    turn = st.session_state.setdefault(f"own_words.turn.{word}", 0)
    record, upload = f"own_words.take.{word}.{turn}", f"own_words.files.{word}.{turn}"
    st.audio_input(label, key=record, on_change=_given, args=(word, record, add))
    with st.popover("From files", icon=":material/upload_file:", type="tertiary"):
        st.file_uploader(
            f"Recordings of {plain(word)}" if word != OTHER_WORD else "Recordings without the words",
            key=upload,
            accept_multiple_files=True,
            on_change=_given,
            args=(word, upload, add),
        )
    if text := st.session_state.get(TOLD, {}).get(word):
        st.caption(plain(text))


def _given(word: str, key: str, add: Callable[[Waveform], int]) -> None:
    """Keep what was recorded or uploaded, and say what became of it."""
    told = given_sounds.take_in(key, add, "new")
    if told:
        st.session_state[f"own_words.turn.{word}"] += 1
    st.session_state.setdefault(TOLD, {})[word] = told


def _hear(word: str, recordings: list[Path]) -> None:
    """The recordings in a row; the one that is chosen is played, and can be deleted."""
    if not recordings:
        return
    numbers = {path.name: f"{number}" for number, path in enumerate(recordings, start=1)}
    key = f"own_words.hear.{word}"
    if st.session_state.get(key) not in numbers:
        st.session_state[key] = None
    chosen = st.pills(
        f"Hear a recording of {plain(word)}",
        list(numbers),
        format_func=numbers.__getitem__,
        key=key,
        label_visibility="collapsed",
    )
    path = next((one for one in recordings if one.name == chosen), None)
    if path is None:
        with st.popover("Delete all …", type="tertiary"):
            st.button(
                f"Delete {_count(len(recordings))}",
                key=f"own_words.clear.{word}",
                on_click=_remove,
                args=(word, *recordings),
                type="primary",
            )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.audio(own_words.content(path), autoplay=True, width=260)
        st.button("Delete", key=f"own_words.delete.{word}", type="tertiary", on_click=_remove, args=(word, path))


def _remove(word: str, *recordings: Path) -> None:
    told = st.session_state.setdefault(TOLD, {})
    told.pop(word, None)
    st.session_state[NEW] = list(dict.fromkeys([*st.session_state.get(NEW, ()), *[word] * (word != OTHER_WORD)]))
    try:
        own_words.remove(*recordings)
    except KeywordSpottingError as error:
        told[word] = str(error)
