"""The few errors a user can meet. Each message says what was wrong, what was given, what is allowed, what to do."""

from __future__ import annotations

import errno
from pathlib import Path

from core.text import printable, shortened


class KeywordSpottingError(Exception):
    """Base of every error meant for a person; pages and the command line show its text.

    It may quote what a file or a person said: what cannot be shown in it is written in signs that can.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class WriteError(KeywordSpottingError, OSError):
    """A file or folder cannot be written: no room, no permission, a limit; what was there before is unchanged.

    Made from an ``OSError`` and what should have been written.
    """

    def __init__(self, error: OSError, path: Path) -> None:
        super().__init__(error.errno, error.strerror or str(error), str(path))

    def __new__(cls, error: OSError, path: Path) -> WriteError:
        """An ``OSError`` takes its number and words when it is made."""
        return super().__new__(cls, error.errno, error.strerror or str(error), str(path))

    def __str__(self) -> str:
        what_to_do = _WHAT_TO_DO.get(self.errno or 0, _OTHERWISE)
        return printable(f"{self.filename} cannot be written ({self.strerror}). {what_to_do}")


_WHAT_TO_DO = {
    errno.ENOSPC: "Make room on that disk, and try again.",
    errno.EDQUOT: "Your share of that disk is used up: make room, and try again.",
    errno.EFBIG: "Files may not grow that large here: raise the limit (ulimit -f), and try again.",
    errno.ENOENT: "The folder it belongs in is gone.",
}
_OTHERWISE = "Make the folder writable, and try again."


class ConfigError(KeywordSpottingError, ValueError):
    """A setting has a value that cannot work."""


class DataError(KeywordSpottingError):
    """A dataset, a download or a pack is missing, incomplete or damaged."""


class AudioError(KeywordSpottingError):
    """A sound file or recording cannot be read or used."""


class MicrophoneError(KeywordSpottingError):
    """The computer's sound card cannot be used, or no longer."""


class CheckpointError(KeywordSpottingError):
    """A file of trained weights is missing, damaged or not one of ours."""


class RunError(KeywordSpottingError):
    """A training run cannot be started, found, stopped or resumed."""


class ExportError(KeywordSpottingError):
    """A model cannot be exported, or a file is none that was."""


class BenchmarkError(KeywordSpottingError):
    """A measurement could not be finished."""


def system_error(error: OSError) -> str:
    """What the operating system refused, for a person: a full disk, a folder without permission, a file in the way."""
    reason = error.strerror or str(error) or type(error).__name__
    where = f" ({error.filename})" if error.filename else ""
    return printable(f"The operating system says: {reason}{where}. Put that right, and try again.")


def name_error(error: UnicodeEncodeError) -> str:
    """What to do about a file's name that is no text in UTF-8, where a library wanted text."""
    name = printable(shortened(error.object))
    return f"A name that is no text in UTF-8 is in the way: {name}. Rename that file or folder, and try again."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether there was not enough memory; PyTorch says so in its own ways."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "DefaultCPUAllocator" in str(error)
    )
