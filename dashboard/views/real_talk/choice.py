"""Which recordings of talk are listened to: a folder on this computer, or files that are dropped on the page."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import DataError
from core.files.paths import path_from
from core.files.writing import make_folder, write_bytes
from core.studies.listening.talk import files_of_talk
from core.text import printable_name, shortened
from dashboard.shared.widgets import choose as choose_one
from dashboard.shared.widgets import explained

FOLDER, FILES = "folder", "files"
WAYS = {FOLDER: "A folder on this computer", FILES: "Files dropped here"}

LONGEST_NAME = 100
"""Characters of its name that a dropped file keeps."""

Talk = Path | Sequence[UploadedFile]
"""A folder, or files."""


def choose(before: str = "") -> Talk | None:
    """What to listen to; None as long as it is not chosen, or cannot be listened to.

    Args:
        before: The folder that was listened to last; empty for none.
    """
    if choose_one("Recordings", WAYS, "talk.way") == FILES:
        dropped = st.file_uploader("Sound files of any usual format", accept_multiple_files=True, key="talk.files")
        st.caption("They stay on the computer that runs this dashboard, until it is ended.")
        return dropped or None
    st.session_state.setdefault("talk.folder", before if before and Path(before).is_dir() else "")
    with explained():
        return _typed_folder()
    return None


def _typed_folder() -> Path | None:
    """The folder that a person typed; None if it is empty.

    Raises:
        DataError: If there is no such folder, or nothing to listen to in it.
    """
    text = st.text_input(
        "Folder with recordings of talk",
        key="talk.folder",
        persist_state="session",
        placeholder="/path/to/the/folder",
        help="A folder on the computer that runs this dashboard, with those below it. It is only read, never changed.",
    ).strip()
    if not text:
        return None
    folder = path_from(text, "The folder with talk", DataError, as_text=True)
    n = len(files_of_talk(folder))
    st.caption(f"{n:,} file{'s' if n > 1 else ''} to listen to. Each hour of talk narrows the interval of the rate.")
    return folder


def folder_of(talk: Talk | None) -> Path:
    """The folder to listen to; files that were dropped are laid into one, the same for the same files.

    Raises:
        DataError: If nothing was chosen.
        WriteError: If there is no room for them.
    """
    if isinstance(talk, Path):
        return talk
    if not talk:
        raise DataError("There is nothing to listen to. Name a folder with recordings of talk, or drop files.")
    contents = [file.getvalue() for file in talk]
    key = hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in contents)).hexdigest()[:16]
    folder = Path(_place_of_dropped().name) / key / "dropped files"
    make_folder(folder)
    for number, (file, content) in enumerate(zip(talk, contents, strict=True), 1):
        name = shortened(printable_name(PurePath(file.name).name), LONGEST_NAME)
        write_bytes(folder / f"{number:03d} {name}", content)
    return folder


@st.cache_resource(show_spinner=False)
def _place_of_dropped() -> TemporaryDirectory[str]:
    """It goes with the server."""
    return TemporaryDirectory(prefix="earshot-talk-", ignore_cleanup_errors=True)
