"""The program that trains one run: read its folder, train, write progress. Started by ``core.jobs.program``."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch

from core import runs
from core.config import AT_ONCE, ENROLMENT, RunConfig
from core.data.noises import recordings_in
from core.data.pack import Pack, open_data
from core.data.source import Progress
from core.distributed import ALONE, Peers
from core.errors import DataError, KeywordSpottingError, RunError, WriteError
from core.fast.shared import Shared
from core.files.locks import Hold
from core.files.writing import write_bytes
from core.jobs.room import adapt, keep_adapted
from core.records.training import EpochReport
from core.runs import keep, owner
from core.studies.evaluation import STUDY, evaluate
from core.training.checkpoint import (
    Checkpoint,
    checkpoint_of,
    load_checkpoint,
    read_weights,
    save_checkpoint,
)
from core.training.loop import Step, StoppedTraining, Training

HEARTBEAT_S = 0.5
"""Least time between two status writes within an epoch, of all runs that go on together."""

WAITING_HEARTBEAT_S = 10.0
"""Time after which one that waits for its turn says that it lives; pages are told ``core.runs.state.STALE_S``."""

OnReport = Callable[[EpochReport], None]

log = logging.getLogger(__name__)


def work(
    folder: Path,
    *,
    on_report: OnReport | None = None,
    on_step: Callable[[Step], None] | None = None,
    on_progress: Progress | None = None,
    held: Hold | None = None,
    peers: Peers | None = None,
) -> runs.RunState:
    """Train the run in ``folder`` to its end or to a requested stop; every outcome ends up in its status.

    The folder belongs to this process meanwhile; if another one has it, its status is left alone.

    Args:
        folder: Made by ``runs.new_run`` or readied by ``runs.prepare_resume``.
        on_report: Called after each epoch, for a command line that wants to show it.
        on_step: Called after each step.
        on_progress: Called while data are packed and while the model is evaluated (done, total, what).
        held: The folder's lock, if this process has it already; it is given back at the end.
        peers: The processes that train it with this one, the first of them; all others ``help_along``. None for none.

    Raises:
        KeywordSpottingError: What went wrong, after it was written to the status.
    """
    turns = work_in_turns(
        folder, on_report=on_report, on_step=on_step, on_progress=on_progress, held=held, peers=peers or ALONE
    )
    for _ in turns:
        pass
    return runs.run_state(folder)


def work_at_once(folder: Path, on_progress: Progress | None = None) -> runs.RunState:
    """``work`` for a run that takes seconds and is not resumed: one that did not come to its end goes to the trash.

    Args:
        folder: As in ``work``.
        on_progress: As in ``work``.

    Raises:
        KeywordSpottingError: What went wrong.
    """
    try:
        state = work(folder, on_progress=on_progress)
    except KeywordSpottingError:
        with suppress(KeywordSpottingError):
            runs.delete_run(folder)
        raise
    if state.state != "done":
        runs.delete_run(folder)
    return state


def help_along(peers: Peers) -> None:
    """Train with the first of several processes, and write nothing: which run it is, it says once its data are packed.

    Raises:
        KeywordSpottingError: What went wrong, also if another process ended.
    """
    told = peers.tell()
    if told is None:
        return
    folder = Path(told)
    config = runs.run_state(folder).config
    if config is None:
        raise RunError(f"{folder.name} has no readable {runs.CONFIG}, or this process cannot see that folder.")
    root, device = runs.read_source(folder)
    _, more = runs.read_further_folders(folder)
    data = open_data(root, more=more, vocabulary=config.vocabulary)
    training = prepare(folder, config, data, device, peers=peers)
    if (folder / runs.LAST).exists():
        training.load_state_dict(read_weights(folder / runs.LAST))
    with suppress(StoppedTraining):
        for _ in training.epochs():
            pass


def prepare(
    folder: Path,
    config: RunConfig,
    data: Pack,
    device: str | None,
    progress: Progress | None = None,
    *,
    shared: Shared | None = None,
    peers: Peers = ALONE,
) -> Training:
    """What trains the run in ``folder``, before its first step: with the model it begins with, and its noise.

    Raises:
        KeywordSpottingError: If that model or noise cannot be read, or as ``Training`` does.
    """
    noise, _ = runs.read_further_folders(folder)
    named = None if noise is None else recordings_in(noise)
    start = _start(folder, config)
    return Training(config, data, device, progress, start=start, noise=named, shared=shared, peers=peers)


def _start(folder: Path, config: RunConfig) -> Checkpoint | None:
    """The model to begin with: the copy in the run's folder, since its own may be trained further, or deleted."""
    wanted, file = config.start, folder / runs.START
    if not wanted.name:
        return None
    if keep.model_hash(file) != wanted.checkpoint:
        raise RunError(f"{runs.START} is not the model {wanted.name} that {folder.name} begins with.")
    return load_checkpoint(file)


