"""What an epoch of training did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochReport:
    """What one epoch of training did. Losses are mean cross-entropy (nats); accuracies lie in 0 to 1.

    Validation values are None in epochs that were not validated. ``mel_change`` and ``stft_change`` are
    ||W - W0|| / ||W0||, the relative distance from the initial filters.
    """

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    mel_change: float
    stft_change: float
    clips_per_second: float
    seconds: float
    is_best: bool
