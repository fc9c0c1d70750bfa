"""Listening as one speaks: through the browser's microphone or this computer's sound card, with one model or two.

Or in the browser alone, which is no part of this server's work (``in_browser.py``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.config import SAMPLE_RATE
from core.data.kept_clips import Clip
from core.errors import MicrophoneError
from core.inference.classifier import Classifier
from core.microphone import InputDevice, input_devices
from core.runs import RunState
from core.sound.wav import as_recorded
from dashboard.components import microphone
from dashboard.shared import cache, picker, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.widgets import explained
from dashboard.shared.wording import percent, plain
from dashboard.views.live import (
    in_browser,
    listener,
    listening_settings,
    near_miss,
    own_recordings,
    own_word,
    sound_card,
)
from dashboard.views.live.choices import EAR, SOURCE, SOURCES, choose_basis, choose_source
from dashboard.views.live.listener import Heard
from dashboard.views.live.listening_picture import Look, look
from dashboard.views.live.listening_settings import Settings

BELL = "live.bell"
"""Key of the part that says that a word was shown."""

CHOICES = (state.MODEL, "live.device", "live.source", SOURCE, "live.input", "live.compare")
"""Session-state keys of what the fragments are drawn with."""

NONE = "no other model"
AT_ONCE, MOST_SHOWN = 4, 12
"""Words in sight, and in all."""

OPENED = "live.opened"
"""Session-state key: the number of the detection that is played and judged."""


def panel(run: RunState, place: DeltaGenerator) -> None:
    """The listening part of the page; ``place`` is for choices that most people leave alone.

    Raises:
        CheckpointError: If the model cannot be loaded.
    """
    with place:
        source = choose_source(is_near=sound_card.is_at_this_computer())
    if source == "alone":
        in_browser.panel(run, place)
        return
    with place:
        device = choose_device("live.device")
        device_number = _choose_device() if source == "card" else None
        other = _choose_other(run)
    classifiers = {run.name: cache.classifier(run.folder, device)}
    models = [run]
    if other is not None:
        with explained():
            classifiers[other.name] = cache.classifier(other.folder, device)
            models.append(other)
            picker.caution(other, offer=False)
    looks = {
        model.name: look(model.name, classifiers[model.name].checkpoint.labels, cache.filters(model.folder))
        for model in models
    }
    settings = [listening_settings.of(model) for model in models]
    if not sound_card.is_at_this_computer():
        st.caption(
            "What you say is sent to the server that runs this page, and answered there. Under Settings, "
            f"**{SOURCES['alone']}** listens without sending it."
        )
    st.fragment(_ear)(settings, classifiers, looks, source, device_number, _choices())
    with place:
        st.fragment(listening_settings.draw)(settings)
    st.fragment(_words)(run.name, len(models) > 1)


def _choose_other(run: RunState) -> RunState | None:
    """A second model on the same sound."""
    others = {other.name: other for other in picker.models() if other.name != run.name}
    if not others:
        return None
    if st.session_state.get("live.compare") not in others:
        st.session_state["live.compare"] = NONE
    name = st.selectbox(
        "Compare with",
        [NONE, *others],
        key="live.compare",
        persist_state="session",
        format_func={NONE: NONE, **{name: picker.title(other) for name, other in others.items()}}.__getitem__,
    )
    return others.get(name)


def _choose_device() -> int | None:
    """Number of a device of the sound card; None for the default, or where there is none."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        refresh = st.button("Refresh the list", key="live.refresh", icon=":material/refresh:")
    devices: list[InputDevice] = []
    try:
        devices = input_devices(refresh=refresh)
    except MicrophoneError as error:
        st.warning(plain(error), icon=":material/mic_off:")
        return None
    if not devices:
        st.warning(
            "There is no microphone at this computer, or another program keeps it to itself. Plug one in, or close "
            "that program, and press Refresh.",
            icon=":material/mic_off:",
        )
        return None
    named = {device.name: device for device in devices}
    default = next((device.name for device in devices if device.is_default), devices[0].name)
    if st.session_state.get("live.input") not in named:
        st.session_state["live.input"] = default
    with row:
        name = st.selectbox("Device", list(named), key="live.input", persist_state="session", width=320)
    return named[name].number


def _choices() -> tuple[Any, ...]:
    """What is chosen on the page now."""
    return tuple(st.session_state.get(key) for key in CHOICES)


# The fragment that the browser's part stands in: it runs a few times a second while somebody listens.


