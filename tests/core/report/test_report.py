"""A run's report: one file that holds everything, says what was measured on what, and executes nothing of the run's."""

import json
import re
import shutil

import pytest

from core import runs
from core.commands import main
from core.errors import CheckpointError, RunError
from core.report import html_report, write_report
from core.studies.evaluation import scores
from tests.kept import load_evaluation, saved_evaluations

SHIPPED = runs.PROJECT / "checkpoints" / "shipped-linear-D"


@pytest.fixture(scope="module")
def shipped_report():
    return html_report(SHIPPED)


@pytest.fixture
def a_run(tmp_path):
    """A copy of a run that tests may damage, under a name that would break a page that does not escape it."""
    folder = tmp_path / "it's <b>bold & more"
    shutil.copytree(SHIPPED, folder)
    return folder


def test_it_holds_the_scores_of_every_kept_evaluation(shipped_report):
    kept = [load_evaluation(path) for path in saved_evaluations(SHIPPED)]
    assert kept
    for evaluation in kept:
        found = scores(evaluation)
        assert f"{100 * found.accuracy:.1f} %" in shipped_report
        assert f"{100 * found.interval[0]:.1f}–{100 * found.interval[1]:.1f} %" in shipped_report
        assert f">{found.n}<" in shipped_report


def test_it_says_how_to_repeat_it(shipped_report):
    config = json.loads((SHIPPED / runs.CONFIG).read_text())
    epochs = config["training"]["epochs"]
    assert f"train --preset linear --setting D --epochs {epochs} --seed 0 --data ROOT" in shipped_report
    assert re.search(r"evaluate shipped-linear-D --data ROOT --protocol official", shipped_report)
    assert re.search(r"best\.pt \(weights\)</th><td><code>[0-9a-f]{64}<", shipped_report)


def test_it_needs_nothing_from_elsewhere(shipped_report):
    """No address is loaded; plotly's program stands in it once."""
    page = re.sub(r"<script.*?</script>", "", shipped_report, flags=re.DOTALL)
    assert not re.search(r"(src|href)\s*=", page)
    assert not re.search(r"<script[^>]+src", shipped_report)
    assert shipped_report.count("plotly.js v") == 1


def test_every_figure_begins_with_its_finding(shipped_report):
    sentences = re.findall(r"<figure><p>([^<]+\.)</p>", shipped_report)
    assert len(sentences) == len(re.findall(r"<figure>", shipped_report)) > 5
    assert any("changed most" in one for one in sentences)


def test_names_are_escaped(a_run):
    report = html_report(a_run)
    assert "<b>bold" not in report.split("<h2>", 1)[0]
    assert "it&#39;s &lt;b&gt;bold &amp; more" in report


def test_a_run_without_evaluation_or_curves_is_reported_too(a_run):
    for path in (*saved_evaluations(a_run), a_run / runs.PROGRESS):
        path.unlink()
    report = html_report(a_run)
    assert "has not been evaluated yet" in report
    assert "How it learned" not in report


def test_a_damaged_evaluation_is_named_and_the_rest_reported(a_run):
    damaged, whole, *_ = saved_evaluations(a_run)
    damaged.write_bytes(b"no archive")
    report = html_report(a_run)
    assert f"The evaluation {damaged.name} cannot be read" in report
    assert f">{load_evaluation(whole).n}<" in report


def test_a_damaged_model_or_a_file_is_refused(a_run, tmp_path):
    with pytest.raises(RunError, match="no run's folder"):
        html_report(a_run / runs.BEST)
    (a_run / runs.BEST).write_bytes(b"nothing")
    with pytest.raises(CheckpointError):
        write_report(a_run, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_place_that_cannot_be_written_is_explained(a_run, tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_report(SHIPPED, tmp_path / "missing" / "report.html")


def test_the_command_writes_it(tmp_path, capsys):
    assert main(["report", str(SHIPPED), "--out", str(tmp_path / "one.html")]) == 0
    assert "one.html: " in capsys.readouterr().out
    assert (tmp_path / "one.html").read_text("utf-8").startswith("<!DOCTYPE html>")
