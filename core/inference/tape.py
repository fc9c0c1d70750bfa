"""The last seconds of a stream, found by their place in it."""

from __future__ import annotations

import numpy as np

from core.records.arrays import Waveform


class Tape:
    """The last ``n_kept`` samples of a stream (or a few more); places are counted from its first sample.

    What came before the stream is silence.

    >>> tape = Tape(4)
    >>> for part in ([1, 2, 3], [4, 5, 6]):
    ...     tape.append(np.array(part, np.float32))
    >>> tape.end, tape.between(3, 6).tolist()
    (6, [4.0, 5.0, 6.0])
    """

    def __init__(self, n_kept: int) -> None:
        self.n_kept = n_kept
        self.end = 0
        """Samples heard so far."""
        # Twice as long as needed, so that samples move to the front only once in a while.
        self._samples = np.zeros(2 * n_kept, np.float32)
        self._used = n_kept

    @property
    def start(self) -> int:
        """Place of the first sample that is certainly kept."""
        return max(0, self.end - self.n_kept)

    def append(self, samples: Waveform) -> None:
        """Hear more."""
        self.end += len(samples)
        samples = samples[-self.n_kept :]
        if self._used + len(samples) > len(self._samples):
            kept = self._samples[self._used - self.n_kept + len(samples) : self._used]
            self._samples[: len(kept)] = kept
            self._used = len(kept)
        self._samples[self._used : self._used + len(samples)] = samples
        self._used += len(samples)

    def between(self, start: int, end: int) -> Waveform:
        """Samples ``start`` to ``end``, a copy; ``start`` may lie before the stream, but not before what is kept."""
        if end > self.end or start < self.end - self.n_kept or start > end:
            raise IndexError(f"Samples {start} to {end} are not kept; {self.start} to {self.end} are.")
        shift = self._used - self.end
        return self._samples[start + shift : end + shift].copy()
