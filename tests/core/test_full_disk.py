"""A full disk, a limit on files, a folder removed meanwhile: a sentence, and nothing that was there is lost."""

import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core import runs
from core.commands import main
from core.config import to_dict
from core.errors import KeywordSpottingError, RunError, WriteError
from core.files import writing as files
from core.jobs import grid, worker
from core.jobs.grid.plan import GridPlan
from core.jobs.grid.work import work_on_grid
from core.runs import owner, process
from core.training.checkpoint import load_checkpoint
from tests.kept import load_evaluation, save_evaluation, saved_evaluations

PROJECT = Path(__file__).parents[2]
EXPLAINED = "Make room on that disk"


class Disk:
    """A disk whose room ends and comes back, as far as the project's own writing goes."""

    def __init__(self, monkeypatch):
        self.full, self.code = False, errno.ENOSPC
        sync = os.fsync

        def fsync(handle):
            if self.full:
                raise OSError(self.code, os.strerror(self.code))
            sync(handle)

        monkeypatch.setattr(files.os, "fsync", fsync)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A real file system of 32 MB for runs; a function that fills it to the last byte, and one that frees it."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount")
    if (
        not mounted
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", place], check=False).returncode
    ):
        pytest.skip("a file system of its own can be mounted by root alone")
    monkeypatch.setenv("KWS_RUNS", str(place / "runs"))
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    filler = place / "filler"

    def fill():
        with filler.open("ab") as file, suppress(OSError):
            while True:
                os.write(file.fileno(), b"x" * 4096)

    try:
        yield fill, filler.unlink
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture(scope="module")
def never_disturbed(tone_root, tiny_config, tmp_path_factory):
    """A place with a training and the pack that it made."""
    place = tmp_path_factory.mktemp("never-disturbed")
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("KWS_RUNS", str(place))
        elsewhere.setenv("KWS_CACHE", str(place / "packs"))
        worker.work(runs.new_run(tiny_config, tone_root, name="whole", device="cpu"))
    return place


@pytest.fixture
def whole(never_disturbed, monkeypatch):
    """The same training, never disturbed; its data are packed."""
    monkeypatch.setenv("KWS_CACHE", str(never_disturbed / "packs"))
    return never_disturbed / "whole"


def assert_same(folder, whole):
    """Weights and answers are equal to the last bit, and nothing half-written is there."""
    assert runs.run_state(folder).state == "done", runs.run_state(folder).message
    first, second = (torch.load(run / runs.LAST, weights_only=True)["model"] for run in (folder, whole))
    assert all(torch.equal(first[name], second[name]) for name in second)
    first, second = (load_checkpoint(run) for run in (folder, whole))
    assert first.epoch == second.epoch
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in second.weights)
    first, second = (load_evaluation(saved_evaluations(run)[0]) for run in (folder, whole))
    assert (first.probabilities == second.probabilities).all()
    assert [one.epoch for one in runs.read_progress(folder)] == [one.epoch for one in runs.read_progress(whole)]
    assert {path.name for path in folder.iterdir()} == {path.name for path in whole.iterdir()}


def assert_explained(error, *words):
    """One or two sentences for a person."""
    text = str(error)
    assert all(word in text for word in words), text
    assert "Traceback" not in text
    assert "Errno" not in text


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS])
def test_a_run_whose_files_cannot_be_written_ends_with_the_reason_and_goes_on_later(
    runs_here, tone_root, tiny_config, whole, disk, code
):
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    disk.code = code

    def fill(report):
        disk.full = report.epoch == 2

    with pytest.raises(RunError) as caught:
        worker.work(folder, on_report=fill)
    assert_explained(caught.value, "cannot be written", os.strerror(code), "can be resumed")
    run = runs.run_state(folder)
    assert (run.state, run.message) == ("failed", str(caught.value)), "the reason is told though nothing can be written"
    assert load_checkpoint(folder).epoch <= 2
    with pytest.raises(KeywordSpottingError) as caught:
        runs.prepare_resume(folder)
    assert_explained(caught.value, "cannot be written")
    disk.full = False
    runs.prepare_resume(folder)
    worker.work(folder)
    assert_same(folder, whole)


