"""A run as one file to take along: its model, how it was trained, and what was measured."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from core.config import OWN
from core.errors import RunError
from core.files.writing import write_bytes
from core.runs import owner
from core.runs.layout import CONFIG, make_parent, run_folder

_TAKEN = re.compile(
    r"(config|status|label|listening|stream-test|enrolment|room)\.json|progress\.jsonl|(start|best)\.pt|mel_evolution\.npz"
    r"|(evaluation|robustness)-.*\.npz|(experiment|word-length)-.*\.json"
)
"""No path of this computer, no process, no log, no state for resuming."""


def take_out(folder: Path, name: str) -> Path:
    """Copy a run that lies elsewhere, such as in a grid, among the user's own; what is there under that name stays.

    Args:
        folder: The run.
        name: What the copy is called.

    Raises:
        RunError: If the name is not allowed, or the copy cannot be made.
    """
    copy = run_folder(name)

    def fill(new: Path) -> None:
        for path in _taken(folder):
            write_bytes(new / path.name, path.read_bytes())

    try:
        make_parent(copy)
        owner.make_folder(copy, fill, (CONFIG,))
    except FileExistsError:
        pass  # it was taken out before
    except OSError as error:
        raise RunError(f"{folder.name} cannot be copied to {copy.parent} ({error.strerror}).") from error
    return copy


def as_zip(folder: Path) -> bytes:
    """The files of a run in a folder of its name; what was measured on somebody's own voice stays with them.

    Unpacked among other runs it is one of them.

    Raises:
        RunError: If a file cannot be read.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _taken(folder):
            if not path.stem.endswith(f"-{OWN}"):
                try:
                    archive.writestr(f"{folder.name}/{path.name}", path.read_bytes())
                except OSError as error:
                    raise RunError(f"{path.name} of {folder.name} cannot be read ({error.strerror}).") from error
    return buffer.getvalue()


def _taken(folder: Path) -> list[Path]:
    """What of a run is taken along, in order of names; no links, which may lead anywhere."""
    plain = (path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink())
    return [path for path in plain if _TAKEN.fullmatch(path.name)]
