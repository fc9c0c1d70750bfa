"""Fair timings of the front end: this one, nnAudio's and librosa's, interleaved in one run on one machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import librosa
import numpy as np
import torch
from nnAudio.features import MelSpectrogram

from core.config import SAMPLE_RATE, FrontEndConfig
from core.device import available_devices
from core.frontend import TrainableMel
from core.results import Timing

Progress = Callable[[int, int, str], None]


def time_front_end(
    *, clips: int = 100, repeats: int = 15, device: str | None = None, progress: Progress | None = None
) -> tuple[Timing, ...]:
    """How long each way takes to turn ``clips`` one-second clips into mel spectrograms (forward only).

    Every way is warmed up, then all are run in turn ``repeats`` times, so that a busy moment of the machine hits them
    alike. nnAudio and this front end use PyTorch's threads; librosa is timed as a call for each clip and as one call
    for all. On a GPU the clock is read after the device has finished; the clips are there already.

    Returns:
        One timing a way, in the order nnAudio, ours, librosa.
    """
    devices = [device] if device else list(available_devices())
    random = np.random.default_rng(0)
    samples = (0.1 * random.standard_normal((clips, SAMPLE_RATE))).astype(np.float32)
    ways: dict[str, Callable[[], object]] = {}
    for place in devices:
        ways |= _torch_ways(torch.from_numpy(samples).to(place), suffix=f" ({place})" if len(devices) > 1 else "")
    ways |= {
        "librosa, clip by clip": lambda: [_librosa(clip) for clip in samples],
        "librosa, one call": lambda: _librosa(samples),
    }
    for number, way in enumerate(ways.values()):
        way()
        if progress:
            progress(number, len(ways) + repeats, "Warming up")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - started)
        if progress:
            progress(len(ways) + repeat + 1, len(ways) + repeats, "Timing")
    return tuple(Timing(name, tuple(values)) for name, values in seconds.items())


def _torch_ways(waveform: torch.Tensor, suffix: str) -> dict[str, Callable[[], object]]:
    config = FrontEndConfig(setting="A")
    nnaudio = MelSpectrogram(
        sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_mels, hop_length=config.hop_length, verbose=False
    ).to(waveform.device)
    fixed = TrainableMel(config).to(waveform.device)
    trainable = TrainableMel(FrontEndConfig(setting="D")).to(waveform.device)

    def timed(layer: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[], object]:
        def run() -> None:
            with torch.inference_mode():
                layer(waveform)
            if waveform.is_cuda:
                torch.cuda.synchronize(waveform.device)

        return run

    return {
        f"nnAudio{suffix}": timed(nnaudio),
        f"Earshot, fixed STFT{suffix}": timed(fixed.mel_power),
        f"Earshot, trainable STFT{suffix}": timed(trainable.mel_power),
    }


def _librosa(samples: np.ndarray) -> np.ndarray:
    config = FrontEndConfig()
    return librosa.feature.melspectrogram(
        y=samples, sr=config.sample_rate, n_fft=config.n_fft, hop_length=config.hop_length, n_mels=config.n_mels,
        pad_mode="reflect",
    )  # fmt: skip
