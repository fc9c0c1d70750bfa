"""The computer's sound card for programs that start, watch and stop it."""

from __future__ import annotations

import threading
import time

from core.errors import MicrophoneError
from core.microphone.capture import Capture, Consume


class Microphone:
    """The computer's sound card: opens on start, hands sound to a consumer on a thread of its own, ends unwatched.

    Any number of threads may use it. A consumer that raises an error ends it.

    Args:
        consume: Is given blocks of one channel, (n,) in -1 to 1, and their rate (Hz), 16 kHz where the card agrees. It
            may lag behind by 30 s; what comes beyond is lost, and counted.
        device: Number of an ``InputDevice``; None for the default.
        idle_s: It stops when nobody has called ``touch`` for so long (s). None: never.
    """

    def __init__(self, consume: Consume, *, device: int | None = None, idle_s: float | None = 5.0) -> None:
        self._consume = consume
        self._device = device
        self._idle_s = idle_s
        self._touched = 0.0
        self._lock = threading.Lock()
        self._capture: Capture | None = None
        self._refused = ""

    def start(self) -> None:
        """Open the sound card and begin anew; nothing if it is open.

        Raises:
            MicrophoneError: If it cannot be opened.
        """
        with self._lock:
            self.touch()
            if self.running:
                return
            try:
                self._capture = Capture(self._consume, self._device, self._is_watched)
            except MicrophoneError as error:
                self._capture, self._refused = None, str(error)
                raise

    def stop(self) -> None:
        """Release the sound card; nothing if it is released. What the consumer has not got by then, it does not get.

        A consumer that is busy for seconds may end its block after this.
        """
        with self._lock:
            if self._capture is not None:
                self._capture.stop()

    def touch(self) -> None:
        """Say that somebody still watches."""
        self._touched = time.monotonic()

    def _is_watched(self) -> bool:
        return self._idle_s is None or time.monotonic() - self._touched <= self._idle_s

    # Other threads may start it meanwhile, so what is asked reads ``_capture`` once.

    @property
    def running(self) -> bool:
        """Whether the sound card is open."""
        capture = self._capture
        return capture is not None and capture.running

    @property
    def error(self) -> str:
        """Why it did not start or has ended, and what to do, in plain words; empty if it did as it was told."""
        capture = self._capture
        return capture.error if capture else self._refused

    @property
    def captured_s(self) -> float:
        """Seconds of sound since the start, for the consumer to get."""
        capture = self._capture
        return capture.captured_s if capture else 0.0

    @property
    def lost_s(self) -> float:
        """Seconds of sound since the start that were lost: on the way, or because the consumer was too slow."""
        capture = self._capture
        return capture.lost_s if capture else 0.0

    def age_s(self, second: float) -> float:
        """How long ago a moment of the sound arrived (s).

        Args:
            second: The moment, in seconds of what the consumer gets.
        """
        capture = self._capture
        return capture.age_s(second) if capture else 0.0
