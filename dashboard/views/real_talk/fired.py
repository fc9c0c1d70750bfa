"""What fired in talk: heard, chosen, and given to the next training as clips that hold no keyword."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import streamlit as st

from core.data import near_misses
from core.errors import AudioError
from core.records.talk import FalseAlarm, TalkReport
from core.sound.wav import as_recorded, as_wav
from core.studies.listening.talk import learn_from, recording
from core.text import printable_name
from dashboard.shared import cache, measured, places
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import job_panel
from dashboard.shared.wording import as_code, clips, percent, plain

PAGE_ROWS = 8
"""False alarms listed at once: each brings its sound along."""

LEARN_JOB = "near-misses"


def panel(report: TalkReport) -> None:
    """The false alarms to be heard and chosen, and the button that gives them to the next training.

    Raises:
        DataError: If the folder of near-misses cannot be read.
    """
    words = st.pills(
        "What fired",
        list(report.by_word),
        selection_mode="multi",
        format_func={name: f"{name} {n:,}" for name, n in report.by_word.items()}.__getitem__,
        key="talk.words",
        help="Only these words; all where none is chosen.",
    )
    listed = [number for number, one in enumerate(report.alarms) if not words or one.word in words]
    key = _key(report)
    if Path(report.path).is_dir():
        _learn(report, listed, key)
    else:
        st.info(
            f"The recordings are not in {plain(report.path)} any more: what fired cannot be heard or learned from.",
            icon=":material/folder_off:",
        )
    n_pages = -(-len(listed) // PAGE_ROWS)
    page = st.pagination(n_pages, key="talk.page") if n_pages > 1 else 1
    _rows(report, listed[(page - 1) * PAGE_ROWS : page * PAGE_ROWS], key)


def _learn(report: TalkReport, listed: Sequence[int], key: str) -> None:
    """Give the chosen ones to the next training; and what was given so far."""
    if job_panel(LEARN_JOB):
        return
    folder, left_out = near_misses.near_misses_folder(), _left_out(key)
    chosen = [report.alarms[number] for number in listed if number not in left_out]
    with st.container(horizontal=True, vertical_alignment="center"):
        measured.button(
            f"Learn from {'this one' if len(chosen) == 1 else f'these {len(chosen):,}'}",
            "talk.learn",
            LEARN_JOB,
            "Cut near-misses",
            lambda: partial(_cut, chosen, Path(report.path), folder),
            icon=":material/school:",
            disabled=not chosen,
        )
        whole = len(chosen) == len(listed)
        label = "Choose none" if whole else "Choose all"
        st.button(label, key="talk.choose", on_click=_choose, args=(key, listed, not whole))
        if n := near_misses.count(folder):
            st.markdown(f":material/check: {clips(n)} to learn from", width="content")
            places.link("training", "Train with them")
    st.caption(
        "Hear them first, and leave out where a keyword was really said. Of each, the second that decided and the same "
        "half a second earlier and later become clips without a keyword, kept in "
        f"{as_code(folder)}. What a model learned from cannot judge it any more: measure it on other talk."
    )


def _cut(chosen: Sequence[FalseAlarm], talk: Path, folder: Path, progress: Progress) -> None:
    learn_from(chosen, talk, folder, progress=progress)


def _rows(report: TalkReport, numbers: Sequence[int], key: str) -> None:
    """Some false alarms, each with a tick and its sound."""
    left_out = _left_out(key)
    for file, group in groupby(numbers, lambda number: report.alarms[number].file):
        in_file = list(group)
        for number, sound in zip(in_file, _sounds(report, file, in_file), strict=True):
            one, tick = report.alarms[number], f"talk.learn.{key}.{number}"
            # What is left out stands apart from the ticks: these are forgotten with the page of the list.
            st.session_state[tick] = number not in left_out
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                take = (key, [number], number in left_out)
                st.checkbox(f"{one.word} {percent(one.score)}", key=tick, on_change=_choose, args=take, width=140)
                st.markdown(f":small[{as_code(printable_name(file))} at {one.start_s:.1f} s]", width="stretch")
                if isinstance(sound, bytes):
                    st.audio(sound, width=300)
                else:
                    st.caption(sound, width=300)


def _sounds(report: TalkReport, file: str, numbers: Sequence[int]) -> list[bytes] | list[str]:
    """What can be played of false alarms in one recording, or why nothing can."""
    heard_s = tuple(report.alarms[number].heard_s for number in numbers)
    try:
        sounds = cache.sounds_in_talk(recording(Path(report.path), file), heard_s)
    except AudioError as error:
        return [plain(error)] * len(numbers)
    return [as_wav(as_recorded(one)) for one in sounds]


# Which are chosen: all but those that a person left out, by their numbers in the report


def _key(report: TalkReport) -> str:
    """Tells one report from another."""
    return hashlib.sha256(repr((report.checkpoint, report.alarms)).encode(errors="backslashreplace")).hexdigest()[:16]


def _left_out(key: str) -> list[int]:
    left_out: list[int] = st.session_state.get(f"talk.not.{key}", [])
    return left_out


def _choose(key: str, numbers: Sequence[int], take: bool) -> None:
    others = set(_left_out(key)) - set(numbers)
    st.session_state[f"talk.not.{key}"] = sorted(others if take else others | set(numbers))
