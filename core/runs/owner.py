"""Who works on a folder: whoever holds its lock, as long as that process lives. Folders made whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from core.errors import RunError, WriteError
from core.files import locks
from core.files.locks import Hold
from core.files.strict import read_json
from core.files.writing import clear_leftovers, is_leftover, write_json

LOCK, PROCESS, TURN = "worker.lock", "process.json", ".making.lock"

TAKE_S = 3.0
"""How long a lock is tried for: others hold it for a moment, to look or to prepare (s)."""

TURN_S = 30.0
"""How long a folder is waited for in which another process is making one (s)."""

_UNFINISHED = re.compile(r"\.(new|gone)-[a-z0-9_]{8}")


class BusyError(RunError):
    """Another process works on the folder."""


def take(folder: Path) -> Hold:
    """Become the one that works on ``folder``, and clear away what a killed one left half-written.

    Raises:
        BusyError: If another process is.
        WriteError: If the folder is gone, or nothing can be written there.
    """
    held = _locked(folder, TAKE_S)
    if held is None:
        other = holder(folder)
        number = f" (number {other.pid})" if other else ""
        raise BusyError(f"Another process{number} is already training {folder.name}.")
    return _begin(held)


def take_if_free(folder: Path) -> Hold | None:
    """The same, or None if another process works on it.

    Raises:
        WriteError: If the folder is gone, or nothing can be written there.
    """
    held = _locked(folder, 0)
    return None if held is None else _begin(held)


def _locked(folder: Path, wait_s: float) -> Hold | None:
    try:
        return locks.hold(folder / LOCK, wait_s)
    except OSError as error:
        raise WriteError(error, folder / LOCK) from error


def _begin(held: Hold) -> Hold:
    folder = held.path.parent
    try:
        clear_leftovers(folder)
        write_json(folder / PROCESS, {"pid": os.getpid(), "started": _start(os.getpid())})
    except BaseException:
        held.release()
        raise
    return held


def give_back(held: Hold) -> None:
    """Nobody works on the folder any more."""
    if not held.lost:
        with suppress(OSError):
            (held.path.parent / PROCESS).unlink()
    held.release()


@contextmanager
def owned(folder: Path, held: Hold | None = None) -> Iterator[Hold]:
    """Work on ``folder`` for a while; ``held`` if it was taken already.

    Raises:
        BusyError: If another process works on it.
        WriteError: If the folder is gone, or nothing can be written there.
    """
    held = held or take(folder)
    try:
        yield held
    finally:
        give_back(held)


def is_owned(folder: Path) -> bool:
    """Whether a living process works on the folder."""
    return locks.is_held(folder / LOCK)


def holder(folder: Path) -> psutil.Process | None:
    """The process that holds the folder's lock; None if nobody does, or it cannot be seen from here.

    Its number alone would not do: between the lock and the writing of the number, the one of an earlier owner stands
    there, which may be another process by now. So its start is compared as well.
    """
    try:
        saved = read_json(folder / PROCESS)
        process = psutil.Process(int(saved["pid"]))
        is_same = _start(process.pid) == saved["started"]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, psutil.Error):
        return None
    return process if is_same and is_owned(folder) else None


def _start(pid: int) -> float:
    """When a process started, in a count that does not move when the clock is set.

    Linux: ticks since the computer started. psutil makes a time of day of them, which moves with the clock; elsewhere
    the system keeps that time itself.
    """
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return float(psutil.Process(pid).create_time())


def make_folder(folder: Path, fill: Callable[[Path], None], own_files: Sequence[str]) -> None:
    """Make a folder with all that belongs in it, or not at all: it is filled under another name.

    What a process that was killed meanwhile left unfinished beside it is removed.

    Args:
        folder: The folder to make; what holds it must be there.
        fill: Writes the files into the folder that it is given.
        own_files: Names of the files that it writes. A folder that has none but these, and not the first of them, was
            left unfinished by an earlier version, and is made again.

    Raises:
        FileExistsError: If it is there already.
        OSError: If it cannot be made.
    """
    with _turn(folder.parent):
        if folder.exists() and not _is_unfinished(folder, own_files):
            raise FileExistsError(f"{folder} is there already.")
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            new.chmod(0o755)
            fill(new)
            if folder.exists():
                _put_away(folder)
            new.rename(folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise


@contextmanager
def _turn(parent: Path) -> Iterator[None]:
    """One process after the other makes folders in ``parent``; what lies there unfinished has no maker any more."""
    held = locks.hold(parent / TURN, TURN_S)
    if held is None:
        raise TimeoutError(None, "another program has been making a folder there for too long")
    with held:
        for path in parent.iterdir():
            if _UNFINISHED.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
        yield


def clear_unfinished(parent: Path) -> None:
    """Remove the folders in ``parent`` that nobody will finish.

    Raises:
        WriteError: If nothing can be written there.
    """
    try:
        with _turn(parent):
            pass
    except OSError as error:
        raise WriteError(error, parent) from error


def _is_unfinished(folder: Path, own_files: Sequence[str]) -> bool:
    """Whether nobody works in a folder that was never finished, and nothing in it is anybody else's."""
    if not folder.is_dir() or folder.is_symlink() or is_owned(folder):
        return False
    names = {path.name for path in folder.iterdir()}
    allowed = {*own_files, LOCK, PROCESS}
    return own_files[0] not in names and all(name in allowed or is_leftover(name) for name in names)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it: in one move for those that look, then file by file.

    Raises:
        WriteError: If it cannot be removed.
    """
    try:
        _put_away(folder)
    except OSError as error:
        raise WriteError(error, folder) from error


def _put_away(folder: Path) -> None:
    gone = folder.with_name(f".gone-{secrets.token_hex(4)}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)  # what stays is removed by the next that makes a folder here


def quiet_s(beat: object, changed: float) -> float:
    """Seconds since a sign of life, whichever way the clock was set meanwhile.

    Args:
        beat: Its time by ``time.monotonic``, which all processes share until the computer starts again.
        changed: Its time of day, for a sign of life that has no beat.
    """
    if isinstance(beat, int | float) and time.monotonic() - beat >= 0:
        return time.monotonic() - beat
    return max(0.0, time.time() - changed)
