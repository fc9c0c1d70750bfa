"""Which dataset is used: the demo words, or a folder; checked, prepared, downloaded."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.config import DEMO
from core.data.pack import Pack, open_data
from core.errors import DataError
from core.files.paths import path_from
from dashboard.shared import cache, clip_choice, jobs, places, state
from dashboard.shared.widgets import explained, job_panel
from dashboard.shared.wording import plain, size

KINDS = {
    DEMO: ("Demo words (synthetic voices)", "A small set that comes with the project."),
    state.FOLDER: (
        "A folder: Speech Commands v2, or words of your own",
        "Recordings of real people, on this computer.",
    ),
}
DOWNLOAD_JOB = "download"


def choose() -> None:
    """The choice itself, and for a folder its path and the download."""
    st.radio(
        "Dataset",
        list(KINDS),
        format_func={kind: title for kind, (title, _) in KINDS.items()}.__getitem__,
        captions=[caption for _, caption in KINDS.values()],
        key=state.DATA_KIND,
        horizontal=True,
        persist_state="session",
    )
    if st.session_state[state.DATA_KIND] == state.FOLDER:
        st.text_input(
            "Folder",
            key=state.DATA_ROOT,
            persist_state="session",
            placeholder="/path/to/the/folder",
            help="On the computer that runs this dashboard; it is only read. It holds SpeechCommands/, or a folder of "
            "recordings for each word, of any length and format; noise may stand in _noise_/ and other speech in "
            "_other_/.",
        )
    running = jobs.is_running(DOWNLOAD_JOB)
    if running or st.session_state[state.DATA_KIND] == state.FOLDER:
        with st.expander("I do not have it yet: download it", expanded=running, icon=":material/download:"):
            _download()


def _download() -> None:
    from core.data.download import DISK_BYTES, DOWNLOAD_BYTES, download_speech_commands

    st.write(
        f"Speech Commands v2 with its official test set is a download of **{size(DOWNLOAD_BYTES)}**, and needs "
        f"{size(DISK_BYTES)} of disk while it is unpacked. It goes on when you leave this page; an interrupted one "
        "goes on where it stopped."
    )
    st.text_input("Download to the folder", key=state.DOWNLOAD_ROOT, persist_state="session")
    if job_panel(DOWNLOAD_JOB):
        return
    root: Path | None = None
    with explained():
        root = path_from(str(st.session_state[state.DOWNLOAD_ROOT]).strip(), "The folder", DataError)
    if root is None:
        return
    job = jobs.find(DOWNLOAD_JOB)
    if job is not None and job.state == "done":
        st.success(f"{plain(job.title)}: complete.")
        st.button("Use it", key="data.use_download", type="primary", on_click=_use_download, args=(str(root),))
        return
    if st.button(f"Download {size(DOWNLOAD_BYTES)}", key="data.download"):
        jobs.start(
            DOWNLOAD_JOB,
            f"Download to {root}",
            lambda progress: download_speech_commands(root, progress=progress),
            unit="bytes",
        )
        st.rerun()


def _use_download(root: str) -> None:
    state.use_folder(root)
    jobs.forget(DOWNLOAD_JOB)


def prepare_job(root: Path | None) -> str:
    """Name of the job that prepares a dataset."""
    return f"prepare {root or 'demo'}"


def prepared() -> Pack | None:
    """The chosen dataset's clips, or, where they are not ready, what has to be done first.

    Raises:
        DataError: If there is no usable dataset in the folder.
    """
    root = state.data_root()
    if root is None and st.session_state[state.DATA_KIND] == state.FOLDER:
        st.info("Type the folder with the recordings, or download Speech Commands.", icon=":material/folder_open:")
        return None
    name = prepare_job(root)
    if job_panel(name):
        return None
    pack = cache.data(root)
    if pack is not None:
        return pack
    found = cache.check(root) if root else None
    if found is not None:
        st.success(f"Found: {plain(found.title)}, {found.n_clips:,} clips in all.", icon=":material/check_circle:")
        with explained():
            found.require_trainable()
    st.write(
        "The clips are packed into one file first, so that training can read them at full speed. "
        "That happens once for a dataset; its own files are not touched."
    )
    # The demo words take seconds, so nobody has to ask for them; only a try that failed is not repeated unasked.
    unasked = root is None and jobs.find(name) is None
    if st.button("Prepare the clips", key="data.prepare", type="primary") or unasked:
        title = found.title if found else KINDS[DEMO][0]
        jobs.start(name, f"Prepare {title}", lambda progress: open_data(root, progress=progress), unit="clips")
        st.rerun()
    return None


def chosen_title() -> str:
    """Name of the chosen dataset, as far as it is known; its folder where it is not prepared or cannot be used."""
    pack = clip_choice.dataset()
    if pack is not None:
        return pack.title
    typed = str(st.session_state[state.DATA_ROOT]).strip() if st.session_state[state.DATA_KIND] == state.FOLDER else ""
    return typed or KINDS[DEMO][0]


def is_usable() -> bool:
    """Whether a run can begin: a run prepares the clips itself where that was not done.

    Raises:
        DataError: If there is no dataset in the folder that can be trained with.
    """
    root = state.data_root()
    if root is None:
        return bool(st.session_state[state.DATA_KIND] == DEMO)
    pack = cache.data(root)
    (cache.check(root) if pack is None else cache.summary(pack)).require_trainable()
    return True


def is_ready() -> bool:
    """Whether the chosen dataset is prepared."""
    try:
        root = state.data_root()
        return (root is not None or st.session_state[state.DATA_KIND] == DEMO) and cache.data(root) is not None
    except DataError:
        return False


def shown() -> None:
    """One line that names the chosen dataset, with a link to change it."""
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.markdown(f"**Dataset:** {plain(chosen_title())}")
    with right:
        places.link("data", "Change")
