"""A grid as a folder of runs: made, watched, started, stopped, read. No torch."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core import runs
from core.config import from_dict, to_dict
from core.errors import DataError, RunError
from core.files.strict import read_json
from core.files.writing import write_json
from core.jobs.grid.plan import Cell, GridPlan
from core.runs import RunState, keep, owner
from core.studies.grid_table import Score

PLAN = "grid.json"
FAILED = ("failed", "crashed", "broken")
"""States of a training that went wrong."""


@dataclass(frozen=True)
class GridState:
    """A grid as it stands now."""

    name: str
    folder: Path
    plan: GridPlan | None
    """None where it cannot be read."""
    message: str = ""
    done: int = 0
    failed: int = 0
    cells: int = 0
    working: bool = False
    """Whether a process is working on it."""
    current: RunState | None = None
    """The first training that is going on."""
    going_on: int = 0
    """How many trainings are."""
    trained: float = 0.0
    """Trainings that are behind it; of one that is not finished, the share of its epochs."""
    trained_seconds: float = 0.0
    """Time that these took (s). Trainings that go on together each tell their own turns."""

    @property
    def finished(self) -> bool:
        """Whether every training came to its end."""
        return self.plan is not None and self.done == self.cells

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take, if it takes as long as what is done; None where nothing is."""
        return (self.cells - self.trained) * self.trained_seconds / self.trained if self.trained else None


def grids_folder() -> Path:
    """Where grids live: ``grids`` beside the runs."""
    return runs.runs_folder() / runs.GRIDS


def folder_of(name: str) -> Path:
    """The folder of a grid by name.

    Raises:
        RunError: If the name has characters that it cannot have.
    """
    runs.run_folder(name)  # the same rule as for runs
    return grids_folder() / name


def new_grid(
    plan: GridPlan, root: Path | None, *, name: str | None = None, stem: str = "grid", device: str | None = None
) -> Path:
    """Make the folder of a new grid.

    Args:
        plan: What to train.
        root: Folder that holds ``SpeechCommands/``; None for the demo words.
        name: Its name; None makes one from ``stem`` and the time.
        stem: Name of the plan.
        device: "cpu" or "cuda"; None for the fastest.

    Raises:
        RunError: If the name is taken or not allowed, or the folder cannot be made.
    """
    name = name or f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = folder_of(name)

    def fill(new: Path) -> None:
        write_json(new / PLAN, to_dict(plan))
        runs.write_source(new, root, device)

    try:
        runs.make_parent(folder)
        owner.make_folder(folder, fill, (PLAN, runs.SOURCE))
    except FileExistsError as error:
        raise RunError(f"There is already a grid called {name!r}. Choose another name, or resume that one.") from error
    except OSError as error:
        raise RunError(
            f"No grid can be kept in {folder.parent} ({error.strerror}). Make the folder writable and see that there "
            "is room, or name another one in KWS_RUNS."
        ) from error
    return folder


def read_plan(folder: Path) -> tuple[GridPlan, Path | None, str | None]:
    """Plan, data root and device of a grid.

    Raises:
        RunError: If there is no grid in that folder, or its plan cannot be read.
    """
    try:
        plan = from_dict(GridPlan, read_json(folder / PLAN))
    except FileNotFoundError as error:
        known = ", ".join(grid_names()) or "none yet"
        raise RunError(f"There is no grid {folder.name!r}. Grids here: {known}.") from error
    except (OSError, ValueError) as error:
        raise RunError(f"The plan of the grid {folder.name} cannot be read ({PLAN}: {error}).") from error
    return plan, *runs.read_source(folder)


def grid_names() -> list[str]:
    """The names of all grids, newest first; none of their trainings is looked at."""
    folder = grids_folder()
    found = [path for path in folder.glob("[!.]*") if runs.is_name(path.name) and (path / PLAN).exists()]
    return [path.name for path in sorted(found, key=_made, reverse=True)]


def list_grids() -> list[GridState]:
    """Every grid as it stands now, newest first."""
    return [grid_state(folder_of(name)) for name in grid_names()]


