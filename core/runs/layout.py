"""How runs lie on disk: their folder, their names, and the files in each.

A run folder holds ``config.json`` (what), ``source.json`` (data root and device; never shipped), ``worker.lock`` and
``process.json`` (which process works on it; see ``core.runs.owner``), ``status.json`` (how far, with a heartbeat),
``progress.jsonl`` (a report an epoch), ``start.pt`` (the model it began with, if any), ``best.pt``, ``last.pt``,
``mel_evolution.npz``, ``evaluation-*.npz`` and ``log.txt``.
"""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import RunError
from core.files.paths import path_in_environment
from core.runs import owner

PROJECT = Path(__file__).resolve().parents[2]


CONFIG, SOURCE, PROCESS, STATUS = "config.json", "source.json", owner.PROCESS, "status.json"


PROGRESS, LOG, STOP = "progress.jsonl", "log.txt", "STOP"


START, BEST, LAST = "start.pt", "best.pt", "last.pt"


MEL_EVOLUTION, KERNELS, MOVING = "mel_evolution.npz", "kernels-{epoch:05d}.npz", "moving.npz"

SHIPPED_PREFIX = "shipped-"
"""Runs that came with the project; they are read, never resumed or deleted."""


GRIDS, RESULTS, TRASH = "grids", "results", "trash"
"""Folders beside the runs: of grids of them (see ``core.jobs.grid``), of what was measured on models that are only read
(see ``core.runs.keep``), and of runs that were deleted (see ``core.runs.trash``)."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""What a run can be called."""


def runs_folder() -> Path:
    """Where runs live: ``KWS_RUNS``, or ``checkpoints`` in the project.

    Raises:
        RunError: If no folder can have the name in ``KWS_RUNS``.
    """
    return path_in_environment("KWS_RUNS", RunError) or PROJECT / "checkpoints"


def run_folder(name: str) -> Path:
    """The folder of a run by name; a name cannot lead out of the runs' folder.

    Raises:
        RunError: If the name has characters that a run's name cannot have.
    """
    if not is_name(name):
        raise RunError(
            f"A run cannot be called {name!r}: use letters, digits, '.', '_' and '-' (at most 80), "
            f"beginning with a letter or digit, and not {GRIDS!r}, {RESULTS!r} or {TRASH!r}."
        )
    return runs_folder() / name


def make_parent(folder: Path) -> None:
    """Make the folder that holds ``folder``, if need be.

    Raises:
        NotADirectoryError: If something else is in its place.
        OSError: If it cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(error.errno, "a file is in its place", str(folder.parent)) from error


def is_name(text: str) -> bool:
    """Whether a run or a grid can be called that."""
    return text not in (GRIDS, RESULTS, TRASH) and bool(NAME.fullmatch(text))
