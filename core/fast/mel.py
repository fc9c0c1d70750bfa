"""``TrainableMel`` with as few multiplications as its kernels allow, and all steps of a few clips within the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.fast.fourier import fourier_power, fourier_response
from core.fast.kernels import kernel_power, kernel_power_bfloat16, plan_for, prepared_kernels
from core.fast.stored import mel_of_rows
from core.frontend.mel import TrainableMel, fourier_kernels

FOURIER_CHUNK_CLIPS = 10
KERNEL_CHUNK_CLIPS = 34
"""Clips transformed at once on a CPU. Few stay in the cache, which is twice as fast; products of matrices want many."""

FEWEST_TILED_CLIPS = 8
"""Clips from which sharing products between frames pays."""

FOURIER_TOLERANCE = 1e-5
"""Largest difference up to which fixed kernels count as the exact Fourier ones, so that an FFT may stand in."""


class FastMel(TrainableMel):
    """The same log-mels and gradients as ``TrainableMel``, up to rounding; for any device."""

    uses_bfloat16 = False
    """Whether products with trained kernels are made in bfloat16 (see ``kernel_power_bfloat16``)."""
    _is_fourier: bool | None = None

    def mel_power(self, waveform: Tensor) -> Tensor:
        """Power in each mel filter, (n_clips, n_mels, n_frames); no logarithm."""
        return self.mel_of_chunks(self.power_in_chunks(waveform), self.config.n_frames(waveform.shape[-1]))

    def mel_of_chunks(self, chunks: Iterable[Tensor], n_frames: int) -> Tensor:
        """``mel_power``, (n_clips, n_mels, n_frames), of the power that ``power_in_chunks`` gives, or gave before."""
        # Joined frame by frame, as chunks lie in memory; frames behind the end are cut off last, where they are small.
        basis = self.learning_basis()
        mel = _joined([_mel_by_frame(power, basis)[:, :n_frames] for power in chunks])
        return self._with_offset(mel, basis).transpose(1, 2)

    def mel_of_rows(self, spectra: Tensor, rows: Tensor) -> Tensor:
        """``mel_power`` of some of the spectra, (n, n_frames, n_bins), that ``power_by_frame`` gave before."""
        basis = self.learning_basis()
        return self._with_offset(mel_of_rows(spectra, rows, basis), basis).transpose(1, 2)

    def power_by_frame(self, waveform: Tensor) -> Tensor:
        """STFT power, (n_clips, n_frames, n_bins), without ``power_offset``."""
        n_frames = self.config.n_frames(waveform.shape[-1])
        return _joined([power[:, :n_frames, : self.config.n_bins] for power in self.power_in_chunks(waveform)])

    def decides_spectra(self) -> Hashable:
        """All that decides power spectra while the kernels are fixed; equal for front ends that can share them."""
        config, stft = self.config, self.layer.stft
        kernels = _content(stft.wcos, stft.wsin, self.window())
        return config.n_fft, config.hop_length, config.center, config.pad_mode, kernels

    def decides_log_mels(self) -> Hashable:
        """All that decides log-mels while nothing learns; equal for front ends that can share them."""
        return self.decides_spectra(), self.config.power_offset, self.config.log_offset, _content(self.layer.mel_basis)

    def _with_offset(self, mel: Tensor, basis: Tensor) -> Tensor:
        """``power_offset`` in every bin, added where there are fewest numbers: after the filters."""
        if not self.config.power_offset:
            return mel
        return mel + self.config.power_offset * basis.sum(dim=1)

    def power_in_chunks(self, waveform: Tensor) -> Iterator[Tensor]:
        """STFT power of a few clips at a time, so that on a CPU all steps of one chunk find it in the cache.

        There may be a few more frames and bins than belong to the clips (see ``kernel_power``).
        """
        waveform = self._checked(waveform)
        chunk, power = self._way(waveform)
        for part in waveform.split(chunk if waveform.device.type == "cpu" else len(waveform)):
            yield power(self._padded(part))

    def _way(self, waveform: Tensor) -> tuple[int, Callable[[Tensor], Tensor]]:
        """The fastest way from padded waveforms to power, and how many clips it wants at once on a CPU.

        All that the clips of a batch have in common is done here already.

        - Fixed kernels that are Fourier's: an FFT.
        - Trained kernels, where bfloat16 is asked for and the sound itself needs no gradient: Fourier's response by
          an FFT, and what was learned in bfloat16.
        - Any other kernels: products with matrices. From ``FEWEST_TILED_CLIPS`` on a CPU, frames share them; on a GPU
          the plain product wins, since arithmetic is cheap there and launching many small steps is not, and for few
          clips everywhere, since preparing the kernels costs as much as the products of three.
        """
        config, stft = self.config, self.layer.stft
        if self.is_fourier():
            return FOURIER_CHUNK_CLIPS, lambda padded: fourier_power(padded, self.window(), config.hop_length)
        cosine, sine = stft.wcos[:, 0], stft.wsin[:, 0]
        if self.uses_bfloat16 and config.trains_stft and not waveform.requires_grad:
            plan = plan_for(config.n_fft, config.hop_length, tiled=False)
            changes = prepared_kernels(cosine - self.initial_wcos[:, 0], sine - self.initial_wsin[:, 0], plan)

            def in_bfloat16(padded: Tensor) -> Tensor:
                response = fourier_response(padded, self.window(), config.hop_length, changes.shape[2] // 2)
                return kernel_power_bfloat16(padded, changes, plan, response)

            return KERNEL_CHUNK_CLIPS, in_bfloat16
        tiled = waveform.device.type == "cpu" and len(waveform) >= FEWEST_TILED_CLIPS
        plan = plan_for(config.n_fft, config.hop_length, tiled=tiled)
        factors = prepared_kernels(cosine, sine, plan)
        return KERNEL_CHUNK_CLIPS, lambda padded: kernel_power(padded, factors, plan)

    def _padded(self, waveform: Tensor) -> Tensor:
        if not self.config.center or self.config.pad_mode != "reflect" or waveform.device.type != "cpu":
            return super()._padded(waveform)
        # Mirrored by hand: three times as fast as functional.pad on a CPU, which is written for images.
        half = self.config.n_fft // 2
        start, end = waveform[:, 1 : half + 1].flip(1), waveform[:, -half - 1 : -1].flip(1)
        return torch.cat([start, waveform, end], dim=1)

    def is_fourier(self) -> bool:
        """Whether an FFT may stand in for the kernels: they are fixed, and nobody trained or drew them otherwise."""
        if self._is_fourier is None:
            self._is_fourier = not self.config.trains_stft and self._distance_from_fourier() < FOURIER_TOLERANCE
        return self._is_fourier

    def _distance_from_fourier(self) -> float:
        exact = fourier_kernels(self.window().cpu().double().numpy())
        kernels = (self.layer.stft.wcos, self.layer.stft.wsin)
        gaps = (np.abs(one[:, 0].cpu().double().numpy() - other) for one, other in zip(kernels, exact, strict=True))
        return max(float(gap.max()) for gap in gaps)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        self._is_fourier = None  # other kernels are coming
        super()._load_from_state_dict(*arguments)


def _mel_by_frame(power: Tensor, basis: Tensor) -> Tensor:
    # Silent bins behind the last one, which ``kernel_power`` may add, are met by silent weights.
    missing = power.shape[2] - basis.shape[1]
    return power @ (functional.pad(basis, (0, missing)) if missing else basis).t()


def _content(*tensors: Tensor) -> str:
    """The same for tensors of the same shapes and numbers alone."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _joined(chunks: list[Tensor]) -> Tensor:
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks)
