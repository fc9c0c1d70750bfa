"""A sound in, the model's answer out: ranked words, what it saw, and for longer sounds every word along the way."""

from __future__ import annotations

import streamlit as st

from core import figures
from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.data import near_misses
from core.records.answers import Prediction, WordsAlong
from core.records.arrays import Waveform
from core.records.filters import Filters
from core.runs import RunState
from dashboard.shared import cache, state
from dashboard.shared.clip_player import log_mel_figure
from dashboard.shared.device_choice import choose_device
from dashboard.shared.widgets import explained, show_figure, show_notes
from dashboard.shared.wording import device as device_name
from dashboard.shared.wording import percent, plain, word
from dashboard.views.live import near_miss
from dashboard.views.live.choices import choose_basis

MOST_KEPT_BYTES = 20 * 2**20
"""A larger file is not kept while the page is left: it has to be given again."""

AROUND_S = 0.2
"""Seconds that are played before and after a detected word."""

MOST_NAMED = 12
"""Words named in the heading, and detections offered at once."""


def panel(run: RunState, way: str) -> None:
    """Takes a recorded or uploaded sound, and says what the model hears in it.

    Raises:
        AudioError: If the sound cannot be read.
        CheckpointError: If the model cannot be loaded.
    """
    device = choose_device("live.device") if len(cache.devices()) > 1 else cache.devices()[0]
    sound = choose_sound(way)
    if sound is None:
        st.info("Record yourself or upload a file, and the answer appears here.", icon=":material/mic:")
        return
    st.fragment(answer)(run, device, *sound, one_word=way == "record")


def choose_sound(way: str) -> tuple[bytes, str] | None:
    """Content and name of a recorded or uploaded sound; one that was given before leaving the page is still there."""
    key = "live.recording" if way == "record" else "live.file"
    if way == "record":
        file = st.audio_input(
            "Press the microphone, say a word, press again", key=key, on_change=_keep, args=(key, "The recording")
        )
        name = "The recording"
    else:
        # No list of types: the content decides, and the browser's list would grey out files that work.
        file = st.file_uploader(
            "WAV, FLAC, OGG, MP3, WebM, M4A and most other sound files", key=key, on_change=_keep, args=(key, "")
        )
        name = file.name if file else ""
    if file:
        return file.getvalue(), name
    kept = st.session_state[state.SOUNDS].get(key)
    if kept is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Still here: {plain(kept[1])}.")
        st.button("Remove it", key=f"{key}.remove", icon=":material/close:", on_click=_forget, args=(key,))
    return kept


def _keep(key: str, name: str) -> None:
    """Keep what was just given, for the time that the page is left; whatever was there before goes, in any case."""
    file = st.session_state[key]
    _forget(key)
    if file is not None and file.size <= MOST_KEPT_BYTES:
        st.session_state[state.SOUNDS][key] = (file.getvalue(), name or file.name)


def _forget(key: str) -> None:
    st.session_state[state.SOUNDS].pop(key, None)


def answer(run: RunState, device: str, content: bytes, name: str, *, one_word: bool) -> None:
    """What the model hears in a sound, through the filters chosen; ``one_word`` says that a person was asked for one.

    An error that is meant for people is shown in its place.
    """
    with explained():
        read = cache.sound(content, name)
        filters = cache.filters(run.folder)
        basis = choose_basis() if filters.setting != "A" else "learned"
        best, along = cache.answer(run.folder, device, read, one_word=one_word, basis=basis)
        through = " through textbook filters" if basis == "initial" else ""
        st.subheader(f"I hear{through}: {_words(along) if along else f'{word(best.label)} ({percent(best.score)})'}")
        st.audio(content)
        show_notes(read)
        st.caption(f"{_what_was_heard(read.waveform, best, along)} Computed on the {device_name(device)}.")
        if along:
            _along(along, read.waveform)
        _one_second(read.waveform, best, filters)


def _words(along: WordsAlong) -> str:
    """The detected words, in the order in which they were said."""
    said = [word(one.word) for one in along.detections]
    more = f" … and {len(said) - MOST_NAMED:,} more" if len(said) > MOST_NAMED else ""
    return f"{', '.join(said[:MOST_NAMED])}{more}" if said else "no word"


def _what_was_heard(sound: Waveform, best: Prediction, along: WordsAlong | None) -> str:
    length = len(sound) / SAMPLE_RATE
    span = f"({best.start_s:.2f} to {best.end_s:.2f} s)"
    if len(sound) < CLIP_SAMPLES:
        return f"The sound is {length:.2f} s long; silence was added to make it one second."
    if len(sound) == CLIP_SAMPLES:
        return "The sound is one second long."
    if along is None:
        return f"Of {length:.1f} s, the second with the word {span} was heard."
    if along.detections:
        return f"All of the {length:.1f} s was heard. The surest word is {word(best.label)} {span}."
    return f"All of the {length:.1f} s was heard, and no word was sure enough. The nearest to one lies at {span}."


def _along(along: WordsAlong, sound: Waveform) -> None:
    """Every word that was detected, on a line of time, each to be played, and in a table."""
    show_figure(figures.word_timeline(along), "live.timeline")
    if not along.detections:
        return
    _play(along, sound)
    with st.expander("As numbers", icon=":material/table:"):
        st.dataframe(
            [
                {"Time (s)": f"{one.start_s:.2f}–{one.end_s:.2f}", "Word": word(one.word), "Sure": percent(one.score)}
                for one in along.detections
            ],
            hide_index=True,
            height="content" if len(along.detections) <= MOST_NAMED else 400,
        )


def _play(along: WordsAlong, sound: Waveform) -> None:
    """The detections in a row; the one that is chosen is played."""
    n_pages = -(-len(along.detections) // MOST_NAMED)
    page = st.pagination(n_pages, key="live.detections") if n_pages > 1 else 1
    numbers = range(len(along.detections))[(page - 1) * MOST_NAMED : page * MOST_NAMED]
    said = {
        number: f":material/play_arrow: {one.start_s:.1f} s **{word(one.word)}** {100 * one.score:.0f} %"
        for number, one in enumerate(along.detections)
    }
    chosen = st.pills("Play a detection", numbers, format_func=said.__getitem__, key="live.detection")
    if chosen is None:
        return
    one = along.detections[chosen]
    begin, end = (round(SAMPLE_RATE * second) for second in (one.start_s - AROUND_S, one.end_s + AROUND_S))
    st.audio(sound[max(0, begin) : end], sample_rate=SAMPLE_RATE, autoplay=True)
    near_miss.offer(f"file.{chosen}", near_misses.cuts(sound, one.heard_s))


def _one_second(sound: Waveform, best: Prediction, filters: Filters) -> None:
    words, mel = st.columns(2)
    with words:
        show_figure(figures.ranked_words(best), "live.words")
        st.caption("What it could have been, most probable first. All its answers add up to 100 %.")
    with mel:
        show_figure(log_mel_figure(best.log_mel, filters, best.start_s), "live.log_mel")
        st.caption("What the model sees of it: bright is loud, low tones are at the bottom.")
    longer = len(sound) > CLIP_SAMPLES
    marked = (best.start_s, best.end_s) if longer else None
    show_figure(figures.waveform(sound, SAMPLE_RATE, marked=marked), "live.waveform")
    st.caption("The sound over time." + (" Shaded: the second above." if longer else ""))
