"""What became of a training, in one card: its score, what moved, and the ways on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import runs
from core.config import AT_ONCE
from core.records.evaluation import Evaluation, Scores
from core.runs import RunState
from dashboard.shared import cache, picker, places, run_names
from dashboard.shared.widgets import show_metrics
from dashboard.shared.wording import interval, percent, plain, word
from dashboard.views.compare.choice import RUNS


def draw(run: RunState, found: Sequence[RunState], place: str) -> None:
    """The card; of a run without a model nothing.

    Args:
        run: A run that has ended.
        found: All runs.
        place: Where on the page it stands.
    """
    if not run.has_checkpoint:
        return
    found_score = measured(run)
    show_metrics(_score(run, found_score), *_moved(run))
    st.caption(_of_what(run, found_score))
    with st.container(horizontal=True):
        places.model_button("live", "Try it", run.name, f"training.{place}.live")
        places.model_button("filterbank", "See what it learned", run.name, f"training.{place}.filterbank")
        _compare(run, found, place)


Score = tuple[Evaluation, Scores] | None


def _score(run: RunState, found: Score) -> tuple[str, str]:
    return "Score", percent(run.best_accuracy if found is None else found[1].accuracy)


def _of_what(run: RunState, found: Score) -> str:
    """What the score was measured on, how sure it is, and what is scored without listening."""
    if found is None:
        chose = "" if run.config and run.config.preset in AT_ONCE else ", which chose its best epoch"
        return f"On its validation clips{chose}. It was not measured on test clips yet."
    evaluation, scores = found
    return (
        f"{interval(*scores.interval)} (95 %) of {scores.n:,} clips it never saw: {evaluation.clips_title}, "
        f"{plain(evaluation.dataset)}. Always “{word(scores.baseline_label)}” scores {percent(scores.baseline)}."
    )


def measured(run: RunState) -> tuple[Evaluation, Scores] | None:
    """The evaluation of a run on test clips of what it was trained on; the balanced ones first."""
    kept = cache.evaluations(run.folder)
    for protocol in ("official", "testing-list"):
        path = kept.get((run.dataset, protocol))
        if path is not None:
            return cache.evaluation(path)
    return None


def _moved(run: RunState) -> list[tuple[str, str]]:
    """How far the filters of the best epoch are from where they began."""
    reports = runs.read_progress(run.folder)
    best = next((report for report in reports if report.epoch == run.best_epoch), reports[-1] if reports else None)
    if run.config is None or best is None:
        return []
    front_end = run.config.front_end
    if front_end.setting == "A":
        return [("Filters moved", "fixed")]
    mel = [("Mel filters moved", percent(best.mel_change))] if front_end.trains_mel else []
    return mel + ([("Kernels moved", percent(best.stft_change))] if front_end.trains_stft else [])


def partner(run: RunState, found: Sequence[RunState]) -> RunState | None:
    """The model to compare a run with: the one that it began with, else the same network with a fixed spectrogram."""
    if run.config is None:
        return None
    others = [one for one in found if one.has_checkpoint and one.config and one.name != run.name]
    began = [one for one in others if one.name == run.config.start.name]
    fixed = [
        one
        for one in others
        if one.config
        and (one.config.model, one.config.front_end.setting, one.config.start.setting) == (run.config.model, "A", "A")
    ]
    fixed.sort(key=lambda one: (one.dataset != run.dataset, one.shipped))
    return next(iter([*began, *fixed]), None)


def _compare(run: RunState, found: Sequence[RunState], place: str) -> None:
    other = partner(run, found)
    if other is None or other.config is None:
        return
    is_textbook = other.config.front_end.setting == other.config.start.setting == "A"
    label = "Compare with textbook" if is_textbook else "Compare with what it began with"
    names = [other.name, run.name]
    if st.button(
        label, key=f"training.{place}.compare", icon=":material/balance:", on_click=choose_runs, args=(names,)
    ):
        places.go("compare")


def choose_runs(names: Sequence[str]) -> None:
    """Let Compare begin with these runs."""
    labels = {run.name: label for label, run in run_names.by_label(picker.models()).items()}
    st.session_state[RUNS] = [labels[name] for name in names if name in labels]
