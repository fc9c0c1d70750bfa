"""What this project is compared with: librosa, nnAudio, the nnAudio tutorial's loop, and BC-ResNet's public recipe.

Each does what its authors published, with today's versions of what it stands on:

- The tutorial (github.com/heungky/nnAudio_tutorial, parts 1 and 2): nnAudio's layer inside the model, a DataLoader
  that draws single clips from memory, SGD. Its Lightning is left out, which makes it faster here than it is.
- BC-ResNet (github.com/Qualcomm-AI-research/bcresnet): WAV files read one by one in every epoch, shift and noise
  clip by clip, ``torch.stft`` and a mel product (what torchaudio's MelSpectrogram does), SpecAugment clip by clip.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import librosa
import numpy as np
import soundfile
import torch
from nnAudio.features import MelSpectrogram
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from core.config import CLIP_SAMPLES, LABELS, SAMPLE_RATE, SILENCE_LABEL, FrontEndConfig, ListeningConfig
from core.models.bcresnet import BCResNet
from core.studies.benchmark.contest import (
    BATCH,
    PART_STEPS,
    Contest,
    made_up_clips,
    made_up_labels,
    made_up_talk,
    repeated,
    waveforms,
)
from core.training.batches import TUTORIAL_SILENCE_WEIGHT, TUTORIAL_UNKNOWN_WEIGHT

N_FFT, HOP, N_MELS = 480, 160, 40
"""The tutorial's spectrogram."""


def nnaudio_layer(setting: str, device: torch.device) -> MelSpectrogram:
    """The layer of nnAudio with the tutorial's settings."""
    config = FrontEndConfig(setting=setting)  # type: ignore[arg-type]
    layer = MelSpectrogram(
        sr=SAMPLE_RATE,
        n_fft=N_FFT,
        n_mels=N_MELS,
        hop_length=HOP,
        verbose=False,
        trainable_mel=config.trains_mel,
        trainable_STFT=config.trains_stft,
    )
    return layer.to(device)


def gradients_of(layer: nn.Module, forward: Any, waveform: Tensor) -> None:
    """Forward and backward of a front end, from a gradient of ones."""
    layer.zero_grad(set_to_none=True)
    power = forward(waveform)
    power.backward(torch.ones_like(power))


def nnaudio_forward(setting: str, device: torch.device, n_clips: int) -> Contest:
    """nnAudio, waveforms to mel power."""
    layer, waveform = nnaudio_layer(setting, device), waveforms(n_clips, device)
    return Contest(torch.inference_mode()(lambda: layer(waveform)))


def nnaudio_gradient(setting: str, device: torch.device, n_clips: int) -> Contest:
    """nnAudio, mel power and the gradients of what is trained."""
    layer, waveform = nnaudio_layer(setting, device), waveforms(n_clips, device)
    return Contest(lambda: gradients_of(layer, layer, waveform))


class TorchStft(nn.Module):
    """The plain way in PyTorch alone: ``torch.stft`` and a product with the mel filters."""

    window: Tensor
    basis: Tensor

    def __init__(self, *, n_fft: int, win_length: int, trainable: bool) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(win_length))
        basis = torch.from_numpy(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=n_fft, n_mels=N_MELS))
        self.basis = nn.Parameter(basis, requires_grad=trainable)

    def forward(self, waveform: Tensor) -> Tensor:
        """(n_clips, n_samples) to mel power, (n_clips, n_mels, n_frames)."""
        spectrum = torch.stft(
            waveform, self.n_fft, HOP, len(self.window), window=self.window, center=True, return_complex=True
        )
        return self.basis @ spectrum.abs().square()


def torch_forward(device: torch.device, n_clips: int) -> Contest:
    """``torch.stft``, waveforms to mel power."""
    layer, waveform = TorchStft(n_fft=N_FFT, win_length=N_FFT, trainable=False).to(device), waveforms(n_clips, device)
    return Contest(torch.inference_mode()(lambda: layer(waveform)))


def torch_gradient(device: torch.device, n_clips: int) -> Contest:
    """``torch.stft``, mel power and the gradient of the mel filters."""
    layer, waveform = TorchStft(n_fft=N_FFT, win_length=N_FFT, trainable=True).to(device), waveforms(n_clips, device)
    return Contest(lambda: gradients_of(layer, layer, waveform))


def librosa_forward(*, batched: bool, one_thread: bool, n_clips: int) -> Contest:
    """The CPU alone, with librosa: one call for all clips or one for each, with one thread or as many as there are."""
    samples = waveforms(n_clips, torch.device("cpu")).numpy()

    def mel(clips: np.ndarray) -> np.ndarray:
        return librosa.feature.melspectrogram(
            y=clips, sr=SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS, pad_mode="reflect"
        )

    def run() -> object:
        with threadpool_limits(1 if one_thread else None):
            return mel(samples) if batched else [mel(clip) for clip in samples]

    return Contest(run)


