"""The Evaluation page: what is measured is shown with what it was measured on."""

import os
import shutil

import pytest

from core import runs
from core.evaluation import evaluation_path, load_evaluation, scores
from dashboard import jobs
from tests.dashboard.conftest import GOOD, assert_calm, charts, wait_until


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
    averages = next(table.value for table in app.dataframe if "Average" in table.value)
    assert averages["Average"].tolist() == ["micro", "macro", "weighted"]
    assert averages["F1"].tolist() == [
        f"{100 * value:.1f} %" for value in (result.micro_f1, result.macro_f1, result.weighted_f1)
    ]


@pytest.mark.usefixtures("use_tiny_data")
def test_another_protocol_is_measured_on_request_and_kept(open_page, own_run, tiny_pack):
    app = open_page("evaluation")
    app.radio("evaluation.protocol").set_value("testing-list").run()
    assert_calm(app)
    assert charts(app) == 0
    assert "Evaluate on 12 clips" in [button.label for button in app.button]
    app.button("evaluation.start").click().run()
    wait_until(lambda: not (job := jobs.find(f"evaluate {GOOD} {tiny_pack.title} testing-list")) or not job.running)
    app.run()
    assert_calm(app)
    assert app.header[0].value == f"Testing list: 12 clips of {tiny_pack.title}"
    assert evaluation_path(own_run, tiny_pack.title, "testing-list").exists()
    assert charts(app) == 2


@pytest.mark.usefixtures("use_tiny_data")
def test_counts_and_shares_of_the_confusion_matrix_can_be_switched(open_page, own_run):
    app = open_page("evaluation")
    shares = app.get("plotly_chart")[-1].proto.spec
    app.toggle("evaluation.normalised").set_value(False).run()
    counts = app.get("plotly_chart")[-1].proto.spec
    assert_calm(app)
    assert shares != counts
    assert own_run.exists()


@pytest.mark.usefixtures("use_tiny_data")
def test_an_evaluation_older_than_its_model_is_called_so(open_page, own_run):
    later = (own_run / runs.BEST).stat().st_mtime + 1000
    os.utime(own_run / runs.BEST, (later, later))
    app = open_page("evaluation")
    assert not app.exception
    assert "trained further since this evaluation" in app.warning[0].value
    assert charts(app) == 2


def test_the_times_of_shipped_files_mean_nothing(open_page, finished_run, tmp_path):
    folder = tmp_path / "runs" / "shipped-linear-D"
    shutil.copytree(finished_run, folder)
    later = (folder / runs.BEST).stat().st_mtime + 1000
    os.utime(folder / runs.BEST, (later, later))
    app = open_page("evaluation")
    assert_calm(app)
    assert not app.warning
    assert charts(app) == 2


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
