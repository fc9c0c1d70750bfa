"""Runs of a grid that one process trains together: each is its own folder, its own end, its own weights."""

import numpy as np
import pytest

from core import runs
from core.files.writing import write_json
from core.jobs import grid, worker
from core.jobs.grid import work
from core.jobs.grid.plan import GridPlan
from core.jobs.turns import in_turns
from tests.core.jobs.kills import contents

NOISY = "linear-in-noise"


def plan(**changes):
    """Three seeds of one front end."""
    values = {"settings": ("A",), "n_mels": (10,), "seeds": 3, "epochs": (("linear", 2),), **changes}
    return GridPlan(**values)


def in_noise():
    """Three settings with the clips of one seed."""
    return plan(models=(NOISY,), settings=("A", "B", "D"), seeds=1, epochs=((NOISY, 2),))


def new(planned, root, name="mine"):
    folder = grid.new_grid(planned, root, name=name, device="cpu")
    return folder, [folder / cell.name for cell in planned.cells()]


def states(cells):
    return [runs.run_state(run).state for run in cells]


def names(groups):
    return [[cell.name.removeprefix("linear-") for cell in group] for group in groups]


def test_what_goes_on_together_has_something_in_common():
    clean = plan(settings=("A", "B", "D"), n_mels=(10, 40), seeds=2).cells()
    assert names(work.groups(clean, "cpu")) == [
        ["mel-10-A-0", "mel-10-A-1"],
        ["mel-10-B-0", "mel-40-B-0", "mel-10-B-1", "mel-40-B-1"],
        ["mel-10-D-0"],
        ["mel-40-A-0", "mel-40-A-1"],
        ["mel-40-D-0"],
        ["mel-10-D-1"],
        ["mel-40-D-1"],
    ]
    noisy = plan(models=(NOISY,), settings=("A", "D"), n_mels=(10, 40), seeds=2, epochs=()).cells()
    by_seed = work.groups(noisy, "cpu")
    assert [{cell.seed for cell in group} for group in by_seed] == [{0}, {1}]
    assert [len(group) for group in work.groups(noisy, "cuda")] == [1] * 8, "a GPU replays the steps of one"
    random = plan(settings=("A", "B"), bases=("random",), seeds=2).cells()
    assert names(work.groups(random, "cpu")) == [
        ["random-10-A-0"],
        ["random-10-B-0", "random-10-B-1"],
        ["random-10-A-1"],
    ]
    assert [len(group) for group in work.groups(plan(seeds=work.MOST + 3).cells(), "cpu")] == [work.MOST, 3]


def test_turns_go_round_and_an_error_waits_for_the_others():
    told = []

    def job(name, pauses, error=None):
        for _ in range(pauses):
            told.append(name)
            yield
        if error:
            raise error
        return name

    ended = in_turns([job("a", 3), job("b", 1, ValueError("broken")), job("c", 3)])
    found = []
    with pytest.raises(ValueError, match="broken"):
        found.extend(ended)
    assert "".join(told) == "abccaac"
    assert found == [(2, "c"), (0, "a")]


@pytest.mark.parametrize("planned", [plan(), in_noise()], ids=["seeds", "in-noise"])
def test_a_group_that_is_interrupted_ends_as_runs_one_by_one(runs_here, tone_root, planned, monkeypatch):
    _, together = new(planned, tone_root, "together")
    steps = []

    def interrupt(step):
        steps.append(step.epoch)
        if steps.count(2) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.work_on_grid(together[0].parent, on_step=interrupt)
    assert states(together) == ["crashed"] * 3, "all had begun, and nobody works on them any more"
    assert not any(runs.is_claimed(run) for run in together)
    assert steps == [1, 1, 1, 2, 2]
    work.work_on_grid(together[0].parent)
    monkeypatch.setattr(work, "MOST", 1)
    _, alone = new(planned, tone_root, "alone")
    work.work_on_grid(alone[0].parent)
    assert states(together) == states(alone) == ["done"] * 3
    for one, other in zip(together, alone, strict=True):
        found, expected = contents(one), contents(other)
        assert set(found) == set(expected)
        assert [name for name in found if not np.array_equal(found[name], expected[name])] == []


def test_one_that_fails_and_one_that_is_stopped_leave_the_others_alone(runs_here, tone_root):
    planned = plan()
    folder, (broken, stopped, other) = new(planned, tone_root)
    runs.make_run(broken, planned.cells()[0].config, tone_root / "nowhere", "cpu")
    runs.write_status(broken, state="stopped", epochs=2)
    told = []

    def stop_one(step):
        if step.epoch == 2:
            (stopped / runs.STOP).touch()

    work.work_on_grid(folder, on_step=stop_one, on_cell=lambda *what: told.append((what[0], what[3].state)))
    assert states([broken, stopped, other]) == ["failed", "stopped", "done"]
    assert sorted(told) == [(1, "failed"), (2, "stopped"), (3, "done")]
    assert runs.run_state(stopped).epoch == 1
    state = grid.grid_state(folder)
    assert (state.done, state.failed, state.trained) == (1, 1, 1.5)
    assert state.seconds_left == pytest.approx(state.trained_seconds)
    write_json(broken / runs.SOURCE, {"root": str(tone_root), "device": "cpu"})
    work.work_on_grid(folder)
    assert grid.grid_state(folder).finished


def test_a_stop_of_the_grid_stops_all_that_go_on(runs_here, tone_root):
    folder, cells = new(plan(seeds=2, settings=("A", "B"), epochs=(("linear", 3),)), tone_root)

    def stop(step):
        if step.epoch == 2:
            (folder / runs.STOP).touch()

    work.work_on_grid(folder, on_step=stop)
    stopped = [run for run in cells if run.is_dir()]
    assert [run.name for run in stopped] == ["linear-mel-10-A-0", "linear-mel-10-A-1"]
    assert states(stopped) == ["stopped"] * 2
    runs.clear_stop(folder)
    work.work_on_grid(folder)
    assert states(cells) == ["done"] * 4


def test_those_that_wait_long_for_their_turn_say_that_they_live(runs_here, tone_root, monkeypatch):
    monkeypatch.setattr(worker, "HEARTBEAT_S", 1e9)
    monkeypatch.setattr(worker, "WAITING_HEARTBEAT_S", -1.0)
    folder, cells = new(plan(seeds=2), tone_root)
    beats = []
    work.work_on_grid(
        folder, on_step=lambda _step: beats.append([runs.read_status(run).get("beat") for run in cells if run.is_dir()])
    )
    both = [beat for beat in beats if len(beat) == 2]
    assert all(len({beat[number] for beat in both}) > len(both) // 2 for number in (0, 1))
