"""What the browser's microphone sends, checked before anything is done with it, and put in order."""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
"""Samples per second (Hz) that a browser may record with."""

LARGEST_S = 5.0
"""Seconds of sound in one message; the browser sends at most 2."""

MOST_SEEN = 1000
"""Latencies in one message."""

LARGEST_NUMBER = 2**53
"""Whole numbers up to here are exact in JavaScript."""

Source = Literal["browser", "card"]
"""Whose microphone: the browser's, or that of the server's own sound card."""

_SESSION = re.compile(r"[0-9a-f]{32}")
_STREAM = re.compile(r"[0-9a-z.]{0,60}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Message:
    """One message of the browser: sound, or only the question for news."""

    session: str
    """Names one press of Start."""
    number: int
    """Grows by one from message to message of a page; a message that is sent again keeps its number."""
    source: Source
    on: bool
    """Whether it is still listening."""
    first: int
    """Number of the first sample below, counted from the press of Start."""
    rate: int
    """Samples per second (Hz)."""
    samples: NDArray[np.int16]
    """One channel, (n,); n may be 0."""
    stream: str
    """The stream of the server that the browser has drawn."""
    until_s: float
    """How far it has drawn it (s); -1 for nothing."""
    seen: tuple[tuple[int, int], ...]
    """Numbers of detections that have appeared on the screen, and after how many milliseconds."""


def read_message(value: Any) -> Message | None:
    """A message from what the browser has sent; None, with a line in the log, for anything else."""
    if value is None:
        return None
    try:
        return _message(value)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, binascii.Error) as error:
        log.warning("A message of the browser's microphone was left out (%s: %.100s).", type(error).__name__, error)
        return None


def _message(value: Mapping[str, Any]) -> Message:
    rate = _whole(value.get("rate", LOWEST_RATE), LOWEST_RATE, HIGHEST_RATE)
    have = value["have"]
    until_s = float(have["until_s"])
    seen = value["seen"]
    _require(isinstance(seen, list) and len(seen) <= MOST_SEEN, "seen")
    _require(value["source"] in ("browser", "card"), "source")
    _require(-1 <= until_s < LARGEST_NUMBER, "until_s")
    return Message(
        session=_matching(_SESSION, value["session"]),
        number=_whole(value["number"], 1, LARGEST_NUMBER),
        source=cast(Source, value["source"]),
        on=bool(value["on"]),
        first=_whole(value.get("first", 0), 0, LARGEST_NUMBER),
        rate=rate,
        samples=_samples(value.get("samples", ""), rate),
        stream=_matching(_STREAM, have["stream"]),
        until_s=until_s,
        seen=tuple((_whole(number, 1, LARGEST_NUMBER), _whole(ms, -60_000, 3_600_000)) for number, ms in seen),
    )


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(what)


def _whole(value: Any, lowest: int, highest: int) -> int:
    _require(not isinstance(value, bool) and isinstance(value, int | float), "a number")
    _require(lowest <= value <= highest and value == int(value), f"a number from {lowest} to {highest}")
    return int(value)


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    _require(isinstance(value, str) and bool(pattern.fullmatch(value)), "a name")
    return str(value)


def _samples(text: Any, rate: int) -> NDArray[np.int16]:
    _require(isinstance(text, str) and len(text) <= 4 * -(-2 * LARGEST_S * rate // 3) + 4, "length of the samples")
    return np.frombuffer(base64.b64decode(text, validate=True), "<i2").astype(np.int16)


class Inbox:
    """Messages in order: each sample once, whatever is sent again, and a count of those that never came."""

    def __init__(self) -> None:
        self.session = ""
        self.number = 0
        """Of the last message that was taken."""
        self.received = 0
        """Number of the next sample that is expected."""
        self.n_missing = 0
        """Samples that the browser had to drop, as far as that has been noticed."""
        self.n_repeated = 0
        """Messages that came again after they had been taken."""

    def is_new_session(self, message: Message) -> bool:
        """Whether a message begins another stream."""
        return message.session != self.session

    def take(self, message: Message) -> NDArray[np.int16]:
        """The samples of a message that have not come before."""
        if self.is_new_session(message):
            # After a restart of the server, a browser goes on in the middle of its stream.
            self.session, self.number = message.session, 0
            self.received, self.n_missing = message.first, 0
        if message.number <= self.number:
            self.n_repeated += 1
            return message.samples[:0]
        self.number = message.number
        new = message.samples[max(0, self.received - message.first) :]
        if len(new):
            self.n_missing += max(0, message.first - self.received)
            self.received = message.first + len(message.samples)
        return new
