"""Words of your own: a few recordings of each, kept to be enrolled.

They lie beside the recordings of your own as ``words/<word>/<hash of its samples>.wav``, each an utterance of a second,
and ``words/_other_/`` has what is none of them: a folder of words that ``enrol --words`` and ``train --data`` take.
"""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

from core.config import LONGEST_WORD, WORD_SIGNS, is_word
from core.data import kept_clips
from core.data.recordings import recordings_folder
from core.data.source import OTHER_WORD
from core.errors import AudioError, ConfigError, DataError
from core.records.arrays import Waveform
from core.sound.levels import NOTHING_RMS, rms
from core.sound.wav import as_recorded
from core.sound.word_second import second_at, utterance_seconds
from core.text import fold, shortened

FOLDER = "words"
"""The folder among the recordings of your own."""


def own_words_folder() -> Path:
    """Where they are kept; it may not be there yet.

    Raises:
        DataError: If there can be no folder of recordings (see ``recordings_folder``).
    """
    return recordings_folder() / FOLDER


def checked(word: str) -> str:
    """A word as its folder is called.

    Raises:
        ConfigError: If no folder of a word can have that name.

    >>> checked("  Hey Computer ")
    'hey computer'
    """
    name = fold(word.strip())
    if not is_word(name):
        raise ConfigError(
            f"{shortened(word)!r} cannot be a word: it has at most {LONGEST_WORD} letters and digits, begins with one, "
            f"and has no other signs than {' '.join(WORD_SIGNS.strip())} and spaces."
        )
    return name


def all_words() -> dict[str, list[Path]]:
    """The recordings of each word, oldest first; ``_other_`` has what is none of them.

    Raises:
        DataError: If the folder cannot be read.
    """
    try:
        found = {place.name: _recordings(place) for place in _places()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(error) from error
    return {word: files for word, files in found.items() if files}


def add_take(word: str, waveform: Waveform) -> int:
    """Keep the utterances of a take, each whole or not at all and none twice; answers how many are new.

    Args:
        word: What is said in it, again and again.
        waveform: The take, 16 kHz, -1 to 1, (n,).

    Raises:
        AudioError: If nothing is said in it.
        ConfigError: If it can be no word.
        WriteError: If one cannot be written.
    """
    name = checked(word)
    starts = utterance_seconds(waveform)
    clips = [
        as_recorded(second_at(waveform, start)) for start in starts if rms(second_at(waveform, start)) > NOTHING_RMS
    ]
    if not clips:
        raise AudioError("Nothing is to be heard in it. Choose another microphone, or speak louder, and record again.")
    return kept_clips.add(clips, own_words_folder() / name)


def keep(word: str, clip: kept_clips.Clip) -> None:
    """Keep a second in which a word was heard, unless it is there.

    Raises:
        ConfigError: If it can be no word.
        WriteError: If it cannot be written.
    """
    kept_clips.add([clip], own_words_folder() / checked(word))


def kept_as(clip: kept_clips.Clip) -> tuple[Path, ...]:
    """The recordings that a second is kept as, whatever the words.

    Raises:
        DataError: If the folder cannot be read.
    """
    name = kept_clips.path_of(clip, own_words_folder()).name
    try:
        return tuple(place / name for place in _places() if (place / name).exists())
    except OSError as error:
        raise _unreadable(error) from error


def take_back(clip: kept_clips.Clip) -> None:
    """Delete a second, whatever it is kept as.

    Raises:
        WriteError: If it cannot be deleted.
    """
    remove(*kept_as(clip))


def add_background(waveform: Waveform) -> int:
    """Keep the seconds of a take in which none of the words is said; answers how many are new.

    Raises:
        AudioError: If it is shorter than a second.
        WriteError: If one cannot be written.
    """
    return kept_clips.add_seconds(waveform, own_words_folder() / OTHER_WORD)


def content(recording: Path) -> bytes:
    """A recording as WAV.

    Raises:
        DataError: If it is gone.
    """
    try:
        return recording.read_bytes()
    except OSError as error:
        raise DataError(f"{recording.name} cannot be read ({error.strerror}).") from error


def remove(*recordings: Path) -> None:
    """Delete recordings, and the folder of a word that has none left; those that are gone are no error.

    Raises:
        WriteError: If one cannot be deleted.
    """
    folder = own_words_folder()
    for path in recordings:
        if path.parent.parent != folder or not kept_clips.NAME.fullmatch(path.name):
            raise DataError(f"{path} is no recording that was kept here; nothing was deleted.")
        kept_clips.remove(path)
        with suppress(OSError):
            path.parent.rmdir()


def export() -> bytes:
    """All of them in a zip, in the layout of their folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for word, files in all_words().items():
            for path in files:
                archive.writestr(f"{FOLDER}/{word}/{path.name}", content(path))
    return buffer.getvalue()


def _places() -> list[Path]:
    """The folders of the words, in order; none where there is no folder for them yet."""
    try:
        found = [one for one in own_words_folder().iterdir() if one.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(one for one in found if one.name == OTHER_WORD or is_word(one.name))


def _unreadable(error: OSError) -> DataError:
    return DataError(f"Your words in {own_words_folder()} cannot be read ({error.strerror}). Make the folder readable.")


def _recordings(place: Path) -> list[Path]:
    return sorted(kept_clips.files_in(place), key=lambda path: (path.stat().st_mtime_ns, path.name))
