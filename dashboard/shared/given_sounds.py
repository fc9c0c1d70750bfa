"""Sounds that a person gives on a page, recorded or uploaded: each is kept, and it is said what became of them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import KeywordSpottingError
from core.records.arrays import Waveform
from core.sound.reading import read_audio
from dashboard.shared.wording import of_file


def take_in(key: str, add: Callable[[Waveform], int], unit: str) -> str:
    """Keep what a widget was given; answers what became of it, in a sentence for each, or nothing if nothing was given.

    Args:
        key: Of the widget: a recorder, or an uploader of one or several files.
        add: Keeps a sound, and answers how much of it is new.
        unit: What it counts in, as it stands behind the number.
    """
    given = st.session_state.get(key)
    files = given if isinstance(given, list) else [given] if given else []
    if not files:
        return ""
    wrong, n_new = [], 0
    for file in files:
        try:
            n_new += add(read_audio(file.getvalue(), name=file.name).waveform)
        except KeywordSpottingError as error:
            wrong.append(of_file(file.name, error))
    return " ".join([f"{n_new} {unit}." if n_new else "Nothing new.", *wrong])