class _InMemory(Dataset[tuple[Tensor, int, int, str, int]]):
    """Clips as AudioLoader keeps and gives them: float32 in memory, one at a time, with rate, label and speaker."""

    def __init__(self, n_clips: int) -> None:
        self.samples = torch.from_numpy(made_up_clips(n_clips)).float() / 32768
        self.labels = made_up_labels(n_clips).tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int, int, str, int]:
        return self.samples[index][None], SAMPLE_RATE, self.labels[index], "speaker", 0


def _padded_batch(clips: list[tuple[Tensor, int, int, str, int]]) -> tuple[Tensor, Tensor]:
    waveform = nn.utils.rnn.pad_sequence([clip[0].squeeze(0) for clip in clips], batch_first=True)
    return waveform, torch.tensor([clip[2] for clip in clips])


def tutorial_epoch(setting: str, device: torch.device, n_clips: int) -> Contest:
    """One epoch of the tutorial's linear model."""
    dataset = _InMemory(n_clips)
    weights = [1.0] * 10 + [TUTORIAL_SILENCE_WEIGHT, TUTORIAL_UNKNOWN_WEIGHT]
    sampler = WeightedRandomSampler([weights[label] for label in dataset.labels], num_samples=n_clips)
    loader = DataLoader(dataset, batch_size=BATCH, sampler=sampler, collate_fn=_padded_batch)
    layer, linear = nnaudio_layer(setting, device), nn.Linear(N_MELS * 101, len(LABELS)).to(device)
    # As in its notebooks: everything but the front end, whose gradients are computed all the same.
    optimizer = torch.optim.SGD(linear.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-3)

    def features(waveform: Tensor) -> Tensor:
        return torch.log(layer(waveform) + 1e-10)

    def learn(log_mel: Tensor, labels: Tensor) -> None:
        logits = linear(torch.flatten(log_mel, start_dim=1))
        loss = functional.cross_entropy(logits, labels)
        # Python's sum over a tensor, as the notebooks count what was right.
        _accuracy = sum(logits.argmax(-1) == labels) / len(logits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            layer.mel_basis.clamp_(0, 1)

    def epoch() -> None:
        for waveform, labels in loader:
            learn(features(waveform.to(device)), labels.to(device))

    waveform, labels = next(iter(loader))
    on_device, labels_there = waveform.to(device), labels.to(device)
    fixed = features(on_device).detach()
    steps = {
        "features": lambda: gradients_of(layer, features, on_device) if setting != "A" else features(on_device),
        "model": lambda: learn(fixed, labels_there),
    }
    return Contest(epoch, **_parts(loader, n_clips, device, waveform, steps))


class _WavFiles(Dataset[tuple[Tensor, int]]):
    """WAV files read one by one, as the public recipe does through torchaudio."""

    def __init__(self, n_clips: int, folder: Path) -> None:
        self.files, self.labels = [], made_up_labels(n_clips).tolist()
        for number, clip in enumerate(made_up_clips(n_clips)):
            self.files.append(folder / f"{number}.wav")
            soundfile.write(self.files[-1], clip, SAMPLE_RATE, subtype="PCM_16")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        samples, _ = soundfile.read(self.files[index], dtype="float32")
        return torch.from_numpy(samples)[None], self.labels[index]


def public_recipe_epoch(tau: int, device: torch.device, n_clips: int) -> Contest:
    """One epoch of BC-ResNet as its authors train it, on a spectrogram that does not learn."""
    folder = tempfile.TemporaryDirectory(prefix="earshot-benchmark-")
    dataset = _WavFiles(n_clips, Path(folder.name))
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True)
    front_end = TorchStft(n_fft=512, win_length=N_FFT, trainable=False).to(device)
    network = BCResNet(N_MELS, len(LABELS), tau).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
    noise = torch.from_numpy(made_up_clips(60, seed=1).ravel()).float().to(device)[None] / 32768
    bins = {1: 0, 3: 5}[tau]

    def features(waveform: Tensor, labels: Tensor) -> Tensor:
        for index in range(len(waveform)):
            _change(waveform, index, int(labels[index]), noise)
        log_mel = torch.log(front_end(waveform[:, 0]) + 1e-6)[:, None]
        if bins:
            for clip in log_mel:
                _mask(clip, bins)
        return log_mel

    def learn(log_mel: Tensor, labels: Tensor) -> None:
        loss = functional.cross_entropy(network(log_mel[:, 0]), labels)
        loss.backward()
        optimizer.step()
        network.zero_grad()

    network.train()

    def epoch(_keep: Any = folder) -> None:
        for waveform, labels in loader:
            there = labels.to(device)
            learn(features(waveform.to(device), there), there)

    waveform, labels = next(iter(loader))
    on_device, labels_there = waveform.to(device), labels.to(device)
    fixed = features(on_device.clone(), labels_there)
    steps = {
        "features": lambda: features(on_device.clone(), labels_there),
        "model": lambda: learn(fixed, labels_there),
    }
    return Contest(epoch, **_parts(loader, n_clips, device, waveform, steps))


