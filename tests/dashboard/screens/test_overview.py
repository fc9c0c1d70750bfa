"""The Overview: what is said to be done is done."""

import dataclasses
import json
import shutil

import pytest

from core import runs
from core.config import to_dict
from core.studies.benchmark.kept import keep_report, reports_folder
from core.training.presets import preset_config
from tests import benchmark_reports
from tests.dashboard.conftest import assert_calm, charts, texts, train_further


def badges(app):
    """What the tour says is done and what is to do."""
    lines = [line.value for line in app.markdown if "done: " in line.value or "to do: " in line.value]
    done = {line.split("done: ")[1].rstrip("]") for line in lines if "done: " in line}
    to_do = {line.split("to do: ")[1].rstrip("]") for line in lines if "to do: " in line}
    return done, to_do


ALL = {
    "data ready",
    "front end timed",
    "a linear model trained to the end",
    "scores of a model of yours looked at",
    "its filters looked at",
    "a BC-ResNet trained to the end",
}

LOOKS = ("scores of a model of yours looked at", "its filters looked at")


def test_the_tour_has_four_steps_that_lead_somewhere(open_page):
    app = open_page("live")
    steps = [one.value for one in app.subheader]
    assert [step[:2] for step in steps] == ["1.", "2.", "3.", "4."]
    assert {"Go to Data", "Go to Speed", "Go to Train", "Go to Score", "Go to Filters"} <= {
        link.label for link in app.main.get("page_link")
    }


@pytest.mark.usefixtures("use_tiny_data")
def test_with_prepared_data_only_that_part_is_done(open_page):
    done, to_do = badges(open_page("live"))
    assert done == {"data ready"}
    assert to_do == ALL - done


def test_without_a_dataset_nothing_is_done(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "gone"))
    app = open_page("live")
    assert_calm(app)
    assert badges(app) == (set(), ALL)


@pytest.mark.usefixtures("use_tiny_data")
def test_everything_done_is_shown_as_done(open_page, own_run, tmp_path):
    bcresnet = tmp_path / "runs" / "bcresnet"
    shutil.copytree(own_run, bcresnet)
    (bcresnet / runs.CONFIG).write_text(json.dumps(to_dict(preset_config("bcresnet-1", epochs=2))))
    keep_report(benchmark_reports.report())
    # A worker evaluates what it trained; that is not yet somebody's look at it.
    assert badges(open_page("live"))[1] == {"scores of a model of yours looked at", "its filters looked at"}
    open_page("evaluation")
    assert badges(open_page("live"))[1] == {"its filters looked at"}
    open_page("filterbank")
    assert badges(open_page("live")) == (ALL, set())


@pytest.mark.parametrize("content", ["", "[]", '{"looked_at": 3}', '{"looked_at": [["a"]]}', "[" * 100_000])
@pytest.mark.usefixtures("use_tiny_data", "own_run")
def test_a_damaged_memory_of_the_tour_is_begun_anew(open_page, tmp_path, content):
    (tmp_path / "runs" / "tour.json").write_text(content)
    app = open_page("live")
    assert_calm(app)
    assert "its filters looked at" in badges(app)[1]
    open_page("filterbank")
    assert "its filters looked at" in badges(open_page("live"))[0]


def test_a_damaged_benchmark_report_does_not_count_as_timed(open_page):
    reports_folder().mkdir(parents=True)
    (reports_folder() / "half.json").write_text('{"format": 1, "mom')
    app = open_page("live")
    assert_calm(app)
    assert "front end timed" in badges(app)[1]


def test_a_stopped_run_and_setting_a_do_not_count_as_trained(open_page, own_run):
    runs.write_status(own_run, **{**runs.read_status(own_run), "state": "stopped"})
    assert "a linear model trained to the end" in badges(open_page("live"))[1]
    runs.write_status(own_run, **{**runs.read_status(own_run), "state": "done"})
    config = preset_config("linear", setting="A", epochs=2)
    (own_run / runs.CONFIG).write_text(json.dumps(to_dict(dataclasses.replace(config))))
    assert "a linear model trained to the end" in badges(open_page("live"))[1]


def test_shipped_models_are_shown_but_do_not_count(open_page, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "runs" / "shipped-linear-D")
    app = open_page("live")
    assert_calm(app)
    assert charts(app) == 1
    assert "do not count as done" in texts(app)
    for page in ("evaluation", "filterbank"):
        open_page(page)
    to_do = badges(open_page("live"))[1]
    assert {"a linear model trained to the end", *LOOKS} <= to_do


def test_the_picture_names_the_model_and_its_data(open_page, own_run, tiny_pack):
    app = open_page("live")
    assert own_run.name in texts(app)
    assert tiny_pack.title in texts(app)
    assert "validation 50.0 %" in texts(app)


@pytest.fixture
def shipped_pair(finished_run, tmp_path):
    """A shipped model and the same network with fixed filters, measured on the same clips."""
    learned, fixed = (tmp_path / "runs" / f"shipped-linear-{setting}" for setting in "DA")
    for folder in (learned, fixed):
        shutil.copytree(finished_run, folder)
    (fixed / runs.CONFIG).write_text(json.dumps(to_dict(preset_config("linear", setting="A", epochs=2))))
    return learned


CLAIM = "With learned filters, **Linear** gets no clearly different share right than with textbook filters"


def test_what_learning_filters_is_worth_is_said_from_kept_scores(open_page, shipped_pair):
    app = open_page("live")
    assert_calm(app)
    assert CLAIM in texts(app)
    assert charts(app) == 1
    app.button("overview.closer").click().run()
    assert app.title[0].value == "Filters"


def test_scores_of_a_model_that_was_trained_further_say_nothing_of_it(open_page, shipped_pair):
    train_further(shipped_pair)
    app = open_page("live")
    assert_calm(app)
    assert "With learned filters" not in texts(app)
    assert charts(app) == 1


def test_a_model_that_cannot_be_read_makes_no_claim(open_page, own_run):
    (own_run / runs.BEST).write_bytes(b"nothing")
    app = open_page("live")
    assert not app.exception
    assert len(app.error) == 1, "the part that listens says so, once"
    assert charts(app) == 0
