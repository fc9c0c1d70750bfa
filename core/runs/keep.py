"""What was measured on a run, kept once: the one place that says where it lies and whether it still holds.

A run of the user's own keeps its results beside its model. What came with the project is only read, and so is a folder
that cannot be written; their results, and those of a bare checkpoint file, go to ``results`` among the user's runs,
into a folder named after the model and its content: what was measured on another model of that name is never found.

Every record says what it was measured on: ``checkpoint``, the hash of the model's file, and ``data_key``, the content
of the clips. It holds as long as both are the same (``why_outdated``); nothing is told by times. Records kept before
they said so are read, and named as old.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from core.config import from_dict, to_dict
from core.errors import CheckpointError, DataError, RunError
from core.files.strict import LARGE_BYTES, read_arrays, read_json, shown
from core.files.writing import make_folder, write_arrays, write_json
from core.runs.layout import BEST, RESULTS, SHIPPED_PREFIX, runs_folder


class Measured(Protocol):
    """A record that says what it was measured on; empty where it was kept before this was noted."""

    @property
    def checkpoint(self) -> str:
        """SHA-256 of the model's file."""

    @property
    def data_key(self) -> str:
        """``Pack.content`` of the clips; empty where none were needed."""


Record = TypeVar("Record")


@dataclass(frozen=True)
class Study(Generic[Record]):
    """How the records of one study lie on disk."""

    name: str
    """Begins the names of its files."""
    title: str
    """What people call such a record."""
    again: str
    """What to do where one cannot be read."""
    version: int
    """Changes with what its numbers mean: a record of another version is named as old and measured again."""
    write: Callable[[Record], dict[str, Any]]
    """A record as plain values, or as arrays."""
    read: Callable[[dict[str, Any]], Record]
    """The record back from them; a ValueError where they contradict each other."""
    key: str = "record"
    """Where a file of JSON has the values."""
    arrays: Mapping[str, str] | None = None
    """The arrays of its files (see ``core.files.strict.arrays_of``); None where they are JSON."""

    def file(self, *question: object) -> str:
        """The name of the file that answers a question.

        Args:
            question: What was asked, such as the dataset and the protocol.

        >>> Study("evaluation", "", "", 1, dict, dict, arrays={}).file("Demo words (synthetic voices)", "official")
        'evaluation-demo-words-synthetic-voices-official.npz'
        """
        parts = (re.sub(r"[^a-z0-9]+", "-", str(part).lower()).strip("-") for part in question)
        return "-".join((self.name, *parts)) + self.suffix

    @property
    def format(self) -> str:
        """What its files say they are."""
        return f"earshot-{self.name}"

    @property
    def suffix(self) -> str:
        """How the names of its files end."""
        return ".json" if self.arrays is None else ".npz"


def json_study(
    kind: type[Record], name: str, title: str, *, again: str = "Measure again.", version: int = 1, key: str = "record"
) -> Study[Record]:
    """A study whose records are dataclasses of plain values, kept as JSON field by field."""
    return Study(name, title, again, version, write=to_dict, read=partial(from_dict, kind), key=key)


# Where


def name_of(run: Path) -> str:
    """What records call a run, or a checkpoint file."""
    return run.name if run.is_dir() else run.stem


def results_folder(run: Path) -> Path:
    """The folder that new results of a run go to; it may not be there yet.

    Args:
        run: Run folder or checkpoint file.
    """
    if run.is_dir() and not is_shipped(run) and os.access(run, os.W_OK):
        return run
    name = run.resolve().name if run.is_dir() else run.stem
    try:
        content = model_hash(run)
    except CheckpointError:
        content = hashlib.sha256().hexdigest()
    return _users_results() / f"{name[:80]}-{content[:12]}"


def is_shipped(run: Path) -> bool:
    """Whether a folder came with the project, whatever it is called on the way to it."""
    return run.resolve().name.startswith(SHIPPED_PREFIX)


def find(run: Path, name: str) -> Path:
    """The file of that name that is read for a run: the newly measured one, else the one that came with the run."""
    places = [folder / name for folder in _places(run)]
    return next((path for path in places if path.exists()), places[0])


def find_all(run: Path, study: Study[Any]) -> list[Path]:
    """Every record of a study that is read for a run, in order of names; of two alike the newly measured."""
    pattern = f"{study.name}-*{study.suffix}"
    found = {path.name: path for folder in reversed(_places(run)) for path in folder.glob(pattern)}
    return [found[name] for name in sorted(found)]


def _users_results() -> Path:
    return runs_folder() / RESULTS


def _places(run: Path) -> list[Path]:
    """Where the results of a run may lie, the newest first."""
    return list(dict.fromkeys((results_folder(run), *([run] if run.is_dir() else []))))


# Keep and read


