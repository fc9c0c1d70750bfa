"""What training does not change, computed once: log-mels, or power spectra that wait for their mel filters.

What it changes, computed once a step for several trainings: ``SharedWaveforms``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Literal, Protocol, Self, cast

import torch
from torch import Tensor

from core.data.source import Progress
from core.fast.linear import with_moments
from core.fast.mel import FastMel
from core.fast.shared import Share
from core.frontend.mel import TrainableMel
from core.models.normalise import clip_moments

BATCH = 200
"""Clips computed at once."""


class StepSource(Protocol):
    """Where a training step gets its clips and their log-mels."""

    @property
    def front_end(self) -> TrainableMel:
        """From waveforms to log-mels."""

    @property
    def kind(self) -> str:
        """What ``read`` gives: "waveforms", or "spectra" or "log-mels" that were computed once."""

    @property
    def on_device(self) -> bool:
        """Whether all that a step reads lies on the device already."""

    def read(self, rows: Tensor) -> Tensor:
        """What ``log_mel`` takes, of the clips of these rows (whole numbers, (n,), on the device)."""

    def log_mel(self, batch: Tensor, augment: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Log-mels, (n, n_mels, n_frames), of what ``read`` gave, with gradients to the filters where they learn.

        Args:
            batch: From ``read``.
            augment: Changes waveforms before they are used, given and answering (n, n_samples).
        """


class _Stored:
    """Something of each clip, computed once from waveforms.

    Args:
        waveforms: Where they come from.
        rows: All rows that will be asked for.
        dtype: How numbers are stored.
        progress: Called while they are computed; raising in it cancels.
    """

    on_device = True

    def __init__(
        self, waveforms: StepSource, rows: Tensor, dtype: torch.dtype, progress: Progress | None = None
    ) -> None:
        self.front_end = cast(FastMel, waveforms.front_end)
        device = self.front_end.window().device
        rows = rows.to(device)
        for start in range(0, len(rows), BATCH):
            part = self.compute(waveforms.read(rows[start : start + BATCH]))
            if start == 0:
                self.stored = torch.empty(len(rows), *part.shape[1:], dtype=dtype, device=device)
            self.stored[start : start + len(part)] = part
            if progress:
                progress(start + len(part), len(rows), "Computing spectrograms once")
        self.places = torch.zeros(int(rows.max()) + 1, dtype=torch.int64, device=device)
        self.places[rows] = torch.arange(len(rows), device=device)

    def compute(self, waveform: Tensor) -> Tensor:
        """What is stored of clips (n, n_samples)."""
        raise NotImplementedError

    def behind(self, front_end: TrainableMel) -> Self:
        """The same numbers, not copied, for another front end that would have computed the same."""
        other = copy.copy(self)
        other.front_end = cast(FastMel, front_end)
        return other


class StoredSpectra(_Stored):
    """Power spectra, for mel filters that learn; a batch is the places where they lie, until they are multiplied."""

    kind = "spectra"
    half = torch.bfloat16
    """Power spans too many decades for float16; its relative error is at most 0.4 %."""

    def compute(self, waveform: Tensor) -> Tensor:
        """(n, n_frames, n_bins)."""
        return self.front_end.power_by_frame(waveform)

    def read(self, rows: Tensor) -> Tensor:
        """Places, (n,)."""
        return self.places[rows]

    def log_mel(self, batch: Tensor, _augment: object = None) -> Tensor:
        """(n, n_mels, n_frames)."""
        return self.front_end.log(self.front_end.mel_of_rows(self.stored, batch))


class StoredLogMels(_Stored):
    """Log-mels, where no filter learns; on a CPU with their moments, which are half a step of the linear model."""

    kind = "log-mels"
    half = torch.float16
    """Off by at most 0.008 (in nats, where a log-mel lies between -16 and 16)."""

    def __init__(
        self, waveforms: StepSource, rows: Tensor, dtype: torch.dtype, progress: Progress | None = None
    ) -> None:
        self._moments: list[Tensor] = []
        super().__init__(waveforms, rows, dtype, progress)
        self.moments = torch.cat(self._moments)

    def compute(self, waveform: Tensor) -> Tensor:
        """(n, n_mels, n_frames)."""
        log_mel: Tensor = self.front_end(waveform)
        self._moments.append(clip_moments(log_mel))
        return log_mel

    def read(self, rows: Tensor) -> Tensor:
        """Log-mels, (n, n_mels, n_frames)."""
        places = self.places[rows]
        log_mel = self.stored.index_select(0, places).float()
        return with_moments(log_mel, self.moments.index_select(0, places)) if places.device.type == "cpu" else log_mel

    def log_mel(self, batch: Tensor, _augment: object = None) -> Tensor:
        """The batch itself."""
        return batch


class SharedWaveforms:
    """Clips that are changed in each step, by one training for all that ask for the same; a batch is rows.

    Where the kernels are fixed, power spectra are shared as well. Log-mels are those of ``FastMel``, to the last bit.

    Args:
        waveforms: Where clips come from.
        share: What is shared, with whom, and what the changes follow from.
    """

    kind: Literal["waveforms"] = "waveforms"

    def __init__(self, waveforms: StepSource, share: Share) -> None:
        self.waveforms, self.share = waveforms, share
        self.front_end = cast(FastMel, waveforms.front_end)
        self._spectra = None if self.front_end.config.trains_stft else self.front_end.decides_spectra()

    @property
    def on_device(self) -> bool:
        """Whether all that a step reads lies on the device already."""
        return self.waveforms.on_device

    def read(self, rows: Tensor) -> Tensor:
        """The rows themselves, (n,): their clips may have been read before."""
        return rows

    def log_mel(self, batch: Tensor, augment: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """(n, n_mels, n_frames)."""
        if augment is None:
            return self.waveforms.log_mel(self.waveforms.read(batch))
        share, front_end = self.share, self.front_end
        clips = share.shared.changed(share.sound, batch, share.generator, lambda: augment(self.waveforms.read(batch)))
        if self._spectra is None:
            return cast(Tensor, front_end(clips.waveform))
        power = clips.spectra(self._spectra, lambda waveform: list(front_end.power_in_chunks(waveform)))
        return front_end.log(front_end.mel_of_chunks(power, front_end.config.n_frames(clips.waveform.shape[1])))
