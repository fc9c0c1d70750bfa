"""What fitting a model to a room changed: the same clips in the same noise, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.config import to_dict
from core.statistics import Interval, Pairs, share_interval

QUIET = "quiet"
"""The condition without the room's noise."""

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
        """What it changed, in one or two sentences."""
        noisy = [one for one in self.scores if one.condition != QUIET]
        quiet = [one for one in self.scores if one.condition == QUIET]
        clear = [one for one in noisy if one.pairs.interval[0] > 0]
        worse = [one for one in noisy if one.pairs.interval[1] < 0]
        if clear and not worse:
            said = "It hears better in this room: " + ", ".join(map(_in_words, noisy)) + "."
        elif worse:
            said = "It hears worse in this room, so keep the model as it was: " + ", ".join(map(_in_words, noisy)) + "."
        else:
            said = "No clear difference in this room: " + ", ".join(map(_in_words, noisy)) + "."
        for one in quiet:
            low, high = one.pairs.interval
            how = "it loses nothing that could be told from chance" if low <= 0 <= high else _moved(one)
            said += f" In quiet {how} ({_reach(one)} points)."
        return said

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
    return f"{one.after:.0%} right instead of {one.before:.0%} at {one.condition} ({_reach(one)} points)"


def _moved(one: RoomScore) -> str:
    return f"it {'gains' if one.pairs.gain > 0 else 'loses'} {abs(100 * one.pairs.gain):.1f} points"


def _reach(one: RoomScore) -> str:
    low, high = (f"{100 * end:+.1f}".replace("-", "−") for end in one.pairs.interval)
    return f"{low} to {high}"
