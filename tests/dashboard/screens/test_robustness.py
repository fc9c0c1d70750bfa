"""Noise: measure in the background, read the curve, hear any point of it."""

import shutil

import pytest

from core.config import KEYWORDS
from core.data import recordings
from core.runs import keep
from core.studies.robustness.kept import STUDY, file_of
from dashboard.shared import jobs
from dashboard.views.robustness import answers, clips
from tests.dashboard.conftest import GOOD, assert_calm, charts, open_fold, texts, tone, wait_until


@pytest.fixture
def measured(open_page, own_run, finished_run, use_tiny_data, tmp_path):
    """The page after two models were measured in noise."""
    shutil.copytree(finished_run, tmp_path / "runs" / "second")
    app = open_page("robustness")
    assert_calm(app)
    models = app.multiselect(f"models.{app.radio('model').value}")
    models.set_value([GOOD, "second"]).run()
    assert "Not measured yet: linear-D-good, second" in texts(app)
    app.button("robustness.start").click().run()
    wait_until(lambda: not jobs.find(answers.JOB).running)
    assert jobs.find(answers.JOB).state == "done", jobs.find(answers.JOB).message
    app.run()
    assert_calm(app)
    yield app
    jobs.forget(answers.JOB)


def players(app):
    return len(app.get("audio"))


def test_without_clips_the_page_says_where_to_get_some(open_page, own_run, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    app = open_page("robustness")
    assert_calm(app)
    assert "Prepare one first" in texts(app)
    assert charts(app) == 0


def test_models_are_measured_kept_beside_their_run_and_drawn_with_clips_to_hear(measured, own_run, tiny_pack):
    assert charts(measured) == 1
    open_fold(measured, "robustness.apart")
    assert charts(measured) == 3
    record = keep.load(STUDY, keep.find(own_run, file_of(tiny_pack.title, "official", "noise", None)))
    assert record.n == 13
    text = texts(measured)
    assert measured.header[0].value == f"Official test set: 13 clips of {tiny_pack.title}"
    assert f"at 0 dB: **{int(record.right[5].sum())} of 13 clips right" in text
    assert "always answering" in text
    assert "Not measured yet" not in text
    measured.segmented_control("robustness.shown.4").set_value("all").run()
    assert_calm(measured)
    assert players(measured) == 2 * clips.PAGE_CLIPS
    assert "second:" in texts(measured)


def test_any_point_can_be_chosen_by_hand_and_by_a_click(measured):
    measured.select_slider("at").set_value(0).run()
    assert "without noise" in texts(measured)
    assert "lost" not in measured.segmented_control("robustness.shown.3").options
    # What a click calls before the page runs again, and where it notes the point.
    measured.session_state["robustness.model"], measured.session_state["at"] = "second", 6
    measured.run()
    assert "second at −5 dB" in texts(measured)
    assert measured.selectbox("robustness.model").value == "second"


def test_another_change_is_another_measurement(measured):
    measured.segmented_control("change").set_value("speed").run()
    assert_calm(measured)
    assert "Not measured yet" in texts(measured)
    assert charts(measured) == 0


def test_a_model_that_changed_is_measured_again(measured, own_run):
    best = own_run / "best.pt"
    best.write_bytes((best.read_bytes()) + b" ")
    measured.run()
    assert "Not measured yet: linear-D-good." in texts(measured)


def test_recordings_of_ones_own_can_be_measured_too(open_page, own_run, use_tiny_data):
    for number in range(24):
        recordings.add(tone(300 + 150 * (number % 10)), model=GOOD, word="yes", score=0.5, truth=KEYWORDS[number % 10])
    app = open_page("robustness")
    app.radio("clips").set_value("own").run()
    assert_calm(app)
    app.button("robustness.start").click().run()
    wait_until(lambda: not jobs.find(answers.JOB).running)
    assert jobs.find(answers.JOB).state == "done", jobs.find(answers.JOB).message
    app.run()
    assert_calm(app)
    assert app.header[0].value == f"{recordings.TITLE}: 24 clips"
    assert players(app) > 0
    jobs.forget(answers.JOB)


@pytest.mark.parametrize("model", ["shipped-bcresnet-1-D", "shipped-linear-D"])
def test_what_came_with_the_project_is_shown_without_its_clips(open_page, monkeypatch, tmp_path, model):
    monkeypatch.delenv("KWS_RUNS")
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    app = open_page("robustness")
    app.radio("model").set_value(model).run()
    for kind in ("noise", "shift", "gain", "speed"):
        app.segmented_control("change").set_value(kind).run()
        assert_calm(app)
        # Beside it the same network with fixed filters.
        assert len(app.multiselect(f"models.{model}").value) == 2
        assert app.header[0].value.startswith("Official test set: 600 of 2,427 clips of Speech Commands v2 subset")
        assert "Not measured yet" not in texts(app)
        assert charts(app) == 1
    assert "the sound itself is needed" in texts(app)
    assert players(app) == 0
