"""A run taken along in one file: nothing of this computer, nothing through links, and a run where it is unpacked."""

import io
import zipfile

import pytest

from core import runs
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
