"""What fitting a model to a room changed: the same clips in the same noise, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.config import to_dict
from core.statistics import Interval, Pairs, share_interval

QUIET = "quiet"
"""The condition without the room's noise."""

LEAST_S = 10
"""Noise of a room that a model can be fitted to (s)."""

SYNTHETIC = (
    "The demo words are synthetic voices: what is learned from them, and measured on them, says little of real ones."
)
"""What is said where a model was fitted with them."""

Fitted = Literal["pcen", "bands"]

FITTED: dict[Fitted, str] = {
    "pcen": "PCEN's four numbers of each band",
    "bands": "a gain and a shift of each band",
}
"""What of a model was fitted."""


@dataclass(frozen=True)
class RoomScore:
    """Answers to the same clips in one condition; of the pairs, ``a`` is the model before and ``b`` the one after."""

    condition: str
    """``QUIET``, or how far words of usual loudness stand out of the noise, such as "10 dB"."""
    pairs: Pairs

    @property
    def before(self) -> float:
        """Share right before, 0 to 1."""
        return (self.pairs.both + self.pairs.only_a) / self.pairs.n

    @property
    def after(self) -> float:
        """Share right after, 0 to 1."""
        return (self.pairs.both + self.pairs.only_b) / self.pairs.n

    @property
    def before_interval(self) -> Interval:
        """Of the share before (Wilson)."""
        return share_interval(self.pairs.both + self.pairs.only_a, self.pairs.n)

    @property
    def after_interval(self) -> Interval:
        """Of the share after (Wilson)."""
        return share_interval(self.pairs.both + self.pairs.only_b, self.pairs.n)


@dataclass(frozen=True)
class Adaptation:
    """A model that was fitted to a room, measured on clips and noise that it did not learn from."""

    run: str
    start: str
    """The model that was fitted."""
    fitted: Fitted
    dataset: str
    """Whose words were learned from and measured, for people."""
    synthetic: bool
    """Whether these are synthetic voices."""
    room_s: float
    """Noise of the room that was given (s)."""
    scores: tuple[RoomScore, ...]
    checkpoint: str = ""
    """SHA-256 of the model's file."""
    data_key: str = ""
    """``Pack.content`` of the clips."""

    def __post_init__(self) -> None:
        if not self.scores or any(min(vars(one.pairs).values()) < 0 or one.pairs.n < 1 for one in self.scores):
            raise ValueError("no clips were measured before and after")

    @property
    def n(self) -> int:
        """Clips in each condition."""
        return self.scores[0].pairs.n

    @property
    def verdict(self) -> str:
        """What it changed, in a sentence."""
        gains = [one.pairs.interval for one in self.scores if one.condition != QUIET]
        quiet = [one.pairs.interval for one in self.scores if one.condition == QUIET]
        if any(high < 0 for _, high in gains):
            how = "Worse in this room: keep the model as it was"
        elif not any(low > 0 for low, _ in gains):
            how = "No clear difference"
        elif any(low > 0 for low, _ in quiet):
            how = "Better, in quiet too: it learned these words, not the room alone"
        else:
            how = f"Better in this room{', worse in quiet' if any(high < 0 for _, high in quiet) else ''}"
        return f"{how}. {', '.join(map(_in_words, self.scores[::-1]))}."

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        scores = [
            {
                **to_dict(one),
                "before": one.before,
                "after": one.after,
                "gain": one.pairs.gain,
                "gain_interval": list(one.pairs.interval),
                "p": one.pairs.p,
            }
            for one in self.scores
        ]
        return {**to_dict(self), "scores": scores, "n": self.n, "verdict": self.verdict}


def _in_words(one: RoomScore) -> str:
    low, high = (f"{100 * end:+.0f}".replace("-", "−") for end in one.pairs.interval)
    where = "in quiet" if one.condition == QUIET else f"at {one.condition}"
    return f"{one.before:.0%} became {one.after:.0%} {where} ({low} to {high})"
