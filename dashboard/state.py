"""Every session-state key that outlives a page, with its default. Values are small and can be written as text."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.speech_commands import default_root

MODEL = "model"
"""Name of the run whose model the pages look at; the picker's widget, and its name in the page's address."""
DATA_KIND = "data.kind"
"""Which dataset: "demo" or "folder"."""
DATA_ROOT = "data.root"
"""Folder that holds ``SpeechCommands``, as typed."""
DOWNLOAD_ROOT = "data.download_root"
"""Folder that a download goes to, as typed."""
RUN = "training.run"
"""Name of the run whose details the Training page shows."""
ANSWERS = "recordings.answers"
"""What was kept for each “Was that right?”, by the place of the question."""
FAILED = "recordings.failed"
"""Why something could not be kept, changed or deleted, by the place where it was asked for."""
CHANGED = "recordings.changed"
"""Whether a question changed the recordings, so that their list has to be drawn again."""

DEMO, FOLDER = "demo", "folder"


def prepare() -> None:
    """Give every key its default once a session."""
    root = default_root()
    defaults: dict[str, object] = {
        DATA_KIND: FOLDER if root else DEMO,
        DATA_ROOT: str(root or ""),
        DOWNLOAD_ROOT: str(Path.home() / "earshot-data"),
        ANSWERS: {},
        FAILED: {},
        CHANGED: False,
    }
    for key, value in defaults.items():
        if key not in st.session_state:
            st.session_state[key] = value


def data_root() -> Path | None:
    """Root of the chosen dataset; None for the demo words."""
    text = str(st.session_state[DATA_ROOT] or "").strip()
    return Path(text).expanduser() if st.session_state[DATA_KIND] == FOLDER and text else None


def use_folder(root: str) -> None:
    """Choose the dataset in ``root``."""
    st.session_state[DATA_KIND] = FOLDER
    st.session_state[DATA_ROOT] = root


def use_model(name: str) -> None:
    """Choose the model of a run on every page."""
    st.session_state[MODEL] = name
