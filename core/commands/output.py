"""What commands print: it reaches a terminal or pipe of any encoding, and one that is full or gone ends no work."""

from __future__ import annotations

import argparse
import codecs
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from core.errors import WriteError
from core.files.strict import to_json
from core.records.table import as_csv
from core.runs import keep
from core.text import printable

PLAIN = {"−": "-", "–": "-", "—": "-", "·": "-", "×": "x", "…": "...", "“": '"', "”": '"', "’": "'", "±": "+/-"}
"""Signs of our texts as every encoding has them; they stand only where the output has no better one."""

_HANDLER = "earshot-plain"


def _in_plain_signs(error: UnicodeError) -> tuple[str, int]:
    """Python asks for what stands in place of signs that an encoding does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = (PLAIN.get(sign) or printable(sign) for sign in error.object[error.start : error.end])
    return "".join(signs).encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error(_HANDLER, _in_plain_signs)


def prepare() -> None:
    """Let standard output and standard error take every text, and stand in for those that are closed."""
    # A closed one is replaced by nowhere under its own number. Otherwise the next file that is opened would get that
    # number, and what a library prints would end up in it.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  (open till the end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def note(text: str) -> None:
    """Tell a person something on standard error, above the bars; nobody there to read it is no reason to stop."""
    # RuntimeError: told by the handler of a signal that came in the middle of other printing.
    with suppress(OSError, ValueError, RuntimeError):
        tqdm.write(text, file=sys.stderr)
        sys.stderr.flush()


def keep_or_note(study: keep.Study[Any], run: Path, name: str, record: Any) -> None:
    """Keep what was measured on a run; where that cannot be, say so: it will be printed all the same."""
    try:
        keep.save(study, run, name, record)
    except WriteError as error:
        note(f"note: the {study.title} could not be kept: {error}")


def show(options: argparse.Namespace, record: Any, as_text: Callable[[Any], str]) -> None:
    """Print a record as it was asked for: its rows as a table, its values as JSON, or text for a person."""
    if getattr(options, "csv", False):
        print(as_csv(record.as_rows()), end="")
    else:
        print(to_json(record.to_dict()) if options.json else as_text(record))


def lost() -> OSError | None:
    """Send off what was printed. Why it did not arrive, if so; then what is left of it is thrown away."""
    with suppress(OSError, ValueError):
        _send(sys.stderr)
    try:
        _send(sys.stdout)
    except OSError as error:
        return error
    return None


def _send(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        # Python would try again when it ends, and complain.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        raise