def save(study: Study[Record], run: Path, name: str, record: Record) -> Path:
    """Keep a record of a run, whole or not at all; answers where.

    Args:
        study: What it is a record of.
        run: Run folder or checkpoint file.
        name: ``study.file(…)``.
        record: The record.

    Raises:
        WriteError: If nothing can be written there.
    """
    path = results_folder(run) / name
    make_room(path)
    write(study, path, record)
    return path


def write(study: Study[Record], path: Path, record: Record) -> None:
    """Write a record to a file.

    Raises:
        WriteError: If nothing can be written there.
    """
    about = {"format": study.format, "version": study.version}
    if study.arrays is None:
        write_json(path, {**about, study.key: study.write(record)})
    else:
        write_arrays(path, {**about, **study.write(record)})


def load(study: Study[Record], path: Path) -> Record:
    """Read a record back.

    Raises:
        DataError: If it is missing, damaged, or of another version.
    """
    try:
        if study.arrays is None:
            values = read_json(path, LARGE_BYTES)
        else:
            # Arrays kept by earlier versions do not say what they are.
            found = read_arrays(path, {"format?": "U", "version?": "i", **study.arrays})
            values = {"format": study.format, "version": study.version} | found
        _check(study, str(values.pop("format")), int(values.pop("version")))
        if study.arrays is None:
            if set(values) != {study.key}:
                raise ValueError(f"beside its format it has {', '.join(values) or 'nothing'}, not {study.key}")
            values = values[study.key]
        return study.read(values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{error!s} is not in it" if isinstance(error, KeyError) else error
        raise DataError(f"The {study.title} {path.name} cannot be read ({reason}). {study.again}") from error


def _check(study: Study[Any], found: str, version: int) -> None:
    """A ValueError where a file is none that this program reads."""
    if found != study.format:
        raise ValueError(f"it is of the format {shown(found)}, not {study.format}")
    if version != study.version:
        remedy = "Update the program" if version > study.version else "It was kept by an earlier one"
        raise ValueError(f"it has version {version}; this program reads version {study.version}. {remedy}")


def load_current(study: Study[Record], run: Path, name: str, data_key: str = "") -> Record | None:
    """The record of a run under that name if there is one that can be read and still holds, else None."""
    try:
        record = load(study, find(run, name))
    except DataError:
        return None
    return None if why_outdated(record, run, data_key) else record  # type: ignore[arg-type]


def load_beside(study: Study[Record], run: Path) -> Record | None:
    """The only record that a study has of a run; None where there is none, as beside a checkpoint file.

    Raises:
        DataError: If it is damaged.
    """
    path = find(run, study.file())
    return load(study, path) if run.is_dir() and path.exists() else None


def make_room(path: Path) -> None:
    """Make the folder of a result. The folder of a run is never made: if it is gone, it was deleted meanwhile.

    Raises:
        WriteError: If it cannot be made.
    """
    if _users_results() in path.parents:
        make_folder(path.parent)


# Does it still hold?


def why_outdated(record: Measured, run: Path, data_key: str = "") -> str:
    """Why a record of a run no longer holds, in a sentence; empty while it does.

    Args:
        record: What was measured.
        run: Run folder or checkpoint file.
        data_key: ``Pack.content`` of the clips as they are now; empty where they are not at hand.

    Raises:
        CheckpointError: If the run has no model.
    """
    if not record.checkpoint:
        return "It was kept by an earlier version, which did not note the model and the clips."
    if record.checkpoint != model_hash(run):
        return "The model was trained further since."
    if data_key and record.data_key != data_key:
        return "The clips changed since."
    return ""


@contextmanager
def unchanged(run: Path) -> Iterator[str]:
    """The hash of a run's model, which must be the same afterwards.

    Raises:
        CheckpointError: If the run has no model.
        RunError: If it was replaced meanwhile.
    """
    before = model_hash(run)
    yield before
    if model_hash(run) != before:
        raise RunError(f"The model of {run.name} changed while it was measured. Measure again.")


def model_hash(run: Path) -> str:
    """SHA-256 of the file of a model: the same weights have the same one, wherever they lie.

    Args:
        run: Run folder or checkpoint file.

    Raises:
        CheckpointError: If it cannot be read.
    """
    file = run / BEST if run.is_dir() else run
    try:
        about = file.stat()
        return _hash_of(file, about.st_mtime_ns, about.st_size, about.st_ino)
    except OSError as error:
        raise CheckpointError(f"The model of {run.name} cannot be read ({error.strerror}).") from error


def model_bytes(run: Path) -> bytes:
    """The file of a model.

    Args:
        run: Run folder or checkpoint file.

    Raises:
        CheckpointError: If it cannot be read.
    """
    try:
        return (run / BEST if run.is_dir() else run).read_bytes()
    except OSError as error:
        raise CheckpointError(f"The model of {run.name} cannot be read ({error.strerror}).") from error


@lru_cache(maxsize=256)
def _hash_of(file: Path, modified: int, size: int, number: int) -> str:  # noqa: ARG001  (they tell a new file from an old)
    return hashlib.sha256(file.read_bytes()).hexdigest()
