"""Which sound is listened to through the filters, and the players that make the filters audible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import figures
from core.config import KEYWORDS, SAMPLE_RATE
from core.data import recordings
from core.data.demo import DEMO_FOLDER
from core.data.pack import Pack
from core.frontend import resynthesis as hearing
from core.frontend.filter_facts import FilterFacts
from core.frontend.mel_scale import filter_bands
from core.frontend.resynthesis import Comparison, Which
from core.records.arrays import Waveform
from core.records.filters import Filters
from core.runs import RunState
from core.sound.wav import as_recorded, as_wav
from core.sound.word_second import word_second
from dashboard.shared import cache, clip_choice, clip_player, saving
from dashboard.shared.folds import fold
from dashboard.shared.widgets import choose, explained, show_clickable_figure, show_figure, show_notes
from dashboard.shared.wording import as_code, percent, plain, utc_moment
from dashboard.views.live.own_recordings import title as truth_title
from dashboard.views.looked_at import FILTER, choose_number

WHICH: tuple[Which, ...] = ("initial", "learned")

SOURCES = {"dataset": "A clip of the dataset", "upload": "Upload a file", "own": "My own recordings"}


@st.fragment
def draw(run: RunState, filters: Filters, facts: FilterFacts, *, learned: bool) -> None:
    """A sound, what the filters make of it, and what one of them lets through; a slider redraws this alone.

    Args:
        run: The model.
        filters: Its filters.
        facts: Their numbers.
        learned: Whether training changed anything; without, there is one side to see and to hear, not two.
    """
    with explained(), saving.part():
        top = st.container()
        clip: Waveform | None = None
        with st.container(border=True), explained():
            clip = choose_sound()
        if clip is None:
            return
        device = cache.devices()[0]
        heard = cache.heard(run.folder, device, clip)
        with top:
            picture, players = st.columns([3, 2])
        with players:
            number = choose_band(facts)
            play_filter(clip, filters, number, learned=learned)
        with picture:
            if learned:
                show_figure(figures.heard_rest(heard, filters), "hearing.rest")
                st.caption("Orange: louder than the gain alone explains; blue: quieter.")
            else:
                show_figure(figures.heard_log_mel(heard, filters, "learned"), "hearing.learned")
                st.caption("Bright is loud, low tones are at the bottom.")
        if learned:
            fold("Both side by side", "hearing.both", lambda: both(heard, filters), icon="compare")
            fold("Gain of each filter", "hearing.gain", lambda: gains(heard, filters, number), icon="bar_chart")
        fold("What the filter lets through", "hearing.response", lambda: response(filters, number), icon="show_chart")
        fold(
            "Listen to all that the filters pass on",
            "hearing.all",
            lambda: play_all(run, clip, device, learned=learned),
            icon="hearing",
        )


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
    st.caption(
        "A synthetic voice of the demo words. Prepare a dataset under Train, Data to choose among all its clips."
    )
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


# What is seen and heard of it


def both(heard: Comparison, filters: Filters) -> None:
    """The sound through the initial and through the learned filters."""
    for column, which in zip(st.columns(2), WHICH, strict=True):
        with column:
            show_figure(figures.heard_log_mel(heard, filters, which), f"hearing.{which}")
    st.caption("Bright is loud, low tones are at the bottom; both pictures have one scale.")


def gains(heard: Comparison, filters: Filters, number: int) -> None:
    """How much louder each filter became; a click chooses one."""
    show_clickable_figure(figures.heard_gain(heard, filters, chosen=number), "hearing.gains", pick)
    st.caption("How much louder a filter became as a whole. Most networks can undo it, so it alone means little.")


def response(filters: Filters, number: int) -> None:
    """Which tones the filter lets through."""
    show_figure(figures.filter_response(filters, number), "hearing.response_figure")
    st.caption("How well tones of each frequency pass, the STFT before the filter included: 20 dB less is a tenth.")


def pick(number: object) -> None:
    """A click on the gains chooses a filter."""
    if isinstance(number, int | float):
        st.session_state[FILTER] = int(number)


def choose_band(facts: FilterFacts) -> int:
    """The filter that is listened through; the same as on the page Filters."""
    return choose_number("Listen through filter", FILTER, facts, help="It opens on the filter that changed most.")


def play_filter(clip: Waveform, filters: Filters, number: int, *, learned: bool) -> None:
    """A clip through one filter, initial and learned, and what to listen for."""
    shown = WHICH if learned else WHICH[1:]
    sounds = [hearing.through_filter(clip, filters, which, number) for which in shown]
    _players(clip, sounds, "through the filter", below=True)
    with st.popover("What to listen for", icon=":material/help:"):
        st.write(_what_to_listen_for(sounds, filters, number, shown))


def _what_to_listen_for(sounds: list[Waveform], filters: Filters, number: int, shown: Sequence[Which]) -> str:
    places = []
    for which in shown:
        low, _, high = filter_bands(getattr(filters, which).mel_basis[number : number + 1], filters.sample_rate)
        if np.isfinite(low[0]):
            places.append(f"from {low[0]:,.0f} to {high[0]:,.0f} Hz with the {which} filter")
        else:
            places.append(f"nowhere with the {which} filter, which is silent")
    return (
        "One filter alone: a word becomes a murmur at one pitch, loud where the voice has a tone there, and the model "
        f"only gets how loud it is. The middle half of its weight reaches {' and '.join(places)}."
        + _outside(sounds, filters, number)
    )


def _outside(sounds: list[Waveform], filters: Filters, number: int) -> str:
    """How much of what comes through was not meant to."""
    shares = [hearing.share_outside(sound, filters, number) for sound in sounds]
    if None in shares:
        return ""
    if len(shares) == 1:
        return f" Of what comes through in this clip, {percent(shares[0])} lies outside its band."
    return (
        f" Of what comes through in this clip, {percent(shares[0])} lies outside the initial band with the initial "
        f"filter, and {percent(shares[1])} with the learned one: that part you hear as other tones or as hiss."
    )


def play_all(run: RunState, clip: Waveform, device: str, *, learned: bool) -> None:
    """A clip made again from all filters, initial and learned, and what to listen for."""
    sounds = list(cache.resynthesis(run.folder, device, clip))[0 if learned else 1 :]
    _players(clip, sounds, "made again")
    st.caption(
        "Made from the mel spectrum alone: pitch and roughness of the voice are lost, since a filter adds up "
        "neighbouring tones, and phases are guessed (Griffin and Lim, 1984). What you still understand, the model can "
        "use; where “learned” is harder to understand than “initial”, the learned filters pass less on or pass it on "
        "in another form. Gain is not heard: the inversion undoes it."
    )


def _players(clip: Waveform, sounds: list[Waveform], how: str, *, below: bool = False) -> None:
    """Players at one loudness, side by side or one below the other."""
    sides = (f"Initial, {how}", f"Learned, {how}") if len(sounds) > 1 else (how.capitalize(),)
    places = [st.container() for _ in range(3)] if below else st.columns(3)
    for place, title, sound in zip(places, ("Original", *sides), [clip, *sounds], strict=False):
        with place:
            st.markdown(f"**{title}**")
            matched = hearing.loudness_matched(sound)
            # Given an array, Streamlit would bring each to the same peak.
            st.audio(as_wav(as_recorded(matched)))
            if not matched.any():
                st.caption("Silence: nothing comes through.")
    st.caption("All are played equally loud.")
