"""What is wrong with a dataset."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something wrong with one file of a dataset, and what was done about it."""

    file: str
    what: str
    action: str
