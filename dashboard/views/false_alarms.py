"""How well a model listens, measured on a long track of clips it never heard, and a threshold chosen from that."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core import figures
from core.config import LABELS, ListeningConfig, Vocabulary
from core.data.pack import open_data
from core.errors import ConfigError
from core.figures.findings.phrases import rate_text
from core.figures.stream import snr_text
from core.inference.classifier import Classifier
from core.records.listening import StreamReport, StreamScores, StreamTrack
from core.runs import RunState, keep
from core.studies.listening import operating_point
from core.studies.listening.kept import FILE, STUDY
from core.studies.listening.measure import stream_test
from dashboard.shared import clip_choice, measured, run_names, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.folds import fold
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import show_clickable_figure
from dashboard.shared.wording import percent, plain

SNRS_DB = (None, 20.0, 10.0, 5.0, 0.0)
MINUTES = (2, 5, 10, 20, 40)
CHOOSE = "validation"
"""Clips that a threshold is chosen on; its figures are then reported for the others, which are test clips."""


def panel(run: RunState) -> None:
    """A model on a track, the threshold chosen on its curve and kept for listening; below, the test itself."""
    progress, shown, below = st.container(), st.container(), st.container()
    with progress:
        report = measured.shown(
            [f"stream test {run.name}"],
            lambda: _kept(run.folder),
            lambda found: _offer(run, below, is_new=found is None),
            outdated=lambda report: _why_outdated(report, run.folder),
            again=True,
        )
    if report is not None:
        with shown:
            _look(run, report)


@st.fragment
def _look(run: RunState, report: StreamReport) -> None:
    st.header(_heading(report), anchor=False)
    threshold = _choose(run, report)
    _show_scores(report, threshold)


def _heading(report: StreamReport) -> str:
    """What it listened to, in one line."""
    minutes = max(track.minutes for track in report.tracks)
    official = "official " if any(track.protocol == "official" for track in report.tracks) else ""
    words = "" if report.labels == LABELS else f", {Vocabulary.of_labels(report.labels).title}"
    return f"Validation and {official}test clips of {plain(report.dataset)}{words}: {minutes:g} minutes a track"


def _kept(run: Path) -> StreamReport | None:
    path = keep.find(run, FILE)
    return keep.load(STUDY, path) if path.exists() else None


def _why_outdated(report: StreamReport, run: Path) -> str:
    why = keep.why_outdated(report, run)
    return f"{why} Test again." if why else ""


def _offer(run: RunState, place: Any, *, is_new: bool) -> None:
    """The choices and the button that test in the background; folded away where there is a test to look at."""
    with place:
        if is_new:
            _choices(run)
        else:
            fold("Test again", "false_alarms.again", lambda: _choices(run), icon="timer")


def _choices(run: RunState) -> None:
    pack = clip_choice.dataset()
    if pack is None:
        clip_choice.need_dataset(
            "A stream test needs the clips of a dataset. Prepare one first.", icon=":material/info:"
        )
        return
    snrs_db = st.pills(
        "Speech over background noise",
        SNRS_DB,
        selection_mode="multi",
        default=(None, 10.0),
        format_func=snr_text,
        key="false_alarms.snrs",
        persist_state="session",
        help="How much louder the words are than the noise; a track for each. At 0 dB both are equally loud.",
    )
    minutes = st.select_slider(
        "Minutes of each track",
        MINUTES,
        value=5,
        key="false_alarms.minutes",
        persist_state="session",
        help="False alarms are rare: the longer the model listens, the narrower the interval of their rate.",
    )
    total = 2 * len(snrs_db) * minutes
    st.caption(f"{total} minutes of sound from {plain(pack.title)}: half from validation clips, half from test clips.")
    device = choose_device("false_alarms.device")
    measured.button(
        "Start the stream test",
        "false_alarms.start",
        f"stream test {run.name}",
        f"Stream test of {run_names.label(run)}",
        lambda: measured.kept(
            partial(_measure, run.folder, state.data_root(), device, snrs_db, minutes),
            partial(keep.save, STUDY, run.folder, FILE),
        ),
        kind="secondary",
        icon=":material/timer:",
        disabled=not snrs_db,
    )


def _measure(
    run: Path, root: Path | None, device: str, snrs_db: list[float | None], minutes: float, progress: Progress
) -> StreamReport:
    """Test a model with the settings that are kept for it."""
    with keep.unchanged(run) as checkpoint:
        classifier = Classifier(run, device)
        data = open_data(root, progress=progress).with_words(classifier.vocabulary)
        usual, *others = classifier.vocabulary.protocols
        protocol = next((name for name in (usual, *others) if clip_choice.n_clips(data, name)), usual)
        return stream_test(
            classifier,
            data,
            settings_of(run)[0],
            name=run.name,
            checkpoint=checkpoint,
            protocols=(CHOOSE, protocol),
            snrs_db=snrs_db,
            minutes=minutes,
            progress=progress,
        )


def _choose(run: RunState, report: StreamReport) -> float:
    """The curve on the validation clips and the threshold picked on it, which can be kept for listening."""
    settings, trouble = settings_of(run.folder)
    if trouble:
        st.warning(trouble, icon=":material/warning:")
    key = _threshold_key(run)
    tracks = _tracks(report, CHOOSE)
    thresholds = [each.threshold for each in tracks[0].scores]
    if st.session_state.get(key) not in thresholds:
        st.session_state[key] = min(thresholds, key=lambda each: abs(each - settings.threshold))
    curve, beside = st.columns([3, 2], gap="medium")
    with beside:
        threshold: float = st.select_slider("Threshold", thresholds, key=key, format_func="{:.2f}".format)
        chosen = replace(report.listening, threshold=threshold, word_thresholds=())
        name = run_names.label(run)
        if chosen == settings:
            st.success(f"{plain(name)} listens with threshold {threshold:.2f}.", icon=":material/check:")
        elif st.button(f"Listen with threshold {threshold:.2f}", key="false_alarms.keep", type="primary"):
            operating_point.save(run.folder, chosen)
            st.rerun()
        else:
            st.caption(_difference(settings, report.listening))
        st.caption("Click a point, or move the slider.")
    with curve:
        show_clickable_figure(
            figures.misses_against_false_alarms(tracks, threshold=threshold), "false_alarms.curve", partial(_pick, key)
        )
    return threshold


def _threshold_key(run: RunState) -> str:
    """Key of the slider with a run's threshold: another model begins with its own."""
    return f"false_alarms.threshold.{run.name}"


