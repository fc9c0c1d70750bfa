"""Recordings of your own on a page: the question beside a detection, a word that was missed, and the list of them.

What was answered stands in the session, and what was kept in the folder, so nothing is lost when a page runs again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from core.config import KEYWORDS, SILENCE_LABEL, UNKNOWN_LABEL
from core.data import own_words, recordings
from core.data.recordings import Recording
from core.errors import DataError
from core.records.answers import Detection
from core.records.arrays import Waveform
from core.sound.reading import read_audio
from core.sound.wav import as_recorded
from core.sound.word_second import word_second
from dashboard.shared import clip_choice, failures, picker, saving, state
from dashboard.shared.widgets import explained
from dashboard.shared.wording import as_code, clips, percent, plain, utc_moment, word
from dashboard.views.live import own_word


def truths(*more: str) -> list[str]:
    """What a clip can really be, in the order of the menus: the words of the model that is looked at, and ``more``."""
    run = picker.chosen_model()
    words = KEYWORDS if run is None else clip_choice.vocabulary_of(run).words
    return list(dict.fromkeys((*words, *filter(None, more), UNKNOWN_LABEL, SILENCE_LABEL)))


RECENT_S = 3.0
"""Seconds of sound in which a missed word is looked for: it is over before anybody can press a button."""

PAGE_ROWS = 8
"""Recordings listed at once."""

MISSED, LIST = "missed.", "list"
"""Places of what was asked for, beside those of the detections; missed words are counted."""


class Answer(NamedTuple):
    """What was kept for a question."""

    id: str
    """The recording; empty where it is learned from now."""
    truth: str


def feedback(number: int, model: str, detection: Detection, clip: Waveform) -> None:
    """Beside a detection: was that right? Keeps its clip with the answer; a kept one can be taken back.

    Args:
        number: The detection's number in its stream.
        model: Name of the model that heard it.
        detection: What it heard.
        clip: The second that fired, (16000,).
    """
    _draw_list_again()
    place = _place(number, detection)
    answer = _answers().get(place)
    with st.container(horizontal=True, vertical_alignment="center"):
        if answer is not None:
            _kept(place, answer)
        else:
            known = (place, lambda: clip, model, detection.word, detection.score)
            others, menu = [label for label in truths() if label != detection.word], f"recordings.no.{place}"
            st.markdown("Was that right?", width="content")
            st.button("Yes", key=f"recordings.yes.{place}", on_click=_keep, args=(*known, detection.word))
            st.menu_button(
                "No, it was …", others, format_func=title, key=menu, on_click=_keep_as_chosen, args=(*known, menu)
            )
    failures.show(place)


def is_answered(number: int, detection: Detection) -> bool:
    """Whether the clip of a detection was kept with an answer."""
    return _place(number, detection) in _answers()


def _place(number: int, detection: Detection) -> str:
    # A new stream counts from the beginning, so the number alone does not name the detection.
    return f"{number}.{round(1000 * detection.heard_s)}"


def missed(model: str, recent: Callable[[], Waveform]) -> None:
    """For a word that was said and not detected: keeps it first, so that it is not lost, and then asks what it was.

    Args:
        model: Name of the model that listened.
        recent: Gives the last ``RECENT_S`` seconds of sound (16 kHz), at the moment when the button is pressed.
    """
    _draw_list_again()
    place = next((place for place in reversed(_answers()) if place.startswith(MISSED)), f"{MISSED}0")
    answer = _answers().get(place)
    if answer is not None and not answer.truth:
        _ask_what_was_missed(place, answer)
        return
    # Each word has a place of its own, so that a click that Streamlit reports twice still keeps it once.
    new = place if answer is None else f"{MISSED}{int(place.removeprefix(MISSED)) + 1}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save the last second",
            key=f"recordings.{new}",
            icon=":material/save:",
            on_click=_keep,
            args=(new, lambda: word_second(recent())[0], model, "", None, ""),
            help=f"For a word that was missed: keeps the second of the last {RECENT_S:g} in which something was said, "
            "and asks what it was.",
        )
        if answer is not None:
            _kept(place, answer)
    failures.show(new)


@st.fragment
def panel() -> None:
    """Everything that was kept: played, corrected, deleted, exported; and where it is."""
    with explained():
        found = recordings.all_recordings()
        total = len(found.recordings)
        if total:
            _summary(found.recordings)
            for recording in _shown_page(found.recordings):
                _row(recording)
        else:
            st.write(f"None yet. {recordings.HOW_TO_KEEP_THEM} Nothing is recorded unless you ask for it.")
        failures.show(LIST)
        if found.problems:
            with st.expander(f"Files that need a look ({len(found.problems)})", icon=":material/warning:"):
                st.dataframe([vars(problem) for problem in found.problems], hide_index=True)
        if total:
            _all_at_once(found.recordings)
        st.caption(f"Folder: `{found.folder}` on the computer that runs this dashboard.")


def title(label: str) -> str:
    """A truth as a person chooses it.

    >>> title("yes"), title("_unknown_"), title("_silence_")
    ('yes', 'unknown word', 'silence, no word')
    """
    return {UNKNOWN_LABEL: "unknown word", SILENCE_LABEL: "silence, no word"}.get(label, label)


# The questions


def _kept(place: str, answer: Answer) -> None:
    if not answer.id:
        st.markdown(f":material/check: One more recording to learn **{title(answer.truth)}** from", width="content")
        return
    st.markdown(f":material/check: Saved as **{title(answer.truth)}**", width="content")
    if place.startswith(MISSED) and answer.truth in own_word.names():
        st.button(
            "Learn from it",
            key=f"recordings.learn.{place}",
            type="tertiary",
            on_click=_learn,
            args=(place, answer),
            help="Makes it a recording that Own words learns from; it is then none to test on.",
        )
    st.button("Undo", key=f"recordings.undo.{place}", type="tertiary", on_click=_undo, args=(place, answer.id))


def _ask_what_was_missed(place: str, answer: Answer) -> None:
    try:
        sound = recordings.wav(answer.id)
    except DataError:
        # Deleted meanwhile.
        del _answers()[place]
        return
    menu = f"recordings.truth.{place}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.audio(sound, width=260)
        st.menu_button(
            "It was …",
            truths(),
            format_func=title,
            key=menu,
            type="primary",
            on_click=_say_what_was_missed,
            args=(place, answer.id, menu),
        )
        st.button("Discard", key=f"recordings.undo.{place}", type="tertiary", on_click=_undo, args=(place, answer.id))
    failures.show(place)


# What buttons do: before the page runs again, so it shows what is then true


def _keep(place: str, clip: Callable[[], Waveform], model: str, heard: str, score: float | None, truth: str) -> None:
    with failures.kept(place):
        # A second click finds the answer of the first.
        if place not in _answers():
            kept = recordings.add(clip(), model=model, word=heard, score=score, truth=truth)
            _answers()[place] = Answer(kept.id, truth)
            st.session_state[state.CHANGED] = True


def _keep_as_chosen(
    place: str, clip: Callable[[], Waveform], model: str, heard: str, score: float | None, menu: str
) -> None:
    _keep(place, clip, model, heard, score, st.session_state[menu])


def _say_what_was_missed(place: str, id_: str, menu: str) -> None:
    with failures.kept(place):
        _relabel(id_, st.session_state[menu])
        st.session_state[state.CHANGED] = True


def _learn(place: str, answer: Answer) -> None:
    with failures.kept(place):
        sound = read_audio(recordings.wav(answer.id), name="The recording").waveform
        own_words.keep(answer.truth, as_recorded(sound))
        recordings.remove(answer.id)
        _answers()[place] = Answer("", answer.truth)
        st.session_state[state.CHANGED] = True


def _undo(place: str, id_: str) -> None:
    with failures.kept(place):
        _remove(id_)
        st.session_state[state.CHANGED] = True


def _relabel_in_list(id_: str, select: str) -> None:
    with failures.kept(LIST):
        _relabel(id_, st.session_state[select])


def _remove_from_list(*ids: str) -> None:
    with failures.kept(LIST):
        _remove(*ids)


def _relabel(id_: str, truth: str) -> None:
    recordings.relabel(id_, truth)
    for place, answer in _answers().items():
        if answer.id == id_:
            _answers()[place] = Answer(id_, truth)


def _remove(*ids: str) -> None:
    recordings.remove(*ids)
    for place in [place for place, answer in _answers().items() if answer.id in ids]:
        del _answers()[place]


def _answers() -> dict[str, Answer]:
    return st.session_state[state.ANSWERS]


def _draw_list_again() -> None:
    """The questions may stand in a fragment of their own; then the list outside runs only with the whole page."""
    if st.session_state[state.CHANGED]:
        st.session_state[state.CHANGED] = False
        st.rerun()


# The list


def _summary(found: tuple[Recording, ...]) -> None:
    waiting = sum(not recording.truth for recording in found)
    st.caption(
        f"{clips(len(found))}, newest first. On the Score page, any model can be measured on what you kept."
        + (f" {waiting} cannot be used before you say what was spoken." if waiting else "")
    )


def _shown_page(found: tuple[Recording, ...]) -> tuple[Recording, ...]:
    n_pages = -(-len(found) // PAGE_ROWS)
    page = st.pagination(n_pages, key="recordings.page") if n_pages > 1 else 1
    return found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]


def _row(recording: Recording) -> None:
    with st.container(border=True):
        about, player, truth, delete = st.columns([3, 4, 3, 1], vertical_alignment="center")
        heard = f"heard **{word(recording.word)}**" if recording.word else "heard no word"
        sure = f" ({percent(recording.score)})" if recording.score is not None else ""
        what = f"{as_code(recording.model)} {heard}{sure}" if recording.model else "Found in the folder"
        about.markdown(f"{what}  \n:small[:gray[{utc_moment(recording.utc)}]]")
        try:
            player.audio(recordings.wav(recording.id))
        except DataError as error:
            player.caption(plain(error))
        select = f"recordings.truth.{recording.id}"
        # The table decides, also after another session changed it or a change could not be saved.
        st.session_state[select] = recording.truth or None
        truth.selectbox(
            "What was said",
            truths(recording.truth),
            index=None,
            format_func=title,
            key=select,
            required=True,
            placeholder="What was said?",
            label_visibility="collapsed",
            on_change=_relabel_in_list,
            args=(recording.id, select),
        )
        delete.button(
            "Delete",
            key=f"recordings.delete.{recording.id}",
            type="tertiary",
            on_click=_remove_from_list,
            args=(recording.id,),
        )


def _all_at_once(found: tuple[Recording, ...]) -> None:
    with st.container(horizontal=True):
        saving.button(
            "Export as zip",
            recordings.export,
            "earshot-recordings.zip",
            "recordings.export",
            note="All WAV files and the table that says what they are.",
        )
        with st.popover("Delete all …", icon=":material/delete_forever:"):
            st.write(f"This deletes {clips(len(found))} and their rows for good.")
            st.button(
                f"Delete {clips(len(found))}",
                key="recordings.delete_all",
                type="primary",
                on_click=_remove_from_list,
                args=[recording.id for recording in found],
            )
