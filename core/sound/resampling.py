"""Sound of any rate, kind and chunk size to one channel at 16 kHz, as it arrives."""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from core.config import SAMPLE_RATE
from core.errors import AudioError
from core.records.arrays import Waveform
from core.sound.mixing import BLOCKS_A_SECOND, MOST_CHANNELS, MOST_OVER, Mixer, Note, in_float, out_of_range

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000
"""Sample rates that can be made into 16 kHz (Hz); anything else is a damaged header."""

NOTHING: Waveform = np.zeros(0, np.float32)


class Converter:
    """Channels and rate of one sound to one channel at 16 kHz; not limited to -1 to 1.

    The memory it takes does not grow. The result does not depend on the chunks, and is that of resampling everything
    at once.

    Args:
        rate: Samples per second, checked before (see ``trouble_with``).
        n_channels: How many channels there are.
    """

    def __init__(self, rate: int, n_channels: int) -> None:
        self.rate, self.n_channels = rate, n_channels
        self._mixer = Mixer(rate, n_channels)
        self._block = rate // BLOCKS_A_SECOND
        self._stream = None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        self._waiting = NOTHING

    @property
    def note(self) -> Note | None:
        """What was done to the channels, if it is worth a word."""
        return self._mixer.note

    def push(self, samples: NDArray[np.floating]) -> Waveform:
        """More of the sound, (n, channels); gives what is ready, (m,)."""
        return self._resample(self._mixer.push(samples))

    def finish(self) -> Waveform:
        """What is still on its way when the sound ends; nothing may be pushed afterwards."""
        rest = self._resample(self._mixer.finish())
        if self._stream is None:
            return rest
        waiting, self._waiting = self._waiting, NOTHING
        return np.concatenate([rest, self._stream.resample_chunk(waiting, last=True)])

    def _resample(self, mono: Waveform) -> Waveform:
        if self._stream is None:
            return mono
        waiting = np.concatenate([self._waiting, mono])
        whole = len(waiting) - len(waiting) % self._block
        self._waiting = waiting[whole:].copy()
        blocks = (waiting[first : first + self._block] for first in range(0, whole, self._block))
        return np.concatenate([NOTHING, *(self._stream.resample_chunk(block) for block in blocks)])


def trouble_with(rate: float, n_channels: int) -> str:
    """Why a sound of this form cannot be heard, the rest of a sentence that begins with its name; empty if it can."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE or rate != int(rate):
        return f"has {rate} samples a second; {LOWEST_RATE} to {HIGHEST_RATE} (whole numbers) can be heard."
    if not 1 <= n_channels <= MOST_CHANNELS:
        return f"has {n_channels} channels; 1 to {MOST_CHANNELS} can be heard."
    return ""


class Resampler:
    """A stream to 16 kHz: the same samples whatever the chunks, and those that ``core.sound.reading.read_audio`` gives.

    One channel of 16 kHz passes at once. Several are delayed by up to 20 ms, in which they are compared (see
    ``core.sound.mixing.Mixer``); other rates by some 40 ms (100 ms at 8 kHz), the reach of the filter against aliases.

    >>> resampler = Resampler()
    >>> len(resampler.push(np.zeros((48_000, 2), np.int16), rate=48_000)) + len(resampler.finish())
    16000
    """

    def __init__(self) -> None:
        self._converter: Converter | None = None
        self._notes: list[Note] = []

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the stream so far that is worth a word."""
        last = self._converter.note if self._converter else None
        return (*self._notes, *([last] if last else []))

    def push(self, samples: NDArray[Any], rate: int) -> Waveform:
        """More of the stream, (n,) or (n, channels); gives what is ready, -1 to 1, (m,).

        Raises:
            AudioError: If the rate changed, or the samples are of another shape, kind or range or no numbers. Nothing
                was taken then.
        """
        if trouble := trouble_with(rate, 1):
            raise AudioError(f"The stream {trouble}")
        if self._converter is not None and rate != self._converter.rate:
            raise AudioError(
                f"The stream has {self._converter.rate} samples a second, and now {rate}. Begin a new stream for "
                "another rate."
            )
        channels = _checked(samples)
        rest = NOTHING
        if self._converter is None or channels.shape[1] != self._converter.n_channels:
            rest = self.finish()
            self._notes = list(self.notes)
            self._converter = Converter(int(rate), channels.shape[1])
        return _limited(np.concatenate([rest, self._converter.push(channels)]))

    def finish(self) -> Waveform:
        """What is still on its way when the stream ends; nothing may be pushed afterwards."""
        return NOTHING if self._converter is None else _limited(self._converter.finish())


def _checked(samples: NDArray[Any]) -> NDArray[np.floating]:
    """Samples as (n, channels) in floating point, after a check of all that can be wrong."""
    samples = np.asarray(samples)
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= MOST_CHANNELS):
        raise AudioError(
            f"A stream takes samples of shape (n,), or (n, channels) with at most {MOST_CHANNELS} channels, "
            f"not {samples.shape}."
        )
    if samples.dtype != np.int16 and not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(f"A stream takes floating-point samples in -1 to 1 or int16, not {samples.dtype}.")
    channels = in_float(samples[:, None] if samples.ndim == 1 else samples)
    with np.errstate(over="ignore"):
        peak = float(np.abs(channels).max(initial=0).astype(np.float32))
    if not np.isfinite(peak):
        raise AudioError("The stream holds samples that are no numbers; check the device that it comes from.")
    if peak > MOST_OVER:
        # What was heard before has been decided on: a stream cannot be scaled afterwards.
        raise AudioError(f"The stream {out_of_range(peak)} Give whole numbers as int16, or divide by their full scale.")
    return channels


def _limited(samples: Waveform) -> Waveform:
    limited: Waveform = samples.clip(-1, 1)
    return limited
