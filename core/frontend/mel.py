"""``TrainableMel``: nnAudio's mel spectrogram, made to learn sanely and to remember where it started."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from nnAudio.features import MelSpectrogram
from numpy.typing import NDArray
from scipy.signal import get_window
from torch import Tensor, nn
from torch.nn import functional

from core.config import FrontEndConfig
from core.errors import AudioError, ConfigError
from core.frontend.basis import ShapedMel, random_kernels, random_mel
from core.records.filters import Filters, FilterSnapshot


class TrainableMel(nn.Module):
    """Waveforms to log-mel spectrograms through filters that can be trained.

    The filters are nnAudio's own tensors (``layer.mel_basis``, ``layer.stft.wcos``, ``layer.stft.wsin``), so that
    weights move between the two unchanged. Which of them are parameters follows from ``config.setting``; mel filters
    that keep a shape are computed from the parameters of ``shape`` (``basis.py``). The arithmetic is our own: power is
    summed without a square root, so that gradients stay finite at digital silence. ``core.fast.mel`` does the same
    sooner.

    Args:
        config: What to compute, and which parts learn.
        dtype: Type of the filters. ``torch.float64`` gives kernels and window that are exact in it, for comparisons:
            nnAudio's own, which are rounded to float32, leave relative errors of 1e-4 in the quietest bands of speech.

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

    def __init__(self, config: FrontEndConfig, dtype: torch.dtype = torch.float32) -> None:
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
                trainable_mel=config.trains_mel and config.mel_shape == "free",
                trainable_STFT=config.trains_stft,
                verbose=False,
            )
        except (ValueError, TypeError) as error:
            raise ConfigError(f"nnAudio cannot build these filters: {error}.") from error
        self.shape = ShapedMel(config) if config.trains_mel and config.mel_shape != "free" else None
        if dtype != torch.float32:
            self._make_exact(dtype)
        self._set_start()
        # Only trained tensors need a copy of their own; a fixed one is its own initial state.
        for name in self._trained():
            self.register_buffer(f"initial_{name}", self._tensors()[name].detach().clone(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Log-mel spectrograms of a batch, (n_clips, n_mels, n_frames).

        Raises:
            AudioError: If the batch is not (n_clips, n_samples) of floating-point numbers, or the clips are too short.
        """
        return self.log(self.mel_power(waveform))

    def log(self, mel_power: Tensor) -> Tensor:
        """Mel power to log-mel: natural logarithm, above the floor that ``log_offset`` sets."""
        return torch.log(mel_power + self.config.log_offset)

    def mel_power(self, waveform: Tensor) -> Tensor:
        """Power in each mel filter, (n_clips, n_mels, n_frames); no logarithm."""
        power = self.power_by_frame(waveform) + self.config.power_offset
        return (power @ self.learning_basis().t()).transpose(1, 2)

    def power_by_frame(self, waveform: Tensor) -> Tensor:
        """STFT power, (n_clips, n_frames, n_bins), without ``power_offset``: frames times kernels, squared."""
        frames = self._padded(self._checked(waveform)).unfold(1, self.config.n_fft, self.config.hop_length)
        cosine: Tensor = frames @ self.layer.stft.wcos[:, 0].t()
        sine: Tensor = frames @ self.layer.stft.wsin[:, 0].t()
        return cosine.square() + sine.square()

    def learning_basis(self) -> Tensor:
        """The mel filters, (n_mels, n_bins), with a gradient where they are trained."""
        if self.shape is None or not torch.is_grad_enabled():
            return cast(Tensor, self.layer.mel_basis)
        return self._masked(self.shape())

    def window(self) -> Tensor:
        """The window over a whole frame, (n_fft,)."""
        return cast(Tensor, self.layer.stft.window_mask).view(-1)

    def _masked(self, mel_basis: Tensor) -> Tensor:
        masked = self.config.masked_bins
        if masked is None:
            return mel_basis
        bins = torch.arange(self.config.n_bins, device=mel_basis.device)
        return mel_basis * ((bins < masked[0]) | (bins > masked[1]))

    def _checked(self, waveform: Tensor) -> Tensor:
        if waveform.ndim != 2 or not waveform.is_floating_point() or len(waveform) == 0:
            raise AudioError(
                f"The front end takes (n_clips, n_samples) floating-point samples in -1 to 1, not "
                f"{tuple(waveform.shape)} {waveform.dtype}. Divide 16-bit integers by 32768, and add a batch axis."
            )
        config = self.config
        half = config.n_fft // 2
        shortest = (half + 1 if config.pad_mode == "reflect" else 1) if config.center else config.n_fft
        if waveform.shape[1] < shortest:
            raise AudioError(
                f"The clips have {waveform.shape[1]} samples; a frame of {config.n_fft} samples needs at least "
                f"{shortest}. Pad them with silence."
            )
        return waveform.to(self.layer.mel_basis.dtype)

    def _padded(self, waveform: Tensor) -> Tensor:
        """Half a frame more on both sides, if frames are centred on their time stamps."""
        if not self.config.center:
            return waveform
        half = self.config.n_fft // 2
        return functional.pad(waveform[:, None], (half, half), mode=self.config.pad_mode)[:, 0]

    def project(self, highest: float | None = None) -> None:
        """Put the mel weights back into their range after a step: at least 0, at most ``highest``; masked bins to 0.

        Filters that keep a shape have a range of their own.
        """
        if not self.config.trains_mel:
            return
        with torch.no_grad():
            mel_basis, masked = self.layer.mel_basis, self.config.masked_bins
            if self.shape is not None:
                self.shape.project()
                mel_basis.copy_(self._masked(self.shape()))
                return
            mel_basis.clamp_(min=0.0, max=highest)
            if masked is not None:
                mel_basis[:, masked[0] : masked[1] + 1] = 0.0

    def initial(self, *, trained_only: bool = False) -> dict[str, Tensor]:
        """The filters before training: ``mel_basis`` (n_mels, n_bins), ``wcos`` and ``wsin`` (n_bins, 1, n_fft)."""
        return {
            name: getattr(self, f"initial_{name}", tensor).detach()
            for name, tensor in self._tensors().items()
            if not trained_only or name in self._trained()
        }

    def set_initial(self, initial: dict[str, Tensor]) -> None:
        """Take over the initial filters that a checkpoint has stored (only trained ones are)."""
        for name, tensor in initial.items():
            own = getattr(self, f"initial_{name}", None)
            if own is None or own.shape != tensor.shape:
                raise ConfigError(f"Initial filters {name!r} do not fit setting {self.config.setting}.")
            own.copy_(tensor)

    @torch.no_grad()
    def begin_here(self) -> None:
        """Let the filters as they are now be the initial ones: a training begins."""
        for name in self._trained():
            getattr(self, f"initial_{name}").copy_(self._tensors()[name])

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

    def _trained(self) -> list[str]:
        """Names of the groups of filters that are trained."""
        config = self.config
        return (["mel_basis"] if config.trains_mel else []) + (["wcos", "wsin"] if config.trains_stft else [])

    @torch.no_grad()
    def _set_start(self) -> None:
        """Put filters in place that start otherwise than nnAudio's."""
        config, stft = self.config, self.layer.stft
        mel_basis = self.layer.mel_basis
        if config.mel_start == "random":
            mel_basis.copy_(random_mel(config))
        if self.shape is not None:
            mel_basis.copy_(self.shape())
        mel_basis.copy_(self._masked(mel_basis))
        if config.stft_start == "random":
            for kernels, start in zip((stft.wcos, stft.wsin), random_kernels(config, self.window()), strict=True):
                kernels.copy_(start)

    def _make_exact(self, dtype: torch.dtype) -> None:
        """Put kernels and window in place that are rounded to ``dtype`` and not to float32."""
        config, stft = self.config, self.layer.stft
        length = config.win_length or config.n_fft
        window = np.zeros(config.n_fft)
        first = (config.n_fft - length) // 2
        window[first : first + length] = get_window(config.window, length, fftbins=True)
        self.to(dtype)
        with torch.no_grad():
            stft.window_mask.copy_(torch.from_numpy(window).view(stft.window_mask.shape))
            for kernels, exact in zip((stft.wcos, stft.wsin), fourier_kernels(window), strict=True):
                kernels.copy_(torch.from_numpy(exact)[:, None])


def fourier_kernels(window: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine and sine kernels of the discrete Fourier transform under a window, each (n_bins, n_fft)."""
    n_fft = len(window)
    turns = 2 * np.pi * np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) / n_fft
    return np.cos(turns) * window, np.sin(turns) * window


def _snapshot(epoch: int, tensors: dict[str, Tensor]) -> FilterSnapshot:
    arrays = {name: np.array(tensor.cpu().float().numpy()) for name, tensor in tensors.items()}
    return FilterSnapshot(
        epoch=epoch,
        mel_basis=arrays["mel_basis"],
        stft_cos=arrays["wcos"][:, 0],
        stft_sin=arrays["wsin"][:, 0],
    )
