"""Finds sound that a card never delivered, by the clock: on many systems PortAudio does not tell of it."""

from __future__ import annotations

from collections import deque

WINDOW_BLOCKS = 40
"""Blocks of which the least delay counts: two seconds."""

TOLERANCE_S = 0.1
"""A shift up to this is none: cards settle now and then on another moment in which they deliver."""

DRIFT = 0.001
"""How wrong a card's own clock may be, as a share."""


class SoundClock:
    """Compares how much sound has arrived with the clock.

    A block may come late, and the next ones with it at once: that is no loss, so the least delay of the last blocks
    counts. It stays the same, apart from the drift of the card's clock, until something is lost.

    >>> clock = SoundClock()
    >>> for block in range(100):
    ...     clock.add(0.05, now=0.05 * block + (0.7 if block > 20 else 0))
    >>> clock.missing_s
    0.7
    """

    def __init__(self) -> None:
        self.missing_s = 0.0
        self._arrived_s = 0.0
        self._began = 0.0
        self._delays_s: deque[float] = deque(maxlen=WINDOW_BLOCKS)
        self._usual_s = 0.0

    def add(self, block_s: float, now: float) -> None:
        """Count a block that has just arrived.

        Args:
            block_s: Its length (s).
            now: The clock (s).
        """
        if not self._delays_s:
            self._began = now - block_s
        self._arrived_s += block_s
        self._delays_s.append(now - self._began - self._arrived_s)
        shift_s = min(self._delays_s) - self._usual_s
        if shift_s > TOLERANCE_S:
            self.missing_s += shift_s
            self._usual_s += shift_s
        else:
            self._usual_s += min(shift_s, DRIFT * block_s)
