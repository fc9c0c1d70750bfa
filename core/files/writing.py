"""Files written whole or not at all: a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from filelock import lock_descriptor

from core.errors import WriteError
from core.files.strict import to_json

_LEFT = re.compile(r"\..+\.[a-z]{2,5}-[a-z0-9_]{8}")
"""Name of a file that is being written, as ``write_bytes`` makes it."""


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one move.

    Raises:
        WriteError: If it cannot be written; what was there is unchanged.
    """
    try:
        with _temporary(path) as (file, temporary):
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            if os.name == "nt":
                file.close()  # Windows moves no file that is open
            temporary.replace(path)
    except OSError as error:
        raise WriteError(error, path) from error


@contextmanager
def _temporary(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file beside ``path``, locked as long as somebody writes it; removed if it does not get its name."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            # Where it was taken for one left behind before it was locked, another one is made.
            if not (_lock(handle) and temporary.exists()):
                continue
            try:
                yield file, temporary
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
            return


def _lock(handle: int) -> bool:
    try:
        return lock_descriptor(handle, blocking=False)
    except OSError:
        return True  # a file system without locks


def make_folder(folder: Path) -> None:
    """Make a folder, with those that it lies in, unless it is there.

    Raises:
        WriteError: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(error, folder) from error


def is_leftover(name: str) -> bool:
    """Whether a file is called as ``write_bytes`` calls those that it has not finished.

    >>> is_leftover(".last.pt-x7_abc12"), is_leftover(".notes-20240101")
    (True, False)
    """
    return _LEFT.fullmatch(name) is not None


def clear_leftovers(folder: Path) -> None:
    """Remove the half-written files of ``write_bytes`` in ``folder`` whose writer ended before it was done.

    However old they are, those that are being written stay, and so does everything else.
    """
    with suppress(OSError):
        for path in [one for one in folder.iterdir() if is_leftover(one.name)]:
            # One that is gone already was finished meanwhile.
            with suppress(OSError), path.open("rb+") as file:
                if lock_descriptor(file.fileno(), blocking=False):
                    if os.name == "nt":
                        file.close()
                    path.unlink()


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Replace ``path`` by ``values`` as indented JSON; a number that is none becomes null."""
    write_bytes(path, (to_json(values, indent=1) + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Replace ``path`` by a compressed ``.npz`` of ``arrays``, which hold plain numbers or text only."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()})
    write_bytes(path, buffer.getvalue())
