"""A grid trained by Ray on any number of machines: each task trains what one process would train at once.

All machines see the grid's folder and the dataset under the same paths. A training lives in its folder, as always: its
task can end anywhere, and the next one goes on there after the last finished epoch.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

from core import runs
from core.device import available_devices
from core.errors import ConfigError, RunError
from core.files.strict import in_one_line
from core.jobs.grid.folder import read_plan
from core.jobs.grid.plan import Cell
from core.jobs.grid.work import MOST, OnCell, OnEnd, groups, helping, is_over, telling, train_together
from core.runs.layout import PROJECT
from core.text import shortened

PACKAGE, AUTO = "ray", "auto"

ANSWER_S = 10.0
"""How long a cluster has to answer (s)."""

ROUNDS = 5
"""How often what is missing is asked for again, while something comes of it."""


def work_on_cluster(folder: Path, *, address: str = AUTO, gpus: float = 1.0, on_cell: OnCell | None = None) -> None:
    """``core.jobs.grid.work.work_on_grid`` by the machines of a Ray cluster: the same models in the same folders.

    A task whose worker or machine is lost is begun again, by whoever is left. Where the cluster itself is lost, what
    was trained is there, and the grid can be resumed, on a cluster or without.

    Args:
        folder: Made by ``new_grid``.
        address: Of a cluster that runs, HOST:PORT, or ``AUTO`` for the one that this machine belongs to. None is
            started here: Ray's servers listen to all networks, which nobody asked for.
        gpus: How much of a GPU each task takes, where the grid trains on GPUs: 0.25 puts four on each.
        on_cell: Called after each training with its number, their number, what it was, and how it ended.

    Raises:
        ConfigError: If Ray is not installed, or there is no such cluster.
        RunError: If the grid cannot be read, or the cluster is lost.
    """
    require_cluster(address)
    plan, _, device = read_plan(folder)
    folder, cells = folder.resolve(), plan.cells()
    tell = telling(cells, on_cell)
    with helping(folder), _cluster(address) as ray:
        train = ray.remote(max_retries=-1)(_train_on_a_machine)
        for _ in range(ROUNDS):
            left = [cell for cell in cells if not is_over(folder / cell.name)]
            if not left or runs.stop_requested(folder):
                return
            found = groups(left, device, most=_most(ray, len(left)))
            resources = {"num_cpus": 1} if _on_cpu(device) else {"num_cpus": 1, "num_gpus": gpus}
            tasks = {
                train.options(**resources).remote(str(folder), [cell.name for cell in group]): group for group in found
            }
            _wait(ray, folder, tasks, tell)
            if all(runs.run_state(folder / cell.name).state in ("done", "failed") for cell in left):
                return


def require_cluster(address: str) -> None:
    """Refuse what cannot work: without Ray, or at an address where nothing answers.

    Ray itself would wait there without an end.

    Raises:
        ConfigError: If Ray is missing, or nothing answers, or it is no address.
    """
    if find_spec(PACKAGE) is None:
        raise ConfigError(
            "Ray is not installed here, and --engine ray needs it. Install it with "
            "'pip install -r requirements-ray.txt', or leave --engine out to train on this machine."
        )
    if address == AUTO:
        return
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=ANSWER_S):
            pass
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(
            f"No Ray cluster answers at {shortened(address)!r} ({error}). --cluster takes HOST:PORT, as 'ray start "
            "--head' prints it, or 'auto'."
        ) from error


def _on_cpu(device: str | None) -> bool:
    return (device or available_devices()[0]) == "cpu"


def _most(ray: Any, n_cells: int) -> int:
    """Trainings of a task: as many as share their work, but no fewer tasks than processors."""
    processors = max(1, int(ray.cluster_resources().get("CPU", 1)))
    return min(MOST, ceil(n_cells / processors))


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster.

    Raises:
        ConfigError: If there is no such cluster.
        RunError: If it is lost inside.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    try:
        ray.init(
            address,
            logging_level=logging.WARNING,
            log_to_driver=False,
            runtime_env={"env_vars": {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}},
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"No Ray cluster can be joined ({address}: {in_one_line(error)}). Start one with 'ray start --head', and "
            "on further machines with the line that it prints."
        ) from error
    try:
        yield ray
    except ray.exceptions.RayError as error:
        raise RunError(
            f"The Ray cluster was lost, or a task could not be run ({error}). What is trained is kept; go on with "
            "--resume."
        ) from error
    finally:
        ray.shutdown()


def _wait(ray: Any, folder: Path, tasks: dict[Any, list[Cell]], tell: OnEnd) -> None:
    """Until all tasks have ended; those of a task are told of at its end, which is that of all of them."""
    going = list(tasks)
    while going:
        (ended,), going = ray.wait(going)
        ray.get(ended)  # what a task raises is raised here
        for cell in tasks[ended]:
            tell(cell, runs.run_state(folder / cell.name))


def _train_on_a_machine(folder: str, names: list[str]) -> None:
    """A task: train some trainings of a grid, wherever it runs.

    Raises:
        RunError: If this machine does not see the grid's folder.
    """
    path = Path(folder)
    plan, root, device = read_plan(path)
    train_together(path, [cell for cell in plan.cells() if cell.name in names], root, device)
