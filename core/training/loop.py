"""The training loop: batch, loss, step, keep the filters valid, report. It opens no files and prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, cos, pi
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.config import LABELS, SILENCE_LABEL, UNKNOWN_LABEL, RunConfig, TrainingConfig
from core.data.augment import Noise, augment_waveform, mask_spectrogram
from core.data.pack import Pack
from core.data.source import Progress
from core.device import choose_device, require_bfloat16
from core.errors import RunError
from core.fast.cuda_graph import Replay
from core.files.strict import in_one_line
from core.models import KeywordSpotter, build_model
from core.records.training import EpochReport
from core.training.batches import BATCH, Batches

TUTORIAL_SILENCE_WEIGHT = 4.6
TUTORIAL_UNKNOWN_WEIGHT = 1 / 17
"""How often the tutorial draws a silence and an unknown clip, relative to a keyword."""


@dataclass(frozen=True)
class Step:
    """Where training stands within an epoch."""

    epoch: int
    step: int
    steps: int
    clips_per_second: float


OnStep = Callable[[Step], bool]
"""Called after every step; answering True asks training to stop."""


class _Teller:
    """Tells of every step, and ends the epoch if it is asked to."""

    def __init__(self, epoch: int, steps: int, batch_size: int, on_step: OnStep | None) -> None:
        self.epoch, self.steps, self.batch_size, self.on_step = epoch, steps, batch_size, on_step
        self.done, self.started = 0, time.perf_counter()

    def step_done(self) -> None:
        self.done += 1
        if self.on_step is None:
            return
        rate = self.done * self.batch_size / (time.perf_counter() - self.started)
        if self.on_step(Step(self.epoch, self.done, self.steps, rate)):
            raise StoppedTraining


class StoppedTraining(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Raised between two steps when ``on_step`` asked for a stop; the weights are those of the last step."""


