"""``TrainableMel``: nnAudio's mel spectrogram, made to learn sanely and to remember where it started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from core.fast.fourier import fourier_power, fourier_response
from core.fast.kernels import kernel_power, kernel_power_bfloat16, plan_for, prepared_kernels
from core.fast.stored import mel_of_rows
from core.frontend.basis import ShapedMel, random_kernels, random_mel
from core.records.filters import Filters, FilterSnapshot

FOURIER_CHUNK_CLIPS = 10
KERNEL_CHUNK_CLIPS = 34
"""Clips transformed at once on a CPU. Few stay in the cache, which is twice as fast; products of matrices want many."""

FEWEST_TILED_CLIPS = 8
"""Clips from which sharing products between frames pays."""

FOURIER_TOLERANCE = 1e-5
"""Largest difference up to which fixed kernels count as the exact Fourier ones, so that an FFT may stand in."""


class TrainableMel(nn.Module):
    """Waveforms to log-mel spectrograms through filters that can be trained.

    The filters are nnAudio's own tensors (``layer.mel_basis``, ``layer.stft.wcos``, ``layer.stft.wsin``), so that
    weights move between the two unchanged. Which of them are parameters follows from ``config.setting``; mel filters
    that keep a shape are computed from the parameters of ``shape`` (``basis.py``). The
    arithmetic is our own: fixed Fourier kernels are applied through an FFT (``fourier.py``), trained ones through
    as few products as possible (``kernels.py``), and power is summed without a square root, so that gradients stay
    finite at digital silence.

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
        self._fourier = not config.trains_stft and config.stft_start == "fourier"
        self.uses_bfloat16 = False
        """Whether products with trained kernels are made in bfloat16 (see ``kernel_power_bfloat16``)."""
        self.register_load_state_dict_post_hook(TrainableMel._check_kernels)  # type: ignore[no-untyped-call]

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
        # Joined frame by frame, as chunks lie in memory; frames behind the end are cut off last, where they are small.
        n_frames = self.config.n_frames(waveform.shape[-1])
        basis = self._mel_basis()
        chunks = [self._mel_by_frame(power, basis)[:, :n_frames] for power in self._power_in_chunks(waveform)]
        return _joined(chunks).transpose(1, 2)

    def mel_of(self, spectra: Tensor, rows: Tensor) -> Tensor:
        """Mel power, (n_clips, n_mels, n_frames), of some spectra that ``power_by_frame`` gave, (n, n_frames, n_bins).

        Spectra that do not change while the mel filters are trained can be computed once and given to this.
        """
        basis = self._mel_basis()
        return self._with_offset(mel_of_rows(spectra, rows, basis), basis).transpose(1, 2)

    def _mel_basis(self) -> Tensor:
        """The mel filters, (n_mels, n_bins), with a gradient where they are trained."""
        if self.shape is None or not torch.is_grad_enabled():
            return cast(Tensor, self.layer.mel_basis)
        return self._masked(self.shape())

    def _masked(self, mel_basis: Tensor) -> Tensor:
        masked = self.config.masked_bins
        if masked is None:
            return mel_basis
        bins = torch.arange(self.config.n_bins, device=mel_basis.device)
        return mel_basis * ((bins < masked[0]) | (bins > masked[1]))

    def _mel_by_frame(self, power: Tensor, basis: Tensor) -> Tensor:
        # Silent bins behind the last one, which ``kernel_power`` may add, are met by silent weights.
        missing = power.shape[2] - basis.shape[1]
        return self._with_offset(power @ (functional.pad(basis, (0, missing)) if missing else basis).t(), basis)

    def _with_offset(self, mel: Tensor, basis: Tensor) -> Tensor:
        """``power_offset`` in every bin, added where there are fewest numbers: after the filters."""
        if not self.config.power_offset:
            return mel
        return mel + self.config.power_offset * basis.sum(dim=1)

    def power_by_frame(self, waveform: Tensor) -> Tensor:
        """STFT power, (n_clips, n_frames, n_bins), without ``power_offset``: what ``mel_of`` takes."""
        n_frames = self.config.n_frames(waveform.shape[-1])
        return _joined([power[:, :n_frames, : self.config.n_bins] for power in self._power_in_chunks(waveform)])

    def stft_power(self, waveform: Tensor) -> Tensor:
        """Power in each STFT bin, (n_clips, n_bins, n_frames)."""
        return (self.power_by_frame(waveform) + self.config.power_offset).transpose(1, 2)

    def _power_in_chunks(self, waveform: Tensor) -> Iterator[Tensor]:
        """STFT power of a few clips at a time, so that on a CPU all steps of one chunk find it in the cache.

        There may be a few more frames and bins than belong to the clips (see ``kernel_power``).
        """
        waveform = self._checked(waveform)
        on_cpu = waveform.device.type == "cpu"
        chunk = FOURIER_CHUNK_CLIPS if self._fourier else KERNEL_CHUNK_CLIPS
        power = self._power_by_fft if self._fourier else self._power_by_kernels(waveform)
        for part in waveform.split(chunk if on_cpu else len(waveform)):
            yield power(self._pad(part))

    def _power_by_fft(self, padded: Tensor) -> Tensor:
        return fourier_power(padded, self._window(), self.config.hop_length)

    def _power_by_kernels(self, waveform: Tensor) -> Callable[[Tensor], Tensor]:
        """A function from padded waveforms to power, with all that the clips of a batch have in common done already."""
        config, stft = self.config, self.layer.stft
        cosine, sine = stft.wcos[:, 0], stft.wsin[:, 0]
        if self.uses_bfloat16 and config.trains_stft and not waveform.requires_grad:
            plan = plan_for(config.n_fft, config.hop_length, tiled=False)
            start = self.initial_wcos[:, 0], self.initial_wsin[:, 0]
            changes = prepared_kernels(cosine - start[0], sine - start[1], plan)
            width = changes.shape[2] // 2

            def in_bfloat16(padded: Tensor) -> Tensor:
                response = fourier_response(padded, self._window(), config.hop_length, width)
                return kernel_power_bfloat16(padded, changes, plan, response)

            return in_bfloat16
        # On a GPU the plain product wins: arithmetic is cheap there, and launching many small steps is not. For a few
        # clips it wins everywhere, since preparing the kernels costs as much as the products of three.
        tiled = waveform.device.type == "cpu" and len(waveform) >= FEWEST_TILED_CLIPS
        plan = plan_for(config.n_fft, config.hop_length, tiled=tiled)
        factors = prepared_kernels(cosine, sine, plan)
        return lambda padded: kernel_power(padded, factors, plan)

    def _window(self) -> Tensor:
        return cast(Tensor, self.layer.stft.window_mask).view(-1)

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

    def _pad(self, waveform: Tensor) -> Tensor:
        """Half a frame more on both sides, if frames are centred on their time stamps."""
        half = self.config.n_fft // 2
        if not self.config.center:
            return waveform
        if self.config.pad_mode == "constant":
            return functional.pad(waveform, (half, half))
        if waveform.device.type != "cpu":
            return functional.pad(waveform[:, None], (half, half), mode="reflect")[:, 0]
        # Mirrored by hand: three times as fast as functional.pad on a CPU, which is written for images.
        start, end = waveform[:, 1 : half + 1].flip(1), waveform[:, -half - 1 : -1].flip(1)
        return torch.cat([start, waveform, end], dim=1)

    def keep_valid(self, highest: float | None = None) -> None:
        """Put the mel weights back into their range after a step: at least 0, at most ``highest``; masked bins to 0.

        Filters that keep a shape have a range of their own.
        """
        if not self.config.trains_mel:
            return
        with torch.no_grad():
            mel_basis, masked = self.layer.mel_basis, self.config.masked_bins
            if self.shape is not None:
                self.shape.keep_valid()
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
            for kernels, start in zip((stft.wcos, stft.wsin), random_kernels(config, self._window()), strict=True):
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
            for kernels, exact in zip((stft.wcos, stft.wsin), _fourier_kernels(window), strict=True):
                kernels.copy_(torch.from_numpy(exact)[:, None])

    def _check_kernels(self, _keys: object) -> None:
        """After loading: may an FFT stand in for the kernels, or has training changed them?"""
        if self.config.trains_stft:
            return
        stft = self.layer.stft
        pairs = zip((stft.wcos, stft.wsin), _fourier_kernels(self._window().cpu().double().numpy()), strict=True)
        gap = max(np.abs(kernels[:, 0].detach().cpu().double().numpy() - exact).max() for kernels, exact in pairs)
        self._fourier = bool(gap < FOURIER_TOLERANCE)


def _fourier_kernels(window: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine and sine kernels of the discrete Fourier transform under a window, each (n_bins, n_fft)."""
    n_fft = len(window)
    turns = 2 * np.pi * np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) / n_fft
    return np.cos(turns) * window, np.sin(turns) * window


def _joined(chunks: list[Tensor]) -> Tensor:
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks)


def _snapshot(epoch: int, tensors: dict[str, Tensor]) -> FilterSnapshot:
    arrays = {name: np.array(tensor.cpu().float().numpy()) for name, tensor in tensors.items()}
    return FilterSnapshot(
        epoch=epoch,
        mel_basis=arrays["mel_basis"],
        stft_cos=arrays["wcos"][:, 0],
        stft_sin=arrays["wsin"][:, 0],
    )
