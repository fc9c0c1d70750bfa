"""A model on recordings of talk: the test, what is kept of it, and what it found in a sentence."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import RunError
from core.figures.findings import studies as findings
from core.inference.classifier import Classifier
from core.records.talk import TalkReport
from core.runs import RunState, keep, read_further_folders
from core.studies.listening.talk import FILE, STUDY, talk_test
from core.text import printable_name
from dashboard.shared import measured, run_names
from dashboard.shared.device_choice import choose_device
from dashboard.shared.folds import fold
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import explained
from dashboard.shared.wording import as_code, plain
from dashboard.views.false_alarms import settings_of
from dashboard.views.real_talk import choice, fired


def panel(run: RunState) -> None:
    """What a model takes for keywords in talk that was not meant for it; below, the test itself."""
    st.header("Real talk", anchor=False)
    st.caption(
        "Recordings in which none of the ten words is said. The model listens to each as it listens to you, and all "
        "that it reports is a false alarm."
    )
    progress, shown, below = st.container(), st.container(), st.container()
    with progress:
        report = measured.shown(
            [_job(run)],
            lambda: _kept(run.folder),
            lambda found: _offer(run, below, found),
            outdated=lambda report: _why_outdated(report, run.folder),
            again=True,
        )
    if report is not None:
        with shown:
            st.fragment(_look)(run, report)


def _job(run: RunState) -> str:
    return f"talk {run.name}"


def _kept(run: Path) -> TalkReport | None:
    path = keep.find(run, FILE)
    return keep.load(STUDY, path) if path.exists() else None


def _why_outdated(report: TalkReport, run: Path) -> str:
    why = keep.why_outdated(report, run)
    if not why and report.listening != settings_of(run)[0]:
        why = "The settings that the model listens with changed since."
    return f"{why} Listen again." if why else ""


def _offer(run: RunState, place: Any, found: TalkReport | None) -> None:
    """The choice of recordings and the button that listens; folded away where there is a test to look at."""
    with place:
        if found is None:
            _choices(run)
        else:
            fold("Listen to talk again", "talk.again", lambda: _choices(run, found.path), icon="hearing")


def _choices(run: RunState, before: str = "") -> None:
    talk = choice.choose(before)
    device = choose_device("talk.device")
    with explained():
        measured.button(
            "Listen",
            "talk.start",
            _job(run),
            f"Real talk for {run_names.label(run)}",
            lambda: measured.kept(
                partial(_measure, run.folder, choice.folder_of(talk), device),
                partial(keep.save, STUDY, run.folder, FILE),
            ),
            kind="secondary",
            icon=":material/hearing:",
            disabled=not talk,
        )


def _measure(run: Path, talk: Path, device: str, progress: Progress) -> TalkReport:
    """Let a model listen with the settings that are kept for it."""
    with keep.unchanged(run) as checkpoint:
        return talk_test(
            Classifier(run, device),
            talk,
            settings_of(run)[0],
            name=run.name,
            checkpoint=checkpoint,
            progress=progress,
        )


def _look(run: RunState, report: TalkReport) -> None:
    st.markdown(plain(findings.talk(report)))
    n = report.n_files
    left_out = f"; {len(report.left_out):,} could not be read" if report.left_out else ""
    st.caption(
        f"{as_code(printable_name(report.folder))}: {n:,} recording{'s' if n > 1 else ''}{left_out}. Threshold "
        f"{report.as_set.threshold:.2f}. 95 %: where the true rate lies with that probability, if false alarms do not "
        f"depend on each other.{_learned_before(run)}"
    )
    if report.left_out:
        rows = [{"File": printable_name(file), "Why": why} for file, why in report.left_out]
        fold("Files that could not be read", "talk.left_out", lambda: st.dataframe(rows, hide_index=True))
    if report.alarms:
        with explained():
            fired.panel(report)


def _learned_before(run: RunState) -> str:
    """What must stand beside the rate of a model that learned from more than its dataset."""
    more = None
    with suppress(RunError):  # those that came with the project do not say
        _, more = read_further_folders(run.folder)
    if more is None:
        return ""
    return (
        " This model learned from more clips than its dataset has: if they were cut from this talk, the rate flatters."
    )
