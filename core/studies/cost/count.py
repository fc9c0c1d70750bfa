"""What a model costs to keep and to run: numbers to store, multiplications a clip, time of an answer."""

from __future__ import annotations

from math import log2

from core.config import FrontEndConfig
from core.records.cost import Weights

PCEN_MACS = 3
"""Of each band and frame: what is kept of the level, what is new in it, and the gain; powers count like the logarithm,
not at all."""


def front_end_macs(config: FrontEndConfig, *, has_learned_kernels: bool = False) -> int:
    """Multiply-accumulates of the spectrogram of one clip, the way a single clip goes here.

    A fixed STFT is a real FFT of each frame (half of 2.5 n log2 n operations; Cooley and Tukey, 1965), a trained or
    random one the product of each frame with every kernel; so has one that an earlier training changed
    (``has_learned_kernels``). Then come the square and the product with the mel filters.

    >>> front_end_macs(FrontEndConfig(setting="A")), front_end_macs(FrontEndConfig(setting="D"))
    (1610560, 24389682)
    """
    fourier = config.n_fft + 1.25 * config.n_fft * log2(config.n_fft)
    needs_products = config.trains_stft or config.stft_start == "random" or has_learned_kernels
    stft = 2 * config.n_bins * config.n_fft if needs_products else fourier
    pcen = 0 if config.pcen == "off" else PCEN_MACS * config.n_mels
    return round(config.n_frames() * (stft + 2 * config.n_bins + config.n_mels * config.n_bins + pcen))


def front_end_weights(config: FrontEndConfig) -> Weights:
    """Numbers of the mel filters and of the STFT kernels; filters that keep a shape are two numbers each.

    >>> front_end_weights(FrontEndConfig(setting="B"))
    Weights(trained=9640, fixed=231360)
    """
    per_filter = 2 if config.trains_mel and config.mel_shape != "free" else config.n_bins
    mel, kernels = config.n_mels * per_filter, 2 * config.n_bins * config.n_fft
    trained = mel * config.trains_mel + kernels * config.trains_stft
    return Weights(trained, mel + kernels - trained)
