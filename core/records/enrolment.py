"""What is known of words that were enrolled from a few recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.config import to_dict
from core.statistics import Interval, rate_interval, share_interval


@dataclass(frozen=True)
class EnrolledWord:
    """How one word fares when each of its recordings is answered by a model that never heard it."""

    word: str
    n: int
    """Recordings."""
    right: int
    """Of them, those that are taken for this word rather than for another one or for none."""
    accepted: int
    """Of them, those that pass the threshold as well."""
    mistaken: tuple[tuple[str, int], ...] = ()
    """Other words that they are taken for, and how often."""

    @property
    def right_interval(self) -> Interval:
        """Of the share that is right (Wilson), 0 to 1."""
        return share_interval(self.right, self.n)


@dataclass(frozen=True)
class Enrolment:
    """What was measured while words were enrolled, always on what was kept apart from that model's training."""

    run: str
    words: tuple[EnrolledWord, ...]
    threshold: float
    """From which a word counts, 0 to 1."""
    false_alarms: int
    """How often talk that held none of the words passed it."""
    hours: float
    """How much talk that was."""
    talk: str
    """What that talk is, for people."""
    checkpoint: str = ""
    """SHA-256 of the model's file."""
    data_key: str = ""
    """``Pack.content`` of the recordings."""
    heard: tuple[str, ...] = ()
    """What names the sound of each recording that was learned, so that none is tested with."""

    @property
    def n(self) -> int:
        """Recordings in all."""
        return sum(one.n for one in self.words)

    @property
    def right(self) -> int:
        """Of them, those that are taken for their word."""
        return sum(one.right for one in self.words)

    @property
    def accepted(self) -> int:
        """Of them, those that pass the threshold as well."""
        return sum(one.accepted for one in self.words)

    @property
    def false_alarms_interval(self) -> Interval:
        """Of the false alarms an hour (exact Poisson)."""
        return rate_interval(self.false_alarms, self.hours)

    @property
    def alike(self) -> tuple[tuple[str, str, int], ...]:
        """Pairs of words that are taken for each other in a tenth of their recordings or more, the worst first."""
        size = {one.word: one.n for one in self.words}
        found: dict[tuple[str, str], int] = {}
        for one in self.words:
            for other, count in one.mistaken:
                if other in size:
                    pair = (min(one.word, other), max(one.word, other))
                    found[pair] = found.get(pair, 0) + count
        close = [(*pair, count) for pair, count in found.items() if count >= ALIKE * (size[pair[0]] + size[pair[1]])]
        return tuple(sorted(close, key=lambda pair: (-pair[2], pair)))

    @property
    def verdict(self) -> str:
        """What is known, in two sentences, and how little that is."""
        low, high = (f"{end:.0%}" for end in share_interval(self.accepted, self.n))
        least, most = (f"{end:.0f}" for end in self.false_alarms_interval)
        return (
            f"Of {self.n} recordings, each unheard by the model that answered it, {self.accepted} are recognised "
            f"({low} to {high} of such recordings). In {60 * self.hours:.0f} minutes of talk it fired "
            f"{self.false_alarms} times ({least} to {most} an hour)."
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        values = to_dict(self)
        del values["heard"]
        return {
            **values,
            "n": self.n,
            "right": self.right,
            "accepted": self.accepted,
            "accepted_interval": list(share_interval(self.accepted, self.n)),
            "false_alarms_interval": list(self.false_alarms_interval),
            "alike": [list(pair) for pair in self.alike],
            "verdict": self.verdict,
        }


ALIKE = 0.1
"""Share of the recordings of two words from which they are called too alike."""