def work_in_turns(
    folder: Path,
    *,
    on_report: OnReport | None = None,
    on_step: Callable[[Step], None] | None = None,
    on_progress: Progress | None = None,
    held: Hold | None = None,
    group: Group | None = None,
    peers: Peers = ALONE,
) -> Iterator[None]:
    """``work`` with a pause once all is ready, and after every step; others of its group take their turns in them.

    The seconds that its reports tell are of its own turns: of several runs they add up to the time of all.

    Args:
        folder: As in ``work``, like all that follow.
        on_report: Called after each epoch.
        on_step: Called after each step.
        on_progress: Called while data are packed and while the model is evaluated.
        held: The folder's lock, if this process has it already.
        group: With whom it goes on together; None for one alone.
        peers: The processes that train it with this one.

    Raises:
        KeywordSpottingError: As ``work`` does.
    """
    with owner.owned(folder, held) as mine:
        if runs.run_state(folder, owned=True).state == "done":
            raise RunError(f"{folder.name} is finished: another process trained it to its end.")
        try:
            worker = _Worker(folder, mine, on_report, on_step, on_progress, group, peers)
            with group.joined_by(worker) if group else nullcontext():
                yield from worker.run()
        except Exception as error:
            told = _explained(folder, mine, error)
            if not mine.lost:
                unexpected = f"Training failed unexpectedly ({type(error).__name__}: {error}). The log has the details."
                runs.write_last_words(folder, state="failed", message=str(told or unexpected))
            if told is None or told is error:
                raise
            raise told from error
        finally:
            runs.forget_moving(folder)


def _explained(folder: Path, mine: Hold, error: Exception) -> KeywordSpottingError | None:
    """What went wrong, in words for a person; None for a mistake of this program, which stays loud."""
    if mine.lost:
        return RunError(f"The folder {folder} was removed while the run trained: it ends, and nothing of it is kept.")
    if isinstance(error, WriteError):
        return RunError(f"{error} The last finished epoch is kept: the run can be resumed.")
    if isinstance(error, OSError) and not isinstance(error, KeywordSpottingError):
        return RunError(f"The system refused something that training needs ({error}). The run can be resumed.")
    return error if isinstance(error, KeywordSpottingError) else None


class Group:
    """Runs that one process trains at once, a step of each in turn: what they share, and their signs of life."""

    def __init__(self) -> None:
        self.shared = Shared()
        self._working: list[_Worker] = []

    @contextmanager
    def joined_by(self, worker: _Worker) -> Iterator[None]:
        """One more that works, inside."""
        self._working.append(worker)
        try:
            yield
        finally:
            self._working.remove(worker)

    @property
    def size(self) -> int:
        """How many go on now."""
        return len(self._working)

    def beat(self) -> None:
        """Let those who wait long for their turn say that they live: a page takes silence for trouble."""
        for worker in self._working:
            if time.monotonic() - worker.told > WAITING_HEARTBEAT_S:
                worker.beat()


