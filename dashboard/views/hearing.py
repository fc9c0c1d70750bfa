"""Which sound is listened to through the filters, and the players that make the filters audible."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.config import KEYWORDS, SAMPLE_RATE
from core.data import recordings
from core.data.demo import DEMO_FOLDER
from core.data.pack import Pack
from core.frontend import resynthesis as hearing
from core.frontend.mel_scale import filter_bands
from core.records.arrays import Waveform
from core.records.filters import Filters
from core.runs import RunState
from core.sound.wav import as_recorded, as_wav
from core.sound.word_second import word_second
from dashboard.shared import cache, clip_choice, clip_player
from dashboard.shared.widgets import choose, show_notes
from dashboard.shared.wording import as_code, percent, plain, utc_moment
from dashboard.views.live.own_recordings import title as truth_title

SOURCES = {"dataset": "A clip of the dataset", "upload": "Upload a file", "own": "My own recordings"}

BAND = "hearing.band"
"""Number of the filter that is listened through."""

FIRST_BAND = 10


def choose_sound() -> Waveform | None:
    """One second of sound, or None after saying how to get one.

    Raises:
        AudioError: If an upload cannot be read.
    """
    source = choose("Sound", SOURCES, "hearing.source")
    if source == "upload":
        return _upload()
    if source == "own":
        return _own()
    pack = clip_choice.dataset()
    return _demo_word() if pack is None else _of_dataset(pack)


def _of_dataset(pack: Pack) -> Waveform:
    """Any clip, by split, word and number."""
    row = clip_player.choose(pack, "hearing", "official", "yes")
    st.caption(f"{as_code(pack.files[row])} · {plain(pack.title)}")
    return pack.clip(row)


def _demo_word() -> Waveform:
    """A word that comes with the project, while no dataset is ready."""
    spoken = st.selectbox("Word", ("yes", *(name for name in KEYWORDS if name != "yes")), key="hearing.demo")
    st.caption("A synthetic voice of the demo words. Prepare a dataset on the Data page to choose among all its clips.")
    file = DEMO_FOLDER / f"{spoken}.ogg"
    return word_second(cache.sound(file.read_bytes(), file.name).waveform[:SAMPLE_RATE])[0]


def _upload() -> Waveform | None:
    # No list of types: the content decides, and the browser's list would grey out files that work.
    file = st.file_uploader("WAV, FLAC, OGG, MP3, WebM, M4A and most other sound files", key="hearing.file")
    if file is None:
        st.info("Upload a recording; the second that holds its word is used.", icon=":material/upload:")
        return None
    read = cache.sound(file.getvalue(), file.name)
    show_notes(read)
    sound, start = word_second(read.waveform)
    st.caption(f"The second of {plain(file.name)} that most likely holds a word, from {start / SAMPLE_RATE:.2f} s on.")
    return sound


def _own() -> Waveform | None:
    found = [one for one in recordings.all_recordings().recordings if one.has_sound]
    if not found:
        st.info(f"There are none yet. {recordings.HOW_TO_GET_THEM}", icon=":material/mic:")
        return None
    titles = [f"{truth_title(one.truth) or 'not said yet'} · {utc_moment(one.utc)}" for one in found]
    number = st.selectbox("Recording", range(len(found)), format_func=titles.__getitem__, key="hearing.own")
    return word_second(cache.sound(recordings.wav(found[number].id), "the recording").waveform)[0]


# The filter that is listened through


def band(filters: Filters) -> int:
    """Its number."""
    n_mels = len(filters.initial.mel_basis)
    if st.session_state.get(BAND) not in range(n_mels):
        st.session_state[BAND] = min(FIRST_BAND, n_mels - 1)
    number: int = st.session_state[BAND]
    return number


def pick(number: object) -> None:
    """A click on the gains chooses a filter."""
    if isinstance(number, int | float):
        st.session_state[BAND] = int(number)


def choose_band(filters: Filters) -> int:
    """The same by a slider."""
    band(filters)
    number: int = st.slider("Filter", 0, len(filters.initial.mel_basis) - 1, key=BAND)
    return number


def play_filter(clip: Waveform, filters: Filters, number: int) -> None:
    """A clip through one filter, initial and learned, and what to listen for."""
    sounds = [hearing.through_filter(clip, filters, which, number) for which in ("initial", "learned")]
    _players(clip, sounds, "through the filter")
    places = []
    for which in ("initial", "learned"):
        low, _, high = filter_bands(getattr(filters, which).mel_basis[number : number + 1], filters.sample_rate)
        if np.isfinite(low[0]):
            places.append(f"from {low[0]:,.0f} to {high[0]:,.0f} Hz with the {which} filter")
        else:
            places.append(f"nowhere with the {which} filter, which is silent")
    st.caption(
        "One filter alone: a word becomes a murmur at one pitch, loud where the voice has a tone there, and the model "
        f"only gets how loud it is. The middle half of its weight reaches {' and '.join(places)}."
        + _outside(sounds, filters, number)
    )


def _outside(sounds: list[Waveform], filters: Filters, number: int) -> str:
    """How much of what comes through was not meant to."""
    shares = [hearing.share_outside(sound, filters, number) for sound in sounds]
    if None in shares:
        return ""
    return (
        f" Of what comes through in this clip, {percent(shares[0])} lies outside the initial band with the initial "
        f"filter, and {percent(shares[1])} with the learned one: that part you hear as other tones or as hiss."
    )


def play_all(run: RunState, clip: Waveform, device: str) -> None:
    """A clip made again from all filters, initial and learned, and what to listen for."""
    sounds = list(cache.resynthesis(run.folder, device, clip))
    _players(clip, sounds, "made again")
    st.caption(
        "Made from the mel spectrum alone: pitch and roughness of the voice are lost, since a filter adds up "
        "neighbouring tones, and phases are guessed (Griffin and Lim, 1984). What you still understand, the model can "
        "use; where “learned” is harder to understand than “initial”, the learned filters pass less on or pass it on "
        "in another form. Gain is not heard: the inversion undoes it."
    )


def _players(clip: Waveform, sounds: list[Waveform], how: str) -> None:
    """Three players at one loudness."""
    titles = ("Original", f"Initial, {how}", f"Learned, {how}")
    for column, title, sound in zip(st.columns(3), titles, [clip, *sounds], strict=True):
        with column:
            st.markdown(f"**{title}**")
            matched = hearing.loudness_matched(sound)
            # Given an array, Streamlit would bring each to the same peak.
            st.audio(as_wav(as_recorded(matched)))
            if not matched.any():
                st.caption("Silence: nothing comes through.")
    st.caption("All three are played equally loud.")
