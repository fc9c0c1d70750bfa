"""Folders of recordings that a person names: which files in them are listened to."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import DataError
from core.text import printable

OTHER_FILES = frozenset({".csv", ".json", ".md", ".txt"})
"""Endings of files that lie beside recordings and are not tried."""


def files_below(folder: Path, what: str, most: int) -> list[Path]:
    """Every file in a folder and those below it that may be a recording, in order of name; hidden ones are not.

    Args:
        folder: Where to look; links to folders are not followed.
        what: What the recordings are of, for messages.
        most: Files of any kind allowed; a folder with more was hardly meant.

    Raises:
        DataError: If there is no such folder, or it holds more than ``most`` files.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {printable(folder)}. Give one with recordings of {what}.")
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place) / name for name in names if not name.startswith(".")]
        if len(found) > most:
            raise DataError(f"{printable(folder)} holds more than {most:,} files. Give a part of it.")
    return sorted(path for path in found if path.suffix.lower() not in OTHER_FILES)
