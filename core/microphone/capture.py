"""One use of the sound card: blocks from PortAudio's thread, by way of a queue, to the consumer on another thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.errors import KeywordSpottingError, MicrophoneError
from core.microphone.portaudio import BLOCK_S, open_input
from core.microphone.sound_clock import SoundClock
from core.sound.mixing import Mixer

BACKLOG_S = 30.0
"""Seconds of sound that wait for a consumer that is slow. What comes beyond is lost."""

FIRST_SOUND_S, SILENT_S = 5.0, 1.0
"""Seconds without a sample, before the first and after it, from which a device counts as dead."""

TICK_S = 0.25
"""Seconds from one look at a device that delivers nothing to the next."""

STOP_S = 3.0
"""Longest wait for a consumer when the microphone stops."""

Consume = Callable[[NDArray[np.float32], int], None]
"""Is given blocks of one channel, (n,) in -1 to 1, and their rate (Hz)."""


class Capture:
    """One use of the sound card, from its opening to its release.

    Args:
        consume: Is given the sound.
        device: Number of the device; None for the default.
        is_watched: Whether to go on.

    Raises:
        MicrophoneError: If the device cannot be opened.
    """

    def __init__(self, consume: Consume, device: int | None, is_watched: Callable[[], bool]) -> None:
        self.running = True
        self.error = ""
        self._consume = consume
        self._is_watched = is_watched
        self._blocks: queue.Queue[tuple[NDArray[np.float32], int]] = queue.Queue(round(BACKLOG_S / BLOCK_S))
        self._clock = SoundClock()
        self._overflowed_s = 0.0
        # Seconds captured, and when the last of them arrived: one value, since other threads read it.
        self._newest = (0.0, 0.0)
        self._stream = open_input(device, self._receive)
        self._worker = threading.Thread(target=self._run, name="microphone", daemon=True)
        self._worker.start()

    def stop(self) -> None:
        """Release the sound card, also one that is dead, or while the consumer hangs."""
        self.running = False
        if self._worker is not threading.current_thread():
            self._worker.join(STOP_S)
            if not self._worker.is_alive():
                return
        self._release()

    @property
    def captured_s(self) -> float:
        """Seconds of sound for the consumer to get."""
        return self._newest[0]

    @property
    def lost_s(self) -> float:
        """Seconds of sound that never arrived or did not fit into the queue."""
        return self._clock.missing_s + self._overflowed_s

    def age_s(self, second: float) -> float:
        """How long ago a moment of the captured sound arrived (s)."""
        captured_s, then = self._newest
        return captured_s - second + time.monotonic() - then

    def _receive(self, samples: NDArray[np.float32], rate: int) -> None:
        """Put a block aside; runs on the sound card's thread, which waits for nobody."""
        now, block_s = time.monotonic(), len(samples) / rate
        self._clock.add(block_s, now)
        try:
            self._blocks.put_nowait((samples, rate))
        except queue.Full:
            self._overflowed_s += block_s
        else:
            self._newest = (self.captured_s + block_s, now)

    def _run(self) -> None:
        try:
            self._hand_over()
        except KeywordSpottingError as error:
            self.error = str(error)
        except Exception as error:
            self.error = f"Listening ended because of a mistake in this program: {error!r}. Start it again."
            raise
        finally:
            self._release()

    def _hand_over(self) -> None:
        """Give the consumer block after block, until told to stop, nobody watches or the device is dead."""
        silent_s = 0.0
        mixer: Mixer | None = None
        while self._is_watched() and self.running:
            try:
                samples, rate = self._blocks.get(timeout=TICK_S)
            except queue.Empty:
                silent_s += TICK_S
                self.error = self._death(silent_s)
                if self.error:
                    return
            else:
                silent_s = 0.0
                mixer = mixer or Mixer(rate, samples.shape[1])
                self._consume(mixer.push(samples), rate)

    def _death(self, silent_s: float) -> str:
        """What a device died of that has delivered nothing for so long; empty while there is hope."""
        name = self._stream.device.name
        if not self._stream.active:
            return (
                f"The microphone {name} is gone: it was unplugged, or the sound system stopped. Plug it in, renew the "
                "list of devices and start again."
            )
        if silent_s >= (SILENT_S if self.captured_s else FIRST_SOUND_S):
            return (
                f"The microphone {name} has delivered no sound for {silent_s:g} s, not even silence. Unplug it and "
                "plug it in again, or choose another one, and start again."
            )
        return ""

    def _release(self) -> None:
        self.running = False
        try:
            self._stream.close()
        except MicrophoneError as error:
            self.error = self.error or str(error)
