"""This project's own ways to do the tasks, through the same functions that train and classify."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from core.config import FrontEndConfig, ListeningConfig, RunConfig, Setting
from core.fast import choose
from core.fast.mel import FastMel
from core.inference.classifier import Classifier
from core.inference.whole import words_along
from core.studies.benchmark import floors
from core.studies.benchmark.contest import (
    BATCH,
    PART_STEPS,
    Contest,
    made_up_pack,
    made_up_talk,
    repeated,
    waveforms,
)
from core.studies.benchmark.references import gradients_of
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.loop import Training
from core.training.presets import preset_config


def forward(setting: str, device: torch.device, n_clips: int) -> Contest:
    """Waveforms to mel power."""
    config = FrontEndConfig(setting=cast(Setting, setting))
    front_end, waveform = FastMel(config).to(device), waveforms(n_clips, device)
    return Contest(
        torch.inference_mode()(lambda: front_end.mel_power(waveform)),
        flop=n_clips * floors.front_end_flop(config, gradient=False),
        n_bytes=n_clips * floors.front_end_bytes(config),
    )


def gradient(setting: str, device: torch.device, n_clips: int, *, bfloat16: bool = False) -> Contest:
    """Mel power and the gradients of what is trained."""
    config = FrontEndConfig(setting=cast(Setting, setting))
    front_end, waveform = FastMel(config).to(device), waveforms(n_clips, device)
    front_end.uses_bfloat16 = bfloat16
    return Contest(
        lambda: gradients_of(front_end, front_end.mel_power, waveform),
        flop=0 if bfloat16 else n_clips * floors.front_end_flop(config, gradient=True),
        n_bytes=n_clips * floors.front_end_bytes(config),
    )


def gradient_from_spectra(device: torch.device, n_clips: int) -> Contest:
    """Setting B with power spectra computed once: what a training step does where they fit into memory."""
    config = FrontEndConfig(setting="B")
    front_end = FastMel(config).to(device)
    with torch.no_grad():
        spectra = front_end.power_by_frame(waveforms(n_clips, device))
    rows = torch.randperm(n_clips, device=device)
    return Contest(
        lambda: gradients_of(front_end, lambda stored: front_end.mel_of_rows(stored, rows), spectra),
        flop=n_clips * floors.front_end_flop(config, gradient=True, spectra_known=True),
        n_bytes=n_clips * floors.front_end_bytes(config, spectra_known=True),
    )


def epoch(preset: str, setting: str, device: torch.device, n_clips: int, *, bfloat16: bool = False) -> Contest:
    """One epoch of a preset; spectrograms that do not change were computed before."""
    config = preset_config(preset, setting=cast(Setting, setting), epochs=20)
    if bfloat16:
        config = replace(config, training=replace(config.training, products="bfloat16"))
    training = Training(config, made_up_pack(n_clips), device.type)
    flop, n_bytes = (0.0, 0.0) if bfloat16 else _epoch_floor(config, training, n_clips)
    n_steps = -(-n_clips // BATCH)
    few = min(PART_STEPS, n_steps)
    rows = torch.from_numpy(training.rows[:BATCH]).to(device)
    training.change.manual_seed(0)
    labels = training.clips.labels[rows]
    batch = training.source.read(rows)
    fixed = training.features(batch, labels)
    if fixed.requires_grad:
        fixed = fixed.detach()

    def features() -> None:
        log_mel = training.features(batch, labels)
        if log_mel.requires_grad:
            log_mel.backward(torch.ones_like(log_mel))

    parts = {
        "loading": lambda: training.source.read(rows),
        "features": features,
        "model": lambda: training.update(fixed, labels),
    }
    return Contest(
        lambda: training.learn(1),
        parts={name: repeated(few, work) for name, work in parts.items()},
        part_share=few / n_steps,
        flop=flop,
        n_bytes=n_bytes,
    )


def one_clip(preset: str, setting: str, device: torch.device, n_clips: int) -> Contest:
    """From one clip to its answer."""
    model = choose.model(preset_config(preset, setting=cast(Setting, setting)), device).eval()
    clip = waveforms(n_clips, torch.device("cpu"))

    @torch.inference_mode()
    def answer() -> Tensor:
        return cast(Tensor, model(clip.to(device))).softmax(dim=1).cpu()

    return Contest(answer)


def recording(preset: str, setting: str, device: torch.device, n_clips: int) -> Contest:
    """From a recording of ``n_clips`` seconds to every word in it, as ``detect`` and a dropped file have it."""
    config = preset_config(preset, setting=cast(Setting, setting))
    model = choose.model(config, device)
    checkpoint = checkpoint_of(model, config, epoch=0, validation_accuracy=None, dataset="none")
    with tempfile.TemporaryDirectory(prefix="earshot-benchmark-") as folder:
        save_checkpoint(path := Path(folder) / "untrained.pt", checkpoint)
        classifier = Classifier(path, device.type)
    talk = made_up_talk(n_clips)
    return Contest(lambda: words_along(classifier, talk, ListeningConfig()))


def _epoch_floor(config: RunConfig, training: Training, n_clips: int) -> tuple[float, float]:
    """Operations and bytes of an epoch."""
    front_end, kind = config.front_end, training.source.kind
    trained = front_end.setting != "A"
    flop = n_bytes = 0.0
    if kind == "log-mels":
        n_bytes += n_clips * floors.FLOAT_BYTES * front_end.n_mels * front_end.n_frames()
    else:
        known = kind == "spectra"
        flop += n_clips * floors.front_end_flop(front_end, gradient=trained, spectra_known=known)
        n_bytes += n_clips * floors.front_end_bytes(front_end, spectra_known=known)
    if config.model.name == "linear":
        return flop + n_clips * floors.linear_flop(front_end, to_front_end=trained), n_bytes
    log_mel = floors.example_log_mel(front_end, BATCH, training.device).requires_grad_(trained)
    network_flop, network_bytes = floors.network_step(training.model.network, log_mel)
    return flop + n_clips / BATCH * network_flop, n_bytes + n_clips / BATCH * network_bytes
