"""How ``classify`` and ``detect`` read the files they are given, and say what was in them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.commands.options import add_run, progress_bar
from core.commands.output import note
from core.config import SAMPLE_RATE
from core.errors import AudioError
from core.files.paths import path_from
from core.files.strict import to_json
from core.text import printable

if TYPE_CHECKING:
    from core.sound.reading import Sound

LONG_S = 60.0
"""Seconds of sound from which reading is worth a bar."""


def add_files(parser: argparse.ArgumentParser) -> None:
    """The model, and the files that it listens to."""
    add_run(parser)
    parser.add_argument("files", metavar="FILE", nargs="+", help="sound files")


def sounds(options: argparse.Namespace, unread: list[str]) -> Iterator[tuple[str, Sound]]:
    """Each file with its sound; those that cannot be read are told, and added to ``unread``."""
    for file in options.files:
        try:
            sound = _read(file)
        except AudioError as error:
            unread.append(file)
            note(f"error: {printable(file)}: {error}")
            if options.json:
                print(to_json({"file": file, "error": str(error)}), flush=True)
        else:
            yield file, sound


def _read(file: str) -> Sound:
    """The sound of a file; what had to be done to it is said on standard error.

    Raises:
        AudioError: If it cannot be read.
    """
    from core.sound.reading import read_audio

    path = path_from(file, "FILE", AudioError)
    with _bar_of_long(f"reading {printable(path.name)}") as tell:
        sound = read_audio(path, progress=tell)
    for one in sound.notes:
        note(f"note: {printable(file)}: {one}")
    return sound


@contextmanager
def listening_bar(sound: Sound) -> Iterator[Callable[[float], None]]:
    """What is told of the seconds listened to, and draws a bar of them for a long sound."""
    all_s = len(sound.waveform) / SAMPLE_RATE
    with _bar_of_long("listening") as tell:
        yield lambda done_s: tell(min(done_s, all_s), all_s)


@contextmanager
def _bar_of_long(what: str) -> Iterator[Callable[[float, float], None]]:
    """What is told of the seconds done and of all there are, and draws a bar of them where these are many."""
    with progress_bar("s") as show:

        def tell(done_s: float, all_s: float) -> None:
            if all_s >= LONG_S:
                show(round(done_s), round(all_s), what)

        yield tell


def noted(sound: Sound) -> dict[str, list[str]]:
    """What a JSON line says of it: nothing for a plain file, so that the line stays as it was."""
    return {"notes": list(sound.notes)} if sound.notes else {}
