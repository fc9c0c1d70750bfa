"""Kills trainings at each change that they make to the disk, goes on, and compares with one that was left alone.

``python -m tests.core.jobs.kills {train,grid} DATA_ROOT FOLDER N`` prints JSON: how many changes there are, how many
kills there were, what state they left, and what was wrong afterwards. N is the number of changes to try, spread evenly,
or ``all``. Each child is a fork of this program, which loads PyTorch once and has no threads beside its own.
"""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core import runs
from core.config import RunConfig, TrainingConfig
from core.jobs import grid, worker
from core.jobs.grid.folder import missing
from core.jobs.grid.plan import GridPlan
from core.jobs.grid.work import work_on_grid
from core.runs import owner, state
from core.training.presets import preset_config
from tests.kept import load_evaluation, saved_evaluations

LOCKS = (owner.LOCK, owner.PROCESS, owner.TURN)
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"}
SECOND_KILL_EVERY = 4
"""Of so many tries, one is killed a second time, while it goes on."""


class Changes:
    """Counts what this process changes on the disk below a folder, and kills it before one of them."""

    def __init__(self, folder, kill_at):
        self.folder, self.kill_at, self.count = str(folder), kill_at, 0
        sys.addaudithook(self._event)
        self._fsync, os.fsync = os.fsync, self._sync
        self._append, runs.append_progress = runs.append_progress, self._progress

    def _event(self, event, arguments):
        if event == "open":
            path, _, flags = arguments
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and str(path).startswith(self.folder):
                self._one_more()
        elif event in CHANGES and (str(arguments[0]).startswith(self.folder) or arguments[-1] >= 0):
            self._one_more()

    def _sync(self, handle):
        self._one_more(lambda: os.ftruncate(handle, os.fstat(handle).st_size // 2))  # half of it was written
        self._fsync(handle)

    def _progress(self, folder, report):
        def half():
            with (folder / runs.PROGRESS).open("a") as file:
                file.write('{"epoch": 1, "epo')

        self._one_more(half)
        self._append(folder, report)

    def _one_more(self, before=lambda: None):
        self.count += 1
        if self.count == self.kill_at:
            before()
            os.kill(os.getpid(), signal.SIGKILL)


def in_child(job, folder, kill_at=0):
    """Do a job in a fork that is killed before one of its changes. True if it came to its end, and its changes."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            changes = Changes(folder, kill_at)
            job()
            os.write(writing, str(changes.count).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        count = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, -signal.SIGKILL):
        raise SystemExit(f"A job ended with {code} instead of being killed before change {kill_at}.")
    return code == 0, int(count or 0)


class Train:
    """One training, started or gone on with as ``train`` and ``train --resume`` do."""

    def __init__(self, root):
        self.root = root
        self.folder = runs.run_folder("run")
        base = preset_config("linear", setting="D", epochs=2, seed=7)
        training = TrainingConfig(epochs=2, batch_size=36, seed=7, learning_rate=1e-2, snapshots=2)
        self.config = RunConfig(preset="linear", front_end=base.front_end, model=base.model, training=training)

    def go_on(self):
        if not self.folder.exists():
            runs.new_run(self.config, self.root, name="run", device="cpu")
        else:
            runs.prepare_resume(self.folder)
        worker.work(self.folder)

    def is_done(self):
        return self.folder.exists() and runs.run_state(self.folder).state == "done"

    def states(self):
        return [runs.run_state(self.folder).state if self.folder.exists() else "not begun"]

    def runs(self):
        return [self.folder]


class Grid(Train):
    """A grid of two trainings that go on together, as ``grid`` and ``grid --resume`` do it."""

    def __init__(self, root):
        super().__init__(root)
        self.folder = grid.folder_of("small")
        self.plan = GridPlan(
            models=("linear-in-noise",), settings=("A", "D"), n_mels=(10,), seeds=1, epochs=(("linear-in-noise", 1),)
        )

    def go_on(self):
        if not self.folder.exists():
            grid.new_grid(self.plan, self.root, name="small", device="cpu")
        work_on_grid(self.folder)

    def is_done(self):
        return self.folder.exists() and not missing(self.folder)

    def states(self):
        found = [runs.run_state(run) if run.exists() else None for run in self.runs()]
        return [state.state if state else "not begun" for state in found]

    def runs(self):
        return [self.folder / cell.name for cell in self.plan.cells()]


def contents(run):
    """All that a training leaves but times: arrays by name."""
    found = {}
    for name in (runs.BEST, runs.LAST):
        if (run / name).exists():
            _flatten(name, torch.load(run / name, weights_only=True), found)
    for path in [run / runs.MEL_EVOLUTION, *sorted(run.glob("kernels-*.npz"))]:
        with np.load(path, allow_pickle=False) as arrays:
            _flatten(path.name, dict(arrays), found)
    for path in saved_evaluations(run):
        evaluation = replace(load_evaluation(path), run="")
        found[f"{path.name}/probabilities"] = evaluation.probabilities
    progress = [(one.epoch, one.train_loss, one.validation_accuracy) for one in runs.read_progress(run)]
    found["progress"] = np.array(progress, dtype=float)
    found["trained"] = np.array([runs.run_state(run).epoch, runs.run_state(run).best_epoch])
    return found


def _flatten(name, value, found):
    if isinstance(value, dict):
        for key, one in value.items():
            _flatten(f"{name}/{key}", one, found)
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            _flatten(f"{name}/{number}", one, found)
    elif isinstance(value, torch.Tensor):
        found[name] = value.numpy()
    else:
        found[name] = np.array(value)


def files(top):
    """Every file and folder, hidden ones too, but what says who works, which the next one takes."""
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.name not in LOCKS}


def differences(job, top, expected, expected_files):
    """What is not as in the training that was left alone."""
    wrong = sorted(files(top) ^ expected_files)
    for run, values in zip(job.runs(), expected, strict=True):
        found = contents(run)
        wrong += sorted(set(found) ^ set(values))
        wrong += [name for name in set(found) & set(values) if not np.array_equal(found[name], values[name])]
    return wrong


def main(what, root, top, n):
    """Try it; the answer is what is printed."""
    os.environ["KWS_RUNS"], os.environ["KWS_CACHE"] = str(top / "runs"), str(top / "packs")
    logging.disable()
    torch.set_num_threads(1)
    # Every step writes a status, and a run that lost its process is never taken for one that is just starting.
    worker.HEARTBEAT_S, state.STARTING_S = -1.0, 0.0
    job = {"train": Train, "grid": Grid}[what](root)
    place = top / "runs"
    job.go_on()  # packs the data, and PyTorch makes what it makes once: the children find both
    shutil.rmtree(place)
    _, n_changes = in_child(job.go_on, place)
    expected, expected_files = [contents(run) for run in job.runs()], files(place)
    if n == "all":
        points = list(range(1, n_changes + 1))
    else:
        points = sorted({round(1 + (n_changes - 1) * part) for part in np.linspace(0, 1, int(n))})
    draw = random.Random(0)
    kills, states, wrong = 0, Counter(), {}
    for number, point in enumerate(points):
        shutil.rmtree(place)
        ended, _ = in_child(job.go_on, place, point)
        kills += not ended
        tried = f"{point}"
        if number % SECOND_KILL_EVERY == 0 and not job.is_done():
            second = draw.randint(1, 40)
            ended, _ = in_child(job.go_on, place, second)
            kills += not ended
            tried += f"+{second}"
        states.update(job.states())
        # What is done is started all the same, where that clears away what was left.
        if not job.is_done() or what == "grid":
            in_child(job.go_on, place)
        if not job.is_done():
            wrong[tried] = job.states()
        elif found := differences(job, place, expected, expected_files):
            wrong[tried] = found
    print(json.dumps({"changes": n_changes, "kills": kills, "states": states, "wrong": wrong}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
