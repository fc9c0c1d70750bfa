"""A deleted run can be had back until the trash is emptied, and nothing but deleted runs is ever removed from it."""

import errno
import time
from pathlib import Path

import pytest

from core import runs
from core.commands import main
from core.errors import RunError, WriteError
from core.runs import owner


@pytest.fixture
def make(runs_here, tiny_config):
    """A function from a name to a stopped run with something in it."""

    def run(name):
        folder = runs.new_run(tiny_config, None, name=name)
        runs.write_status(folder, state="stopped")
        (folder / runs.LOG).write_text(f"log of {name}")
        return folder

    return run


def names():
    return [run.name for run in runs.list_runs()]


def trash(runs_here):
    return sorted(path.name for path in (runs_here / runs.TRASH).iterdir() if not path.name.startswith("."))


def test_a_deleted_run_is_gone_from_the_list_and_comes_back_as_it_was(make, runs_here):
    folder = make("mine")
    make("other")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    runs.delete_run(folder)
    assert names() == ["other"]
    (deleted,) = runs.deleted_runs()
    assert deleted.name == "mine"
    assert abs(deleted.deleted - time.time()) < 60
    assert runs.restore_run("mine") == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert runs.deleted_runs() == []


def test_of_two_of_one_name_the_last_deleted_comes_back_and_never_over_another(make):
    for text in ("first", "second"):
        folder = make("mine")
        (folder / runs.LOG).write_text(text)
        runs.delete_run(folder)
    runs.restore_run("mine")
    assert (folder / runs.LOG).read_text() == "second"
    with pytest.raises(RunError, match="another run called 'mine' by now"):
        runs.restore_run("mine")
    assert (folder / runs.LOG).read_text() == "second"
    runs.delete_run(folder)
    assert [one.name for one in runs.deleted_runs()] == ["mine", "mine"]


@pytest.mark.parametrize("name", ["nobody", "../mine", "", "/etc", "mine/..", "x" * 500])
def test_a_name_that_lies_not_in_the_trash_is_refused(make, name):
    runs.delete_run(make("mine"))
    with pytest.raises(RunError, match="In the trash: mine"):
        runs.restore_run(name)


def test_a_run_that_is_worked_on_is_not_deleted(make):
    folder = make("mine")
    with owner.owned(folder), pytest.raises(RunError, match="still training"):
        runs.delete_run(folder)
    assert names() == ["mine"]
    assert runs.deleted_runs() == []


def test_the_trash_is_no_run_and_cannot_be_deleted_or_taken_as_a_name(make, runs_here, tiny_config):
    runs.delete_run(make("mine"))
    assert names() == []
    with pytest.raises(RunError, match="nothing was deleted"):
        runs.delete_run(runs_here / runs.TRASH)
    with pytest.raises(RunError, match="or 'trash'"):
        runs.new_run(tiny_config, None, name=runs.TRASH)


def age(runs_here, name, days):
    """Let a deleted run have been deleted so many days ago."""
    folder = next(one.folder for one in runs.deleted_runs() if one.name == name)
    folder.rename(folder.with_name(f"{int(time.time() - days * 86_400)}-0-{name}"))


def test_runs_that_were_deleted_long_ago_go_with_the_next_deletion(make, runs_here):
    for name in ("old", "young", "new"):
        if name == "new":
            age(runs_here, "old", runs.KEPT_DAYS + 1)
            age(runs_here, "young", runs.KEPT_DAYS - 1)
        runs.delete_run(make(name))
    assert sorted(one.name for one in runs.deleted_runs()) == ["new", "young"]
    assert len(trash(runs_here)) == 2


def test_emptying_removes_deleted_runs_and_nothing_else(make, runs_here, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    runs.delete_run(make("mine"))
    (runs_here / runs.TRASH / "diary").mkdir()
    (runs_here / runs.TRASH / "12-0-grids").mkdir()
    (runs_here / runs.TRASH / "12-0-link").symlink_to(elsewhere)
    assert runs.empty_trash() == 1
    assert trash(runs_here) == ["12-0-grids", "12-0-link", "diary"]
    assert (elsewhere / "kept").exists()
    assert runs.empty_trash() == 0


def test_a_trash_that_is_a_link_is_not_followed(make, runs_here, tmp_path):
    folder = make("mine")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "12-0-mine").mkdir(parents=True)
    (runs_here / runs.TRASH).symlink_to(elsewhere)
    assert runs.deleted_runs() == []
    assert runs.empty_trash() == 0
    assert (elsewhere / "12-0-mine").exists()
    with pytest.raises(WriteError):
        runs.delete_run(folder)
    assert names() == ["mine"]


def test_on_a_full_disk_a_run_is_removed_for_good(make, monkeypatch):
    def full(_path, **_more):
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = make("mine")
    monkeypatch.setattr(Path, "mkdir", full)
    runs.delete_run(folder)
    assert names() == []
    assert runs.deleted_runs() == []


def test_the_command_deletes_restores_and_empties(make, capsys):
    make("mine")
    assert main(["runs", "--delete", "mine"]) == 0
    assert "--restore mine brings it back" in capsys.readouterr().err
    assert main(["runs", "--restore", "mine"]) == 0
    assert capsys.readouterr().out.startswith("mine ")
    assert main(["runs", "--restore", "mine"]) == 1
    assert "In the trash: nothing" in capsys.readouterr().err
    assert main(["runs", "--delete", "mine"]) == 0
    assert main(["runs", "--empty-trash"]) == 0
    assert "Removed for good: 1." in capsys.readouterr().err
