"""A trained basis handed back: to nnAudio, which its layers come from, and as plain arrays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.config import FrontEndConfig, ListeningConfig, to_dict
from core.files.strict import to_json
from core.files.writing import write_arrays, write_bytes
from core.models.normalise import BandNorm
from core.models.pcen import FLOOR
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


def feature_arrays(checkpoint: Checkpoint, listening: ListeningConfig, model_hash: str) -> dict[str, Any]:
    """All that a program needs to make the features that the network hears, and to name what it answers.

    Frames of a waveform, ``cosine`` and ``sine`` times each, squared and added, is power; ``mel`` times power plus
    ``offset``, its logarithm, is the log-mel (nnAudio's order). Where ``pcen`` has rows, smoothing, gain, bias and
    root by band, it follows (Wang et al. 2017); the features are ``scale`` times what is above ``mean``.
    """
    config = checkpoint.config.front_end
    model = checkpoint.model("cpu")
    layer = model.front_end.layer
    basis = layer.mel_basis.detach()
    mean, scale = torch.zeros(config.n_mels), torch.ones(config.n_mels)
    if isinstance(model.normalise, BandNorm):
        mean, scale = model.normalise.mean_and_scale()
    pcen = [] if model.pcen is None else [getattr(model.pcen, name) for name in ("smoothing", "gain", "bias", "root")]
    arrays = {
        "cosine": layer.stft.wcos[:, 0],
        "sine": layer.stft.wsin[:, 0],
        "mel": basis,
        "offset": config.power_offset * basis.sum(dim=1) + config.log_offset,
        "pcen": torch.stack(pcen) if pcen else torch.zeros(0, config.n_mels),
        "mean": mean,
        "scale": scale,
    }
    about = {
        "front_end": vars(config),
        "labels": checkpoint.labels,
        "listening": to_dict(listening),
        "pcen_floor": FLOOR,
        "model_hash": model_hash,
    }
    return {**{name: one.detach().numpy() for name, one in arrays.items()}, "about": to_json(about)}
