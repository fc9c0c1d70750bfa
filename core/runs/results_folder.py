"""Where what is measured on a run is kept: the one place that decides it, for every page and command.

A run of the user's own keeps its results beside its model. What came with the project is only read, and so is a folder
that cannot be written; their results, and those of a bare checkpoint file, go to ``results`` among the user's runs,
into a folder named after the model and its content: what was measured on another model of that name is never found.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from core import runs


def results_folder(run: Path) -> Path:
    """The folder that new results of a run go to; it may not be there yet.

    Args:
        run: Run folder or checkpoint file.
    """
    if run.is_dir() and not is_shipped(run) and os.access(run, os.W_OK):
        return run
    file = run / runs.BEST if run.is_dir() else run
    name = run.resolve().name if run.is_dir() else run.stem
    return _users_results() / f"{name[:80]}-{_model_hash(file)[:12]}"


def is_shipped(run: Path) -> bool:
    """Whether a folder came with the project, whatever it is called on the way to it."""
    return run.resolve().name.startswith(runs.SHIPPED_PREFIX)


def find(run: Path, name: str) -> Path:
    """The file of that name that is read for a run: the newly measured one, else the one that came with the run."""
    places = [folder / name for folder in _places(run)]
    return next((path for path in places if path.exists()), places[0])


def find_all(run: Path, pattern: str) -> list[Path]:
    """Every file that is read for a run and fits a pattern, in order of names; of two alike the newly measured."""
    found = {path.name: path for folder in reversed(_places(run)) for path in folder.glob(pattern)}
    return [found[name] for name in sorted(found)]


def is_outdated(run: Path, file: Path) -> bool:
    """Whether a run was trained further since a result of it was written.

    Only beside a run of the user's own: a checkout mixes up the times of shipped ones, and results elsewhere name the
    model that they belong to.
    """
    if run.resolve() not in file.resolve().parents or is_shipped(run):
        return False
    return 0 < _written(file) < _written(run / runs.BEST)


def make_room(path: Path) -> None:
    """Make the folder of a result. The folder of a run is never made: if it is gone, it was deleted meanwhile.

    Raises:
        OSError: If it cannot be made.
    """
    folder = path.parent
    in_a_run = any((folder.parent / name).exists() for name in (runs.CONFIG, runs.BEST))
    if in_a_run or _users_results() in path.parents:
        folder.mkdir(parents=not in_a_run, exist_ok=True)


def _users_results() -> Path:
    return runs.runs_folder() / runs.RESULTS


def _places(run: Path) -> list[Path]:
    """Where the results of a run may lie, the newest first."""
    return list(dict.fromkeys((results_folder(run), *([run] if run.is_dir() else []))))


def _written(path: Path) -> int:
    """Modification time (ns); 0 for a file that is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _model_hash(file: Path) -> str:
    """SHA-256 of a model's file; of nothing, where there is no such file."""
    try:
        stat = file.stat()
        return _hash_of(file, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return hashlib.sha256().hexdigest()


@lru_cache(maxsize=64)
def _hash_of(file: Path, modified: int, size: int) -> str:  # noqa: ARG001  (they tell a new file from an old one)
    return hashlib.sha256(file.read_bytes()).hexdigest()
