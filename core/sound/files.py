"""Opening files that somebody names: at once, and only what is a file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO


def open_file(path: Path | str) -> IO[bytes]:
    """A file to read. A pipe that nobody writes to would make its reader wait, and a device may never end.

    Raises:
        OSError: If it cannot be opened, or is no ordinary file.
    """
    try:
        # Asked before it is opened too: to open some devices does something.
        _require_file(os.stat(path))  # noqa: PTH116  (a path of bytes that are no UTF-8 is as good)
        stream = open(path, "rb", opener=at_once)  # noqa: SIM115
    except ValueError as error:
        raise OSError(errno.EINVAL, "no file can have this name") from error
    try:
        _require_file(os.fstat(stream.fileno()))
    except OSError:
        stream.close()
        raise
    return stream


def at_once(path: str, flags: int) -> int:
    """Open without waiting, should a pipe have taken the file's place."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _require_file(about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "a device or a pipe"
        raise OSError(errno.EINVAL, f"it is {kind}, and only files are read")
