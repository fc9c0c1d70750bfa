"""Where an export takes its clips from and puts its files, known before the packages that make them are needed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core import runs
from core.errors import ExportError, RunError


def own_dataset(run: Path) -> list[Path]:
    """The dataset that a run was trained on; nothing where that is not known, as of a run that came with the project.

    Args:
        run: Run folder or checkpoint file.
    """
    try:
        root = runs.read_source(run)[0] if run.is_dir() else None
    except RunError:
        root = None
    return [] if root is None else [root]


def card_path(path: Path) -> Path:
    """Where the card of a file lies.

    >>> card_path(Path("there/words.onnx")).name
    'words.onnx.parity.json'
    """
    return path.with_name(f"{path.name}.parity.json")


def features_path(path: Path) -> Path:
    """Where that lies which makes the features that a TFLite file takes.

    >>> features_path(Path("there/words.tflite")).name
    'words.tflite.features.npz'
    """
    return path.with_name(f"{path.name}.features.npz")


def require_place(path: Path) -> None:
    """Raises ExportError if a file cannot be written there, before minutes are spent on making it."""
    folder = path.parent
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Give the name of a file.")
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file, so {path.name} cannot lie in it. Name a folder.")
    if not folder.is_dir():
        raise ExportError(f"There is no folder {folder} to write {path.name} into. Make it, or name another one.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        raise ExportError(f"The folder {folder} cannot be written. Make it writable, or name another one.") from None
