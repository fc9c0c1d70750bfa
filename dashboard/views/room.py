"""Fitting the chosen model to a room: the recording of its noise, a job of some seconds, before and after."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core import figures, runs
from core.config import ROOM
from core.data import own_room
from core.errors import ConfigError
from core.records.room import FITTED, LEAST_S, SYNTHETIC, Adaptation
from core.runs import RunState
from core.sound.reading import read_audio
from core.sound.wav import as_wav
from core.training.presets import adapted
from dashboard.shared import cache, failures, given_sounds, jobs, picker, places, run_names, state
from dashboard.shared.folds import fold
from dashboard.shared.widgets import explained, job_panel, show_figure
from dashboard.shared.wording import duration, plain, word

JOB = "room"

OTHER_MODEL = "live.compare"
"""Session-state key of Try: the second model on the same sound."""

GOOD_S = 60
"""Seconds of noise that are asked for."""

TURN = "room.turn"
"""Session-state key: how many recordings were given; each has widgets of its own, which then are empty again."""

TOLD = "room.told"
"""Session-state key: what became of the last recording."""


def draw(run: RunState) -> None:
    """The recording and the button, and below them what came of it.

    Args:
        run: The chosen model: one to fit, or one that was fitted.

    Raises:
        DataError: If recordings or records cannot be read.
    """
    room, fit = st.columns(2, gap="medium")
    with room, st.container(border=True):
        kept = own_room.seconds()
        _room(kept)
    with fit, st.container(border=True):
        _fit(run, len(kept))
    job = jobs.find(JOB)
    if job is not None and job.running:
        return
    made = _made(run)
    if made is not None:
        _result(*made)


def _room(kept: Sequence[Path]) -> None:
    st.markdown(f"**Its noise** · {duration(len(kept)) if kept else 'nothing recorded yet'}")
    turn = st.session_state.setdefault(TURN, 0)
    record, upload = f"room.take.{turn}", f"room.files.{turn}"
    st.audio_input("A minute of your room, while nobody speaks", key=record, on_change=_given, args=(record,))
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("From files", icon=":material/upload_file:", type="tertiary"):
            st.file_uploader(
                "Recordings of the room", key=upload, accept_multiple_files=True, on_change=_given, args=(upload,)
            )
        if kept:
            st.button("Forget this room", key="room.forget", type="tertiary", on_click=_forget)
    if text := st.session_state.get(TOLD):
        st.caption(plain(text))
    failures.show("room")


def _given(key: str) -> None:
    """Keep what was recorded or uploaded, and say what became of it."""
    st.session_state[TOLD] = told = given_sounds.take_in(key, own_room.add, "s more")
    if told:
        st.session_state[TURN] += 1


def _forget() -> None:
    st.session_state.pop(TOLD, None)
    with failures.kept("room"):
        own_room.forget()


def _fit(run: RunState, n_seconds: int) -> None:
    st.markdown(f"Fit **{plain(run_names.in_full(run))}** to it")
    if run.config is None:
        return
    try:
        adapted(run.config)
    except ConfigError as error:
        st.info(plain(error), icon=":material/info:")
        return
    root = state.data_root()
    if root is None:
        st.caption(
            f"With the demo words. {SYNTHETIC} Choose a dataset of real recordings in Data to have it learn from those."
        )
    else:
        st.caption("With the words of the chosen dataset: half of the noise is learned from, half is for measuring.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the new model (may stay empty)", key="room.run", width=260)
        pressed = st.button(
            "Fit to this room",
            key="room.fit",
            type="primary",
            icon=":material/meeting_room:",
            disabled=n_seconds < LEAST_S or jobs.is_running(JOB),
        )
    if n_seconds < LEAST_S:
        st.caption(f"{LEAST_S} s of noise are the least, {GOOD_S} s are good.")
    if pressed:
        _begin(run, root, name.strip() or f"room-{time.strftime('%H%M%S')}")
    job_panel(JOB)


def _begin(chosen: RunState, root: Path | None, name: str) -> None:
    folder = own_room.own_room_folder()

    def fit(report: jobs.Progress) -> None:
        from core.training.start import config_from

        config = config_from(chosen.folder, preset=ROOM)
        run = runs.new_run(config, root, name=name, start=chosen.folder, background=[folder])

        jobs.make_at_once(run, report)

    jobs.start(JOB, f"Fitting {chosen.called} to the room", fit, unit="clips")
    st.rerun()


def _made(run: RunState) -> tuple[RunState, Adaptation] | None:
    """The newest model that was fitted from the chosen one, or the chosen one itself, and what is known of it."""
    from core.studies.room import kept

    begun = [one for one in picker.models() if one.config and one.config.preset == ROOM and _began_with(one, run)]
    for one in (*begun, run):
        if report := kept(one.folder):
            return one, report
    return None


def _began_with(made: RunState, run: RunState) -> bool:
    """Whether a run is that which another one began with, as it is now."""
    from core.runs import keep

    start = made.config.start if made.config else None
    return start is not None and start.name == run.name and start.checkpoint == keep.model_hash(run.folder)


def _result(made: RunState, report: Adaptation) -> None:
    with st.container(border=True, key="room_result"):
        st.markdown(f"**{plain(made.called)}** is {plain(report.start)} with {FITTED[report.fitted]} fitted.")
        show_figure(figures.before_and_after(report), "room.scores")
        synthetic = f" {SYNTHETIC}" if report.synthetic else ""
        st.caption(f"{report.room_s:.0f} s of noise; words of {plain(report.dataset)}.{synthetic}")
        with st.container(horizontal=True):
            _try_both(made)
            if report.fitted == "pcen":
                places.model_button("filterbank", "See its PCEN", made.name, "room.filterbank")
            places.model_button("false_alarms", "Count false alarms", made.name, "room.false_alarms")
    fold("Hear what changed", "room.changed", lambda: _changed(made), icon="hearing")
    fold("Say a word in your room", "room.say", lambda: _say(made), icon="mic")


def _try_both(made: RunState) -> None:
    """The way to Try, where both listen to the same microphone."""
    start = next((one for one in picker.models() if _began_with(made, one)), None)

    def choose() -> None:
        state.use_model(made.name)
        st.session_state[OTHER_MODEL] = start.name if start else None

    label = "Try both" if start else "Try it"
    if st.button(label, key="room.live", icon=places.TABS["live"].icon, on_click=choose):
        places.go("live")


def _changed(made: RunState) -> None:
    """Clips in the room's noise whose answer changed, with both answers."""
    from core.studies.room import read_examples

    with explained():
        examples = read_examples(made.folder)
        if not examples:
            st.info("No answer changed at 10 dB.", icon=":material/info:")
        else:
            st.caption("At 10 dB; of the answers that became right six at most, of those that became wrong three.")
        for one in examples:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.audio(as_wav(one.sound), width=260)
                sign = "check" if one.after == one.truth else "close"
                st.markdown(
                    f":material/{sign}: “{word(one.truth)}”: before “{word(one.before)}”, after “{word(one.after)}”",
                    width="content",
                )


def _say(made: RunState) -> None:
    """One recording, and the answers to it of the fitted model and of what it began with."""
    sound = st.audio_input("Press the microphone, say a word, press again", key="room.word")
    if sound is None:
        return
    with explained():
        waveform = read_audio(sound.getvalue(), name="The recording").waveform
        for title, model in (("Before", made.folder / runs.START), ("After", made.folder)):
            label, share = cache.classifier(model, cache.devices()[0]).classify(waveform).ranking[0]
            st.markdown(f"**{title}:** “{word(label)}”, {share:.0%}")
