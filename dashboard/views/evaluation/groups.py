"""Who and what a model is bad for: by speaker, by level, by noise; and the clips it is worst on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core import figures, metrics
from core.config import SILENCE_LABEL
from core.records.evaluation import Evaluation
from core.records.groups import GroupScores
from core.runs import RunState
from dashboard.shared import cache, clip_explorer, clip_source
from dashboard.shared.folds import fold
from dashboard.shared.widgets import show_clickable_figure, show_figure
from dashboard.shared.wording import clips, interval, percent

SHOWN = 20
"""Speakers drawn at once."""

WORST = 100
"""Clips in the list of the worst."""

SPEAKER, LEAST = "evaluation.speaker", "evaluation.least"


@st.fragment
def draw_speakers(run: RunState, path: Path) -> None:
    """Accuracy by speaker, the worst first, and beside it the clips of one of them."""
    evaluation, scores = cache.evaluation(path)
    source = clip_source.find(evaluation)
    people = clip_source.speakers(evaluation, source)
    groups = metrics.group_scores(_right(evaluation), people) if people else ()
    if not groups:
        st.info("These clips do not tell who speaks, so nobody can be told apart.", icon=":material/group_off:")
        return
    picture, heard = st.columns([3, 2], gap="medium")
    with picture:
        most = min(30, max(group.n for group in groups))
        # What was chosen for other clips may be more than these have.
        st.session_state[LEAST] = min(st.session_state.get(LEAST, 8), most)
        least = st.slider(
            "Speakers with at least this many clips",
            1,
            max(2, most),
            key=LEAST,
            persist_state="session",
            help="Three clips say little about a speaker: look at how wide the interval is.",
        )
        shown = [group for group in groups if group.n >= least]
        names = [group.name for group in shown]
        if st.session_state.get(SPEAKER) not in names:
            st.session_state[SPEAKER] = None
        figure = figures.accuracy_by_group(shown[:SHOWN], scores.accuracy, chosen=st.session_state[SPEAKER] or "")
        show_clickable_figure(figure, "evaluation.speakers", _choose_speaker)
        chance = cache.chance_of_differences(path, people)
        worse = sum(group.interval[1] < scores.accuracy for group in shown)
        st.caption(
            f"The {min(SHOWN, len(shown))} worst of {len(shown)} speakers with at least {clips(least)} each "
            f"({len(groups)} speakers in all). For {worse} of them even the upper end of the interval lies below the "
            f"accuracy on all clips. {_verdict(chance)}"
        )
        fold("As numbers", "evaluation.speakers.numbers", lambda: _speaker_table(groups))
    with heard:
        st.selectbox(
            "Speaker",
            names,
            index=None,
            key=SPEAKER,
            persist_state="session",
            placeholder="Click a point to hear a speaker, or choose one",
        )
        if chosen := st.session_state[SPEAKER]:
            st.caption("The clips that surprised the model most come first.")
            numbers = [number for number in metrics.worst_clips(evaluation).tolist() if people[number] == chosen]
            clip_explorer.draw(run, evaluation, numbers, f"speaker.{chosen}", source)


def _speaker_table(groups: Sequence[GroupScores]) -> None:
    st.dataframe(
        [
            {
                "Speaker": group.name,
                "Clips": group.n,
                "Right": group.right,
                "Accuracy": percent(group.accuracy),
                "95 % interval": interval(*group.interval),
            }
            for group in groups
        ],
        hide_index=True,
    )


def _choose_speaker(name: Any) -> None:
    if name:
        st.session_state[SPEAKER] = name[0] if isinstance(name, list) else str(name)


def _verdict(chance: float) -> str:
    tries = "fewer than one in a thousand tries" if chance < 0.0015 else f"{percent(chance)} of the tries"
    test = f"when right and wrong answers to the same word are dealt out at random, they differ as much in {tries}."
    return f"Speakers {'differ by more than luck' if chance < 0.05 else 'need not differ'}: {test}"


def draw_sound(run: RunState, path: Path) -> None:  # noqa: ARG001  (every view gets the run)
    """Accuracy by level and by noise, in quarters of the clips."""
    evaluation, scores = cache.evaluation(path)
    source = clip_source.find(evaluation)
    if source is None:
        clip_source.say_what_is_missing(evaluation, "measure how loud and how noisy the clips are")
        return
    levels = cache.clip_levels(path, source.pack, source.rows)
    found = source.found
    right, silent = _right(evaluation)[found], evaluation.truth[found] == evaluation.vocabulary.label_of(SILENCE_LABEL)
    words, silence = np.where(silent, np.nan, levels.rms_db), np.where(silent, levels.rms_db, np.nan)
    loud, noisy = st.columns(2)
    with loud:
        series = [("words", metrics.quartile_scores(right, words))]
        if silence_scores := metrics.quartile_scores(right, silence):
            series.append(("silence", silence_scores))
        show_figure(
            figures.accuracy_by_range(
                series, scores.accuracy, axis="Level, full scale at 0 (dB)", unit="dB", title="Accuracy by level"
            ),
            "evaluation.level",
        )
        st.caption(
            "The clips with words, sorted by level (root mean square of the second) and cut into quarters, the "
            "quietest on the left. Clips of “silence” hold noise and have quarters of their own."
            if len(series) > 1
            else "The clips, sorted by level (root mean square of the second) and cut into quarters, the quietest left."
        )
    with noisy:
        quarters = metrics.quartile_scores(right, np.where(silent, np.nan, levels.snr_db))
        show_figure(
            figures.accuracy_by_range(
                [("words", quarters)],
                scores.accuracy,
                axis="Word over noise, estimated (dB)",
                unit="dB",
                title="Accuracy by noise",
            ),
            "evaluation.noise",
        )
        st.caption(
            "The clips with words, the noisiest quarter on the left. Estimated from the sound alone: the noise is the "
            "quietest fifth of the frames (20 ms, above 150 Hz), the word what stands out of it by 3 dB. Good for "
            "quarters, not for one clip."
        )
    if missing := len(evaluation.truth) - len(found):
        st.caption(f"{clips(missing)} of the evaluation are not in the dataset any more.")


@st.fragment
def draw_worst(run: RunState, path: Path) -> None:
    """The clips with the highest loss, playable."""
    evaluation, _ = cache.evaluation(path)
    numbers = metrics.worst_clips(evaluation)[:WORST].tolist()
    st.caption(
        f"The {clips(len(numbers))} with the highest loss: those to which the model gave the least probability of what "
        "they are. Some are cut off or mislabelled, so listen before blaming the model."
    )
    clip_explorer.draw(run, evaluation, numbers, "worst")


def _right(evaluation: Evaluation) -> Any:
    return evaluation.probabilities.argmax(axis=1) == evaluation.truth
