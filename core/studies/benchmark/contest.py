"""What one way to do one task consists of: the whole of it, and its parts, each to be timed on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.config import CLIP_SAMPLES, LABELS
from core.data.packed import Pack

BATCH = 100
"""Clips a step, as in the tutorial and in BC-ResNet's recipe."""

NOISE_CLIPS = 1000
"""Clips of noise that are drawn; more are these again, since drawing a full dataset takes longer than an epoch."""

PART_STEPS = 10
"""Steps for which a part of an epoch is timed; the time of all steps follows from them."""

SPOKEN = 0.6
"""Share of each second of made-up talk in which something is said."""

Work = Callable[[], object]


@dataclass(frozen=True)
class Contest:
    """One way to do one task, ready to be timed."""

    run: Work
    """Does the task once."""
    parts: Mapping[str, Work] = field(default_factory=dict)
    """Does "loading", "transfer", "features" or "model" alone, for ``part_share`` of the task."""
    part_share: float = 1.0
    flop: float = 0.0
    """Additions and multiplications that the task needs the way it is done here; 0 if that is not counted."""
    n_bytes: float = 0.0
    """Bytes that have to be read or written at least."""


def made_up_clips(n_clips: int, seed: int = 0) -> np.ndarray:
    """Noise of about the loudness of speech, int16, (n_clips, 16000): times do not depend on what is said."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal((min(n_clips, NOISE_CLIPS), CLIP_SAMPLES), dtype=np.float32)
    return np.resize(np.round(1500 * noise).astype(np.int16), (n_clips, CLIP_SAMPLES))


def made_up_labels(n_clips: int) -> np.ndarray:
    """All labels in turn, int64, (n_clips,)."""
    return np.arange(n_clips, dtype=np.int64) % len(LABELS)


def made_up_pack(n_clips: int) -> Pack:
    """A pack in memory: ``n_clips`` to train on, one batch to validate on, and half a minute of background noise."""
    n = n_clips + BATCH
    labels = made_up_labels(n)
    return Pack(
        folder=Path("made-up"),
        key="0" * 64,
        content="0" * 64,
        name="noise",
        title="Noise",
        synthetic=True,
        clips=made_up_clips(n),
        words=np.array([LABELS[label] for label in labels]),
        labels=labels,
        splits=np.array(["train"] * n_clips + ["validation"] * BATCH),
        speakers=np.array([""] * n),
        files=np.array([f"{row}.wav" for row in range(n)]),
        noise={"hiss": made_up_clips(30, seed=1).ravel()},
        problems=(),
    )


def made_up_talk(n_seconds: int) -> np.ndarray:
    """A recording as float32, -1 to 1, (n_seconds * 16000,): noise for most of each second, as often as words in talk.

    Somebody speaks in every second of it, so none is skipped.
    """
    loudness = np.where(np.arange(CLIP_SAMPLES) < SPOKEN * CLIP_SAMPLES, 1.0, 0.01).astype(np.float32)
    return (made_up_clips(n_seconds) / np.float32(32768) * loudness).ravel()


def waveforms(n_clips: int, device: torch.device) -> Tensor:
    """Made-up clips as float32 waveforms on a device, (n_clips, 16000), -1 to 1."""
    return torch.from_numpy(made_up_clips(n_clips)).to(device).float() / 32768


def repeated(n_times: int, work: Work) -> Work:
    """The same work ``n_times`` over."""

    def run() -> None:
        for _ in range(n_times):
            work()

    return run
