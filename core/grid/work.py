"""The program that trains a grid, one run after the other. Started by ``start_grid``, or by the command line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from core import runs
from core.errors import KeywordSpottingError, RunError
from core.grid.folder import FAILED, read_plan
from core.grid.plan import Cell
from core.runs import RunState
from core.training import Step
from core.worker import run_program, work

OnCell = Callable[[int, int, Cell, RunState], None]

log = logging.getLogger(__name__)


def work_on_grid(folder: Path, *, on_cell: OnCell | None = None, on_step: Callable[[Step], None] | None = None) -> None:
    """Train every run of the grid that is not done, until the end or a requested stop.

    What was begun is resumed; what failed is tried again, once. Several processes may work on one grid: each training
    belongs to the one that began it.

    Args:
        folder: Made by ``new_grid``.
        on_cell: Called after each training with its number, their number, what it was, and how it ended.
        on_step: Called after each step.

    Raises:
        RunError: If the grid cannot be read.
    """
    plan, root, device = read_plan(folder)
    cells = plan.cells()

    def watch(step: Step) -> None:
        if runs.stop_requested(folder):
            runs.stop_run(run)
        if on_step:
            on_step(step)

    for number, cell in enumerate(cells, 1):
        if runs.stop_requested(folder):
            return
        run = folder / cell.name
        if not _take(run, cell, root, device):
            continue
        try:
            state = work(run, on_step=watch)
        except KeywordSpottingError as error:
            log.error("%s: %s", cell.name, error)
            state = runs.run_state(run)
        if state.state == "done":
            (run / runs.LAST).unlink(missing_ok=True)  # kept to go on with, which is over
        if on_cell:
            on_cell(number, len(cells), cell, state)


def _take(run: Path, cell: Cell, root: Path | None, device: str | None) -> bool:
    """Make the run's folder, or take over one that nobody works on; False where there is nothing to do."""
    try:
        runs.make_run(run, cell.config, root, device)
        return True
    except FileExistsError:
        state = runs.run_state(run)
    if state.alive or state.state == "done":
        return False
    try:
        runs.prepare_resume(run)
    except RunError as error:
        log.error("%s: %s", cell.name, error)
        return False
    return True


def work_and_tell(folder: Path) -> None:
    """Train what is left of a grid, and write into the log what became of it.

    Raises:
        RunError: If the grid cannot be read, or a training failed.
    """
    failed = 0

    def ended(number: int, n: int, cell: Cell, state: RunState) -> None:
        nonlocal failed
        failed += state.state in FAILED
        log.info("%d of %d: %s %s", number, n, cell.name, state.state)

    try:
        work_on_grid(folder, on_cell=ended)
    finally:
        runs.release(folder)
    if failed:
        raise RunError(f"Trainings that failed: {failed}.")


if __name__ == "__main__":
    sys.exit(run_program(work_and_tell))
