"""Records as tables, for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of one row with each interval as two columns; an interval that is not known stays empty.

    >>> flat({"n": 3, "interval": (0.1, 0.9), "speaker_interval": None})
    {'n': 3, 'interval_low': 0.1, 'interval_high': 0.9, 'speaker_interval_low': '', 'speaker_interval_high': ''}
    """
    row: dict[str, Any] = {}
    for name, value in values.items():
        if name.endswith("interval"):
            row[f"{name}_low"], row[f"{name}_high"] = value or ("", "")
        else:
            row[name] = value
    return row


def as_csv(rows: Iterable[Mapping[str, Any]], names: Sequence[str] = ()) -> str:
    r"""Rows as a table with a line of names: those given, or else those of the first row.

    >>> as_csv([{"word": "yes", "n": 3}])
    'word,n\nyes,3\n'
    """
    lines = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, names or list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
