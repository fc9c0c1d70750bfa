"""Files that anybody may have written, read strictly: size, depth, kinds and shapes are known before anything is built.

Whatever is wrong is a ``ValueError`` that says what; a file that is not there, or may not be read, an ``OSError``.
Those who read a kind of file turn both into the error that a person sees.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import reprlib
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

SMALL_BYTES = 2**20
"""Largest file of settings or of a state (1 MB); ours have a few KB."""

LARGE_BYTES = 2**26
"""Largest file of results (64 MB); ours have at most a few MB."""

LARGEST_ARRAYS = 2**28
"""Bytes that all arrays of one file may take once they are unpacked (256 MB)."""

DEEPEST = 32
"""Levels of lists and tables within each other; ours have at most seven."""

LONGEST_TEXT = 600
"""Letters of an error that are shown."""

LONGEST_HEADER = 10_000
"""Bytes of an array's header, as in NumPy itself."""

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)


def read_bytes(path: Path, largest: int = SMALL_BYTES) -> bytes:
    """The content of a regular file of at most ``largest`` bytes; a pipe or a device is never waited for.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is larger, or no regular file.
    """

    def opened(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    with open(path, "rb", opener=opened) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"{path.name} is no regular file")
        content = b"" if about.st_size > largest else file.read(largest + 1)
    if about.st_size > largest or len(content) > largest:
        raise ValueError(f"{path.name} is larger than {largest:,} bytes")
    return content


# JSON


def read_json(path: Path, largest: int = SMALL_BYTES) -> dict[str, Any]:
    """The table that a JSON file holds.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is too large, no JSON as ``parse_json`` takes it, or no table.
    """
    values = parse_json(read_bytes(path, largest))
    if not isinstance(values, dict):
        raise ValueError(f"{path.name} must hold a table of names and values, not {shown(values)}")
    return values


def parse_json(content: bytes | str) -> Any:
    """The value of a JSON text in UTF-8, of which every number is finite, every name stands once, and nothing is deep.

    Raises:
        ValueError: If it is anything else.

    >>> parse_json('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> parse_json('{"a": 1e999}')
    Traceback (most recent call last):
    ValueError: it has the number 1e999, which is too large
    """
    text = content if isinstance(content, str) else content.decode("utf-8")
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket.group()[:1], 0)
        if depth > DEEPEST:
            raise ValueError(f"it has lists within lists, more than {DEEPEST} deep")
    return json.loads(text, parse_constant=_no_number, parse_float=_float, parse_int=_integer, object_pairs_hook=_table)


def to_json(values: Any, indent: int | None = None) -> str:
    """Values as JSON that every program can read: a number that is none (NaN, infinity) becomes null.

    >>> to_json({"loss": float("nan"), "n": 3})
    '{"loss": null, "n": 3}'
    """
    return json.dumps(_with_null(values), indent=indent, allow_nan=False)


def _with_null(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _with_null(item) for name, item in value.items()}
    return [_with_null(item) for item in value] if isinstance(value, list | tuple) else value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"it has {text}, which is no number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it has the number {text[:40]}, which is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"it has the number {text[:40]}, which is too large")
    return int(text)


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it gives {shown(next(name for name in names if names.count(name) > 1))} twice")
    return table


# Arrays


