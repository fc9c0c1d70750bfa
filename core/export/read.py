"""Exported files read back: size, form, metadata and checksum are known before any runtime is asked to open one.

Nothing but Python is needed for it. An ONNX file is a row of numbered fields (protocol buffers); only the outermost are
looked at here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.config import CLIP_SAMPLES, SAMPLE_RATE, from_dict
from core.errors import ConfigError, ExportError
from core.files.strict import parse_json, read_bytes, shown
from core.records.export import About

FORMAT = 1
"""Number of the format of the metadata."""

KEY = "earshot"
"""What the metadata are called in the file."""

CHECKSUM = "earshot_sha256"
"""What the checksum is called; a file without one is read unchecked."""

LARGEST_BYTES = 2**28
"""Largest file that is opened (256 MB); ours have at most a few MB, and 70 with the longest kernels there can be."""

AGAIN = "Export the run again: python -m core export RUN --onnx FILE."

_GRAPH, _METADATA = 7, 14
_WHOLE, _EIGHT_BYTES, _SIZED, _FOUR_BYTES = 0, 1, 2, 5


@dataclass(frozen=True, eq=False)
class Exported:
    """An exported file that was checked."""

    content: bytes
    """The whole file, for a runtime that opens it from memory."""
    about: About


def read_onnx(path: Path) -> Exported:
    """An exported file, and what it says about itself.

    Raises:
        ExportError: If it is missing, too large, damaged, or no file that was exported here.
    """
    try:
        content = read_bytes(path, LARGEST_BYTES)
    except FileNotFoundError as error:
        raise ExportError(f"There is no file {path}. {AGAIN}") from error
    except IsADirectoryError as error:
        raise ExportError(f"{path} is a folder, not an ONNX file.") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{path.name} cannot be read ({getattr(error, 'strerror', None) or error}).") from error
    try:
        graph, texts = _parts(content)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path.name} is damaged, incomplete or no ONNX file ({error}). {AGAIN}") from error
    if KEY not in texts:
        raise ExportError(
            f"{path.name} is an ONNX file that another program made: it does not say which words it tells apart. "
            f"{AGAIN}"
        )
    if texts.get(CHECKSUM, found := checksum(graph, texts[KEY])) != found:
        raise ExportError(f"{path.name} is damaged, or was changed after it was exported. {AGAIN}")
    return Exported(content, _about(path.name, texts[KEY]))


def checksum(graph: bytes, text: str) -> str:
    """SHA-256 of a graph and what a file says about itself, by which a damaged file is told."""
    return hashlib.sha256(graph + text.encode()).hexdigest()


def graph_of(content: bytes) -> bytes:
    """The bytes of the graph in those of a file.

    Raises:
        ValueError: If it is no ONNX file.
    """
    return _parts(content)[0]


def _about(name: str, text: str) -> About:
    try:
        values = parse_json(text)
        found = values.get("format") if isinstance(values, dict) else None
        if isinstance(values, dict) and type(found) is int and found != FORMAT:
            raise ExportError(
                f"{name} is of format {shown(found)}; this version reads format {FORMAT}. Update the program, or "
                "export the run again with this one."
            )
        about = from_dict(About, values)
        if (about.sample_rate, about.clip_samples) != (SAMPLE_RATE, CLIP_SAMPLES):
            raise ValueError(f"it takes {about.clip_samples} samples at {about.sample_rate} Hz")
        if not about.labels or about.hop_samples < 1:
            raise ValueError("it names no labels, or no hop")
    except (ConfigError, ValueError) as error:
        raise ExportError(
            f"What {name} says about itself makes no sense: {str(error).removesuffix('.')}. {AGAIN}"
        ) from error
    return about


def _parts(content: bytes) -> tuple[bytes, dict[str, str]]:
    """The graph, and the texts of the metadata by name."""
    graph, texts = b"", {}
    for number, value in _fields(content):
        if number == _GRAPH:
            graph = value
        elif number == _METADATA:
            entry = dict(_fields(value))
            texts[entry.get(1, b"").decode("utf-8")] = entry.get(2, b"").decode("utf-8")
    if not graph:
        raise ValueError("it has no graph")
    return graph, texts


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field in turn; of plain numbers the content is left empty.

    Raises:
        ValueError: If the bytes are no row of fields, or end within one.
    """
    place = 0
    while place < len(content):
        key, place = _number(content, place)
        kind, start = key & 7, place
        if kind == _WHOLE:
            _, place = _number(content, place)
            start = place
        elif kind == _SIZED:
            size, start = _number(content, place)
            place = start + size
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            place += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError("it is written in another form")
        if place > len(content):
            raise ValueError("it ends too early")
        yield key >> 3, content[start:place]


def _number(content: bytes, place: int) -> tuple[int, int]:
    """A whole number, seven bits a byte, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            raise ValueError("it ends too early")
        byte = content[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, place
    raise ValueError("it is written in another form")
