"""A grid trains every combination once, survives whatever stops it, and loses nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import runs
from core.errors import ConfigError, RunError
from core.files.writing import write_json
from core.jobs import grid
from core.jobs.grid.folder import PLAN, read_plan
from core.jobs.grid.plan import GridPlan
from core.jobs.grid.work import work_on_grid

PROJECT = Path(__file__).parents[3]


def small(**changes):
    """Four trainings of an epoch."""
    values = {"settings": ("A", "B"), "n_mels": (10,), "seeds": 2, "epochs": (("linear", 1),), **changes}
    return GridPlan(**values)


def wait_for(what, seconds=90.0):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def names(plan):
    return [cell.name for cell in plan.cells()]


def test_all_is_crossed_one_seed_after_the_other():
    plan = GridPlan(models=("linear", "bcresnet-1"), settings=("A", "D"), n_mels=(10, 40), bases=("mel", "random"))
    assert len(set(names(plan))) == 2 * 2 * 2 * 2 * 3
    assert [cell.seed for cell in plan.cells()] == sorted(cell.seed for cell in plan.cells())
    config = next(cell.config for cell in plan.cells() if cell.name == "bcresnet-1-random-10-D-2")
    assert config.model.name == "bcresnet-1"
    assert (config.front_end.n_mels, config.front_end.mel_start, config.front_end.setting) == (10, "random", "D")
    assert (config.training.seed, config.front_end.start_seed) == (2, 2)


def test_the_shape_of_filters_that_do_not_learn_makes_no_training_of_its_own():
    plan = GridPlan(settings=("A", "B", "C", "D"), bases=("mel", "triangle"), seeds=1)
    assert names(plan) == [
        "linear-mel-40-A-0",
        "linear-mel-40-B-0",
        "linear-mel-40-C-0",
        "linear-mel-40-D-0",
        "linear-triangle-40-B-0",
        "linear-triangle-40-D-0",
    ]


@pytest.mark.parametrize("name", grid.PLANS)
def test_every_plan_can_be_made_and_only_uses_what_there_is(name):
    assert len(grid.plan_named(name, {}).cells()) >= 8


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"models": ("perceptron",)}, "models is perceptron; choose from linear"),
        ({"settings": ()}, "settings is empty"),
        ({"bases": ("mel", "moon")}, "choose from mel"),
        ({"n_mels": ()}, "n_mels is empty"),
        ({"seeds": 0}, "between 1 and 100"),
        ({"epochs": (("bcresnet-1", 3),)}, "not among linear"),
        ({"n_mels": (0,)}, "n_mels"),
        ({"seeds": 100, "n_mels": tuple(range(10, 23))}, "1 to 5000"),
        ({"pcens": ("loud",)}, "choose from off, fixed, learned"),
    ],
)
def test_impossible_plans_are_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        GridPlan(**changes)


def test_a_grid_is_trained_measured_and_not_trained_twice(runs_here, tone_root):
    plan = small()
    folder = grid.new_grid(plan, tone_root, name="first", device="cpu")
    assert read_plan(folder) == (plan, tone_root.resolve(), "cpu")
    told = []
    work_on_grid(folder, on_cell=lambda number, n, cell, state: told.append((number, n, cell.name, state.state)))
    assert sorted(told) == [(number, 4, name, "done") for number, name in enumerate(names(plan), 1)]
    state = grid.grid_state(folder)
    assert (state.done, state.cells, state.failed, state.finished, state.working) == (4, 4, 0, True, False)
    assert state.trained_seconds > 0
    assert not list(folder.glob(f"*/{runs.LAST}"))
    # The tones have no official test set.
    scores = grid.grid_scores(folder, plan, "testing-list")
    assert sorted((score.factors.setting, score.seed) for score in scores) == [("A", 0), ("A", 1), ("B", 0), ("B", 1)]
    assert all(score.n == 33 and 0 <= score.accuracy <= 1 for score in scores)
    assert grid.grid_scores(folder, plan, "official") == []
    before = {path: path.stat().st_mtime_ns for path in folder.glob(f"*/{runs.BEST}")}
    work_on_grid(folder, on_cell=lambda *_: pytest.fail("nothing was left to train"))
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob(f"*/{runs.BEST}")}


def test_grids_are_no_runs_and_no_run_can_take_their_place(runs_here, tone_root, tiny_config):
    folder = grid.new_grid(small(), tone_root, name="first")
    assert runs.list_runs() == []
    assert [one.name for one in grid.list_grids()] == ["first"]
    with pytest.raises(RunError, match="not 'grids'"):
        runs.new_run(tiny_config, tone_root, name="grids")
    with pytest.raises(RunError, match="already a grid"):
        grid.new_grid(small(), tone_root, name="first")
    for name in ("../up", "a/b", ""):
        with pytest.raises(RunError):
            grid.folder_of(name)
    with pytest.raises(RunError, match="nothing was deleted"):
        grid.delete_grid(runs_here)
    grid.delete_grid(folder)
    assert grid.list_grids() == []


def test_a_stop_keeps_what_was_trained_and_the_next_start_goes_on(runs_here, tone_root):
    plan = small(epochs=(("linear", 3),))
    folder = grid.new_grid(plan, tone_root, name="first", device="cpu")
    steps = []

    def stop_in_the_second_group(step):
        steps.append(step)
        if grid.grid_state(folder).done == 2 and step.epoch == 2:
            (folder / runs.STOP).touch()

    work_on_grid(folder, on_step=stop_in_the_second_group)
    states = {cell.name: state.state if state else None for cell, state in grid.cell_states(folder, plan)}
    assert list(states.values()) == ["done", "stopped", "done", "stopped"]
    (folder / runs.STOP).unlink()
    work_on_grid(folder)
    assert grid.grid_state(folder).finished


def test_a_training_that_fails_is_told_skipped_and_tried_again(runs_here, tone_root):
    plan = small(seeds=1)
    folder = grid.new_grid(plan, tone_root, name="first", device="cpu")
    broken = folder / names(plan)[0]
    runs.make_run(broken, plan.cells()[0].config, tone_root / "nowhere", "cpu")
    runs.write_status(broken, state="stopped", epochs=1)
    work_on_grid(folder)
    state = grid.grid_state(folder)
    assert (state.done, state.failed, state.finished) == (1, 1, False)
    assert broken.name in state.message
    write_json(broken / runs.SOURCE, {"root": str(tone_root), "device": "cpu"})
    work_on_grid(folder)
    assert grid.grid_state(folder).finished


def test_a_process_of_its_own_trains_it_dies_and_another_goes_on(runs_here, tone_root):
    plan = small(epochs=(("linear", 300),), settings=("D",), seeds=2)
    folder = grid.new_grid(plan, tone_root, name="first", device="cpu")
    grid.start_grid(folder)
    with pytest.raises(RunError, match="being worked on"):
        grid.start_grid(folder)
    wait_for(lambda: (grid.grid_state(folder).current or runs.run_state(folder / "x")).epoch >= 1)
    with pytest.raises(RunError, match="Stop it first"):
        grid.delete_grid(folder)
    pid = int(json.loads((folder / runs.PROCESS).read_text())["pid"])
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not grid.grid_state(folder).working)
    assert grid.grid_state(folder).failed == 1
    grid.start_grid(folder)
    wait_for(lambda: (grid.grid_state(folder).current or runs.run_state(folder / "x")).epoch >= 2)
    grid.stop_grid(folder)
    wait_for(lambda: not grid.grid_state(folder).working)
    assert [state.state if state else None for _, state in grid.cell_states(folder, plan)] == ["stopped", None]


RESUMED_BY_SEVERAL = """
import os, sys
from core.commands import main
from core.jobs.grid import work  # loads PyTorch, once for all

