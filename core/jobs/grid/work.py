"""The program that trains a grid, runs that share something together. Started by ``start_grid``, or by a command."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from core import runs
from core.device import available_devices
from core.errors import KeywordSpottingError, RunError, WriteError
from core.fast import choose
from core.files.locks import Hold
from core.jobs.grid.folder import missing, read_plan
from core.jobs.grid.plan import Cell
from core.jobs.turns import in_turns
from core.jobs.worker import Group, work_in_turns
from core.runs import RunState, owner
from core.training.loop import Step

MOST = 16
"""Trainings that go on together. More would share hardly more, and keep all others waiting for longer."""

OnCell = Callable[[int, int, Cell, RunState], None]
OnEnd = Callable[[Cell, RunState], None]

log = logging.getLogger(__name__)


def work_on_grid(
    folder: Path,
    *,
    on_cell: OnCell | None = None,
    on_step: Callable[[Step], None] | None = None,
    held: Hold | None = None,
) -> None:
    """Train every run of the grid that is not done, until the end or a requested stop.

    Trainings that have something in common go on together, a step of each in turn, and share it; the models are those
    that they would become alone. What was begun is resumed; what failed is tried again, once. One that fails, or is
    stopped, leaves the others alone. Several processes may work on one grid: each training belongs to the one that
    began it.

    Args:
        folder: Made by ``new_grid``.
        on_cell: Called after each training with its number, their number, what it was, and how it ended.
        on_step: Called after each step.
        held: The grid's lock, if this process has it already; it is given back at the end.

    Raises:
        RunError: If the grid cannot be read, or nothing can be written there.
    """
    plan, root, device = read_plan(folder)
    cells = plan.cells()
    with helping(folder, held):
        tell = telling(cells, on_cell)
        left = [cell for cell in cells if not is_over(folder / cell.name)]
        for cells_together in groups(left, device):
            train_together(folder, cells_together, root, device, on_step=on_step, on_end=tell)


@contextmanager
def helping(folder: Path, held: Hold | None = None) -> Iterator[None]:
    """Work on a grid inside, which nobody left unfinished folders in.

    The first to come holds it, which tells pages that somebody works on it; others help all the same.
    """
    held = held or owner.take_if_free(folder)
    try:
        owner.clear_unfinished(folder)
        yield
    finally:
        if held:
            owner.give_back(held)


def telling(cells: Sequence[Cell], on_cell: OnCell | None) -> OnEnd:
    """What tells ``on_cell`` how a training ended, and the how manieth of the grid's it is."""

    def tell(cell: Cell, state: RunState) -> None:
        if on_cell:
            on_cell(cells.index(cell) + 1, len(cells), cell, state)

    return tell


def train_together(
    folder: Path,
    cells: Sequence[Cell],
    root: Path | None,
    device: str | None,
    *,
    on_step: Callable[[Step], None] | None = None,
    on_end: OnEnd | None = None,
) -> None:
    """Train some trainings of a grid at once, those of ``groups``, until their end or a requested stop.

    Args:
        folder: The grid's.
        cells: What is trained.
        root: Where its data are; None for the demo words.
        device: Where it is trained.
        on_step: Called after each step.
        on_end: Called after each training, with how it ended.

    Raises:
        WriteError: If nothing can be written there.
    """
    if runs.stop_requested(folder):
        return
    group = Group() if len(cells) > 1 else None
    trainings = [_train(folder, cell, root, device, on_step, group) for cell in cells]
    with closing(in_turns(trainings)) as ended:
        for number, state in ended:
            if state and on_end:
                on_end(cells[number], state)


def groups(cells: Sequence[Cell], device: str | None, most: int = MOST) -> list[list[Cell]]:
    """Trainings that go on together; a group stands where its first training stood.

    Args:
        cells: What is to be trained.
        device: Of the grid; on a GPU each training goes on alone: its steps are recorded as they are.
        most: How many at most.
    """
    on_cpu = (device or available_devices()[0]) == "cpu"
    found: list[list[Cell]] = []
    open_groups: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        common = choose.in_common(cell.config) if on_cpu else None
        if common is None or len(open_groups.get(common, ())) in (0, most):
            found.append([])
            open_groups[common] = found[-1]
        open_groups[common].append(cell)
    return found


def _train(
    folder: Path,
    cell: Cell,
    root: Path | None,
    device: str | None,
    on_step: Callable[[Step], None] | None,
    group: Group | None,
) -> Generator[None, None, RunState | None]:
    """Train one run of the grid in turns; answers None where there is nothing to do, or another process does it.

    Raises:
        WriteError: If nothing can be written any more: the other runs would end as this one.
    """
    run = folder / cell.name

    def watch(step: Step) -> None:
        if runs.stop_requested(folder):
            runs.request_stop(run)
        if on_step:
            on_step(step)

    try:
        if runs.stop_requested(folder) or not _make_ready(run, cell, root, device):
            return None
        yield from work_in_turns(run, on_step=watch, group=group)
        state = runs.run_state(run)
        if state.state == "done":
            _let_rest(run)
        return state
    except owner.BusyError:
        return None
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(error, run) from error
    except KeywordSpottingError as error:
        log.error("%s: %s", cell.name, error)
        if isinstance(error.__cause__, WriteError):
            raise
        if not folder.exists():
            raise WriteError(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), run) from error
        return runs.run_state(run)


def is_over(run: Path) -> bool:
    """Whether there is nothing left to do; also one that was killed in its last moment is let rest."""
    if not run.is_dir() or runs.run_state(run).state != "done":
        return False
    _let_rest(run)
    return True


def _make_ready(run: Path, cell: Cell, root: Path | None, device: str | None) -> bool:
    """Make the run's folder, or take over one that nobody works on; False where there is nothing to do."""
    try:
        runs.make_run(run, cell.config, root, device)
        return True
    except FileExistsError:
        state = runs.run_state(run)
    if state.state == "done":
        _let_rest(run)  # also one that was killed in its last moment
    if state.alive or state.state == "done":
        return False
    runs.prepare_resume(run)
    return True


def _let_rest(run: Path) -> None:
    """Remove what was kept to go on with: a grid holds many runs that are over."""
    (run / runs.LAST).unlink(missing_ok=True)


def main(folder: Path, held: Hold) -> None:
    """Train what is left of a grid in a process of its own, and write into the log what became of it.

    Raises:
        RunError: If the grid cannot be read, or trainings are missing at the end.
    """

    def ended(number: int, n: int, cell: Cell, state: RunState) -> None:
        log.info("%d of %d: %s %s", number, n, cell.name, state.state)

    work_on_grid(folder, on_cell=ended, held=held)
    if not runs.stop_requested(folder) and (words := missing(folder)):
        raise RunError(words)
