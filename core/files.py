"""Files written whole or not at all: a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.strict import to_json


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one move."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Replace ``path`` by ``values`` as indented JSON; a number that is none becomes null."""
    write_bytes(path, (to_json(values, indent=1) + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Replace ``path`` by a compressed ``.npz`` of ``arrays``, which hold plain numbers or text only."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()})
    write_bytes(path, buffer.getvalue())