def test_a_disk_that_is_really_full_loses_nothing(small_disk, tone_root, tiny_config, whole, capsys):
    fill, free = small_disk
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    with pytest.raises(RunError, match=EXPLAINED):
        worker.work(folder, on_report=lambda report: fill() if report.epoch == 2 else None)
    run = runs.run_state(folder)
    assert run.state == "failed"
    assert EXPLAINED in run.message
    assert load_checkpoint(folder).weights
    for command in (
        ["train", "--resume", "run"],
        ["train", "--run", "another", "--data", str(tone_root)],
        ["grid", "mels", "--name", "g", "--data", str(tone_root)],
    ):
        fill()  # what was half-written is removed, which makes a little room
        assert main(command) == 1
        said = capsys.readouterr()
        assert said.err.count("error: ") == 1
        assert_explained(said.err + said.out, "No space left on device")
    with pytest.raises(RunError, match="No space left"):
        runs.start_run(tiny_config, tone_root, name="from-the-page")
    with pytest.raises(WriteError, match="No space left"):
        save_evaluation(folder / "evaluation-x.npz", load_evaluation(saved_evaluations(whole)[0]))
    assert [run.name for run in runs.list_runs()] == ["run"]
    assert grid.list_grids() == []
    free()
    runs.prepare_resume(folder)
    worker.work(folder)
    assert_same(folder, whole)
    fill()
    runs.delete_run(folder)
    assert runs.list_runs() == []
    assert not folder.exists()


def test_a_folder_that_may_only_be_read_is_named(small_disk, tone_root, tiny_config, whole, capsys):
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    runs.write_status(folder, state="stopped")
    grid.new_grid(GridPlan(settings=("A",), n_mels=(10,), seeds=1), tone_root, name="g", device="cpu")
    shutil.copy(whole / runs.BEST, folder / runs.BEST)
    place = runs.runs_folder().parent
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    try:
        for command in (
            ["train", "--resume", "run"],
            ["train", "--run", "another", "--data", str(tone_root)],
            ["grid", "mels", "--name", "h", "--data", str(tone_root)],
            ["grid", "--resume", "g"],
            ["runs", "--delete", "run"],
        ):
            assert main(command) == 1, command
            assert_explained(capsys.readouterr().err, "Read-only file system", "writ")
        # What is measured is told all the same.
        assert main(["evaluate", "run", "--data", str(tone_root), "--protocol", "testing-list"]) == 0
        assert_explained(capsys.readouterr().err, "could not be kept", "Read-only file system")
        for start in (
            lambda: runs.start_run(tiny_config, tone_root, name="from-the-page"),
            lambda: runs.resume_run(folder),
            lambda: grid.start_grid(grid.folder_of("g")),
        ):
            with pytest.raises(KeywordSpottingError, match="Read-only file system"):
                start()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)
    assert runs.run_state(folder).state == "stopped"


