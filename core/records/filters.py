"""What a front end's filters are, initial and learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.records.arrays import FloatArray

PCEN_START = {"smoothing": 0.025, "gain": 0.98, "bias": 2.0, "root": 0.5}
"""PCEN before training, of every band: the published numbers for keyword spotting (Wang et al., 2017).

There samples are 32-bit integers. With samples of -1 to 1, as here, what stands out is 2.4 times smaller beside the
bias (2**62, by which power differs, to the power of 1 - gain), and the floor is larger beside the quietest levels."""


@dataclass(frozen=True, eq=False)
class PcenBands:
    """The numbers of per-channel energy normalisation, of each band, (n_mels,) each (see ``core.models.pcen``)."""

    smoothing: FloatArray
    """Share of a new frame in the level of its band, 0 to 1."""
    gain: FloatArray
    """How much of the level is divided away: 0 nothing, 1 all of it."""
    bias: FloatArray
    """Added before the root; what stays far below it is hardly heard."""
    root: FloatArray
    """Exponent of the compression: 1 none, near 0 almost a logarithm."""

    @classmethod
    def at_start(cls, n_mels: int) -> PcenBands:
        """The published numbers."""
        return cls(**{name: np.full(n_mels, value, np.float32) for name, value in PCEN_START.items()})

    def time_constant_ms(self, hop_ms: float) -> FloatArray:
        """How long a level remembers: after that time 63 % of a change has been followed (ms), (n_mels,).

        >>> PcenBands.at_start(1).time_constant_ms(10.0).round().tolist()
        [395.0]
        """
        share = np.clip(self.smoothing.astype(np.float64), 1e-9, 1 - 1e-9)  # of any file, whatever it holds
        return np.asarray(-hop_ms / np.log1p(-share), np.float32)


@dataclass(frozen=True)
class FilterSnapshot:
    """The front end's filters at one moment.

    ``mel_basis`` has shape (n_mels, n_bins), ``stft_cos`` and ``stft_sin`` (n_bins, n_fft); weights have no unit.
    """

    epoch: int
    mel_basis: FloatArray
    stft_cos: FloatArray
    stft_sin: FloatArray


@dataclass(frozen=True)
class Filters:
    """Initial and learned filters of one model, with what is needed to put them on an axis in Hz and ms."""

    initial: FilterSnapshot
    learned: FilterSnapshot
    sample_rate: int
    n_fft: int
    hop_length: int
    setting: str

    @property
    def trains_mel(self) -> bool:
        """Whether the mel filters were trained."""
        return self.setting in "BD"

    @property
    def trains_stft(self) -> bool:
        """Whether the STFT kernels were trained."""
        return self.setting in "CD"
