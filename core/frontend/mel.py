"""``TrainableMel``: nnAudio's mel spectrogram, made to learn sanely and to remember where it started."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from nnAudio.features import MelSpectrogram
from torch import Tensor, nn
from torch.nn import functional

from core.config import FrontEndConfig
from core.errors import AudioError, ConfigError
from core.results import Filters, FilterSnapshot

CHUNK_CLIPS = 10
"""Clips transformed at once on a CPU: their frames then stay in the cache, which is twice as fast."""

FOURIER_TOLERANCE = 1e-5
"""Largest difference up to which fixed kernels count as the exact Fourier ones, so that an FFT may stand in."""


class TrainableMel(nn.Module):
    """Waveforms to log-mel spectrograms through filters that can be trained.

    The filters are nnAudio's own tensors (``layer.mel_basis``, ``layer.stft.wcos``, ``layer.stft.wsin``), so that
    weights move between the two unchanged. Which of them are parameters follows from ``config.setting``. The
    arithmetic differs from nnAudio's in two points: power is summed without a square root, so gradients stay
    finite at digital silence, and fixed Fourier kernels are applied through an FFT.

    Args:
        config: What to compute, and which parts learn.

    Shapes:
        input: (n_clips, n_samples), float, -1 to 1.
        output: (n_clips, n_mels, n_frames), natural logarithm of mel power.

    >>> front_end = TrainableMel(FrontEndConfig(setting="B"))
    >>> front_end(torch.zeros(2, 16_000)).shape
    torch.Size([2, 40, 101])
    >>> [name for name, _ in front_end.named_parameters()]
    ['layer.mel_basis']
    """

    initial_mel_basis: Tensor
    initial_wcos: Tensor
    initial_wsin: Tensor

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        self.config = config
        try:
            self.layer = MelSpectrogram(
                sr=config.sample_rate,
                n_fft=config.n_fft,
                win_length=config.win_length,
                n_mels=config.n_mels,
                hop_length=config.hop_length,
                window=config.window,
                center=config.center,
                pad_mode=config.pad_mode,
                power=2.0,
                htk=config.htk,
                fmin=config.fmin,
                fmax=config.fmax,
                norm=config.norm,
                trainable_mel=config.trains_mel,
                trainable_STFT=config.trains_stft,
                verbose=False,
            )
        except ValueError as error:
            raise ConfigError(f"nnAudio cannot build these filters: {error}.") from error
        # Only trained tensors need a copy of their own; a fixed one is its own initial state.
        for name, tensor in self._tensors().items():
            if tensor.requires_grad:
                self.register_buffer(f"initial_{name}", tensor.detach().clone(), persistent=False)
        self._fourier = not config.trains_stft
        self.register_load_state_dict_post_hook(TrainableMel._check_kernels)  # type: ignore[no-untyped-call]

    def forward(self, waveform: Tensor) -> Tensor:
        """Log-mel spectrograms of a batch, (n_clips, n_mels, n_frames).

        Raises:
            AudioError: If the batch is not (n_clips, n_samples) of floating-point numbers, or the clips are too short.
        """
        return torch.log(self.mel_power(waveform) + self.config.log_offset)

    def mel_power(self, waveform: Tensor) -> Tensor:
        """Power in each mel filter, (n_clips, n_mels, n_frames); no logarithm."""
        return cast(Tensor, self.layer.mel_basis @ self.stft_power(waveform))

    def stft_power(self, waveform: Tensor) -> Tensor:
        """Power in each STFT bin, (n_clips, n_bins, n_frames)."""
        padded = self._pad(waveform)
        if self._fourier:
            chunk = CHUNK_CLIPS if padded.device.type == "cpu" else len(padded)
            power = torch.cat([self._power_by_fft(part) for part in padded.split(chunk)])
        else:
            power = self._power_by_kernels(padded)
        return power + self.config.power_offset if self.config.power_offset else power

    def _pad(self, waveform: Tensor) -> Tensor:
        if waveform.ndim != 2 or not waveform.is_floating_point() or len(waveform) == 0:
            raise AudioError(
                f"The front end takes (n_clips, n_samples) floating-point samples in -1 to 1, not "
                f"{tuple(waveform.shape)} {waveform.dtype}. Divide 16-bit integers by 32768, and add a batch axis."
            )
        config = self.config
        half = config.n_fft // 2 if config.center else 0
        shortest = (half + 1 if config.pad_mode == "reflect" else 1) if config.center else config.n_fft
        if waveform.shape[1] < shortest:
            raise AudioError(
                f"The clips have {waveform.shape[1]} samples; a frame of {config.n_fft} samples needs at least "
                f"{shortest}. Pad them with silence."
            )
        waveform = waveform.to(self.layer.mel_basis.dtype)
        if not half:
            return waveform
        return functional.pad(waveform[:, None], (half, half), mode=config.pad_mode)[:, 0]

    def _power_by_fft(self, padded: Tensor) -> Tensor:
        frames = padded.unfold(1, self.config.n_fft, self.config.hop_length)
        window = cast(Tensor, self.layer.stft.window_mask).view(-1)
        spectrum: Tensor = torch.fft.rfft(frames * window)
        return (spectrum.real.square() + spectrum.imag.square()).transpose(1, 2)

    def _power_by_kernels(self, padded: Tensor) -> Tensor:
        stft = self.layer.stft
        kernels = torch.cat([stft.wcos, stft.wsin])
        both = functional.conv1d(padded[:, None], kernels, stride=self.config.hop_length)
        cosine, sine = both.chunk(2, dim=1)
        return cosine.square() + sine.square()

    @torch.no_grad()
    def keep_valid(self, highest: float | None = None) -> None:
        """Put the mel weights back into their range after a step: at least 0, at most ``highest``."""
        if self.config.trains_mel:
            self.layer.mel_basis.clamp_(min=0.0, max=highest)

    def initial(self, *, trained_only: bool = False) -> dict[str, Tensor]:
        """The filters before training: ``mel_basis`` (n_mels, n_bins), ``wcos`` and ``wsin`` (n_bins, 1, n_fft)."""
        return {
            name: getattr(self, f"initial_{name}", tensor).detach()
            for name, tensor in self._tensors().items()
            if tensor.requires_grad or not trained_only
        }

    def set_initial(self, initial: dict[str, Tensor]) -> None:
        """Take over the initial filters that a checkpoint has stored (only trained ones are)."""
        for name, tensor in initial.items():
            own = getattr(self, f"initial_{name}", None)
            if own is None or own.shape != tensor.shape:
                raise ConfigError(f"Initial filters {name!r} do not fit setting {self.config.setting}.")
            own.copy_(tensor)

    def change(self) -> tuple[float, float]:
        """Relative distance ||W - W0|| / ||W0|| from the initial filters: of the mel filters, of the STFT kernels."""
        now, start = self._tensors(), self.initial()

        def distance(*names: str) -> float:
            moved = sum(float((now[name].detach() - start[name]).square().sum()) for name in names)
            size = sum(float(start[name].square().sum()) for name in names)
            return float(np.sqrt(moved / size))

        return distance("mel_basis"), distance("wcos", "wsin")

    def filters(self, epoch: int = 0) -> Filters:
        """Initial and learned filters as arrays, ready for a figure."""
        now = {name: tensor.detach() for name, tensor in self._tensors().items()}
        config = self.config
        return Filters(
            initial=_snapshot(0, self.initial()),
            learned=_snapshot(epoch, now),
            sample_rate=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            setting=config.setting,
        )

    def _tensors(self) -> dict[str, Tensor]:
        return {"mel_basis": self.layer.mel_basis, "wcos": self.layer.stft.wcos, "wsin": self.layer.stft.wsin}

    def _check_kernels(self, _keys: object) -> None:
        """After loading: may an FFT stand in for the kernels, or has training changed them?"""
        if self.config.trains_stft:
            return
        stft = self.layer.stft
        n_fft = self.config.n_fft
        turns = np.outer(np.arange(self.config.n_bins), np.arange(n_fft)) / n_fft
        window = stft.window_mask.view(-1).cpu().double().numpy()
        gap = 0.0
        for kernels, wave in ((stft.wcos, np.cos), (stft.wsin, np.sin)):
            exact = wave(2 * np.pi * turns) * window
            gap = max(gap, float(np.abs(kernels[:, 0].detach().cpu().double().numpy() - exact).max()))
        self._fourier = gap < FOURIER_TOLERANCE


def _snapshot(epoch: int, tensors: dict[str, Tensor]) -> FilterSnapshot:
    arrays = {name: np.array(tensor.cpu().float().numpy()) for name, tensor in tensors.items()}
    return FilterSnapshot(
        epoch=epoch,
        mel_basis=arrays["mel_basis"],
        stft_cos=arrays["wcos"][:, 0],
        stft_sin=arrays["wsin"][:, 0],
    )
