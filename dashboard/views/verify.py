"""Whether AudioLoader reads the chosen dataset as we do: a button that compares them, and what came out."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.config import TWELVE
from core.data.pack import Pack, open_data
from core.data.source import split_title
from core.data.verify import DEMO_WORDS, KINDS, sentence, verify
from core.records.data import Verification
from dashboard.shared import cache, jobs, state
from dashboard.shared.folds import fold
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import job_panel
from dashboard.shared.wording import plain


def job_name(root: Path) -> str:
    """Name of the job that compares a dataset."""
    return f"verify {root}"


def draw(pack: Pack) -> None:
    """The button, its progress, and the outcome, folded away as long as nobody asked; the demo words have none."""
    if pack.vocabulary != TWELVE:
        return  # AudioLoader knows Speech Commands alone
    root, found = state.data_root(), cache.verifications().get(pack.key)
    asked = root is not None and (found is not None or jobs.find(job_name(root)) is not None)
    fold("The same in AudioLoader?", "data.audioloader", lambda: _draw(pack, root, found), icon="rule", opened=asked)


def _draw(pack: Pack, root: Path | None, found: Verification | None) -> None:
    if root is None:
        st.caption(DEMO_WORDS)
        return
    st.write(
        "AudioLoader is the library that the nnAudio tutorial reads Speech Commands with. Here every clip of your copy "
        "is read by both, and split, label, speaker and samples are compared. Your files are only read."
    )
    kept = cache.verifications()
    if not job_panel(job_name(root)):
        label = "Compare with AudioLoader" if found is None else "Compare again"
        if st.button(
            label, key="data.verify", help="About a minute for the whole dataset; it goes on when you leave this page."
        ):
            jobs.start(
                job_name(root),
                "Comparison with AudioLoader",
                lambda progress: _verify_and_keep(root, pack.key, kept, progress),
                unit="clips",
            )
            st.rerun()
    if found is not None:
        _show(found)


def _verify_and_keep(root: Path, shown: str, kept: dict[str, Verification], progress: Progress) -> None:
    """Compare the files as they are now: they are packed again if they changed since."""
    pack = open_data(root, progress=progress)
    kept[pack.key] = verify(root, pack, progress=progress)
    if pack.key != shown:
        cache.forget_data()


def _show(found: Verification) -> None:
    text = plain(sentence(found))
    if found.agrees:
        st.success(text, icon=":material/check_circle:")
        return
    st.warning(text, icon=":material/difference:")
    st.dataframe(
        [
            {"Split": split_title(count.split), "Our clips": count.ours, "AudioLoader's clips": count.audioloader}
            for count in found.splits
        ],
        hide_index=True,
    )
    st.dataframe(
        [
            {"Difference": KINDS[one.kind], "Clips in all": one.n, "Clip": example.file, "More exactly": example.what}
            for one in found.differences
            for example in one.first
        ],
        hide_index=True,
    )
    st.caption(
        "The first few of each kind. Training and tests here use our reading. Put the files of the original archives "
        "in place of those named here, and both agree."
    )
