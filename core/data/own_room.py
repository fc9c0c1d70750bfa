"""The room that you are in: its noise, kept second by second beside the recordings of your own, to fit a model to."""

from __future__ import annotations

from pathlib import Path

from core.data import kept_clips
from core.data.recordings import recordings_folder
from core.errors import DataError
from core.records.arrays import Waveform

FOLDER = "room"
"""The folder among the recordings of your own."""


def own_room_folder() -> Path:
    """Where it is kept; it may not be there yet.

    Raises:
        DataError: If there can be no folder of recordings (see ``recordings_folder``).
    """
    return recordings_folder() / FOLDER


def seconds() -> list[Path]:
    """The seconds that are kept.

    Raises:
        DataError: If the folder cannot be read.
    """
    try:
        return sorted(kept_clips.files_in(own_room_folder()))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{own_room_folder()} cannot be read ({error.strerror}). Make it readable.") from error


def add(waveform: Waveform) -> int:
    """Keep the seconds of a recording; answers how many are new.

    Raises:
        AudioError: If it is shorter than a second.
        WriteError: If one cannot be written.
    """
    return kept_clips.add_seconds(waveform, own_room_folder())


def forget() -> None:
    """Delete all of them, as when the room is another one.

    Raises:
        WriteError: If one cannot be deleted.
    """
    for path in seconds():
        kept_clips.remove(path)
