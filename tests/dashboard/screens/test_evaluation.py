"""Score: what is measured is shown with what it was measured on."""

import os
import shutil

import pytest

from core import runs
from core.data import recordings
from core.studies.evaluation import scores
from dashboard.shared import jobs
from tests.dashboard.conftest import GOOD, assert_calm, charts, texts, tone, train_further, wait_until
from tests.kept import evaluation_path, load_evaluation


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def test_a_kept_evaluation_is_shown_without_its_dataset(open_page, own_run, tiny_pack, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "gone"))
    app = open_page("evaluation")
    assert_calm(app)
    result = scores(load_evaluation(evaluation_path(own_run, tiny_pack.title, "official")))
    assert app.header[0].value == f"Official test set: 13 clips of {tiny_pack.title}"
    assert metrics(app)["Accuracy"] == f"{100 * result.accuracy:.1f} %"
    assert metrics(app)["Trivial baseline"] == f"{100 * result.baseline:.1f} %"
    assert metrics(app)["Loss"] == f"{result.loss:.3f}"
    assert metrics(app)["95 % interval"].startswith(f"{100 * result.interval[0]:.1f}–")


@pytest.mark.usefixtures("use_tiny_data")
def test_another_protocol_is_measured_on_request_and_kept(open_page, own_run, tiny_pack):
    app = open_page("evaluation")
    app.radio("clips").set_value("testing-list").run()
    assert_calm(app)
    assert charts(app) == 0
    assert "Evaluate on 12 clips" in [button.label for button in app.button]
    app.button("evaluation.start").click().run()
    wait_until(lambda: not (job := jobs.find(f"evaluate {GOOD} {tiny_pack.title} testing-list")) or not job.running)
    app.run()
    assert_calm(app)
    assert app.header[0].value == f"Testing list: 12 clips of {tiny_pack.title}"
    assert evaluation_path(own_run, tiny_pack.title, "testing-list").exists()
    assert charts(app) == 1
    # The words behind "unknown", which these clips tell.
    open_page("mistakes")
    for view in ("Confusion matrix", "Behind “unknown”"):
        app.segmented_control("mistakes").set_value(view).run()
        assert_calm(app)
        assert app.header[0].value == f"Testing list: 12 clips of {tiny_pack.title}"
        assert charts(app) == 1


@pytest.mark.usefixtures("use_tiny_data")
def test_an_evaluation_older_than_its_model_is_called_so(open_page, own_run):
    train_further(own_run)
    app = open_page("evaluation")
    assert not app.exception
    assert "trained further since" in app.warning[0].value
    assert charts(app) == 1


def test_the_times_of_shipped_files_mean_nothing(open_page, finished_run, tmp_path):
    folder = tmp_path / "runs" / "shipped-linear-D"
    shutil.copytree(finished_run, folder)
    later = (folder / runs.BEST).stat().st_mtime + 1000
    os.utime(folder / runs.BEST, (later, later))
    app = open_page("evaluation")
    assert_calm(app)
    assert not app.warning
    assert charts(app) == 1


@pytest.mark.usefixtures("use_tiny_data")
def test_a_model_that_cannot_be_loaded_fails_its_evaluation_with_a_reason(open_page, own_run, tiny_pack):
    evaluation_path(own_run, tiny_pack.title, "official").unlink()
    (own_run / runs.BEST).write_bytes(b"garbage")
    app = open_page("evaluation")
    app.button("evaluation.start").click().run()
    wait_until(lambda: not jobs.find(f"evaluate {GOOD} {tiny_pack.title} official").running)
    app.run()
    assert not app.exception
    assert "weights" in app.error[0].value


def keep(*truths):
    return [recordings.add(tone(400), model=GOOD, word="yes", score=0.6, truth=truth) for truth in truths]


def choose_own(app):
    app.radio("clips").set_value("own").run()
    assert not app.exception
    return app


def evaluate_own(app):
    app.button("evaluation.start").click().run()
    wait_until(lambda: not (job := jobs.find(f"evaluate {GOOD} {recordings.TITLE} own")) or not job.running)
    app.run()
    assert_calm(app)
    return app


@pytest.mark.usefixtures("own_run")
def test_without_own_recordings_it_is_said_how_to_get_them(open_page):
    app = open_page("evaluation")
    assert app.radio("clips").options[-1] == "My own recordings (none yet)"
    choose_own(app)
    assert_calm(app)
    assert "In Try" in app.info[0].value
    assert "Go to Try" in [link.proto.label for link in app.get("page_link")]
    assert charts(app) == 0


@pytest.mark.parametrize("truths", [("yes",), ("go", "_unknown_", "_silence_")])
def test_own_recordings_are_measured_and_called_a_biased_sample(truths, open_page, own_run):
    keep(*truths)
    app = open_page("evaluation")
    n = {1: "1 clip", 3: "3 clips"}[len(truths)]
    assert app.radio("clips").options[-1] == f"My own recordings ({n})"
    choose_own(app)
    assert f"Evaluate on {n}" in [button.label for button in app.button]
    evaluate_own(app)
    assert app.header[0].value == f"My own recordings: {n}"
    assert [warning.value for warning in app.warning] == [recordings.BIAS]
    result = scores(load_evaluation(evaluation_path(own_run, recordings.TITLE, "own")))
    assert metrics(app)["Accuracy"] == f"{100 * result.accuracy:.1f} %"
    assert metrics(app)["95 % interval"].startswith(f"{100 * result.interval[0]:.1f}–")
    assert charts(app) == 1
    # They are no dataset to choose beside the others.
    assert not [box for box in app.selectbox if recordings.TITLE in box.options]


@pytest.mark.usefixtures("own_run")
def test_changed_recordings_make_their_evaluation_outdated(open_page):
    first, _ = keep("yes", "no")
    app = evaluate_own(choose_own(open_page("evaluation")))
    recordings.relabel(first.id, "up")
    app.run()
    assert "The clips changed since" in app.warning[0].value
    # What was measured stays to be seen, and the choice made.
    assert app.radio("clips").value == "own"
    assert app.header[0].value == "My own recordings: 2 clips"
    keep("stop")
    evaluate_own(app.run())
    assert app.header[0].value == "My own recordings: 3 clips"
    assert [warning.value for warning in app.warning] == [recordings.BIAS]
    recordings.remove(*(one.id for one in recordings.all_recordings().recordings))
    app.run()
    assert_calm(app)
    assert app.radio("clips").value == "own"
    assert "The clips changed since" in app.warning[0].value
    assert "Evaluate on" not in texts(app)
    assert app.header[0].value == "My own recordings: 3 clips"


def test_own_recordings_need_no_dataset(open_page, own_run, tiny_pack, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "gone"))
    evaluation_path(own_run, tiny_pack.title, "official").unlink()
    assert "no dataset is ready" in open_page("evaluation").info[0].value
    keep("yes")
    app = open_page("evaluation")
    assert app.radio("clips").options == ["My own recordings (1 clip)"]
    evaluate_own(app)
    assert app.header[0].value == "My own recordings: 1 clip"


@pytest.mark.usefixtures("own_run")
def test_a_file_in_place_of_the_recordings_leaves_the_page_alive(open_page, monkeypatch, tmp_path, tiny_pack):
    (tmp_path / "mine").write_bytes(b"mine")
    monkeypatch.setenv("KWS_RECORDINGS", str(tmp_path / "mine"))
    app = open_page("evaluation")
    assert_calm(app)
    assert app.header[0].value == f"Official test set: 13 clips of {tiny_pack.title}"
    choose_own(app)
    assert "KWS_RECORDINGS" in app.info[0].value