class _Worker:
    """One run being trained: joins ``Training`` (memory) with the run's folder (files)."""

    def __init__(
        self,
        folder: Path,
        mine: Hold,
        on_report: OnReport | None,
        on_step: Callable[[Step], None] | None,
        on_progress: Progress | None,
        group: Group | None = None,
        peers: Peers = ALONE,
    ) -> None:
        self.group, self.peers = group, peers
        self.folder, self.mine = folder, mine
        self.on_report, self.on_step, self.on_progress = on_report, on_step, on_progress
        config = runs.run_state(folder, owned=True).config
        if config is None:
            raise RunError(f"{folder.name} has no readable {runs.CONFIG}.")
        self.config: RunConfig = config
        self.kept = runs.snapshot_epochs(config.training.epochs, config.training.snapshots)
        self.status: dict[str, Any] = {"state": "running", "epochs": config.training.epochs}
        self.told = 0.0
        self.began, self.steps = 0.0, 0

    def run(self) -> Iterator[None]:
        training: Training | None = None
        try:
            self._tell(message="Opening the data.")
            root, device = runs.read_source(self.folder)
            if self.config.preset in AT_ONCE:
                (self._enrol if self.config.preset == ENROLMENT else self._adapt)(root, device)
                return
            _, more = runs.read_further_folders(self.folder)
            vocabulary = self.config.vocabulary
            opened = partial(open_data, root, more=more, vocabulary=vocabulary, progress=self._show_progress)
            shared = self.group.shared if self.group else None
            data = shared.once(("data", root, more, vocabulary), opened) if shared else opened()
            self.peers.tell(str(self.folder))
            show = self._show_progress
            training = prepare(self.folder, self.config, data, device, show, shared=shared, peers=self.peers)
            self.status |= {"dataset": data.title, "device": training.device.type}
            self._restore(training)
            if training.epoch == 0:
                self._keep_filters(training)
            self._tell(message="")
            yield
            self.began = time.monotonic()
            for report in training.turns(partial(self._step, training)):
                if report is None:
                    yield
                else:
                    self._finish_epoch(training, report)
            # Of the dataset alone: what is kept names the clips that it was measured on.
            self._evaluate(data if more is None else open_data(root, progress=self._show_progress))
        except StoppedTraining:
            self._stopped(training)
        else:
            self._tell(state="done", message="", step=0, steps=0, clips_per_second=None, seconds_left=None)

    def _enrol(self, root: Path | None, device: str | None) -> None:
        """All that an enrolment does; it takes seconds, and one that was stopped begins anew."""
        # scikit-learn takes half a second to import, and no other training needs it.
        from core.jobs.enrolment import enrol, keep_enrolled

        start = _start(self.folder, self.config)
        if start is None or root is None:
            raise RunError(f"{self.folder.name} enrols words, and does not say which, or with which model.")
        began = time.monotonic()
        background = runs.read_background(self.folder)
        enrolled = enrol(self.folder, self.config, start, root, background, device, self._show_progress)
        self._require_mine()
        keep_enrolled(self.folder, enrolled)
        self._made_at_once(enrolled.checkpoint, began)

    def _adapt(self, root: Path | None, device: str | None) -> None:
        """All that fitting to a room does; it takes seconds, and one that was stopped begins anew."""
        start = _start(self.folder, self.config)
        if start is None:
            raise RunError(f"{self.folder.name} fits a model to a room, and does not say which model.")
        began = time.monotonic()
        background = runs.read_background(self.folder)
        adapted = adapt(self.folder, self.config, start, root, background, device, self._show_progress)
        self._require_mine()
        keep_adapted(self.folder, adapted)
        self._made_at_once(adapted.checkpoint, began)

    def _made_at_once(self, checkpoint: Checkpoint, began: float) -> None:
        """A run that is no training in epochs came to its end."""
        self.status |= {"dataset": checkpoint.dataset, "epoch": 1, "best_epoch": 1}
        self.status |= {"best_accuracy": checkpoint.validation_accuracy}
        self.status["trained_seconds"] = time.monotonic() - began
        self._tell(state="done", message="")

    def _restore(self, training: Training) -> None:
        self.status["trained_seconds"] = 0.0
        if (self.folder / runs.LAST).exists():
            state = read_weights(self.folder / runs.LAST)
            training.load_state_dict(state)
            self.status["trained_seconds"] = sum(
                report.seconds for report in runs.read_progress(self.folder) if report.epoch <= training.epoch
            )
            self.status |= self._best(training) | {"epoch": training.epoch}

    def _finish_epoch(self, training: Training, report: EpochReport) -> None:
        """Files in the order in which a crash between two of them does no harm: ``last.pt`` comes at the end."""
        self._require_mine()
        if report.is_best:
            self._save_best(training, report.validation_accuracy)
        if report.epoch in self.kept:
            self._keep_filters(training)
        runs.append_progress(self.folder, report)
        buffer = io.BytesIO()
        torch.save(training.state_dict(), buffer)
        write_bytes(self.folder / runs.LAST, buffer.getvalue())
        self.status["trained_seconds"] += report.seconds
        left_s = self._seconds_left((report.epochs - report.epoch) * training.steps)
        self._tell(epoch=report.epoch, step=0, seconds_left=left_s, **self._best(training))
        if self.on_report:
            self.on_report(report)

    def _best(self, training: Training) -> dict[str, Any]:
        if not training.best_epoch:
            return {}
        return {"best_epoch": training.best_epoch, "best_accuracy": training.best_accuracy}

    def _save_best(self, training: Training, accuracy: float | None) -> None:
        with training.answering() as model:
            checkpoint = checkpoint_of(
                model,
                self.config,
                epoch=training.epoch,
                validation_accuracy=accuracy,
                dataset=self.status["dataset"],
            )
        save_checkpoint(self.folder / runs.BEST, checkpoint)

    def _keep_filters(self, training: Training) -> None:
        with training.answering() as model:
            learned = model.front_end.filters(training.epoch).learned
        runs.keep_filters(self.folder, learned, kernels=self.config.front_end.trains_stft)

    def _step(self, training: Training, step: Step) -> bool:
        now = time.monotonic()
        self.steps += 1
        if now - self.told > HEARTBEAT_S * (self.group.size if self.group else 1):
            if self.config.front_end.trains_mel:
                mel_basis = training.model.front_end.layer.mel_basis.detach().cpu().numpy()
                runs.keep_moving(self.folder, step.epoch, mel_basis)
            left = (step.steps - step.step) + (self.config.training.epochs - step.epoch) * step.steps
            self._tell(
                step=step.step,
                steps=step.steps,
                clips_per_second=step.clips_per_second,
                seconds_left=self._seconds_left(left),
            )
        if self.group:
            self.group.beat()
        if self.on_step:
            self.on_step(step)
        return runs.stop_requested(self.folder)

    def _seconds_left(self, steps: int) -> float:
        """How long so many steps take, the turns of others between them included, if they take as long as so far."""
        return steps * (time.monotonic() - self.began) / self.steps

    def beat(self) -> None:
        """Say once more what was said last, as far as that can be written: it is the turn of another one."""
        self.told = time.monotonic()
        with suppress(KeywordSpottingError):
            if not self.mine.lost:
                runs.write_status(self.folder, **self.status)

    def _stopped(self, training: Training | None) -> None:
        if training is None:
            message = "Stopped while the data were being prepared; nothing was trained yet."
        elif training.epoch == self.config.training.epochs:
            message = "Stopped after the last epoch, during the evaluation; the checkpoint is complete."
        elif not (self.folder / runs.BEST).exists():
            self._save_best(training, None)
            message = "Stopped before its first validation: the checkpoint holds the weights of that moment."
        else:
            message = "Stopped on request; the checkpoint holds its best epoch so far."
        self._tell(state="stopped", message=message, clips_per_second=None, seconds_left=None)

    def _evaluate(self, data: Pack) -> None:
        """The final evaluation of the best epoch, on every test protocol that the data have."""
        # A group in noise has one seed: hardly two of its models have the same spectrogram.
        in_noise = self.config.augment.changes_waveforms
        shared = self.group.shared if self.group and not in_noise else None
        for protocol in ("official", "testing-list"):
            if protocol not in self.config.vocabulary.protocols:
                continue
            self._tell(message="Evaluating the best epoch on the test clips.", seconds_left=None)
            try:
                evaluation = evaluate(
                    self.folder,
                    data,
                    protocol,
                    device=self.status["device"],
                    progress=self._show_progress,
                    shared=shared,
                )
            except DataError as error:
                log.warning("No evaluation on %s: %s", protocol, error)
                continue
            keep.save(STUDY, self.folder, STUDY.file(data.title, protocol), evaluation)

    def _show_progress(self, done: int, total: int, what: str) -> None:
        """For packing and evaluating, which can be stopped as well."""
        if runs.stop_requested(self.folder):
            raise StoppedTraining
        if time.monotonic() - self.told > HEARTBEAT_S:
            self._tell(message=f"{what}: {done} of {total}")
        if self.group:
            self.group.beat()
        if self.on_progress:
            self.on_progress(done, total, what)

    def _require_mine(self) -> None:
        """A folder that was removed may have been made anew, for another run."""
        if self.mine.lost:
            raise RunError(f"The folder {self.folder} was removed while the run trained.")

    def _tell(self, **values: Any) -> None:
        self._require_mine()
        self.status |= values
        self.told = time.monotonic()
        runs.write_status(self.folder, **self.status)


def main(folder: Path, held: Hold) -> None:
    """Train the run in a process of its own (see ``core.jobs.program``)."""
    work(folder, held=held)
