"""A grid on a Ray cluster of several nodes: the models of one machine, whatever dies meanwhile."""

import os
import random
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from core import runs
from core.commands import main
from core.inference.one_thread import in_one_thread
from core.jobs import grid
from core.jobs.grid import cluster as engine
from core.jobs.grid.plan import GridPlan
from core.jobs.grid.work import work_on_grid
from core.runs import owner

PROJECT = Path(__file__).parents[3]
EPOCHS = 8
PLAN = GridPlan(
    settings=("A", "B"), n_mels=(10,), seeds=2, epochs=(("linear-in-noise", EPOCHS),), models=("linear-in-noise",)
)
NAMES = [cell.name for cell in PLAN.cells()]


@pytest.fixture(scope="module")
def cluster():
    """A head without processors, and two nodes with one each."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Beside other tests, workers that let everybody go first would hardly come to their turn.
        patch.setenv("RAY_worker_niceness", "0")
        # A head that is gone is given up after seconds, not after a minute.
        patch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "5")
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        for _ in range(2):
            nodes.add_node(num_cpus=1)
        yield nodes
        nodes.shutdown()


@contextmanager
def started(cluster, folder):
    """The command, which goes on with the grid; ended at the end at the latest."""
    command = [sys.executable, "-m", "core", "grid", "--resume", folder.name, "--engine", "ray"]
    with subprocess.Popen(
        [*command, "--cluster", cluster.address],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def wait_for(what, running, seconds=300.0):
    deadline = time.monotonic() + seconds
    while not what():
        assert running.poll() is None, running.communicate()[0]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def epochs_of(folder):
    """How many epochs of each training are told of."""
    return {name: len(runs.read_progress(folder / name)) if (folder / name).is_dir() else 0 for name in NAMES}


def workers_of(folder):
    """The processes that train something of the grid now."""
    held = (owner.holder(folder / name) for name in NAMES if (folder / name).is_dir())
    return [process for process in held if process]


def weights(folder, name):
    return torch.load(folder / name / runs.BEST, weights_only=True)["weights"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_workers_and_nodes_that_die_cost_no_finished_training_and_an_epoch_at_most(cluster, runs_here, tone_root):
    alone = grid.new_grid(PLAN, tone_root, name="alone", device="cpu")
    with in_one_thread():  # as a task does; with more, sums are rounded otherwise
        work_on_grid(alone)
    folder = grid.new_grid(PLAN, tone_root, name="many", device="cpu")
    with started(cluster, folder) as running:
        wait_for(lambda: max(epochs_of(folder).values()) >= 2 and workers_of(folder), running)
        before = epochs_of(folder)
        random.Random(0).choice(workers_of(folder)).kill()
        wait_for(lambda: sum(epochs_of(folder).values()) > sum(before.values()), running)
        assert all(epochs_of(folder)[name] >= before[name] - 1 for name in NAMES)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        cluster.add_node(num_cpus=1)
        said, _ = running.communicate(timeout=400)
    assert running.returncode == 0, said
    assert "4 of 4 trained" in said
    for name in NAMES:
        # No epoch is told twice, and none is missing.
        assert [report.epoch for report in runs.read_progress(folder / name)] == list(range(1, EPOCHS + 1))
        ours, theirs = weights(folder, name), weights(alone, name)
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_lost_head_loses_nothing_that_was_trained(cluster, runs_here, tone_root):
    """The last test of this cluster."""
    folder = grid.new_grid(PLAN, tone_root, name="headless", device="cpu")
    with started(cluster, folder) as running:
        wait_for(lambda: max(epochs_of(folder).values()) >= 2, running)
        cluster.head_node.all_processes["gcs_server"][0].process.kill()
        said, _ = running.communicate(timeout=400)
    assert running.returncode != 0, said
    reached = epochs_of(folder)
    assert max(reached.values()) >= 2
    deadline = time.monotonic() + 120
    while workers_of(folder):
        assert time.monotonic() < deadline, "trainings go on without a cluster"
        time.sleep(0.2)
    work_on_grid(folder)
    assert grid.grid_state(folder).finished
    for name in NAMES:
        assert [report.epoch for report in runs.read_progress(folder / name)] == list(range(1, EPOCHS + 1))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cluster", "auto"], "--cluster is for --engine ray"),
        (["--gpus", "0.5"], "--gpus is for --engine ray"),
        (["--engine", "ray", "--gpus", "1.5"], "a share of one GPU"),
        (["--engine", "ray", "--gpus", "-1"], "a share of one GPU"),
        (["--engine", "ray", "--gpus", "nan"], "a share of one GPU"),
    ],
)
def test_options_that_make_no_sense_are_refused(runs_here, capsys, options, words):
    assert main(["grid", "mels", *options]) == 2
    assert words in capsys.readouterr().err
    assert not grid.list_grids()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:many", "127.0.0.1:99999"])
def test_an_address_without_a_cluster_is_refused_at_once(runs_here, capsys, address):
    assert main(["grid", "mels", "--engine", "ray", "--cluster", address]) == 2
    assert f"No Ray cluster answers at '{address}'" in capsys.readouterr().err
    assert not grid.list_grids()


def test_without_a_cluster_it_says_how_to_start_one(runs_here, capsys, monkeypatch):
    def nothing_runs(*_arguments, **_options):
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr("ray.init", nothing_runs)
    assert main(["grid", "mels", "--engine", "ray"]) == 2
    assert "Start one with 'ray start --head'" in capsys.readouterr().err


def test_without_ray_it_says_what_to_install(runs_here, monkeypatch, capsys):
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    assert main(["grid", "mels", "--engine", "ray"]) == 2
    assert "pip install -r requirements-ray.txt" in capsys.readouterr().err
    assert not grid.list_grids()
