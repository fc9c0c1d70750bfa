"""Locks of the operating system on files: they end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from filelock import lock_descriptor

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_AGAIN_S = 0.02
"""Pause before a lock is tried again (s)."""


class Hold:
    """A file that this process has locked. Released at the end of a ``with``, or with the process."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle: int | None = handle

    @property
    def lost(self) -> bool:
        """Whether the locked file no longer stands in its place: somebody removed it, or the folder around it."""
        return self._handle is None or not _is_at(self._handle, self.path)

    def release(self) -> None:
        """Let go, and leave no file behind; a second time does nothing."""
        if self._handle is None:
            return
        # While it is locked: whoever waits with the old file open finds that it is gone, and makes another one.
        if not self.lost:
            with suppress(OSError):  # Windows keeps a file that is open
                self.path.unlink()
        os.close(self._handle)
        self._handle = None

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold(path: Path, wait_s: float = 0.0) -> Hold | None:
    """Lock a file, which is made if need be; None if somebody else has locked it.

    Args:
        path: The file; its folder is never made.
        wait_s: How long to try (s).

    Raises:
        OSError: If the file cannot be made.
    """
    deadline = time.monotonic() + wait_s
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if lock_descriptor(handle, blocking=False) and _is_at(handle, path):
                held = Hold(path, handle)
                handle = -1
                return held
        finally:
            if handle != -1:
                os.close(handle)
        if time.monotonic() >= deadline:
            return None
        time.sleep(_AGAIN_S)


def is_held(path: Path) -> bool:
    """Whether some process, this one included, has locked the file. Nothing is made."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try_shared(handle)
    except OSError:
        return False  # a file system without locks: nobody can have one
    finally:
        os.close(handle)


def _try_shared(handle: int) -> bool:
    """Lock beside others who only look; so two who look at once do not take each other for the holder."""
    if fcntl is None:
        return lock_descriptor(handle, blocking=False)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False
