"""The process that works on a run: start it, see whether it lives, ask it to stop."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from core.errors import RunError, WriteError
from core.files.writing import write_bytes
from core.runs import owner
from core.runs.layout import LOG, PROJECT, SHIPPED_PREFIX, STOP
from core.runs.progress import read_log

LONGEST_LOG = 1 << 20
"""Bytes of a log from which its older part is dropped, at the next start."""

_children: dict[int, tuple[Path, subprocess.Popen[bytes]]] = {}
# The workers this process started, and their folders: polled, so that ended ones do not stay behind as zombies.

_asked: set[Path] = set()
# Folders on which this process works, and shall stop to.


def launch(module: str, folder: Path) -> None:
    """Start a program that works on a folder, in a process that outlives this one, with a log in the folder.

    The process owns the folder as soon as it runs (see ``core.jobs.program``); if another one does, it ends.

    Raises:
        RunError: If it cannot be started.
    """
    command = [sys.executable, "-m", "core.jobs.program", module, str(folder.resolve())]
    try:
        _shorten_log(folder)
        with (folder / LOG).open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=PROJECT,
                start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        raise RunError(f"The training process could not be started ({folder}: {error.strerror}).") from error
    _children[process.pid] = (folder.resolve(), process)


def _shorten_log(folder: Path) -> None:
    if (folder / LOG).exists() and (folder / LOG).stat().st_size > LONGEST_LOG:
        write_bytes(folder / LOG, read_log(folder, LONGEST_LOG // 4).encode())


def is_claimed(folder: Path) -> bool:
    """Whether a living process works on the folder, or one that this process started is about to."""
    began = False
    for pid, (started_in, child) in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)
        elif started_in == folder.resolve():
            began = True
    return began or owner.is_owned(folder)


def stop_run(folder: Path, *, wait_s: float = 0.0) -> None:
    """Ask the worker to stop after its current step; with ``wait_s``, wait that long for it and then end it.

    Raises:
        RunError: If it came with the project, it cannot be asked, or a process that does not answer cannot be ended.
    """
    if folder.resolve().name.startswith(SHIPPED_PREFIX):
        raise RunError(f"{folder.name} came with the project; nothing trains it.")
    try:
        (folder / STOP).touch()
    except OSError:
        _signal(folder, kill=False)  # no room for a file; to the worker it means the same
    deadline = time.monotonic() + wait_s
    while wait_s and is_claimed(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    if wait_s and owner.is_owned(folder):
        _signal(folder, kill=True)


def _signal(folder: Path, *, kill: bool) -> None:
    """Signal the very process that holds the folder; none if it ended meanwhile."""
    process = owner.holder(folder)
    if process is None:
        if owner.is_owned(folder):
            raise RunError(
                f"The process that trains {folder.name} cannot be seen from here, and so not be ended: it may belong "
                "to another computer or container."
            )
        return
    try:
        process.terminate()
        if kill:
            process.wait(2)
    except psutil.TimeoutExpired:
        process.kill()
    except psutil.NoSuchProcess:
        pass
    except psutil.Error as error:
        raise RunError(f"The training process {process.pid} cannot be ended: {error}.") from error


def request_stop(folder: Path) -> None:
    """Make this process, which works on the folder, stop; heeded also where no file can be made."""
    _asked.add(folder)
    with suppress(OSError):
        (folder / STOP).touch()


def stop_requested(folder: Path) -> bool:
    """Whether somebody asked the worker to stop."""
    return folder in _asked or (folder / STOP).exists()


def clear_stop(folder: Path) -> None:
    """Forget that a stop was asked for.

    Raises:
        WriteError: If it cannot be.
    """
    _asked.discard(folder)
    try:
        (folder / STOP).unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(error, folder / STOP) from error
