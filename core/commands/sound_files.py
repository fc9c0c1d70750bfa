"""How ``classify`` and ``detect`` read the files they are given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.sound.reading import Sound


def read(file: Path) -> Sound:
    """The sound of a file; what had to be done to it is said on standard error.

    Raises:
        AudioError: If it cannot be read.
    """
    from core.sound.reading import read_audio

    sound = read_audio(file)
    for note in sound.notes:
        print(f"note: {file}: {note}", file=sys.stderr)
    return sound


def noted(sound: Sound) -> dict[str, list[str]]:
    """What a JSON line says of it: nothing for a plain file, so that the line stays as it was."""
    return {"notes": list(sound.notes)} if sound.notes else {}