def _ear(
    settings: Sequence[Settings],
    classifiers: Mapping[str, Classifier],
    looks: Mapping[str, Look],
    source: str,
    device_number: int | None,
    choices: tuple[Any, ...],
) -> None:
    if choices != _choices():
        # Streamlit sends what changes in the same millisecond as one change: a click beside a message of the
        # microphone would run this fragment alone.
        st.rerun()
    mine = listener.mine()
    is_first = not mine.is_ready
    mine.use(classifiers, {one.run.name: listening_settings.chosen(one) for one in settings})
    if is_first:
        # What was said while the model was being loaded.
        _take(source, device_number)
    basis = choose_basis() if mine.has_both else "learned"
    card = sound_card.sound_card()
    news = {"zero_ms": card.zero_ms(mine.name), "lost_s": card.lost_s() if source == "card" else 0.0}
    microphone.draw(EAR, mine.answer(looks, source, basis) | news, partial(_take, source, device_number))


def _take(source: str, device_number: int | None) -> None:
    """Hear what the browser has sent, or let it hear the sound card."""
    message, mine = microphone.last_message(EAR), listener.mine()
    if message is None:
        return
    card = sound_card.sound_card()
    begins = mine.inbox.is_new_session(message)
    if begins:
        card.leave(mine.name)
    mine.take(message)
    if source == message.source == "card" and sound_card.is_at_this_computer():
        try:
            if not message.on:
                card.leave(mine.name)
            elif begins:
                card.join(mine.name, mine.feed, device_number)
            else:
                card.stay(mine.name)
        except MicrophoneError as error:
            mine.trouble = mine.trouble or str(error)


# The words that were heard.


def _words(model: str, several_models: bool) -> None:
    """The list; it runs again when a word is heard."""
    st.subheader("Words heard")
    mine = listener.mine()
    own_recordings.missed(model, partial(mine.recent, own_recordings.RECENT_S))
    shown, own = mine.heard()[::-1][:MOST_SHOWN], own_word.names()
    if not shown:
        st.caption("Every word that is heard will be listed here with its score, and can then be played and judged.")
    with st.container(gap="small"):
        for one in shown[:AT_ONCE]:
            _row(one, mine.latency_ms.get(one.number), several_models, one.detection.word in own)
        if shown[AT_ONCE:]:
            with st.expander("Words before these"):
                for one in shown[AT_ONCE:]:
                    _row(one, mine.latency_ms.get(one.number), several_models, one.detection.word in own)
    microphone.bell(BELL, mine.name, shown[0].number if shown else 0)


def _row(one: Heard, latency_ms: int | None, several_models: bool, is_own: bool) -> None:
    opened = st.session_state.get(OPENED) == one.number
    notes = [time.strftime("%H:%M:%S", time.localtime(one.at))]
    if several_models:
        notes.append(one.model)
    if latency_ms is not None:
        notes.append(f"delay {latency_ms / 1000:.2f} s")
    left, right = st.columns([3, 2], vertical_alignment="center")
    row = left.container(horizontal=True, vertical_alignment="center")
    row.button(
        "Close" if opened else "Play",
        key=f"live.open.{one.number}",
        icon=":material/close:" if opened else ":material/play_arrow:",
        on_click=_open,
        args=(None if opened else one.number,),
    )
    row.markdown(
        f"**{one.detection.word}** {percent(one.detection.score)} :small[:gray[{' · '.join(notes)}]]",
        width="stretch",
    )
    place, clip = f"heard.{one.number}", as_recorded(one.clip)
    use = _use_of(one, clip)
    with right:
        if use == "near-miss":
            near_miss.offer(place, [clip])
        elif use == "own word":
            own_word.offer(place, clip, one.detection.word)
        else:
            own_recordings.feedback(one.number, one.model, one.detection, one.clip)
        if is_own and not use:
            own_word.offer(place, clip, one.detection.word)
    if opened:
        st.audio(one.clip, sample_rate=SAMPLE_RATE, autoplay=True)
        if not use:
            near_miss.offer(place, [clip])


def _use_of(one: Heard, clip: Clip) -> str:
    """What the second of a detection was given to, if to anything: it is learned from or tested on, never both."""
    if near_miss.is_taken([clip]):
        return "near-miss"
    if own_word.is_taken(clip):
        return "own word"
    return "test" if own_recordings.is_answered(one.number, one.detection) else ""


def _open(number: int | None) -> None:
    st.session_state[OPENED] = number
