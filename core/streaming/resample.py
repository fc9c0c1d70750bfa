"""Sound of any rate, kind and chunk size to one channel at 16 kHz, as it arrives."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import soxr
from numpy.typing import NDArray

from core.config import SAMPLE_RATE
from core.errors import AudioError
from core.sound.reading import Waveform

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000

MOST_CHANNELS = 64

BLOCKS_A_SECOND = 50
"""Blocks that are resampled at once; short ones keep the delay small, and one size makes chunks irrelevant."""

NOTHING: Waveform = np.zeros(0, np.float32)


class Resampler:
    """A stream to 16 kHz: the same samples whatever the chunks, and those that ``core.sound.reading.read_audio`` gives.

    A stream that has 16 kHz already passes at once; others are delayed by some 40 ms (100 ms at 8 kHz), the reach of
    the filter against aliases.

    >>> resampler = Resampler()
    >>> len(resampler.push(np.zeros((48_000, 2), np.int16), rate=48_000)) + len(resampler.finish())
    16000
    """

    def __init__(self) -> None:
        self._rate: int | None = None
        self._stream: soxr.ResampleStream | None = None
        self._waiting = NOTHING

    def push(self, samples: NDArray[Any], rate: int) -> Waveform:
        """More of the stream, (n,) or (n, channels); gives what is ready, -1 to 1, (m,).

        Raises:
            AudioError: If the rate changed, or the samples are of another shape or kind or no numbers. Nothing was
                taken then.
        """
        if not LOWEST_RATE <= rate <= HIGHEST_RATE or rate != int(rate):
            raise AudioError(
                f"The stream has {rate} samples a second; {LOWEST_RATE} to {HIGHEST_RATE} (whole numbers) can be heard."
            )
        if self._rate is not None and rate != self._rate:
            raise AudioError(
                f"The stream has {self._rate} samples a second, and now {rate}. Begin a new stream for another rate."
            )
        mono = _one_channel(samples)
        if self._rate is None:
            self._rate = int(rate)
            if self._rate != SAMPLE_RATE:
                self._stream = soxr.ResampleStream(self._rate, SAMPLE_RATE, 1, dtype="float32")
        if self._stream is None:
            return _limited(mono)
        waiting = np.concatenate([self._waiting, mono])
        block = self._rate // BLOCKS_A_SECOND
        whole = len(waiting) - len(waiting) % block
        self._waiting = waiting[whole:]
        parts = [self._stream.resample_chunk(waiting[first : first + block]) for first in range(0, whole, block)]
        return _limited(np.concatenate([NOTHING, *parts]))

    def finish(self) -> Waveform:
        """What is still on its way when the stream ends; nothing may be pushed afterwards."""
        if self._stream is None:
            return NOTHING
        rest, self._waiting = self._waiting, NOTHING
        return _limited(cast(Waveform, self._stream.resample_chunk(rest, last=True)))


def _one_channel(samples: NDArray[Any]) -> Waveform:
    """The mean of all channels as float32, -1 to 1, after a check."""
    samples = np.asarray(samples)
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= MOST_CHANNELS):
        raise AudioError(
            f"A stream takes samples of shape (n,), or (n, channels) with at most {MOST_CHANNELS} channels, "
            f"not {samples.shape}."
        )
    if samples.dtype != np.int16 and not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(f"A stream takes floating-point samples in -1 to 1 or int16, not {samples.dtype}.")
    # Added channel by channel in float64, so that the order of additions does not depend on the size of the chunk.
    channels = samples[:, None] if samples.ndim == 1 else samples
    total = np.zeros(len(samples))
    for channel in channels.T:
        total += channel
    full_scale = 32768 if samples.dtype == np.int16 else 1
    with np.errstate(over="ignore"):
        mono: Waveform = (total / (full_scale * channels.shape[1])).astype(np.float32)
    if not np.isfinite(mono).all():
        raise AudioError("The stream holds samples that are no numbers; check the device that it comes from.")
    return mono


def _limited(samples: Waveform) -> Waveform:
    limited: Waveform = samples.clip(-1, 1)
    return limited