def _made(folder: Path) -> float:
    with suppress(OSError):  # it may have been deleted since
        return (folder / PLAN).stat().st_mtime
    return 0.0


def cell_states(folder: Path, plan: GridPlan) -> list[tuple[Cell, RunState | None]]:
    """Every training with its state; None where it was not begun."""
    return [
        (cell, runs.run_state(folder / cell.name) if (folder / cell.name).is_dir() else None) for cell in plan.cells()
    ]


def missing(folder: Path) -> str:
    """What is not trained of a grid, in a sentence; empty if nothing is, or another process is training it now.

    Raises:
        RunError: If the grid cannot be read.
    """
    plan, _, _ = read_plan(folder)
    states = [state.state if state else "not begun" for _, state in cell_states(folder, plan)]
    counts = Counter(state for state in states if state not in ("done", "starting", "running"))
    if not counts:
        return ""
    what = ", ".join(f"{n} {state}" for state, n in counts.items())
    return f"{counts.total()} of {len(states)} trainings of {folder.name} are not done: {what}."


def grid_state(folder: Path) -> GridState:
    """A grid as it stands now; a damaged one is described, never an error."""
    try:
        plan, _, _ = read_plan(folder)
    except RunError as error:
        return GridState(folder.name, folder, None, message=str(error))
    found = [state for _, state in cell_states(folder, plan) if state]
    counts = Counter(state.state for state in found)
    alive = [state for state in found if state.alive]
    failed = [state for state in found if state.state in FAILED]
    return GridState(
        name=folder.name,
        folder=folder,
        plan=plan,
        message=f"{failed[0].name}: {failed[0].message}" if failed else "",
        done=counts["done"],
        failed=len(failed),
        cells=len(plan.cells()),
        working=bool(alive) or runs.is_claimed(folder),
        current=alive[0] if alive else None,
        going_on=len(alive),
        trained=sum(1.0 if state.state == "done" else state.epoch / max(state.epochs, 1) for state in found),
        trained_seconds=sum(state.trained_seconds for state in found),
    )


def start_grid(folder: Path) -> None:
    """Train what is not trained yet, in a process of its own that outlives the page and the server.

    Raises:
        RunError: If a process is working on it already, or none can be started.
    """
    read_plan(folder)
    if runs.is_claimed(folder):
        raise RunError(f"{folder.name} is being worked on already.")
    runs.clear_stop(folder)
    runs.launch("core.jobs.grid.work", folder)


def stop_grid(folder: Path) -> None:
    """Ask for a stop after the current step; ``start_grid`` goes on from the last finished epoch."""
    runs.stop_run(folder)
    for path in folder.glob("[!.]*"):
        if (path / runs.CONFIG).exists() and runs.run_state(path).alive:
            runs.stop_run(path)


def delete_grid(folder: Path) -> None:
    """Remove a grid with all its runs.

    Raises:
        RunError: If it is being worked on, or is no grid of this project.
    """
    if not (folder / PLAN).exists() or folder.is_symlink() or folder.resolve().parent != grids_folder().resolve():
        raise RunError(f"{folder} is not a grid of this project; nothing was deleted.")
    if grid_state(folder).working:
        raise RunError(f"{folder.name} is being worked on. Stop it first.")
    owner.remove_folder(folder)


def grid_scores(folder: Path, plan: GridPlan, protocol: str = "official") -> list[Score]:
    """Accuracy of every training that is done, on the test clips of a protocol."""
    # Evaluations bring torch along, which a page that only watches need not wait for.
    from core.studies.evaluation import STUDY

    scores = []
    for cell, state in cell_states(folder, plan):
        if state is None or state.state != "done":
            continue
        try:
            evaluation = keep.load(STUDY, keep.find(state.folder, STUDY.file(state.dataset, protocol)))
        except DataError:
            continue
        accuracy = float(evaluation.confusion.trace() / evaluation.n)
        scores.append(Score(cell.factors, cell.seed, accuracy, evaluation.n, state.epochs, state.trained_seconds))
    return scores
