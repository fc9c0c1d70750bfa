"""How well a model does on short and on long words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.config import LABELS, Vocabulary, protocol_title, to_dict
from core.records.groups import RangeScores
from core.records.table import flat
from core.statistics import SIGNIFICANT


@dataclass(frozen=True)
class WordLengths:
    """Accuracy in quarters of the clips with words, sorted by how long the word lasts (s)."""

    run: str
    checkpoint: str
    """SHA-256 of the model's file."""
    dataset: str
    data_key: str
    """``Pack.content`` of the clips."""
    protocol: str
    quarters: tuple[RangeScores, ...]
    """From the shortest words on."""
    p: float
    """How likely the quarters differ as much if length did not matter among clips of the same word (permutations)."""
    labels: tuple[str, ...] = LABELS
    """What the model tells apart."""

    @property
    def clips_title(self) -> str:
        """Which clips it was measured on, and what was to be told apart."""
        return protocol_title(self.protocol, Vocabulary.of_labels(self.labels))

    @property
    def n(self) -> int:
        """Number of clips."""
        return sum(one.n for one in self.quarters)

    @property
    def accuracy(self) -> float:
        """Share of them answered right."""
        return sum(one.right for one in self.quarters) / self.n

    @property
    def verdict(self) -> str:
        """What the quarters say, in a sentence."""
        first, last = self.quarters[0], self.quarters[-1]
        ends = (
            f"{first.accuracy:.1%} of the shortest quarter ({first.start:.2f} to {first.end:.2f} s) are right, "
            f"{last.accuracy:.1%} of the longest ({last.start:.2f} to {last.end:.2f} s)"
        )
        what = "Length matters" if self.p < SIGNIFICANT else "No clear effect of length"
        return f"{what}: {ends}; luck alone makes quarters of the same words as uneven with p = {self.p:.3f}."

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**to_dict(self), "n": self.n, "accuracy": self.accuracy, "verdict": self.verdict}

    def as_rows(self) -> list[dict[str, Any]]:
        """A row for each quarter, for a table."""
        about = {"run": self.run, "dataset": self.dataset, "protocol": self.protocol}
        return [{**about, **flat(to_dict(one)), "accuracy": one.accuracy} for one in self.quarters]
