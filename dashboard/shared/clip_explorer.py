"""Clips of an evaluation to listen to, a few at a time, and one of them looked at closely."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st

from core import figures
from core.config import SAMPLE_RATE
from core.records.arrays import Waveform
from core.records.evaluation import Evaluation
from core.runs import RunState
from dashboard.shared import cache, clip_source
from dashboard.shared.clip_player import log_mel_figure
from dashboard.shared.clip_source import ClipSource
from dashboard.shared.widgets import explained, show_figure
from dashboard.shared.wording import as_code, percent, plain, word

PAGE_CLIPS = 5
"""Clips listed at once: each brings its sound along."""

PICTURE_WIDTH = 420
"""Pixels: two pictures of a clip stand side by side where there is room for both."""

TOP, LEAST = 3, 0.001
"""Answers named beside a clip: so many, if they have this probability."""


def draw(
    run: RunState, evaluation: Evaluation, numbers: Sequence[int], key: str, source: ClipSource | None = None
) -> None:
    """List clips with their sound, what they are and what the model answered.

    Args:
        run: The run whose model answered.
        evaluation: Its answers.
        numbers: The clips, by their number in the evaluation, in the order to list them.
        key: Part of the widgets' keys; another list needs another one.
        source: Their sound, if it was looked for before.
    """
    if not evaluation.clip_files:
        clip_source.say_what_is_missing(evaluation, "list the clips")
        return
    source = source or clip_source.find(evaluation)
    if source is None:
        clip_source.say_what_is_missing(evaluation, "hear these clips and see them")
    people = clip_source.speakers(evaluation, source)
    n_pages = -(-len(numbers) // PAGE_CLIPS)
    page = st.pagination(n_pages, key=f"evaluation.page.{key}") if n_pages > 1 else 1
    for number in numbers[(page - 1) * PAGE_CLIPS : page * PAGE_CLIPS]:
        _row(run, evaluation, int(number), people[number], key, source)


def _row(run: RunState, evaluation: Evaluation, number: int, speaker: str, key: str, source: ClipSource | None) -> None:
    sound = source.sound(number) if source else None
    with st.container(border=True, gap="xsmall"):
        st.markdown(_about(evaluation, number, speaker))
        if source is None:
            return
        if sound is None:
            st.caption("The dataset does not have this clip any more.")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.audio(sound, sample_rate=SAMPLE_RATE)
            closer = st.toggle("Look closer", key=f"evaluation.closer.{key}.{number}")
        if closer:
            with explained():
                _closely(run, evaluation, number, sound, key)


def _about(evaluation: Evaluation, number: int, speaker: str) -> str:
    """Word, answers, speaker and file of a clip."""
    name = evaluation.clip_words[number] if evaluation.clip_words else evaluation.labels[evaluation.truth[number]]
    ranking = sorted(zip(evaluation.probabilities[number].tolist(), evaluation.labels, strict=True), reverse=True)
    right = ranking[0][1] == evaluation.labels[evaluation.truth[number]]
    best, *others = (
        f"{word(label)} {percent(probability)}"
        for place, (probability, label) in enumerate(ranking[:TOP])
        if place == 0 or probability >= LEAST
    )
    mark = ":green[:material/check:]" if right else ":red[:material/close:]"
    who = f"speaker {plain(speaker)} · " if speaker else ""
    # The last folder is the word, or the class it counts as.
    file = "/".join(PurePosixPath(evaluation.clip_files[number]).parts[-2:])
    heard = f"{mark} **{plain(word(name))}** heard as {', '.join((f'**{best}**', *others))}"
    return f"{heard}  \n:small[:gray[{who}{as_code(file)}]]"


def _closely(run: RunState, evaluation: Evaluation, number: int, sound: Waveform, key: str) -> None:
    """What the model sees and answers, also through its initial filters where others were learned."""
    filters = cache.filters(run.folder)
    trained = filters.trains_mel or filters.trains_stft
    classifier = cache.classifier(run.folder, "cpu")
    learned = classifier.log_mel(sound[None])
    initial = classifier.initial_log_mel(sound[None]) if trained else None
    answers = classifier.probabilities(learned)[0]
    before = classifier.probabilities(initial)[0].tolist() if initial is not None else None
    with st.container(horizontal=True):
        seen, said = st.container(width=PICTURE_WIDTH), st.container(width=PICTURE_WIDTH)
    with seen:
        if initial is None:
            show_figure(log_mel_figure(learned[0].numpy(), filters), f"evaluation.log_mel.{key}.{number}")
            st.caption("Bright is loud, low tones are at the bottom. The filters of this model were not trained.")
        else:
            pair = figures.log_mel_pair(initial[0].numpy(), learned[0].numpy(), filters)
            show_figure(pair, f"evaluation.log_mel.{key}.{number}")
            st.caption(
                "The same second through the filters as they were before training and as they are now, on one scale: "
                "bright is loud, low tones are at the bottom. A change of brightness all over is only gain."
            )
    with said:
        truth = evaluation.labels[evaluation.truth[number]]
        bars = figures.answer_bars(evaluation.labels, answers.tolist(), initial=before, truth=truth)
        show_figure(bars, f"evaluation.answers.{key}.{number}")
        st.caption(
            "How probable the model finds each answer; all of them add up to 100 %."
            + (
                " Diamonds: the same network behind the initial filters, which it was not trained with."
                if before is not None
                else ""
            )
        )
