"""What is wrong with a dataset, and whether another program reads it as we do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something wrong with one file of a dataset, and what was done about it."""

    file: str
    what: str
    action: str


@dataclass(frozen=True)
class SplitCount:
    """How many clips a split has in each of two readings of a dataset."""

    split: str
    ours: int
    audioloader: int
    compared: int
    """Clips that both have, by our split."""


@dataclass(frozen=True)
class Example:
    """One clip that two readings of a dataset do not agree on, and in what."""

    file: str
    what: str


@dataclass(frozen=True)
class Difference:
    """All clips that differ in the same way."""

    kind: str
    """One of ``core.data.verify.KINDS``."""
    n: int
    first: tuple[Example, ...]
    """The first few of them."""


@dataclass(frozen=True)
class Verification:
    """Our reading of a dataset beside AudioLoader's."""

    dataset: str
    """Its title."""
    audioloader: str
    """Version of AudioLoader."""
    splits: tuple[SplitCount, ...]
    differences: tuple[Difference, ...]
    """One for each kind that there is; empty where both agree."""

    @property
    def agrees(self) -> bool:
        """Whether both readings are the same in every clip."""
        return not self.differences
