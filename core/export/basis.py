"""A trained basis handed back: to nnAudio, which its layers come from, and as plain arrays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.config import FrontEndConfig
from core.files.strict import to_json
from core.files.writing import write_arrays, write_bytes
from core.training.checkpoint import Checkpoint

NPZ_ABOUT = {
    "mel_initial": "mel filters before training: weight (no unit), filter by STFT bin",
    "mel_learned": "the same after training",
    "cosine_initial": "cosine kernels of the STFT, window included, before training: weight, STFT bin by sample",
    "cosine_learned": "the same after training",
    "sine_initial": "sine kernels of the STFT, window included, before training: weight, STFT bin by sample",
    "sine_learned": "the same after training",
    "window": "the window over a frame: weight, by sample",
    "bin_hz": "frequency of each STFT bin before training (Hz)",
    "sample_s": "time of each sample in a frame (s)",
    "about": "this table, and the settings of the front end, as JSON",
}
"""What each array of the ``.npz`` holds, and what its axes are."""


def write_nnaudio(path: Path, checkpoint: Checkpoint) -> str:
    """Write the state dict that nnAudio's ``MelSpectrogram`` loads strictly; answers the call that makes its module.

    The file is PyTorch's, and holds tensors alone: ``torch.load(path, weights_only=True)``.

    Raises:
        WriteError: If it cannot be written.
    """
    layer = checkpoint.model().front_end.layer
    buffer = io.BytesIO()
    torch.save({name: tensor.detach().cpu().clone() for name, tensor in layer.state_dict().items()}, buffer)
    write_bytes(path, buffer.getvalue())
    return nnaudio_call(checkpoint.config.front_end)


def nnaudio_arguments(config: FrontEndConfig) -> dict[str, Any]:
    """What nnAudio's ``MelSpectrogram`` has to be made with, so that it loads such a file and computes the same.

    nnAudio adds 1e-8 to the power of each bin where the kernels can be trained, and nothing elsewhere.
    """
    return {
        "sr": config.sample_rate,
        "n_fft": config.n_fft,
        "win_length": config.win_length,
        "n_mels": config.n_mels,
        "hop_length": config.hop_length,
        "window": config.window,
        "center": config.center,
        "pad_mode": config.pad_mode,
        "power": 2.0,
        "htk": config.htk,
        "fmin": config.fmin,
        "fmax": config.fmax,
        "norm": config.norm,
        "trainable_mel": config.trains_mel,
        "trainable_STFT": config.trains_stft,
    }


def nnaudio_call(config: FrontEndConfig) -> str:
    """The same as a line of Python.

    >>> nnaudio_call(FrontEndConfig(setting="B"))[:37]
    'MelSpectrogram(sr=16000, n_fft=480, w'
    """
    arguments = ", ".join(f"{name}={value!r}" for name, value in nnaudio_arguments(config).items())
    return f"MelSpectrogram({arguments})"


def write_npz(path: Path, checkpoint: Checkpoint) -> None:
    """Write the filters before and after training as plain arrays (see ``NPZ_ABOUT``).

    Raises:
        WriteError: If it cannot be written.
    """
    config = checkpoint.config.front_end
    filters = checkpoint.filters()
    arrays: dict[str, Any] = {}
    for state, one in (("initial", filters.initial), ("learned", filters.learned)):
        arrays |= {
            f"mel_{state}": one.mel_basis,
            f"cosine_{state}": one.stft_cos,
            f"sine_{state}": one.stft_sin,
        }
    arrays["window"] = checkpoint.model().front_end.window().numpy()
    arrays["bin_hz"] = np.arange(config.n_bins) * config.sample_rate / config.n_fft
    arrays["sample_s"] = np.arange(config.n_fft) / config.sample_rate
    arrays["about"] = to_json({"arrays": NPZ_ABOUT, "front_end": vars(config), "epoch": checkpoint.epoch})
    write_arrays(path, arrays)