class Training:
    """One training run in memory: the model, its optimisers, and how far it has come.

    The random numbers of an epoch follow from the seed and the epoch's number alone, so a run that resumes after
    epoch k goes on exactly as one that never stopped.

    Args:
        config: Everything but the data.
        data: Clips to learn from and to validate on.
        device: Where to compute; None takes the fastest.
        progress: Called while spectrograms that do not change are computed once; raising in it cancels.

    Raises:
        DataError: If training or validation have no words, or clips of one class alone.
        ConfigError: If the device is not there, or has no bfloat16 where it is asked for.
    """

    def __init__(
        self, config: RunConfig, data: Pack, device: str | None = None, progress: Progress | None = None
    ) -> None:
        self.config = config
        self.device = choose_device(device)
        if config.training.products == "bfloat16":
            require_bfloat16(self.device)
        data.summary().require_trainable()
        self.rows = data.indices("train")
        self.validation_rows = data.indices("validation")
        self.weights = torch.from_numpy(draw_weights(data.labels[self.rows], config.training.balance))
        self.noise = Noise(data.noise, self.device, data.clips.shape[1])
        self.model = build_model(config).to(self.device)
        self.parameters = list(self.model.parameters())
        self.model.front_end.uses_bfloat16 = config.training.products == "bfloat16"
        self.batches = Batches(
            data,
            np.concatenate([self.rows, self.validation_rows]),
            self.model.front_end,
            self.device,
            augmented=config.augment.changes_waveforms,
            budget_bytes=config.training.cache_mb * 2**20,
            progress=progress,
        )
        self.optimizers = build_optimizers(self.model, config.training)
        self.change = torch.Generator(self.device)
        # A graph finds everything where it was; clips from the computer's memory are somewhere else each time.
        self.replays = self.device.type == "cuda" and self.batches.on_device
        self._replay: Replay | None = None
        self.steps = ceil(len(self.rows) / config.training.batch_size)
        self.epoch = 0
        self.best_epoch = 0
        self.best_accuracy = -1.0
        self.best_loss = float("inf")

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on after the last finished epoch; plain values and tensors."""
        return {
            "epoch": self.epoch,
            "best": [self.best_epoch, self.best_accuracy, self.best_loss],
            "model": self.model.state_dict(),
            "initial": self.model.front_end.initial(trained_only=True),
            "optimizers": [_with_plain_rates(optimizer.state_dict()) for optimizer in self.optimizers],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was taken.

        Raises:
            RunError: If the state does not fit the settings.
        """
        try:
            self.model.load_state_dict(state["model"])
            self.model.front_end.set_initial(state["initial"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self._replay = None
            self.epoch = int(state["epoch"])
            self.best_epoch, self.best_accuracy, self.best_loss = state["best"]
        except (KeyError, ValueError, RuntimeError, TypeError, AttributeError, IndexError) as error:
            raise RunError(
                f"The saved state does not fit this run's settings ({in_one_line(error)}). Start a new run."
            ) from error

    def epochs(self, on_step: OnStep | None = None) -> Iterator[EpochReport]:
        """Train to the last epoch, one report each.

        Raises:
            StoppedTraining: If ``on_step`` asked for it.
            RunError: If the loss is no longer a number.
        """
        while self.epoch < self.config.training.epochs:
            yield self._one_epoch(on_step)

    def _one_epoch(self, on_step: OnStep | None) -> EpochReport:
        training = self.config.training
        epoch = self.epoch + 1
        started = time.perf_counter()
        loss, accuracy = self.learn(epoch, on_step)
        trained_s = time.perf_counter() - started
        validation: tuple[float, float] | None = None
        if epoch % training.validate_every == 0 or epoch == training.epochs:
            validation = self._validate()
        is_best = validation is not None and (-validation[1], validation[0]) < (-self.best_accuracy, self.best_loss)
        if is_best and validation is not None:
            self.best_epoch, (self.best_loss, self.best_accuracy) = epoch, validation
        self.epoch = epoch
        mel_change, stft_change = self.model.front_end.change()
        return EpochReport(
            epoch=epoch,
            epochs=training.epochs,
            train_loss=loss,
            train_accuracy=accuracy,
            validation_loss=validation[0] if validation else None,
            validation_accuracy=validation[1] if validation else None,
            learning_rate=float(self.optimizers[0].param_groups[0]["lr"]),
            mel_change=mel_change,
            stft_change=stft_change,
            clips_per_second=self.steps * training.batch_size / trained_s,
            seconds=time.perf_counter() - started,
            is_best=is_best,
        )

    def learn(self, epoch: int, on_step: OnStep | None = None) -> tuple[float, float]:
        """One pass over as many clips as there are: mean loss and accuracy of the batches as they came."""
        training = self.config.training
        seed = _epoch_seed(training.seed, epoch)
        draw = torch.Generator().manual_seed(seed)
        chosen = torch.multinomial(self.weights, self.steps * training.batch_size, replacement=True, generator=draw)
        rows = torch.from_numpy(self.rows)[chosen].to(self.device).view(self.steps, training.batch_size)
        self.model.train()
        self.change.manual_seed(seed)
        # Dropout draws from the global generator; it is seeded here and given back as it was.
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed)
            run = self._replayed_steps if self.replays else self._steps_in_turn
            losses, answers = run(epoch, rows, on_step)
        # Read from the device once an epoch, not in every step.
        mean_loss = float(losses.mean())
        correct = float((answers == self.batches.clips.labels[rows]).float().mean())
        if not np.isfinite(mean_loss):
            raise RunError(
                f"The loss became {mean_loss} in epoch {epoch}: training ran away. Lower the step sizes "
                f"(learning_rate is {training.learning_rate:g}), or use the regime 'matched'."
            )
        return mean_loss, correct

    def _steps_in_turn(self, epoch: int, rows: Tensor, on_step: OnStep | None) -> tuple[Tensor, Tensor]:
        """Losses (steps,) and answers (steps, batch) of the steps of an epoch."""
        losses, logits = [], []
        tell = _Teller(epoch, self.steps, self.config.training.batch_size, on_step)
        for number, batch in enumerate(rows):
            for group, rate in zip(self._groups(), self._rates(epoch, number), strict=True):
                group["lr"] = rate
            loss, answered = self._train_on(batch)
            losses.append(loss)
            logits.append(answered)
            tell.step_done()
        return torch.stack(losses), torch.stack(logits).argmax(dim=2)

    def _replayed_steps(self, epoch: int, rows: Tensor, on_step: OnStep | None) -> tuple[Tensor, Tensor]:
        """The same on a GPU, as a graph."""
        batch_size = self.config.training.batch_size
        if self._replay is None:
            self._replay = Replay(
                self._train_on, self.optimizers, n_steps=self.steps, batch_size=batch_size, generators=[self.change],
                device=self.device,
            )  # fmt: skip
        self._replay.begin(rows, torch.tensor([self._rates(epoch, number) for number in range(self.steps)]))
        tell = _Teller(epoch, self.steps, batch_size, on_step)
        for _ in range(self.steps):
            self._replay.step()
            tell.step_done()
        return self._replay.losses, self._replay.answers

    def _train_on(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """A step with the clips of some rows, (batch,): its loss, and the logits."""
        labels = self.batches.clips.labels[rows]
        log_mel = self.log_mel(self.batches.read(rows), labels, self.change)
        return self.step(log_mel, labels, self.change, self.moments(rows))

    def _groups(self) -> Iterator[dict[str, Any]]:
        return (group for optimizer in self.optimizers for group in optimizer.param_groups)

    def _rates(self, epoch: int, number: int) -> list[float]:
        """Step size of each group of parameters in a step, counted from 0."""
        factor = rate_factor(epoch - 1 + number / self.steps, self.config.training)
        return [group["peak"] * factor for group in self._groups()]

    def log_mel(self, kept: Tensor, labels: Tensor, change: torch.Generator) -> Tensor:
        """Log-mels, (n, n_mels, n_frames), of what ``batches.read`` gave, changed as the settings ask."""
        return self.batches.log_mel(
            kept, lambda waveform: augment_waveform(waveform, labels, self.noise, self.config.augment, change)
        )

    @property
    def takes_raw(self) -> bool:
        """Whether log-mels go to the network as they are: it can normalise them itself, and none are masked."""
        augment = self.config.augment
        return self.model.takes_raw(self.device) and not (augment.frequency_masks or augment.time_masks)

    def moments(self, rows: Tensor) -> Tensor | None:
        """``clip_moments`` of the clips of some rows, if they are known and ``step`` can use them."""
        return self.batches.moments(rows) if self.takes_raw else None

    def step(
        self, log_mel: Tensor, labels: Tensor, change: torch.Generator, moments: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """One gradient step; returns loss and logits of the batch, without waiting for the device."""
        if self.takes_raw:
            logits = self.model.logits_of_raw(log_mel, moments)
        else:
            features = mask_spectrogram(self.model.normalise(log_mel), self.config.augment, change)
            logits = self.model.network(features)
        loss = functional.cross_entropy(logits, labels)
        # What the optimisers' own zero_grad does, without its bookkeeping: a tenth of a small model's step.
        for parameter in self.parameters:
            parameter.grad = None
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        self.model.front_end.keep_valid(highest=1.0 if self.config.training.regime == "tutorial" else None)
        return loss.detach(), logits.detach()

    @torch.no_grad()
    def _validate(self) -> tuple[float, float]:
        """Mean loss and accuracy on the validation clips."""
        self.model.eval()
        totals = torch.zeros(2, device=self.device, dtype=torch.float64)
        for rows in torch.from_numpy(self.validation_rows).to(self.device).split(BATCH):
            labels = self.batches.clips.labels[rows]
            logits = self.model.network(self.model.normalise(self.batches.log_mel(self.batches.read(rows))))
            loss = functional.cross_entropy(logits, labels, reduction="sum")
            totals += torch.stack([loss, (logits.argmax(dim=1) == labels).sum()])
        loss_sum, correct = (totals / len(self.validation_rows)).tolist()
        return loss_sum, correct


def train(
    config: RunConfig, data: Pack, *, device: str | None = None, on_step: OnStep | None = None
) -> Iterator[EpochReport]:
    """Train from the start to the end, one report an epoch.

    Raises:
        DataError: If training or validation have no words, or clips of one class alone.
        RunError: If training runs away.
    """
    yield from Training(config, data, device).epochs(on_step)


def draw_weights(labels: NDArray[np.int64], balance: str) -> NDArray[np.float64]:
    """How often each clip is drawn, relative to the others.

    "uniform" makes every label alike frequent; "tutorial" gives keywords 1, silence 4.6 and unknown 1/17, which
    balances the full dataset; "none" takes clips as they come.

    >>> draw_weights(np.array([0, 0, 1]), "uniform").tolist()
    [0.5, 0.5, 1.0]
    """
    if balance == "uniform":
        counts = np.bincount(labels, minlength=len(LABELS))
        return 1.0 / counts[labels]
    weights = np.ones(len(labels))
    if balance == "tutorial":
        weights[labels == LABELS.index(SILENCE_LABEL)] = TUTORIAL_SILENCE_WEIGHT
        weights[labels == LABELS.index(UNKNOWN_LABEL)] = TUTORIAL_UNKNOWN_WEIGHT
    return weights


def rate_factor(progress: float, training: TrainingConfig) -> float:
    """Share of the peak step size after ``progress`` epochs: linear warm-up, then constant or a cosine to 0.

    >>> rate_factor(10, TrainingConfig(epochs=20, schedule="cosine"))
    0.5
    """
    if progress < training.warmup_epochs:
        return progress / training.warmup_epochs
    if training.schedule == "constant":
        return 1.0
    share = (progress - training.warmup_epochs) / (training.epochs - training.warmup_epochs)
    return 0.5 * (1 + cos(pi * share))


def build_optimizers(model: KeywordSpotter, training: TrainingConfig) -> list[torch.optim.Optimizer]:
    """SGD for the network; for the filters Adam, with a step size matched to the scale of each group.

    An Adam step moves every weight by about the learning rate, whatever the size of its gradient; so a rate given
    as a share of the typical initial weight (root mean square of those that are not zero) moves each group of filters
    by that share. Filters get no weight decay: it would shrink them without any word from the data. In the regime
    "tutorial" all parameters share one SGD with weight decay, as there.
    """
    basis = dict(model.front_end.named_parameters())
    if training.regime == "tutorial":
        return [_sgd(list(model.parameters()), training)]
    optimizers: list[torch.optim.Optimizer] = [_sgd(list(model.network.parameters()), training)]
    groups = []
    for name, parameter in basis.items():
        rate = training.stft_rate if name.startswith("layer.stft") else training.mel_rate
        peak = rate * _typical_size(parameter)
        groups.append({"params": [parameter], "lr": peak, "peak": peak})
    if groups:
        # Gradients of the filters are far below Adam's usual epsilon on quiet data.
        on_gpu = next(iter(basis.values())).is_cuda
        optimizers.append(torch.optim.Adam(groups, eps=1e-12, fused=True, capturable=on_gpu))
    return optimizers


def _sgd(parameters: list[nn.Parameter], training: TrainingConfig) -> torch.optim.Optimizer:
    rate = training.learning_rate
    groups = [{"params": parameters, "lr": rate, "peak": rate}]
    return torch.optim.SGD(groups, momentum=training.momentum, weight_decay=training.weight_decay, fused=True)


def _with_plain_rates(state: dict[str, Any]) -> dict[str, Any]:
    """The state of an optimiser with step sizes as numbers, which a graph keeps as tensors."""
    return {**state, "param_groups": [{**group, "lr": float(group["lr"])} for group in state["param_groups"]]}


def _typical_size(parameter: Tensor) -> float:
    weights = parameter.detach()
    return float(weights[weights != 0].square().mean().sqrt())


def _epoch_seed(seed: int, epoch: int) -> int:
    """A seed for each epoch of each run; ``SeedSequence`` keeps neighbouring ones unrelated."""
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0] >> 1)
