"""Every session-state key that outlives a page, with its default. Values are small and can be written as text."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import streamlit as st

from core import runs
from core.config import DEMO
from core.data.pack import packs_folder
from core.data.recordings import recordings_folder
from core.errors import DataError, RunError
from core.files.paths import environment_text, path_from
from core.text import is_text, printable

MODEL = "model"
"""Name of the run whose model the pages look at; the picker's widget, and its name in the page's address."""
DATA = "data"
"""The chosen dataset in the page's address."""
DATA_KIND = "data.kind"
"""Which dataset: ``DEMO`` or ``FOLDER``."""
DATA_ROOT = "data.root"
"""Folder that holds ``SpeechCommands``, as typed."""
DOWNLOAD_ROOT = "data.download_root"
"""Folder that a download goes to, as typed."""
RUN = "run"
"""Name of the run whose details Train shows, empty where it shows none; its name in the page's address too."""
ANSWERS = "recordings.answers"
"""What was kept for each “Was that right?”, by the place of the question."""
FAILED = "recordings.failed"
"""Why something could not be kept, changed or deleted, by the place where it was asked for."""
CHANGED = "recordings.changed"
"""Whether a question changed the recordings, so that their list has to be drawn again."""

SOUNDS = "live.sounds"
"""The sound last given to Try, and its name, by the widget that took it: these forget when a page is left."""

FOLDER = "folder"


def prepare() -> None:
    """Give every key its default once a session."""
    named = environment_text("KWS_DATA")
    root = "" if named == DEMO else printable(named)
    defaults: dict[str, object] = {
        DATA_KIND: FOLDER if root else DEMO,
        DATA_ROOT: root,
        DOWNLOAD_ROOT: printable(os.path.expanduser("~/earshot-data")),  # noqa: PTH111  (no home is no error)
        ANSWERS: {},
        FAILED: {},
        CHANGED: False,
        SOUNDS: {},
    }
    for key, value in defaults.items():
        if key not in st.session_state:
            st.session_state[key] = value


def data_root() -> Path | None:
    """Root of the chosen dataset; None for the demo words.

    Raises:
        DataError: If no folder can have that name, or it is no text.
    """
    text = str(st.session_state[DATA_ROOT] or "").strip()
    if st.session_state[DATA_KIND] != FOLDER or not text:
        return None
    if text == printable(environment_text("KWS_DATA")):
        return environment_root()
    return path_from(text, "The dataset's folder", DataError)


def data_name() -> str:
    """What addresses call the chosen dataset: ``DEMO``, or a name that tells nothing of where its folder is."""
    text = str(st.session_state[DATA_ROOT] or "").strip()
    if st.session_state[DATA_KIND] != FOLDER or not text:
        return DEMO
    return f"folder-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:10]}"


def environment_root() -> Path | None:
    """Root of the dataset that ``KWS_DATA`` names; None for the demo words, or if it names none.

    Raises:
        DataError: If no folder can have that name, or it is no text.
    """
    named = environment_text("KWS_DATA")
    if named in ("", DEMO):
        return None
    return path_from(named, "KWS_DATA", DataError, as_text=True)


def require_folders() -> None:
    """Look at the folders that the server was started with; only starting it again can change them.

    Raises:
        RunError: If there can be no runs, or a folder has a name that pages cannot show.
    """
    folders = {"KWS_RUNS": runs.runs_folder()}
    for variable, folder in {"KWS_CACHE": packs_folder, "KWS_RECORDINGS": recordings_folder}.items():
        with suppress(DataError):  # the pages that need it say so
            folders[variable] = folder()
    for variable, path in folders.items():
        if not is_text(str(path)):
            raise RunError(
                f"{variable} names {path}, a folder whose name is no text in UTF-8; pages cannot show it. Rename it, "
                "or name a link to it that has a plain name, and start the dashboard again."
            )


def use_folder(root: str) -> None:
    """Choose the dataset in ``root``."""
    st.session_state[DATA_KIND] = FOLDER
    st.session_state[DATA_ROOT] = root


def asked_anew(name: str) -> str | None:
    """What the page's address says under a name, where that is not what it said when the page was last drawn."""
    asked: str | None = st.query_params.get(name)
    seen = st.session_state.get(_seen(name))
    st.session_state[_seen(name)] = asked
    return None if asked == seen else asked


def _seen(name: str) -> str:
    return f"{name}.seen"


def use_model(name: str) -> None:
    """Choose the model of a run on every page, and in this page's address."""
    _use(MODEL, name)


def open_run(name: str) -> None:
    """Let Train show the details of a run, or of none, and say so in the page's address."""
    _use(RUN, name)


def _use(key: str, name: str) -> None:
    st.session_state[key] = st.session_state[_seen(key)] = st.query_params[key] = name
