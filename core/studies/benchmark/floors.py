"""How much arithmetic and memory traffic a task needs at least, the way it is done here.

With the rates in ``MachineLimits`` this gives the time that no program on the machine gets below. It counts what the
method needs, not what an implementation happens to do: an FFT's own operations, five matrix products for three
frames of a trained STFT, two more of each product for its gradients.
"""

from __future__ import annotations

from math import log2

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from core.config import CLIP_SAMPLES, LABELS, FrontEndConfig
from core.fast.kernels import PARTS, TILE

FLOAT_BYTES = 4


def front_end_flop(config: FrontEndConfig, *, gradient: bool, spectra_known: bool = False) -> float:
    """Operations for one clip: the STFT and the mel filters, with the gradients of what is trained.

    >>> config = FrontEndConfig(setting="B")
    >>> known = front_end_flop(config, gradient=True, spectra_known=True)
    >>> known == 2 * 2 * 101 * 40 * 241
    True
    """
    n_frames = config.n_frames()
    mel = 2 * n_frames * config.n_mels * config.n_bins
    if config.trains_stft:
        groups = -(-config.n_fft // (TILE * config.hop_length))
        shared = PARTS * groups * config.hop_length / TILE
        stft = 2 * n_frames * min(shared, config.n_fft) * 2 * config.n_bins
        # Power needs three operations a bin; its gradient two more for each kernel.
        stft = stft * (2 if gradient else 1) + n_frames * config.n_bins * (7 if gradient else 3)
        passes = 1 + (gradient and config.trains_mel) + gradient  # the last: the way back to the STFT
        return float(stft + passes * mel)
    fourier = n_frames * (2.5 * config.n_fft * log2(config.n_fft) + config.n_fft + 3 * config.n_bins)
    return float((0 if spectra_known else fourier) + mel * (2 if gradient and config.trains_mel else 1))


def front_end_bytes(config: FrontEndConfig, *, spectra_known: bool = False) -> float:
    """Bytes for one clip: the waveform (or its spectra) read once, the mel spectrogram written once."""
    n_frames = config.n_frames()
    read = n_frames * config.n_bins if spectra_known else CLIP_SAMPLES
    return float(FLOAT_BYTES * (read + n_frames * config.n_mels))


def linear_flop(config: FrontEndConfig, *, to_front_end: bool) -> float:
    """Operations for one clip of the linear model's layer, forward and backward."""
    product = 2 * config.n_mels * config.n_frames() * len(LABELS)
    return float(product * (3 if to_front_end else 2))


def network_step(network: nn.Module, log_mel: Tensor) -> tuple[float, float]:
    """Operations and bytes of one training step of a network.

    PyTorch counts the operations of its products and convolutions on the way forward; the gradients of weights and of
    activations take as many again each. (Its count of the way back takes depthwise convolutions for full ones.) Bytes:
    what each convolution and normalisation gives is written once and read once on the way forward, and read once, with
    its gradient written and read, on the way back.
    """
    n_numbers = 0

    def count(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal n_numbers
        n_numbers += output.numel()

    counted = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
    hooks = [module.register_forward_hook(count) for module in network.modules() if isinstance(module, counted)]
    forward = getattr(network, "plain", network)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        forward(log_mel)
    for hook in hooks:
        hook.remove()
    return float(3 * counter.get_total_flops()), float(5 * FLOAT_BYTES * n_numbers)


def example_log_mel(config: FrontEndConfig, n_clips: int, device: torch.device) -> Tensor:
    """A batch of spectrograms to count with, (n_clips, n_mels, n_frames)."""
    return torch.randn(n_clips, config.n_mels, config.n_frames(), device=device)
