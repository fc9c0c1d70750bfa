"""What was found in an experiment: what is kept, and the offer to measure it, or to measure it on more clips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

from core.data.demo import has_synthetic_voices
from core.data.pack import Pack
from core.records.ablation import Experiment, ExperimentKind, Findings
from core.runs import keep
from core.studies.ablation.kept import STUDY
from core.studies.ablation.plan import n_quick, n_variants
from dashboard.shared import clip_choice, measured
from dashboard.shared.jobs import Progress
from dashboard.shared.wording import clips as clips_text
from dashboard.shared.wording import percent, plain, word
from dashboard.views.experiments.question import Setup


def ask(
    setup: Setup,
    kind: ExperimentKind,
    show: Callable[[Findings], None],
    *,
    bins: tuple[int, ...] = (),
    mels: tuple[int, ...] = (),
) -> None:
    """The findings of an experiment, and below them the offer to measure them, or to measure them on more clips.

    Args:
        setup: The model and the clips.
        kind: The experiment.
        show: Draws the findings.
        bins: STFT bins to silence.
        mels: Mel filters to silence.
    """
    experiment = Experiment(kind=kind, normalisation=setup.normalisation, bins=bins, mels=mels)
    place, data = st.container(), setup.data
    found = setup.found_elsewhere(experiment) if data is None else _measured(setup, data, experiment)
    if found is not None:
        with place:
            show(found)
            st.caption(_measured_on(found))


def _measured(setup: Setup, data: Pack, experiment: Experiment) -> Findings | None:
    """What was found on these clips, else on others, after the offer to measure it."""
    whole = replace(experiment, quick=False)
    own = setup.found(whole) or setup.found(experiment)
    found = own or setup.found_elsewhere(experiment)
    n_all = clip_choice.n_clips(data, setup.protocol)
    model = setup.run.config.model.name if setup.run.config else "bcresnet-8"
    kind = experiment.kind
    n = n_quick(model, n_variants(kind, setup.filters.setting, len(setup.filters.initial.mel_basis)), n_all)

    def offer(_: Findings | None) -> None:
        if own is None:
            text = f"{n:,} of {n_all:,} clips" if n < n_all else clips_text(n_all)
            on = f" of {plain(data.title)}" if found else ""
            look: Literal["primary", "secondary"] = "secondary" if found else "primary"
            _button(setup, data, experiment, f"Measure on {text}{on}", f"experiments.start.{kind}", look, "science")
        elif own.is_sample:
            low, high = own.reference.interval
            st.caption(
                f"Asked on a sample of {own.n:,} of {own.n_all:,} clips, each word with its share, so that it "
                f"takes seconds: an accuracy is known to about ±{50 * (high - low):.1f} points."
            )
            _button(setup, data, whole, f"Ask all {n_all:,} clips", f"experiments.all.{kind}", "secondary", "hourglass")

    names = [_job(setup, data, one) for one in (experiment, whole) if one is experiment or n < n_all]
    return measured.shown(names, lambda: found, offer, again=True)


def _job(setup: Setup, data: Pack, experiment: Experiment) -> str:
    return f"experiment {setup.run.name} {setup.file(data, experiment)}"


def _button(
    setup: Setup,
    data: Pack,
    experiment: Experiment,
    label: str,
    key: str,
    kind: Literal["primary", "secondary"],
    icon: str,
) -> None:
    measured.button(
        label,
        key,
        _job(setup, data, experiment),
        f"Experiment on {setup.run.name}",
        lambda: measured.kept(
            partial(_measure, setup, data, experiment),
            partial(keep.save, STUDY, setup.run.folder, setup.file(data, experiment)),
        ),
        kind=kind,
        icon=f":material/{icon}:",
    )


_turn = threading.Lock()
# Two at once would only slow each other down, and neither would be there within seconds.


def _measure(setup: Setup, data: Pack, experiment: Experiment, progress: Progress) -> Findings:
    """Carry out an experiment when its turn has come."""
    from core.studies.ablation.measure import run_experiment

    while not _turn.acquire(timeout=0.5):
        progress(0, 0, "Waiting for the experiment before this one")
    try:
        return run_experiment(
            setup.run.folder, data, setup.protocol, experiment, validation=setup.validation, progress=progress
        )
    finally:
        _turn.release()


def _measured_on(findings: Findings) -> str:
    """The clips, what the model scores on them untouched, and how differences are told."""
    own, untouched = findings.reference, findings.untouched
    low, high = own.interval
    voices = "synthetic voices" if has_synthetic_voices(findings.dataset) else "real recordings"
    text = (
        f"{findings.clips_title.capitalize()}, {clips_text(findings.n)} of {plain(findings.dataset)}, "
        f"{voices}. Learned basis: {percent(own.accuracy)} ({100 * low:.1f}–{percent(high)})"
    )
    if findings.n_validation and untouched.correct != own.correct:
        text += f", with the normalisation as training left it {percent(untouched.accuracy)}"
    return (
        f"{text}. Always answering “{word(findings.baseline_label)}”: {percent(findings.baseline)}. Differences are "
        "counted on the same clips, with the interval of Bonett and Price; a difference called one passes McNemar's "
        "exact test with Holm's correction. "
        f"Measured in {findings.seconds:.1f}\N{NO-BREAK SPACE}s."
    )