LIMITED = """
import json, resource, sys
from pathlib import Path
from core import runs
from core.commands import main
from core.config import RunConfig, from_dict

config = from_dict(RunConfig, json.loads(sys.argv[1]))
runs.new_run(config, Path(sys.argv[2]), name="run", device="cpu")
runs.write_status(runs.run_folder("run"), state="stopped")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
sys.exit(main(["train", "--resume", "run"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_on_the_size_of_files_is_named_and_the_run_goes_on_without_it(runs_here, tone_root, tiny_config, whole):
    arguments = [json.dumps(to_dict(tiny_config)), str(tone_root), str(100_000)]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert_explained(done.stderr, "raise the limit (ulimit -f)")
    folder = runs_here / "run"
    assert runs.run_state(folder).state == "failed"
    assert "ulimit" in runs.run_state(folder).message
    runs.prepare_resume(folder)
    worker.work(folder)
    assert_same(folder, whole)


def test_a_run_removed_while_it_trains_ends_and_is_not_made_again(runs_here, tone_root, tiny_config, capsys):
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    with pytest.raises(RunError, match="was removed while the run trained"):
        worker.work(folder, on_report=lambda _: shutil.rmtree(folder))
    assert not folder.exists()


def test_another_run_made_in_the_place_of_a_removed_one_is_left_alone(runs_here, tone_root, tiny_config):
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    other = replace(tiny_config, training=replace(tiny_config.training, seed=99))

    def replaced(_report):
        if runs.run_state(folder, owned=True).config != other:
            shutil.rmtree(folder)
            runs.new_run(other, tone_root, name="run", device="cpu")

    with pytest.raises(RunError, match="was removed while the run trained"):
        worker.work(folder, on_report=replaced)
    assert sorted(path.name for path in folder.iterdir()) == [runs.CONFIG, runs.SOURCE, runs.STATUS]
    assert runs.run_state(folder).state == "starting"
    assert runs.run_state(folder).config == other


def test_the_command_ends_with_1_when_its_run_is_removed(runs_here, tone_root, capsys, monkeypatch):
    append = runs.append_progress

    def removed(folder, report):
        append(folder, report)
        shutil.rmtree(folder)

    monkeypatch.setattr(runs, "append_progress", removed)
    assert main(["train", "--run", "mine", "--setting", "A", "--epochs", "3", "--data", str(tone_root)]) == 1
    assert_explained(capsys.readouterr().err, "was removed while the run trained")
    assert not (runs_here / "mine").exists()


def test_a_grid_on_a_full_disk_ends_at_once_and_goes_on_later(runs_here, tone_root, disk, capsys):
    plan = GridPlan(settings=("A", "B"), n_mels=(10,), seeds=1, epochs=(("linear", 1),))
    folder = grid.new_grid(plan, tone_root, name="g", device="cpu")
    disk.full = True
    assert main(["grid", "--resume", "g"]) == 1
    assert_explained(capsys.readouterr().err, EXPLAINED)
    disk.full = False
    with pytest.raises(KeywordSpottingError, match=EXPLAINED):
        work_on_grid(folder, on_cell=lambda *_: setattr(disk, "full", True))
    assert grid.grid_state(folder).done == 1
    disk.full = False
    assert main(["grid", "--resume", "g", "--protocol", "testing-list"]) == 0
    assert grid.grid_state(folder).finished


def test_runs_that_go_on_together_on_a_full_disk_each_tell_why_and_go_on_later(runs_here, tone_root, disk):
    plan = GridPlan(settings=("A",), n_mels=(10,), seeds=2, epochs=(("linear", 2),))
    folder = grid.new_grid(plan, tone_root, name="g", device="cpu")
    with pytest.raises(KeywordSpottingError, match=EXPLAINED):
        work_on_grid(folder, on_step=lambda step: setattr(disk, "full", step.epoch == 2))
    found = [state for _, state in grid.cell_states(folder, plan)]
    assert [state.state for state in found] == ["failed"] * 2
    assert all(EXPLAINED in state.message for state in found)
    disk.full = False
    work_on_grid(folder)
    assert grid.grid_state(folder).finished


def test_trainings_that_are_missing_at_the_end_are_no_success(runs_here, tone_root, capsys):
    """Born from a training that a kill had left without its settings: it was never made, and the exit code was 0."""
    plan = GridPlan(settings=("A", "B"), n_mels=(10,), seeds=1, epochs=(("linear", 1),))
    folder = grid.new_grid(plan, tone_root, name="g", device="cpu")
    left, mine = (folder / cell.name for cell in plan.cells())
    left.mkdir()
    (left / ".config.json-abcdefgh").touch()
    mine.mkdir()
    (mine / "notes.txt").write_text("not ours to remove")
    assert main(["grid", "--resume", "g", "--protocol", "testing-list"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert_explained(said, "1 of 2 trainings of g are not done: 1 broken")
    assert runs.run_state(left).state == "done"
    shutil.rmtree(mine)
    assert main(["grid", "--resume", "g", "--protocol", "testing-list"]) == 0
    assert not list(folder.rglob(".*"))


def test_a_grid_removed_while_it_trains_ends_and_is_not_made_again(runs_here, tone_root, capsys):
    plan = GridPlan(settings=("A", "B"), n_mels=(10,), seeds=1, epochs=(("linear", 1),))
    folder = grid.new_grid(plan, tone_root, name="g", device="cpu")
    with pytest.raises(KeywordSpottingError) as caught:
        work_on_grid(folder, on_cell=lambda *_: shutil.rmtree(folder))
    assert_explained(caught.value, "is gone")
    assert not folder.exists()


def test_an_interrupted_line_of_progress_costs_no_other(runs_here, tone_root, tiny_config):
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    worker.work(folder)
    reports = runs.read_progress(folder)
    text = (folder / runs.PROGRESS).read_text()
    (folder / runs.PROGRESS).write_text(text[: len(text) // 2])
    for report in reports[1:]:
        runs.append_progress(folder, report)
    assert runs.read_progress(folder) == reports


def test_a_log_is_bounded(runs_here, tone_root, tiny_config):
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    (folder / runs.LOG).write_text("x" * runs.LONGEST_LOG + "\nthe last words\n")
    process._shorten_log(folder)
    assert (folder / runs.LOG).stat().st_size <= runs.LONGEST_LOG // 4
    assert runs.read_log(folder).endswith("the last words\n")


def test_a_second_worker_leaves_the_status_of_a_finished_run_alone(runs_here, tone_root, tiny_config):
    folder = runs.new_run(tiny_config, tone_root, name="run", device="cpu")
    worker.work(folder)
    before = (folder / runs.STATUS).read_bytes()
    with pytest.raises(RunError, match="is finished"):
        worker.work(folder)
    with owner.owned(folder), pytest.raises(RunError, match="already training"):
        worker.work(folder)
    assert (folder / runs.STATUS).read_bytes() == before