def _pick(key: str, threshold: object) -> None:
    """A click on the curve moves the slider."""
    st.session_state[key] = threshold


def settings_of(run: Path) -> tuple[ListeningConfig, str]:
    """The settings a run listens with now, and what is wrong with the kept ones."""
    try:
        return operating_point.load(run), ""
    except ConfigError as error:
        return ListeningConfig(), f"{plain(error)} The defaults are used."


def _difference(now: ListeningConfig, tested: ListeningConfig) -> str:
    """What listening uses now, and whether the test was made with it."""
    text = f"Now it listens with threshold {now.threshold:.2f}"
    if now.word_thresholds:
        text += " and thresholds of single words (" + ", ".join(f"{w} {t:.2f}" for w, t in now.word_thresholds) + ")"
    if replace(now, threshold=tested.threshold, word_thresholds=tested.word_thresholds) != tested:
        return (
            f"{text}; other settings were changed since this test, which was made with {tested.average_s:g} s "
            f"averaged, {tested.minimum_count} decisions in a row and {tested.refractory_s:g} s of rest. Choosing a "
            "threshold here brings those back."
        )
    return f"{text}."


def _show_scores(report: StreamReport, threshold: float) -> None:
    """The figures of the test clips at the chosen threshold."""
    tracks = [track for track in report.tracks if track.protocol != CHOOSE]
    st.subheader(f"On test clips at threshold {threshold:.2f}", anchor=False)
    st.caption(
        "The threshold is chosen on validation clips, and these figures come from test clips of other voices: they are "
        "not fitted to it."
    )
    rows = [(track, next(each for each in track.scores if each.threshold == threshold)) for track in tracks]
    st.dataframe([_row(track, scores) for track, scores in rows], hide_index=True)
    noise = ", ".join(dict.fromkeys(name.replace("_", " ") for track in tracks for name in track.noise))
    words = max(tracks, key=lambda track: track.n_words)
    st.caption(
        f"{plain(report.dataset)}; {words.minutes:g} minutes a track, with {words.n_words:,} words from "
        f"{words.n_clips:,} different clips. "
        + (f"Background: {plain(noise)}, which training did not hear. " if noise else "")
        + "In brackets: where the true value lies with 95 % probability, if all words and noises were different ones. "
        "Hours: the time in which no keyword was said; it is full of talk, and a quiet hour has fewer false alarms. "
        "Delay: from the end of a word to the end of the sound that its detection needed; computing comes on top."
    )


def _tracks(report: StreamReport, protocol: str) -> list[StreamTrack]:
    return [track for track in report.tracks if track.protocol == protocol]


def _row(track: StreamTrack, scores: StreamScores) -> dict[str, str | int]:
    (low, high), (fewest, most) = scores.misses_interval, scores.false_alarms_interval
    median, most_s = scores.latency_s(0.5), scores.latency_s(0.95)
    return {
        "Speech over noise": snr_text(track.snr_db),
        "Keywords found": f"{scores.hits} of {scores.n_keywords}",
        "Missed": f"{percent(scores.miss_share)} ({100 * low:.1f}–{100 * high:.1f})",
        "Wrong words": scores.wrong_words,
        "False alarms an hour": f"{rate_text(scores.false_alarms_per_hour)} ({rate_text(fewest)}–{rate_text(most)})",
        "Hours": f"{scores.free_hours:.2f}",
        "Delay: median, 95 %": "–" if median is None or most_s is None else f"{median:.2f} s, {most_s:.2f} s",
    }
