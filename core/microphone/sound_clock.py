"""Finds sound that a card never delivered, by the clock: on many systems PortAudio does not tell of it."""

from __future__ import annotations

from collections import deque

WINDOW_S = 2.0
"""A delay that is not made up for so long is a loss."""

TOLERANCE_S = 0.1
"""A shift up to this is none: cards settle now and then on another moment in which they deliver."""

DRIFT = 0.001
"""How wrong a card's own clock may be, as a share."""


class SoundClock:
    """Compares how much sound has arrived with the clock.

    A block may come late, and the next ones with it at once: that is no loss, so the least delay of the last seconds
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
        # When blocks arrived, and how late; the first is as old as the window or older, once there are such.
        self._delays: deque[tuple[float, float]] = deque()
        self._usual_s = 0.0

    def add(self, block_s: float, now: float) -> None:
        """Count a block that has just arrived.

        Args:
            block_s: Its length (s).
            now: The clock (s).
        """
        if not self._delays:
            self._began = now - block_s
        self._arrived_s += block_s
        self._delays.append((now, now - self._began - self._arrived_s))
        while len(self._delays) > 1 and self._delays[1][0] <= now - WINDOW_S:
            self._delays.popleft()
        shift_s = min(delay_s for _, delay_s in self._delays) - self._usual_s
        if shift_s > TOLERANCE_S:
            self.missing_s += shift_s
            self._usual_s += shift_s
        else:
            self._usual_s += min(shift_s, DRIFT * block_s)
