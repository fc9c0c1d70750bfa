"""The table of the recordings: one line of CSV a clip, read line by line, so that a damaged line costs no other."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.config import SILENCE_LABEL, UNKNOWN_LABEL, is_word
from core.files.writing import write_bytes
from core.records.data import Problem

TABLE = "recordings.csv"
COLUMNS = ("id", "file", "UTC time", "model", "word heard", "score", "truth")

KEPT_TABLE = "recordings-damaged-"
"""Begins the name of a table with damaged lines that was replaced, and kept."""

DAMAGED_SIGN = "\ufffd"
"""Stands where a byte of the file was no text."""

_ID = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\d{3}-[0-9a-f]{8}", re.ASCII)


@dataclass(frozen=True)
class Recording:
    """One clip and what is known about it."""

    id: str
    """Made by ``new_id``; begins with the time it was kept, so that the order of ids is the order in time."""
    model: str = ""
    """Who listened; empty if that is not known."""
    word: str = ""
    """The label it heard; empty if it heard none."""
    score: float | None = None
    """How sure it was, 0 to 1; None if it heard nothing."""
    truth: str = ""
    """The label of what was said; empty as long as nobody told."""
    has_sound: bool = True
    """Whether its WAV is there."""

    @property
    def file(self) -> str:
        """Name of its WAV."""
        return f"{self.id}.wav"

    @property
    def utc(self) -> str:
        """When it was kept, ISO 8601."""
        return moment_of(self.id)

    @property
    def is_possible(self) -> bool:
        """Whether labels and score are such as there are."""
        has_labels = all(label == "" or is_label(label) for label in (self.word, self.truth))
        return has_labels and (self.score is None or 0 <= self.score <= 1)


def is_label(text: str) -> bool:
    """Whether a model can answer with this: a word, silence, or unknown.

    >>> is_label("marvin"), is_label("_silence_"), is_label("_noise_")
    (True, True, False)
    """
    return text in (SILENCE_LABEL, UNKNOWN_LABEL) or (is_word(text) and DAMAGED_SIGN not in text)


def new_id() -> str:
    """An id for a clip that is kept now.

    >>> is_id(new_id())
    True
    """
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(4)}"


def moment_of(id_: str) -> str:
    """The time that an id begins with, ISO 8601; empty if it is no id.

    >>> moment_of("20260102T030405678-0123abcd")
    '2026-01-02T03:04:05Z'
    >>> moment_of("20261302T030405678-0123abcd"), moment_of("../recording")
    ('', '')
    """
    match = _ID.fullmatch(id_)
    text = "{}-{}-{}T{}:{}:{}Z".format(*match.groups()) if match else ""
    with suppress(ValueError):
        datetime.fromisoformat(text)
        return text
    return ""


def is_id(text: str) -> bool:
    """Whether a text is an id as they are made here. Only such a text becomes part of a path."""
    return bool(moment_of(text))


@dataclass
class Table:
    """The rows by id, and what else is in the file."""

    rows: dict[str, Recording]
    content: bytes
    damaged_lines: list[int]
    """Numbers of the lines that are no rows."""

    @classmethod
    def read(cls, folder: Path) -> Table:
        """The table in a folder; an empty one if there is none."""
        content = b""
        with suppress(FileNotFoundError):
            content = (folder / TABLE).read_bytes()
        rows: dict[str, Recording] = {}
        damaged_lines = []
        for number, line in enumerate(content.decode("utf-8-sig", errors="replace").splitlines(), start=1):
            cells = _cells(line)
            row = _row(cells)
            if row is not None and row.id not in rows:
                rows[row.id] = row
            elif cells != list(COLUMNS) and line.strip():
                damaged_lines.append(number)
        return cls(rows, content, damaged_lines)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the file."""
        if self.damaged_lines:
            lines = ", ".join(map(str, self.damaged_lines[:5])) + (", …" if len(self.damaged_lines) > 5 else "")
            yield Problem(TABLE, f"it is damaged: nothing can be read in line {lines}", "the other lines are used")

    def write(self, folder: Path) -> None:
        """Replace the file by the rows; one with damaged lines is kept beside it."""
        if self.damaged_lines:
            write_bytes(folder / f"{KEPT_TABLE}{datetime.now(UTC):%Y%m%dT%H%M%S%f}.csv", self.content)
        write_bytes(folder / TABLE, csv_of(self.rows.values()).encode())


def csv_of(rows: Iterable[Recording]) -> str:
    """The rows as text, oldest first, below a line that names the columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: row.id):
        score = "" if row.score is None else f"{row.score:.4f}"
        writer.writerow((row.id, row.file, row.utc, row.model, row.word, score, row.truth))
    return text.getvalue()


def _cells(line: str) -> list[str]:
    with suppress(csv.Error):
        return next(csv.reader([line], strict=True), [])
    return []


def _row(cells: list[str]) -> Recording | None:
    """The row that the cells of a line make; None if they make none."""
    with suppress(ValueError):
        id_, file, utc, model, word, score, truth = cells
        row = Recording(id_, model, word, float(score) if score else None, truth)
        if is_id(id_) and (file, utc) == (row.file, row.utc) and row.is_possible and DAMAGED_SIGN not in model:
            return row
    return None
