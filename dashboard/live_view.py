"""A sound in, the model's answer out: ranked words, what it saw, and for longer sounds the words along the way."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import figures
from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.results import Filters, Prediction
from core.sound.reading import Waveform
from dashboard import cache
from dashboard.clip_player import log_mel_figure
from dashboard.training_form import choose_device as _choose_device
from dashboard.widgets import show_figure, show_notes
from dashboard.wording import percent, word

WAYS = {"listen": "Listen", "record": "Record one word", "upload": "Upload a file"}
HOP_S = 0.25
"""Seconds from one window of a longer sound to the next."""


def choose_device() -> str:
    """Where the model runs."""
    return _choose_device("live.device")


def choose_way() -> str:
    """How the sound comes: "listen" as one speaks, "record" one word, or "upload" a file."""
    return st.segmented_control(
        "Sound", list(WAYS), default="listen", required=True, format_func=WAYS.__getitem__, key="live.source",
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip


def choose_sound(way: str) -> tuple[bytes, str] | None:
    """Content and name of a recorded or uploaded sound."""
    if way == "record":
        file = st.audio_input("Press the microphone, say a word, press again", key="live.recording")
        name = "The recording"
    else:
        # No list of types: the content decides, and the browser's list would grey out files that work.
        file = st.file_uploader("WAV, FLAC, OGG, MP3, WebM, M4A and most other sound files", key="live.file")
        name = file.name if file else ""
    return (file.getvalue(), name) if file else None


def answer(run: Path, device: str, content: bytes, name: str) -> None:
    """What the model hears in a sound.

    Raises:
        AudioError: If the sound cannot be read.
        CheckpointError: If the model cannot be loaded.
    """
    read = cache.sound(content, name)
    sound = read.waveform
    classifier = cache.classifier(run, device)
    best = classifier.classify(sound)
    st.audio(content)
    show_notes(read)
    st.subheader(f"I hear: {word(best.label)} ({percent(best.score)})")
    st.caption(_which_second(sound, best) + f" Computed on the {classifier.device.type.upper()}.")
    _one_second(sound, best, cache.filters(run))
    if len(sound) > CLIP_SAMPLES:
        st.subheader("Along the whole sound")
        show_figure(figures.word_timeline(classifier.classify_along(sound, HOP_S)), "live.timeline")
        st.caption(
            f"The model hears one second at a time, every {HOP_S:g} s. Each point stands at a window; "
            "the word with the highest curve wins there."
        )


def _which_second(sound: Waveform, best: Prediction) -> str:
    length = len(sound) / SAMPLE_RATE
    if len(sound) < CLIP_SAMPLES:
        return f"The sound is {length:.2f} s long; silence was added to make it one second."
    if len(sound) == CLIP_SAMPLES:
        return "The sound is one second long."
    return f"Of {length:.1f} s, the loudest second ({best.start_s:.2f} to {best.end_s:.2f} s) was heard."


def _one_second(sound: Waveform, best: Prediction, filters: Filters) -> None:
    words, mel = st.columns(2)
    with words:
        show_figure(figures.ranked_words(best), "live.words")
        st.caption("What it could have been, most probable first. All twelve add up to 100 %.")
    with mel:
        show_figure(log_mel_figure(best.log_mel, filters, best.start_s), "live.log_mel")
        st.caption("What the model sees of it: bright is loud, low tones are at the bottom.")
    longer = len(sound) > CLIP_SAMPLES
    marked = (best.start_s, best.end_s) if longer else None
    show_figure(figures.waveform(sound, SAMPLE_RATE, marked=marked), "live.waveform")
    st.caption("The sound over time." + (" Shaded: the second that was heard." if longer else ""))
