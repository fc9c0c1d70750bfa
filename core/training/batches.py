"""What a training step reads: which clips are drawn, and their waveforms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.config import SILENCE_LABEL, TWELVE, UNKNOWN_LABEL, Vocabulary
from core.data.pack import Pack
from core.frontend.mel import TrainableMel

BATCH = 200
"""Clips computed at once where no step decides it: validation, evaluation."""

RESIDENT_SHARE = 0.5
"""Share of a GPU's free memory that the clips may take; a larger dataset stays in the computer's memory."""

TUTORIAL_SILENCE_WEIGHT = 4.6
TUTORIAL_UNKNOWN_WEIGHT = 1 / 17
"""How often the tutorial draws a silence and an unknown clip, relative to a keyword."""


class Clips:
    """The clips of a pack by row, as waveforms and labels on a device.

    On a GPU the whole pack lies in its memory as it is, in 16 bits, if it fits; otherwise batches are copied there
    through pinned memory while the GPU works. On a CPU clips are read straight from the pack's pages.

    Args:
        data: The pack.
        device: Where the batches go.
    """

    def __init__(self, data: Pack, device: torch.device) -> None:
        self.device = device
        with warnings.catch_warnings():
            # The pack is mapped for reading; PyTorch warns of writing, which nothing here does.
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            self.samples = torch.from_numpy(data.clips)
        self.labels = torch.from_numpy(data.labels).to(device)
        if device.type == "cuda" and self.samples.nbytes <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
            self.samples = self.samples.to(device)

    def waveforms(self, rows: Tensor) -> Tensor:
        """Clips of these rows (a tensor of whole numbers on any device), (n, n_samples), -1 to 1."""
        if self.samples.device.type == self.device.type:
            samples = self.samples.index_select(0, rows.to(self.device))
        else:
            samples = torch.empty(len(rows), self.samples.shape[1], dtype=self.samples.dtype, pin_memory=True)
            torch.index_select(self.samples, 0, rows.cpu(), out=samples)
            samples = samples.to(self.device, non_blocking=True)
        return samples.float().mul_(1 / 32768)


class Waveforms:
    """Batches of waveforms, and log-mels computed from them in every step; ``core.fast.stored`` computes some once."""

    kind: Literal["waveforms"] = "waveforms"

    def __init__(self, clips: Clips, front_end: TrainableMel) -> None:
        self.clips, self.front_end = clips, front_end

    @property
    def on_device(self) -> bool:
        """Whether all that a step reads lies on the device already."""
        return self.clips.samples.device.type == self.clips.device.type

    def read(self, rows: Tensor) -> Tensor:
        """Waveforms of these rows, (n, n_samples)."""
        return self.clips.waveforms(rows)

    def log_mel(self, batch: Tensor, augment: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Log-mels, (n, n_mels, n_frames), of what ``read`` gave, after ``augment`` has changed the waveforms."""
        return cast(Tensor, self.front_end(augment(batch) if augment else batch))


def draw_weights(
    labels: NDArray[np.int64], balance: str, unknown_weight: float = 1.0, vocabulary: Vocabulary = TWELVE
) -> NDArray[np.float64]:
    """How often each clip is drawn, relative to the others.

    "uniform" makes every label alike frequent; "tutorial" gives keywords 1, silence 4.6 and unknown 1/17, which
    balances the full dataset; "none" takes clips as they come. Unknown clips are drawn ``unknown_weight`` times as
    often as that.

    >>> draw_weights(np.array([0, 0, 1]), "uniform").tolist()
    [0.5, 0.5, 1.0]
    """
    if balance == "uniform":
        counts = np.bincount(labels)
        weights = 1.0 / counts[labels]
    else:
        weights = np.ones(len(labels))
    unknown = labels == vocabulary.label_of(UNKNOWN_LABEL)
    if balance == "tutorial":
        weights[labels == vocabulary.label_of(SILENCE_LABEL)] = TUTORIAL_SILENCE_WEIGHT
        weights[unknown] = TUTORIAL_UNKNOWN_WEIGHT
    weights[unknown] *= unknown_weight
    return weights
