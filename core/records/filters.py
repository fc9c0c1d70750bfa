"""What a front end's filters are, initial and learned."""

from __future__ import annotations

from dataclasses import dataclass

from core.records.arrays import FloatArray


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
