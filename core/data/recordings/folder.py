"""The folder of the recordings is all there is: ``recordings.csv`` has a row a clip, ``<id>.wav`` its sound.

Files are written whole or not at all, their names are made here alone, and sessions that write at once take turns.
What does not fit together (a WAV without a row, a row without a WAV, a line that is no row) is told, and never thrown
away unasked.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SILENCE_LABEL, UNKNOWN_LABEL
from core.data.recordings.table import (
    DAMAGED_SIGN,
    KEPT_TABLE,
    TABLE,
    Recording,
    Table,
    csv_of,
    is_id,
    is_label,
    new_id,
)
from core.data.sound_file import read_sound
from core.errors import AudioError, ConfigError, DataError
from core.files.paths import path_from, path_in_environment
from core.files.writing import clear_leftovers, write_bytes
from core.records.arrays import Waveform
from core.records.data import Problem
from core.sound.wav import as_recorded, as_wav

LONGEST_MODEL_NAME = 200

TURN_S = 10.0
"""Seconds to wait for another session that is writing."""


@dataclass(frozen=True)
class Collection:
    """What is in the folder: the clips, newest first, and what does not fit together."""

    folder: Path
    recordings: tuple[Recording, ...]
    problems: tuple[Problem, ...]


def recordings_folder() -> Path:
    """Where they are kept: the folder that ``KWS_RECORDINGS`` names, else ``earshot-recordings`` in the user's home.

    Raises:
        DataError: If no folder can have the name in ``KWS_RECORDINGS``, or the user has no home.
    """
    usual = "~/earshot-recordings", "KWS_RECORDINGS is not set; the usual folder"
    return path_in_environment("KWS_RECORDINGS", DataError) or path_from(*usual, DataError)


def all_recordings() -> Collection:
    """What is in the folder now; a folder that does not exist yet is an empty one.

    Raises:
        DataError: If the folder cannot be read.
    """
    folder = recordings_folder()
    with _explained("read", folder):
        names = {name for name, _, _ in _files(folder)}
        table = Table.read(folder)
        # A clip's sound is there before its row: what was added since the files were listed is found too.
        gone = [row for row in table.rows.values() if row.file not in names and not (folder / row.file).is_file()]
    rows = table.rows | {row.id: replace(row, has_sound=False) for row in gone}
    problems = list(table.problems())
    problems += [Problem(row.file, "the file is gone", "not used") for row in gone]
    for name in sorted(names):
        id_ = name.removesuffix(".wav")
        if name.startswith(KEPT_TABLE):
            problems.append(Problem(name, "an earlier table with lines that cannot be read", "kept as it was"))
        elif name.endswith(".wav") and not is_id(id_):
            problems.append(Problem(name, "it was not saved here", "left alone"))
        elif name.endswith(".wav") and id_ not in rows:
            rows[id_] = Recording(id_)
            problems.append(Problem(name, "it has no row in the table", "used as soon as you say what it is"))
    return Collection(folder, tuple(rows[id_] for id_ in sorted(rows, reverse=True)), tuple(problems))


def stamp() -> tuple[tuple[str, int, int], ...]:
    """Name, time of change (ns) and size of every file in the folder: differs when anything in it changed.

    Raises:
        DataError: If the folder cannot be read.
    """
    folder = recordings_folder()
    with _explained("read", folder):
        return ((str(folder), 0, 0), *sorted(_files(folder)))


def add(clip: Waveform, *, model: str, word: str, score: float | None, truth: str) -> Recording:
    """Keep a clip.

    Args:
        clip: At most one second at 16 kHz, -1 to 1, shape (n,).
        model: Name of the model that listened.
        word: The label it heard; empty if it heard none.
        score: How sure it was, 0 to 1; None if it heard nothing.
        truth: The label of what was said; empty if that will be told later.

    Raises:
        AudioError: If the clip is no such sound.
        ConfigError: If there is no such label or score.
        DataError: If it cannot be written; then nothing of it is kept, and nothing else is changed.
    """
    content = as_wav(_samples(clip))
    recording = Recording(new_id(), _name(model), word, score, truth)
    if not recording.is_possible:
        raise ConfigError(
            f"No recording can have the word {word!r}, the score {score!r} and the truth {truth!r}: a label is a "
            f"word, {SILENCE_LABEL}, {UNKNOWN_LABEL} or empty, a score a number from 0 to 1 or None."
        )
    with _changing() as (folder, table):
        path = folder / recording.file
        write_bytes(path, content)
        table.rows[recording.id] = recording
        try:
            table.write(folder)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
    return recording


def relabel(id_: str, truth: str) -> None:
    """Say what a clip really is; one without a row gets one.

    Raises:
        ConfigError: If ``truth`` is no label.
        DataError: If the clip is gone, or the table cannot be written; then nothing is changed.
    """
    if not is_label(truth):
        raise ConfigError(f"{truth!r} is no label; a label is a word, {SILENCE_LABEL} or {UNKNOWN_LABEL}.")
    name = _file(id_)
    with _changing() as (folder, table):
        row = table.rows.get(id_)
        if row is None and not (folder / name).is_file():
            raise DataError(f"The recording {id_} is gone; it was deleted meanwhile.")
        table.rows[id_] = replace(row or Recording(id_), truth=truth)
        table.write(folder)


def remove(*ids: str) -> None:
    """Delete clips, sound and row; ids that are not there are no error.

    Raises:
        DataError: If they cannot be deleted.
    """
    names = [_file(id_) for id_ in ids]
    with _changing() as (folder, table):
        # The sound goes first: on a full disk that makes room for the new table.
        for name in names:
            (folder / name).unlink(missing_ok=True)
        table.rows = {id_: row for id_, row in table.rows.items() if id_ not in ids}
        table.write(folder)


def wav(id_: str) -> bytes:
    """The sound of a clip as a WAV file, to be played.

    Raises:
        DataError: If its file is gone or damaged.
    """
    name = _file(id_)
    samples, problem = read_sound(str(recordings_folder() / name), name)
    if samples is None:
        raise DataError(f"{name} cannot be played: {problem.what if problem else 'it is no sound'}.")
    return as_wav(samples)


def export() -> bytes:
    """All clips as a zip: the WAVs and the table.

    Raises:
        DataError: If the folder cannot be read.
    """
    collection = all_recordings()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive, _explained("read", collection.folder):
        archive.writestr(f"earshot-recordings/{TABLE}", csv_of(collection.recordings))
        for recording in collection.recordings:
            # One that another session deletes at this moment is simply not in it.
            with suppress(FileNotFoundError):
                sound = (collection.folder / recording.file).read_bytes()
                archive.writestr(f"earshot-recordings/{recording.file}", sound)
    return content.getvalue()


@contextmanager
def _changing() -> Iterator[tuple[Path, Table]]:
    """The folder and its table, while no other session changes them."""
    folder = recordings_folder()
    with _explained("changed", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=TURN_S):
            clear_leftovers(folder)
            yield folder, Table.read(folder)


@contextmanager
def _explained(action: str, folder: Path) -> Iterator[None]:
    """Errors of the disk in words for a person."""
    try:
        yield
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        if isinstance(error, TimeoutError):
            reason = "another program has been writing there for too long"
        raise DataError(
            f"Your recordings in {folder} cannot be {action} ({reason}). Nothing that was there is lost. Make it a "
            "folder that you may read and write, on a disk with room, or name another one in KWS_RECORDINGS and "
            "start again."
        ) from error


def _files(folder: Path) -> list[tuple[str, int, int]]:
    """Name, time of change (ns) and size of the folder's files that are not hidden; none if there is no folder."""
    found = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if not entry.name.startswith(".") and entry.is_file():
                    about = entry.stat()
                    found.append((entry.name, about.st_mtime_ns, about.st_size))
    return found


def _file(id_: str) -> str:
    """Name of a clip's WAV; an id that was not made here is refused before it touches a path."""
    if not is_id(id_):
        raise DataError(f"There is no recording {id_!r}.")
    return f"{id_}.wav"


def _name(model: str) -> str:
    """A model's name as the table can hold it: one line, without the sign that marks damage."""
    return "".join(one for one in model if one.isprintable() and one != DAMAGED_SIGN)[:LONGEST_MODEL_NAME]


def _samples(clip: Waveform) -> NDArray[np.int16]:
    """The clip in 16 bits; what came from 16 bits comes back the same."""
    if clip.ndim != 1 or not 0 < len(clip) <= CLIP_SAMPLES or not np.isfinite(clip).all():
        raise AudioError(
            f"A recording to keep has 1 to {CLIP_SAMPLES:,} samples that are numbers; this one has shape {clip.shape}. "
            "Let it listen for a moment, and try again."
        )
    return as_recorded(clip)
