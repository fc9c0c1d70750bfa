"""A run taken along in one file: nothing of this computer, nothing through links, and a run where it is unpacked."""

import io
import zipfile

import pytest

from core import runs
from core.errors import RunError
from core.runs import Label


@pytest.fixture
def run(runs_here, tiny_config):
    folder = runs.new_run(tiny_config, runs_here / "data", name="mine")
    runs.write_status(folder, state="done")
    runs.write_label(folder, Label(name="Loud kitchen"))
    for name in (runs.BEST, runs.LAST, runs.LOG, "evaluation-demo-official.npz", "evaluation-own-own.npz", "diary.txt"):
        (folder / name).write_text(name)
    return folder


def names(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sorted(archive.namelist())


def test_it_holds_the_model_and_what_was_measured_and_nothing_of_this_computer(run):
    files = ["best.pt", "config.json", "evaluation-demo-official.npz", "label.json", "status.json"]
    assert names(runs.as_zip(run)) == [f"mine/{name}" for name in files]


def test_it_follows_no_link(run, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (run / "evaluation-x-official.npz").symlink_to(tmp_path / "secret")
    assert "mine/evaluation-x-official.npz" not in names(runs.as_zip(run))


def test_unpacked_elsewhere_it_is_a_run(run, tmp_path, monkeypatch):
    content, before = runs.as_zip(run), runs.run_state(run)
    other = tmp_path / "other"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(other)
    monkeypatch.setenv("KWS_RUNS", str(other))
    (found,) = runs.list_runs()
    assert (found.called, found.state, found.config) == ("Loud kitchen", "done", before.config)


def test_a_run_of_a_grid_can_be_taken_out_and_is_one_of_ones_own(run, tmp_path):
    (run / "evaluation-x-official.npz").symlink_to(run / runs.BEST)
    copy = runs.take_out(run, "grid-mine")
    assert copy.parent == runs.runs_folder()
    assert runs.run_state(copy).state == "done"
    assert (copy / runs.BEST).read_text() == (run / runs.BEST).read_text()
    assert not {runs.LAST, runs.LOG, runs.SOURCE, "diary.txt", "evaluation-x-official.npz"} & {
        path.name for path in copy.iterdir()
    }
    (copy / runs.BEST).write_text("trained on")
    assert runs.take_out(run, "grid-mine") == copy
    assert (copy / runs.BEST).read_text() == "trained on"
    with pytest.raises(RunError, match="cannot be called"):
        runs.take_out(run, "../up")