def _change(waveform: Tensor, index: int, label: int, noise: Tensor) -> None:
    """Shift a clip and add noise to it, in place; the recipe leaves a fifth of the clips as they are."""
    is_silence = label == LABELS.index(SILENCE_LABEL)
    if not is_silence and random.random() > 0.8:
        return
    n_samples = waveform.shape[2]
    start = random.randint(0, noise.shape[1] - n_samples)
    background = random.uniform(0, 1 if is_silence else 0.1) * noise[:, start : start + n_samples]
    shift = int(random.uniform(-0.1, 0.1) * n_samples)
    zeros = torch.zeros(1, abs(shift), device=waveform.device)
    if shift < 0:
        shifted = torch.cat([zeros, waveform[index, :, :shift]], dim=-1)
    else:
        shifted = torch.cat([waveform[index, :, shift:], zeros], dim=-1)
    waveform[index] = torch.clamp(shifted + background, -1.0, 1.0)


def _mask(log_mel: Tensor, bins: int, frames: int = 20) -> None:
    """SpecAugment on one spectrogram, in place: two masks over bands and two over time."""
    _, n_mels, n_frames = log_mel.shape
    for _ in range(2):
        width = int(random.uniform(0, bins))
        first = random.randint(0, n_mels - width)
        log_mel[:, first : first + width, :] = 0
    for _ in range(2):
        width = int(random.uniform(0, frames))
        first = random.randint(0, n_frames - width)
        log_mel[:, :, first : first + width] = 0


def _parts(
    loader: DataLoader[Any], n_clips: int, device: torch.device, waveform: Tensor, steps: dict[str, Any]
) -> dict[str, Any]:
    """The parts of an epoch, each for a few steps, and what share of the epoch that is."""
    n_steps = -(-n_clips // BATCH)
    few = min(PART_STEPS, n_steps)

    def load() -> None:
        batches: Iterator[Any] = iter(loader)
        for _ in range(few):
            next(batches)

    parts = {"loading": load, **{name: repeated(few, work) for name, work in steps.items()}}
    if device.type == "cuda":
        parts["transfer"] = repeated(few, lambda: waveform.to(device))
    return {"parts": parts, "part_share": few / n_steps}


def nnaudio_recording(setting: str, device: torch.device, n_clips: int) -> Contest:
    """The answers along ``n_clips`` seconds of talk through nnAudio and BC-ResNet 1, each window from its samples.

    Windows begin as far apart as ours do; a batch of them is answered at once.
    """
    layer, network = nnaudio_layer(setting, device), BCResNet(N_MELS, len(LABELS), tau=1).to(device).eval()
    # We too begin with the first tenth of a second, and listen on until the last word is decided.
    padded = torch.from_numpy(np.pad(made_up_talk(n_clips), CLIP_SAMPLES))
    windows = padded.unfold(0, CLIP_SAMPLES, round(ListeningConfig().hop_s * SAMPLE_RATE))

    @torch.inference_mode()
    def answers() -> Tensor:
        batches = (windows[first : first + BATCH].to(device) for first in range(0, len(windows), BATCH))
        return torch.cat([network(torch.log(layer(batch) + 1e-6)).softmax(dim=1).cpu() for batch in batches])

    return Contest(answers)


def nnaudio_one_clip(setting: str, device: torch.device, n_clips: int) -> Contest:
    """From one clip to its answer through nnAudio and the tutorial's linear model."""
    layer, linear = nnaudio_layer(setting, device), nn.Linear(N_MELS * 101, len(LABELS)).to(device)
    clip = waveforms(n_clips, torch.device("cpu"))

    @torch.inference_mode()
    def answer() -> Tensor:
        log_mel = torch.log(layer(clip.to(device)) + 1e-10)
        return cast(Tensor, linear(log_mel.flatten(start_dim=1))).softmax(dim=1).cpu()

    return Contest(answer)