def read_arrays(path: Path, expected: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` (see ``arrays_of``).

    Raises:
        ValueError: If the file is missing, too large, damaged, or holds anything but the arrays expected.
    """
    try:
        return arrays_of(read_bytes(path, LARGE_BYTES), expected)
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read ({error.strerror or error})") from error


def arrays_of(content: bytes, expected: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """The arrays in the bytes of an ``.npz``; each header is held against what is expected before its numbers are read.

    Args:
        content: The file.
        expected: For each name what must stand there: the kind, then the lengths. Kinds are ``i`` whole numbers,
            ``f`` finite numbers, ``F`` numbers that may be NaN, ``U`` text, ``S`` bytes. A length is a number, or a
            word that stands for the same length wherever it appears. A name that ends in ``?`` may be missing.

    Raises:
        ValueError: If it holds anything else.

    >>> buffer = io.BytesIO()
    >>> np.savez(buffer, epochs=[1, 2], mel=np.zeros((2, 3)))
    >>> sorted(arrays_of(buffer.getvalue(), {"epochs": "i n", "mel": "f n mels", "notes?": "U"}))
    ['epochs', 'mel']
    >>> arrays_of(buffer.getvalue(), {"epochs": "i n", "mel": "f mels n"})
    Traceback (most recent call last):
    ValueError: mel has the shape (2, 3); expected is (mels, n)
    """
    wanted = {name.removesuffix("?"): form for name, form in expected.items()}
    arrays: dict[str, NDArray[Any]] = {}
    lengths: dict[str, int] = {}
    left = LARGEST_ARRAYS
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > len(wanted):
                raise ValueError(f"it holds {len(members)} arrays, not the {len(wanted)} expected")
            for member in members:
                name = member.filename.removesuffix(".npy")
                if name not in wanted or name in arrays:
                    raise ValueError(f"it holds {shown(name)}, which is not expected there")
                with archive.open(member) as stream:
                    arrays[name] = _array(name, stream, wanted[name], lengths, left)
                left -= arrays[name].nbytes
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OverflowError) as error:
        raise ValueError(f"it is damaged, or no file of arrays ({error})") from error
    missing = [name for name in expected if name not in arrays and not name.endswith("?")]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return {name: arrays[name] for name in wanted if name in arrays}


def _array(name: str, stream: Any, form: str, lengths: dict[str, int], most_bytes: int) -> NDArray[Any]:
    """One array, once its header was found to be as expected; ``lengths`` learns what the words stand for."""
    kind, *dims = form.split()
    shape, by_column, dtype = _header(name, stream)
    empty = 0 in shape  # an empty row is written as one of numbers, whatever it would have held
    if dtype.kind not in {"i": "iu", "f": "f", "F": "f"}.get(kind, kind) and not (empty and dtype.kind == "f"):
        raise ValueError(f"{name} holds {dtype}, not the kind expected")
    fits = len(shape) == len(dims) and all(
        length == (int(dim) if dim.isdigit() else lengths.setdefault(dim, length))
        for dim, length in zip(dims, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} has the shape {shape}; expected is ({', '.join(dims)})")
    count = math.prod(shape)
    if max(count, *shape, 1) * max(dtype.itemsize, 1) > most_bytes:
        raise ValueError(f"{name} of the shape {shape} would take more than {most_bytes:,} bytes")
    data = stream.read(count * dtype.itemsize + 1)
    if len(data) != count * dtype.itemsize:
        raise ValueError(f"{name} does not hold what its header says")
    if empty or not dtype.itemsize:
        return np.zeros(shape, f"{kind}1" if kind in "US" else dtype)
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if by_column else "C").copy()
    if kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are not finite")
    if kind == "U" and array.reshape(-1).view(np.uint32).max() > 0x10FFFF:
        raise ValueError(f"{name} holds text that is none")
    return array


def _header(name: str, stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it lies column by column, and type of the array that begins here."""
    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"{name} is written in the version {version} of the format")
    try:
        shape, by_column, dtype = read(stream, max_header_size=LONGEST_HEADER)
    except (TypeError, SyntaxError, MemoryError, RecursionError) as error:  # what Python's parser raises on nonsense
        raise ValueError(f"{name} has a header that makes no sense") from error
    if dtype.hasobject or dtype.byteorder == ">" or any(length < 0 for length in shape):
        raise ValueError(f"{name} holds {dtype} of the shape {shape}, which is not read")
    return shape, by_column, dtype


# Texts about what was found


class _Bounded(reprlib.Repr):
    """A look at a value that takes no time and no space, whatever it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxdict, self.maxstring, self.maxother = 2, 4, 4, 4, 60, 60

    def repr_int(self, value: int, _level: int) -> str:
        return repr(value) if value.bit_length() < 128 else f"a whole number of {value.bit_length()} bits"

    def repr_instance(self, value: object, _level: int) -> str:
        return f"a {type(value).__name__}" if not isinstance(value, float | bool | None) else repr(value)


def shown(value: object) -> str:
    """A value for a message: short, whatever it is.

    >>> shown([1] * 9), shown(10**400), shown("text")
    ('[1, 1, 1, 1, ...]', 'a whole number of 1329 bits', "'text'")
    """
    return _Bounded().repr(value)


def in_one_line(error: BaseException | str) -> str:
    r"""The whole text of an error as one readable line; only one that is longer than a paragraph is cut.

    >>> in_one_line("two\n   lines")
    'two lines'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
