"""The answers to a question: those that are kept, and the measurement of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from core.config import OWN
from core.data.pack import open_data
from core.data.recordings import own_pack
from core.records.robustness import Robustness
from core.runs import RunState, keep
from core.studies.robustness.changes import VALUES
from core.studies.robustness.kept import STUDY
from core.studies.robustness.measure import measure
from dashboard.shared import cache, clip_choice, measured, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.jobs import Progress
from dashboard.shared.wording import clips, plain
from dashboard.views.robustness.question import Question

JOB = "robustness"


def ask(question: Question) -> list[Robustness]:
    """What is measured of the models as they are on the clips as they are; the rest is offered to be measured."""
    if not question.models:
        return []
    answers = {name: _fresh(question, name, run) for name, run in question.models.items()}
    missing = {name: run for name, run in question.models.items() if answers[name] is None}
    found = measured.shown(
        [JOB],
        lambda: [record for record in answers.values() if record is not None],
        lambda _: _offer(question, missing),
        again=bool(missing),
    )
    return found or []


def heading(record: Robustness) -> str:
    """Protocol, number of clips and dataset in one line."""
    n = clips(record.n) if record.n == record.n_all else f"{record.n:,} of {clips(record.n_all)}"
    if record.protocol == OWN:
        return f"{plain(record.dataset)}: {n}"
    return f"{record.clips_title.capitalize()}: {n} of {plain(record.dataset)}"


def _fresh(question: Question, name: str, run: RunState) -> Robustness | None:
    """What is kept of a model, under what the model is called."""
    content = question.pack.content if question.pack else ""
    record = cache.current(STUDY, run.folder, question.file, content)
    return None if record is None or record.values != VALUES[question.kind] else replace(record, run=name)


def _offer(question: Question, missing: dict[str, RunState]) -> None:
    """A button that measures what is not measured yet."""
    names = ", ".join(missing)
    if question.pack is None or question.noises is None:
        st.info(f"Not measured yet: {plain(names)}.", icon=":material/timer:")
        clip_choice.need_this_dataset(question.dataset)
        return
    n = clip_choice.n_clips(question.pack, question.protocol) if question.n_clips is None else question.n_clips
    st.info(
        f"Not measured yet: {plain(names)}. On two cores, 600 clips take a few seconds with a linear model and about "
        "half a minute with BC-ResNet 3; it goes on when you leave this page.",
        icon=":material/timer:",
    )
    device = choose_device("robustness.device")
    folders = [run.folder for run in missing.values()]

    def save(found: Sequence[Robustness]) -> None:
        for folder, record in zip(folders, found, strict=True):
            keep.save(STUDY, folder, question.file, record)

    measured.button(
        f"Measure on {clips(n)}",
        "robustness.start",
        JOB,
        f"Robustness of {names}",
        lambda: measured.kept(partial(_measure, folders, state.data_root(), question, device), save),
    )


def _measure(
    runs: list[Path], root: Path | None, question: Question, device: str, progress: Progress
) -> list[Robustness]:
    dataset = open_data(root, progress=progress)
    return measure(
        runs,
        own_pack() if question.protocol == OWN else dataset,
        question.protocol,
        question.kind,
        n_clips=question.n_clips,
        dataset=dataset,
        device=device,
        progress=progress,
    )
