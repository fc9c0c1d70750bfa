"""Runs that were deleted and can still be had back: they lie in ``trash`` among the runs for some time."""

from __future__ import annotations

import errno
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import RunError, WriteError
from core.runs import owner
from core.runs.layout import TRASH, is_name, run_folder, runs_folder
from core.text import shortened

KEPT_DAYS = 30
"""Days after which a deleted run is removed for good, the next time that one is deleted."""

_ENTRY = re.compile(r"(\d{1,12})-(\d+)-(.+)")
"""When it was deleted (seconds since 1970), a number that tells two of one second apart, and the run's name."""


@dataclass(frozen=True)
class Deleted:
    """A run in the trash."""

    name: str
    folder: Path
    deleted: float
    """When (seconds since 1970)."""


def deleted_runs() -> list[Deleted]:
    """What lies in the trash, the last deleted first; anything that no deletion put there is left out."""
    folder = runs_folder() / TRASH
    if not _is_folder(folder):
        return []
    found = [(match, path) for path in folder.iterdir() if (match := _ENTRY.fullmatch(path.name)) and _is_folder(path)]
    found.sort(key=lambda one: (int(one[0][1]), int(one[0][2])), reverse=True)
    return [Deleted(match[3], path, float(match[1])) for match, path in found if is_name(match[3])]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def put_away(folder: Path) -> None:
    """Move the folder of a run into the trash, in one move; those that lie there for long are removed.

    On a full disk, where not even an empty trash can be made, it is removed for good: that makes room.

    Raises:
        WriteError: If it cannot be moved.
    """
    trash = folder.parent / TRASH
    now = time.time()
    try:
        trash.mkdir(exist_ok=True)
        if trash.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, "a link stands where the trash belongs", str(trash))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise WriteError(error, folder) from error
        owner.remove_folder(folder)
        return
    try:
        for number in range(1000):
            place = trash / f"{int(now)}-{number}-{folder.name}"
            if not place.exists():
                folder.rename(place)
                break
    except OSError as error:
        raise WriteError(error, folder) from error
    with suppress(WriteError):  # this one is deleted, whatever becomes of those
        empty_trash(older_than_days=KEPT_DAYS)


def restore_run(name: str) -> Path:
    """Put the last deleted run of that name back in its place; answers its folder.

    Raises:
        RunError: If none of that name lies in the trash, or there is another one by now.
        WriteError: If it cannot be moved.
    """
    found = next((one for one in deleted_runs() if one.name == name), None)
    if found is None:
        known = ", ".join(dict.fromkeys(one.name for one in deleted_runs())) or "nothing"
        raise RunError(f"No deleted run is called {shortened(name)!r}. In the trash: {known}.")
    place = run_folder(found.name)
    if place.exists():
        raise RunError(f"There is another run called {found.name!r} by now. Delete that one first.")
    try:
        found.folder.rename(place)
    except OSError as error:
        raise WriteError(error, place) from error
    return place


def empty_trash(*, older_than_days: float = 0.0) -> int:
    """Remove deleted runs for good; answers how many.

    Args:
        older_than_days: Those that were deleted later stay.

    Raises:
        WriteError: If one cannot be removed.
    """
    until = time.time() - older_than_days * 86_400
    old = [one for one in deleted_runs() if one.deleted <= until]
    for one in old:
        owner.remove_folder(one.folder)
    if old:
        owner.clear_unfinished(runs_folder() / TRASH)
    return len(old)
