"""The training loop: batch, features, loss, step, project, report. It opens no files and prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.config import RunConfig
from core.data.acoustics import rooms
from core.data.augment import Noise, augment_waveform, mask_spectrogram
from core.data.noises import Recordings, decides_noise, training_noise
from core.data.pack import Pack
from core.data.source import Progress
from core.data.talk import talk
from core.device import choose_device, require_bfloat16
from core.distributed import ALONE, Peers
from core.errors import RunError
from core.fast import choose
from core.fast.shared import Share, Shared
from core.files.strict import in_one_line
from core.models import KeywordSpotter
from core.records.training import EpochReport
from core.training.averaging import AveragedWeights
from core.training.batches import BATCH, Clips, Waveforms, draw_weights
from core.training.checkpoint import Checkpoint
from core.training.optimizers import build_optimizers, rate_factor, with_plain_rates
from core.training.start import begin_with, pull_back, what_is_pulled


@dataclass(frozen=True)
class Step:
    """Where training stands within an epoch."""

    epoch: int
    step: int
    steps: int
    clips_per_second: float


OnStep = Callable[[Step], bool]
"""Called after every step; answering True asks training to stop."""


class StoppedTraining(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Raised between two steps when ``on_step`` asked for a stop; the weights are those of the last step."""


class Training:
    """One training run in memory: the model, its optimisers, and how far it has come.

    The random numbers of an epoch follow from the seed and the epoch's number alone, so a run that resumes after
    epoch k goes on exactly as one that never stopped. Whatever has a faster twin on this device is asked for in
    ``core.fast.choose``; it computes the same up to rounding.

    Args:
        config: Everything but the data.
        data: Clips to learn from and to validate on.
        device: Where to compute; None takes the fastest.
        progress: Called while spectrograms that do not change are computed once; raising in it cancels.
        start: Trained model whose weights it begins with; None begins from scratch.
        noise: Recordings that are one more kind of noise.
        shared: What trainings that go on together have in common (see ``turns``), on a CPU; None for one alone.
        peers: The processes that train this one together, which all make the same ``Training``.

    Raises:
        DataError: If training or validation have no words, or clips of one class alone, or there is a word without
            any to train with.
        ConfigError: If the device is not there, or has no bfloat16 where it is asked for, or a batch has too few clips
            for so many processes.
    """

    def __init__(
        self,
        config: RunConfig,
        data: Pack,
        device: str | None = None,
        progress: Progress | None = None,
        *,
        start: Checkpoint | None = None,
        noise: Recordings | None = None,
        shared: Shared | None = None,
        peers: Peers = ALONE,
    ) -> None:
        self.config, self.peers = config, peers
        peers.require_batch(config.training.batch_size)
        self.device = choose_device(device)
        bfloat16 = config.training.products == "bfloat16"
        if bfloat16:
            require_bfloat16(self.device)
        data = data.with_words(config.vocabulary)
        data.summary().require_trainable()
        self.rows, self.validation_rows = data.indices("train"), data.indices("validation")
        balance, unknown_weight = config.training.balance, config.training.unknown_weight
        self.weights = torch.from_numpy(draw_weights(data.labels[self.rows], balance, unknown_weight, data.vocabulary))
        augment, seed, common = config.augment, config.training.seed, shared or Shared()
        whose = common.number(data), self.device.type
        decides = *decides_noise(config), common.number(noise)
        self.noise = common.once(("noise", whose, decides), lambda: training_noise(config, data, self.device, noise))
        self.talk = self.rooms = None
        if augment.talk_share and config.vocabulary.unknown:
            self.talk = common.once(
                ("talk", whose, seed), lambda: Noise(talk(data, seed), self.device, data.clips.shape[1])
            )
        if augment.reverb_probability:
            self.rooms = common.once(
                ("rooms", whose, augment.reverb_s, seed), lambda: rooms(augment.reverb_s, seed, self.device)
            )
        self.clips = common.once(("clips", whose), lambda: Clips(data, self.device))
        self.model = choose.model(config, self.device, bfloat16=bfloat16, peers=peers)
        if start is not None:
            begin_with(self.model, start, config.vocabulary)
        self.begun = {} if start is None else what_is_pulled(self.model)
        self.change = peers.generator(self.device)
        sound = (*map(common.number, (self.clips, self.noise, self.talk, self.rooms)), augment, config.vocabulary)
        self.source = choose.source(
            Waveforms(self.clips, self.model.front_end),
            np.concatenate([self.rows, self.validation_rows]),
            augmented=config.augment.changes_waveforms,
            budget_bytes=config.training.cache_mb * 2**20,
            progress=progress,
            share=Share(shared, sound, self.change) if shared else None,
        )
        self.parameters = list(self.model.parameters())
        self.optimizers = build_optimizers(self.model, config.training)
        averaging = config.training.averaging
        self.averaged = AveragedWeights(self.model, averaging) if averaging else None
        masked = config.augment.frequency_masks or config.augment.time_masks
        self.mask = partial(mask_spectrogram, config=config.augment, generator=self.change) if masked else None
        self.steps = ceil(len(self.rows) / config.training.batch_size)
        self.take_steps = self._fastest_steps()
        self.epoch = 0
        self.best_epoch = 0
        self.best_accuracy = -1.0
        self.best_loss = float("inf")
        self._others_s = 0.0
        self._others_random: Tensor

    def epochs(self, on_step: OnStep | None = None) -> Iterator[EpochReport]:
        """Train to the last epoch, one report each.

        Raises:
            StoppedTraining: If ``on_step`` asked for it.
            RunError: If the loss is no longer a number.
        """
        for report in self.turns(on_step):
            if report is not None:
                yield report

    def turns(self, on_step: OnStep | None = None) -> Iterator[EpochReport | None]:
        """``epochs`` with a pause after every step, None, in which other trainings of this process can take theirs.

        Nothing that they draw changes what this one draws, and their time does not count as its own. What they share
        is made, and counted, by the one whose turn it is.
        """
        while self.epoch < self.config.training.epochs:
            report = yield from self._one_epoch(on_step)
            yield report

    def learn(self, epoch: int, on_step: OnStep | None = None) -> tuple[float, float]:
        """One pass over as many clips as there are: mean loss and accuracy of the batches as they came."""
        return _ended(self._learned(epoch, on_step))

    def _learned(self, epoch: int, on_step: OnStep | None) -> Generator[None, None, tuple[float, float]]:
        """``learn`` with a pause after every step."""
        rows, rates = self._drawn(epoch), self._rates(epoch)
        started, losses, logits = self._own_time(), [], []
        self.model.train()
        with self._seeded(epoch):
            for step, (loss, answered) in enumerate(self.take_steps(rows, rates), start=1):
                losses.append(loss)
                logits.append(answered)
                clips_per_second = step * rows.shape[1] / (self._own_time() - started)
                if self.peers.any(bool(on_step and on_step(Step(epoch, step, self.steps, clips_per_second)))):
                    raise StoppedTraining
                yield from self._pause()
        # Read from the device once an epoch, not in every step.
        right = torch.stack(logits).argmax(dim=2) == self.clips.labels[rows[:, self.peers.part(rows.shape[1])]]
        totals = torch.stack([torch.stack(losses).mean(), right.sum()]).double()
        mean_loss, n_right = self.peers.add_up(totals).tolist()
        if not np.isfinite(mean_loss):
            raise RunError(
                f"The loss became {mean_loss} in epoch {epoch}: training ran away. Lower the step sizes "
                f"(learning_rate is {self.config.training.learning_rate:g}), or use the regime 'matched'."
            )
        return mean_loss, n_right / rows.numel()

    def steps_in_turn(self, rows: Tensor, rates: list[list[float]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Loss () and logits (batch, labels) of the steps of an epoch, one after another.

        Args:
            rows: The clips of each step, (steps, batch).
            rates: Step size of each group of parameters in each step.
        """
        for batch, step_rates in zip(rows, rates, strict=True):
            for group, rate in zip(self._groups(), step_rates, strict=True):
                group["lr"] = rate
            yield self.step(batch)

    def step(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """A step with some clips, (batch,): loss () and logits (batch, labels), without waiting for the device.

        Of several processes each answers for its part of the batch.
        """
        rows = self.peers.begin(rows)
        labels = self.clips.labels[rows]
        batch = self.source.read(rows)
        log_mel = self.features(batch, labels)
        return self.update(log_mel, labels)

    def features(self, batch: Tensor, labels: Tensor) -> Tensor:
        """Log-mels, (n, n_mels, n_frames), of what ``source.read`` gave, changed as the settings ask."""
        augment, change, vocabulary = self.config.augment, self.change, self.config.vocabulary

        def changed(waveform: Tensor) -> Tensor:
            return augment_waveform(waveform, labels, self.noise, augment, change, self.talk, vocabulary, self.rooms)

        return self.source.log_mel(batch, changed)

    def update(self, log_mel: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss, gradient step, and projection of the filters back to where they are valid: the loss and the logits."""
        logits = self.model.classify(log_mel, self.mask)
        smoothing = self.config.training.label_smoothing
        loss = self.peers.share_of(functional.cross_entropy(logits, labels, label_smoothing=smoothing))
        # What the optimisers' own zero_grad does, without its bookkeeping: a tenth of a small model's step.
        for parameter in self.parameters:
            parameter.grad = None
        loss.backward()
        self.peers.add_up_gradients(self.parameters)
        for optimizer in self.optimizers:
            optimizer.step()
        self.model.project(highest=1.0 if self.config.training.regime == "tutorial" else None)
        if self.averaged:
            self.averaged.follow()
        return loss.detach(), logits.detach()

    @contextmanager
    def answering(self) -> Iterator[KeywordSpotter]:
        """The model with the weights that it answers with: averaged ones where the settings ask for them."""
        with self.averaged.in_place() if self.averaged else nullcontext():
            yield self.model

    @torch.no_grad()
    def validate(self) -> tuple[float, float]:
        """Mean loss and accuracy on the validation clips."""
        self.model.eval()
        totals = torch.zeros(2, device=self.device, dtype=torch.float64)
        mine = self.validation_rows[self.peers.part(len(self.validation_rows))]
        for rows in torch.from_numpy(mine).to(self.device).split(BATCH):
            labels = self.clips.labels[rows]
            logits = self.model.classify(self.source.log_mel(self.source.read(rows)))
            loss = functional.cross_entropy(logits, labels, reduction="sum")
            totals += torch.stack([loss, (logits.argmax(dim=1) == labels).sum()])
        mean_loss, accuracy = (self.peers.add_up(totals) / len(self.validation_rows)).tolist()
        return mean_loss, accuracy

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on after the last finished epoch; plain values and tensors."""
        return {
            "epoch": self.epoch,
            "best": [self.best_epoch, self.best_accuracy, self.best_loss],
            "model": self.model.state_dict(),
            "initial": self.model.front_end.initial(trained_only=True),
            "optimizers": [with_plain_rates(optimizer.state_dict()) for optimizer in self.optimizers],
            **({"averaged": self.averaged.state_dict()} if self.averaged else {}),
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
            if self.averaged:
                self.averaged.load_state_dict(state["averaged"])
            self.take_steps = self._fastest_steps()
            self.epoch = int(state["epoch"])
            self.best_epoch, self.best_accuracy, self.best_loss = state["best"]
        except (KeyError, ValueError, RuntimeError, TypeError, AttributeError, IndexError) as error:
            raise RunError(
                f"The saved state does not fit this run's settings ({in_one_line(error)}). Start a new run."
            ) from error

    def _one_epoch(self, on_step: OnStep | None) -> Generator[None, None, EpochReport]:
        training, epoch = self.config.training, self.epoch + 1
        started = self._own_time()
        train_loss, train_accuracy = yield from self._learned(epoch, on_step)
        pull_back(self.model, self.begun, training.pull)
        trained_s = self._own_time() - started
        loss = accuracy = None
        is_best = False
        with self.answering() as model:
            if epoch % training.validate_every == 0 or epoch == training.epochs:
                loss, accuracy = self.validate()
                is_best = (-accuracy, loss) < (-self.best_accuracy, self.best_loss)
                if is_best:
                    self.best_epoch, self.best_accuracy, self.best_loss = epoch, accuracy, loss
            mel_change, stft_change = model.front_end.change()
        self.epoch = epoch
        return EpochReport(
            epoch=epoch,
            epochs=training.epochs,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=loss,
            validation_accuracy=accuracy,
            learning_rate=float(self.optimizers[0].param_groups[0]["lr"]),
            mel_change=mel_change,
            stft_change=stft_change,
            clips_per_second=self.steps * training.batch_size / trained_s,
            seconds=self._own_time() - started,
            is_best=is_best,
        )

    def _pause(self) -> Iterator[None]:
        """Let others take their turn: the clock stands still, and the global random numbers are theirs meanwhile."""
        began, own_random = time.perf_counter(), torch.get_rng_state()
        torch.set_rng_state(self._others_random)
        yield
        self._others_random = torch.get_rng_state()
        torch.set_rng_state(own_random)
        self._others_s += time.perf_counter() - began

    def _own_time(self) -> float:
        """What a clock shows (s) that stands still during the turns of others."""
        return time.perf_counter() - self._others_s

    def _drawn(self, epoch: int) -> Tensor:
        """The clips of each step of an epoch, (steps, batch)."""
        draw = torch.Generator().manual_seed(self._seed(epoch))
        n_clips = self.steps * self.config.training.batch_size
        chosen = torch.multinomial(self.weights, n_clips, replacement=True, generator=draw)
        return torch.from_numpy(self.rows)[chosen].to(self.device).view(self.steps, -1)

    def _rates(self, epoch: int) -> list[list[float]]:
        """Step size of each group of parameters in each step of an epoch."""
        factors = (rate_factor(epoch - 1 + step / self.steps, self.config.training) for step in range(self.steps))
        return [[group["peak"] * factor for group in self._groups()] for factor in factors]

    def _groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def _fastest_steps(self) -> choose.Steps:
        generators, resident = [self.change], self.source.on_device and self.peers.size == 1
        n_labels = len(self.config.vocabulary.labels)
        replayed = choose.replayed(
            self.step, self._groups(), generators, self.device, n_labels=n_labels, resident=resident
        )
        return replayed or self.steps_in_turn

    @contextmanager
    def _seeded(self, epoch: int) -> Iterator[None]:
        """All random numbers inside follow from the epoch; dropout's, which are the global ones, are given back."""
        seed = self._seed(epoch)
        self.change.manual_seed(seed)
        self._others_random = torch.get_rng_state()
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield

    def _seed(self, epoch: int) -> int:
        """A seed for each epoch of each run; ``SeedSequence`` keeps neighbouring ones unrelated."""
        sequence = np.random.SeedSequence((self.config.training.seed, epoch))
        return int(sequence.generate_state(1, np.uint64)[0] >> 1)


def _ended(turns: Generator[None, None, tuple[float, float]]) -> tuple[float, float]:
    """What a generator answers at its end."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            return cast(tuple[float, float], end.value)
