"""Files and folders that a person names: on the command line, in a field of a page, in an environment variable."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import ConfigError, KeywordSpottingError
from core.text import is_text, shortened


def path_from(text: str, what: str, error: type[KeywordSpottingError] = ConfigError, *, as_text: bool = False) -> Path:
    """The path that a person named, with ``~`` resolved; whether something is there is not asked.

    After this, ``exists``, ``is_dir`` and ``is_file`` of the path answer and do not raise.

    Args:
        text: As typed.
        what: What is named there, to begin the sentence with: "--data", "The folder".
        error: Class of the error.
        as_text: Whether its name has to be text, since what will read it takes nothing else.

    Raises:
        KeywordSpottingError: Of class ``error``, if no file or folder can have that name, or it may not be looked at.

    >>> path_from("~nobody-of-this-name/clips", "--data")
    Traceback (most recent call last):
    core.errors.ConfigError: --data is '~nobody-of-this-name/clips', and this computer knows no home folder for
    '~nobody-of-this-name'. Give the folder in full.
    """
    if not text.strip():
        raise error(f"{what} is empty. Give the name of a file or folder.")
    named = f"{what} is {shortened(text)!r}"
    if as_text and not is_text(text):
        raise error(f"{named}, a name that is no text in UTF-8. Rename it, or give a link to it that has a plain name.")
    try:
        path = Path(text).expanduser()
    except RuntimeError as problem:
        user = shortened(text.split("/", 1)[0], 40)
        raise error(
            f"{named}, and this computer knows no home folder for {user!r}. Give the folder in full."
        ) from problem
    try:
        may_enter = not path.is_dir() or os.access(path, os.R_OK | os.X_OK)
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem  # a zero byte, or half a character
        raise error(f"{named}, which cannot be used ({reason}). Give another one.") from problem
    if not may_enter:
        raise error(f"{named}, a folder that you may not look into. Change its permissions, or give another one.")
    return path


def path_in_environment(name: str, error: type[KeywordSpottingError] = ConfigError) -> Path | None:
    """The path that an environment variable names; None if it is not set or empty.

    Raises:
        KeywordSpottingError: Of class ``error``, as ``path_from`` does.
    """
    text = environment_text(name)
    return path_from(text, name, error) if text else None


def environment_text(name: str) -> str:
    """What an environment variable says, without spaces around it; empty if it is not set."""
    return os.environ.get(name, "").strip()