def resumed(log):
    child = os.fork()
    if child == 0:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
        code = main(["grid", "--resume", sys.argv[1], "--protocol", "testing-list"])
        sys.stderr.flush()
        os._exit(code)
    return child

children = [resumed(log) for log in sys.argv[2:]]
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forks of one")
def test_two_processes_share_a_grid(runs_here, tone_root, tmp_path):
    plan = small(seeds=3)
    folder = grid.new_grid(plan, tone_root, name="first", device="cpu")
    logs = [tmp_path / "one.log", tmp_path / "other.log"]
    command = [sys.executable, "-c", RESUMED_BY_SEVERAL, folder.name, *map(str, logs)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert grid.grid_state(folder).finished
    told = [[name for name in names(plan) if re.search(f"{name} +done", log.read_text())] for log in logs]
    assert sorted(told[0] + told[1]) == sorted(names(plan)), "each was trained once"


def test_a_damaged_plan_is_described_and_starts_nothing(runs_here, tone_root):
    folder = grid.new_grid(small(), tone_root, name="first")
    (folder / PLAN).write_text('{"plan": {"models": 3}}')
    state = grid.grid_state(folder)
    assert state.plan is None
    assert "cannot be read" in state.message
    with pytest.raises(RunError, match="cannot be read"):
        grid.start_grid(folder)
    with pytest.raises(RunError, match=r"There is no grid .second.\. Grids here: first"):
        read_plan(grid.folder_of("second"))
