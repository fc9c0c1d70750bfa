"""Clearing away what somebody left half-made, without following a link that was put in its place."""

from __future__ import annotations

import shutil
from pathlib import Path


def remove(path: Path) -> None:
    """Remove a folder as far as possible, or whatever stands in its place; of a link, the link."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)
