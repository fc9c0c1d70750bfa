"""Pages that listen, ready to be served: one folder for each model, made once and named by what is in it.

A name from outside is held against the names there can be before the file system is asked.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from functools import cache
from pathlib import Path

from core.data.pack import packs_folder
from core.data.source import Progress
from core.errors import DataError, ExportError
from core.export import kept
from core.export.places import own_dataset
from core.export.read import FORMAT, read_onnx
from core.export.web import ABOUT, MODEL, PAGE, PARTS, VERSION, write_page
from core.files.writing import make_folder
from core.records.export import N_CLIPS
from core.runs import keep

MOST_KEPT = 12
"""Pages that stay, of 15 MB each; the one that was made longest ago goes first."""

INDEX = "index.html"

NAMES = frozenset({*(path.name for path in PAGE.iterdir()), *(part.name for part in PARTS), MODEL, ABOUT})
"""The files of a page that are served."""

_KEY = re.compile("[0-9a-f]{32}")


def key_of(run: Path) -> str:
    """What the page of a run is called: the same weights have the same page.

    Args:
        run: Run folder or checkpoint file.

    Raises:
        CheckpointError: If the model cannot be read.
    """
    return hashlib.sha256(f"{keep.model_hash(run)} {_program()}".encode()).hexdigest()[:32]


@cache
def _program() -> str:
    """Checksum of what all pages have in common."""
    files = (path.name.encode() + path.read_bytes() for path in sorted(PAGE.iterdir()) if path.is_file())
    return hashlib.sha256(b"".join((f"{VERSION} {FORMAT}".encode(), *files))).hexdigest()


def _folder() -> Path:
    """Where the pages lie."""
    return packs_folder() / "pages"


def file(key: str, name: str) -> Path | None:
    """A file of a page that is ready; None where there is none of that name, whatever the name is."""
    if not _KEY.fullmatch(key) or name not in NAMES:
        return None
    try:
        page = _folder() / key
    except DataError:
        return None
    return page / name if (page / INDEX).is_file() and (page / name).is_file() else None


def is_ready(run: Path) -> bool:
    """Whether the page of a run can be shown.

    Raises:
        CheckpointError: If the model cannot be read.
    """
    return file(key_of(run), INDEX) is not None


def make(run: Path, progress: Progress) -> None:
    """Make the page of a run, from the file that is kept with its results; that is exported first where it is missing.

    Raises:
        CheckpointError: If the model cannot be loaded.
        DataError: If there is no folder for it.
        ExportError: If the model cannot be exported, or ONNX Runtime Web is not here and cannot be fetched.
        RunError: If the model was replaced meanwhile.
        WriteError: If something cannot be written.
    """
    page = _folder() / key_of(run)
    if not _is_exported(run):
        kept.export(run, "float32", places=[*own_dataset(run), None], n_clips=N_CLIPS, progress=progress)
    progress(0, 0, "Putting the page together")
    make_folder(page.parent)
    _drop_old(page.parent)
    write_page(kept.onnx_file(run, "float32"), page)


def _is_exported(run: Path) -> bool:
    """Whether the file kept with a run is whole, and of the model as it is now."""
    try:
        return read_onnx(kept.onnx_file(run, "float32")).about.model_hash == keep.model_hash(run)
    except ExportError:
        return False


def _drop_old(folder: Path) -> None:
    """Make room for one more page."""
    pages = sorted(
        (page for page in folder.iterdir() if _KEY.fullmatch(page.name)), key=lambda one: one.stat().st_mtime
    )
    for old in pages[: 1 - MOST_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
