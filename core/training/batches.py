"""What a training step reads: clips by row, or spectra and log-mels computed once where nothing changes them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.pack import Pack
from core.data.source import Progress
from core.frontend.mel import TrainableMel
from core.models.normalise import clip_moments

Kind = Literal["waveforms", "spectra", "log-mels"]

BATCH = 200
"""Clips computed at once where no step decides it: validation, evaluation, spectra computed in advance."""

RESIDENT_SHARE = 0.5
"""Share of a GPU's free memory that the clips may take; a larger dataset stays in the computer's memory."""

HALF: dict[Kind, torch.dtype] = {"spectra": torch.bfloat16, "log-mels": torch.float16}
"""What is stored where float32 does not fit: power spans too many decades for float16, and gets a relative error of
at most 0.4 %; a log-mel in float16 is off by at most 0.008 (in nats, where it lies between -16 and 16)."""


class Clips:
    """The clips of a pack by row, as waveforms and labels on a device.

    On a GPU the whole pack lies in its memory as it is, in 16 bits, if it fits; otherwise batches are copied there
    through pinned memory while the GPU works. On a CPU clips are read straight from the pack's pages.

    Args:
        data: The pack.
        device: Where the batches go.
    """

    def __init__(self, data: Pack, device: torch.device) -> None:
        self.device = device
        with warnings.catch_warnings():
            # The pack is mapped for reading; PyTorch warns of writing, which nothing here does.
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            self.samples = torch.from_numpy(data.clips)
        self.labels = torch.from_numpy(data.labels).to(device)
        if device.type == "cuda" and self.samples.nbytes <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
            self.samples = self.samples.to(device)

    def waveforms(self, rows: Tensor) -> Tensor:
        """Clips of these rows (a tensor of whole numbers on any device), (n, n_samples), -1 to 1."""
        if self.samples.device.type == self.device.type:
            samples = self.samples.index_select(0, rows.to(self.device))
        else:
            samples = torch.empty(len(rows), self.samples.shape[1], dtype=self.samples.dtype, pin_memory=True)
            torch.index_select(self.samples, 0, rows.cpu(), out=samples)
            samples = samples.to(self.device, non_blocking=True)
        return samples.float().mul_(1 / 32768)


class Batches:
    """Log-mels of clips by row; what training does not change is computed once, as far as it fits into memory.

    Args:
        data: The pack.
        rows: All rows that will be asked for.
        front_end: From waveforms to log-mels; on ``device``.
        device: Where to compute.
        augmented: Whether waveforms are changed before they are used, so that nothing can be computed once.
        budget_bytes: Memory that spectra or log-mels computed once may take.
        progress: Called while they are computed; raising in it cancels.
    """

    def __init__(
        self,
        data: Pack,
        rows: NDArray[np.int64],
        front_end: TrainableMel,
        device: torch.device,
        *,
        augmented: bool,
        budget_bytes: int,
        progress: Progress | None = None,
    ) -> None:
        self.clips = Clips(data, device)
        self.front_end = front_end
        self.kind: Kind = "waveforms"
        self.stored = torch.empty(0)
        self._moments: Tensor | None = None
        config = front_end.config
        if augmented or config.trains_stft:
            return
        kind: Kind = "spectra" if config.trains_mel else "log-mels"
        width = config.n_bins if config.trains_mel else config.n_mels
        n_numbers = len(rows) * config.n_frames(data.clips.shape[1]) * width
        for dtype in (torch.float32, HALF[kind]):
            if n_numbers * dtype.itemsize <= budget_bytes:
                self.kind = kind
                self._store(torch.from_numpy(rows), dtype, progress)
                break

    @property
    def on_device(self) -> bool:
        """Whether all that a step reads lies on the device already."""
        return self.kind != "waveforms" or self.clips.samples.device.type == self.clips.device.type

    def read(self, rows: Tensor) -> Tensor:
        """What ``log_mel`` takes, for these rows (whole numbers, (n,), on the device): waveforms, log-mels, or places.

        Spectra are not read here but where they are multiplied; of them this gives where they lie.
        """
        if self.kind == "waveforms":
            return self.clips.waveforms(rows)
        places = self.places[rows]
        return places if self.kind == "spectra" else self.stored.index_select(0, places).float()

    def moments(self, rows: Tensor) -> Tensor | None:
        """``clip_moments`` of the log-mels of these rows, where log-mels were computed once on a CPU; else None."""
        return None if self._moments is None else self._moments.index_select(0, self.places[rows])

    def log_mel(self, kept: Tensor, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Log-mels, (n, n_mels, n_frames), of what ``read`` gave, with gradients to the filters where they are trained.

        Args:
            kept: From ``read``.
            change: Augmentation of waveforms, given and answering (n, n_samples).
        """
        if self.kind == "log-mels":
            return kept
        if self.kind == "spectra":
            return self.front_end.log(self.front_end.mel_of(self.stored, kept))
        return cast(Tensor, self.front_end(change(kept) if change else kept))

    @torch.no_grad()
    def _store(self, rows: Tensor, dtype: torch.dtype, progress: Progress | None) -> None:
        device = self.clips.device
        rows = rows.to(device)
        moments: list[Tensor] = []
        compute = self.front_end if self.kind == "log-mels" else self.front_end.power_by_frame
        for start in range(0, len(rows), BATCH):
            part = compute(self.clips.waveforms(rows[start : start + BATCH]))
            if start == 0:
                self.stored = torch.empty(len(rows), *part.shape[1:], dtype=dtype, device=device)
            self.stored[start : start + len(part)] = part
            if self.kind == "log-mels" and device.type == "cpu":
                moments.append(clip_moments(part))
            if progress:
                progress(start + len(part), len(rows), "Computing spectrograms once")
        self._moments = torch.cat(moments) if moments else None
        self.places = torch.zeros(len(self.clips.labels), dtype=torch.int64, device=device)
        self.places[rows] = torch.arange(len(rows), device=device)
