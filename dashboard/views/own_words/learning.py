"""Learning words of your own: a job of some seconds, what is known of the result, and the way to talk to it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from core import runs
from core.config import ENROLMENT, MOST_WORDS
from core.data import near_misses, own_words
from core.data.source import OTHER_WORD
from core.records.enrolment import Enrolment
from core.runs import RunState
from core.training.presets import EMBEDDING
from dashboard.shared import jobs, places
from dashboard.shared.widgets import job_panel
from dashboard.shared.wording import interval, plain, word
from dashboard.views.own_words.takes import ENOUGH

JOB = "own_words"

LONGEST_NAME = 30
"""Letters of its words in the name that a model gets where a person gives none."""

LEARNED = "own_words.learned"
"""Session-state key: name of the run that was asked for last."""


def draw(found: Mapping[str, Sequence[Path]]) -> None:
    """The button, and what came of it.

    Args:
        found: The recordings of each word (see ``takes.draw``).
    """
    words = {name: recordings for name, recordings in found.items() if name != OTHER_WORD}
    few = [name for name, recordings in words.items() if len(recordings) < ENOUGH]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the model (may stay empty)", key="own_words.run", width=300)
        pressed = st.button(
            "Learn",
            key="own_words.learn",
            type="primary",
            icon=":material/school:",
            disabled=not 0 < len(words) <= MOST_WORDS or jobs.is_running(JOB),
        )
    if n := near_misses.count(near_misses.near_misses_folder()):
        st.caption(
            f"{n} near-miss{'es' if n > 1 else ''} that you kept in Try or False alarms are learned as none of them."
        )
    if few:
        st.caption(f"Fewer than {ENOUGH} recordings: {', '.join(map(plain, few))}. More voices and rooms help most.")
    if pressed:
        _begin(name.strip() or _name_of(words))
    job_panel(JOB)
    job = jobs.find(JOB)
    if job is not None and job.state != "done":
        return
    run = next((one for one in runs.list_runs() if one.name == st.session_state.get(LEARNED)), None)
    if run is not None and run.has_checkpoint:
        _result(run)


def _name_of(words: Iterable[str]) -> str:
    """A name for their model: the words, where a run can be called so, and the time."""
    name = "-".join(sorted(words))[:LONGEST_NAME]
    return f"{name if runs.is_name(name) else 'own-words'}-{time.strftime('%H%M%S')}"


def _begin(name: str) -> None:
    folder, missed = own_words.own_words_folder(), near_misses.near_misses_folder()
    background = [missed] if near_misses.count(missed) else []

    def learn(report: jobs.Progress) -> None:
        from core.data.pack import open_to_enrol
        from core.training.start import config_from

        start = runs.find_run(EMBEDDING)
        vocabulary = open_to_enrol(folder, background, progress=report).vocabulary
        config = config_from(start, preset=ENROLMENT, vocabulary=vocabulary)
        run = runs.new_run(config, folder, name=name, start=start, background=background)

        jobs.make_at_once(run, report)

    st.session_state[LEARNED] = name
    jobs.start(JOB, "Learning your words", learn, unit="clips")
    st.rerun()


def _result(run: RunState) -> None:
    from core.studies.enrolment import kept

    report = kept(run.folder)
    if report is None:
        return
    with st.container(border=True, key="own_words_result"):
        st.markdown(f"**{plain(run.called)}** listens for {', '.join(plain(one.word) for one in report.words)}.")
        st.write(plain(_said(report)))
        for one, other, n in report.alike:
            st.warning(
                f"“{plain(one)}” and “{plain(other)}” are too alike: {n} recordings are taken for the other word. "
                "Choose another word, or record more.",
                icon=":material/warning:",
            )
        st.dataframe([_row(report, number) for number in range(len(report.words))], hide_index=True)
        with st.container(horizontal=True):
            places.model_button("live", "Try it", run.name, "own_words.live")
            places.model_button("false_alarms", "Count false alarms", run.name, "own_words.false_alarms")


def _said(report: Enrolment) -> str:
    return report.verdict if report.n else "One recording of a word alone: how well it is heard cannot be said."


def _row(report: Enrolment, number: int) -> dict[str, str]:
    one = report.words[number]
    taken = ", ".join(f"{word(name)} ({n})" for name, n in one.mistaken)
    share = interval(*one.right_interval) if one.n else "–"
    return {
        "Word": one.word,
        "Recordings": f"{one.n}",
        "Right": f"{one.right}",
        "95 %": share,
        "Recognised": f"{one.accepted}",
        "Taken for": taken or "–",
    }
