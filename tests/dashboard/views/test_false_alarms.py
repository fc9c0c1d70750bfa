"""How well a model listens: its test, its curve, and the threshold chosen on it."""

import json

import pytest

from core import runs
from core.config import ListeningConfig
from core.records.listening import StreamReport, StreamScores, StreamTrack
from core.runs import keep
from core.studies.listening import operating_point
from core.studies.listening.measure import THRESHOLDS
from dashboard.shared import jobs
from tests.dashboard.conftest import GOOD, assert_calm, texts, train_further, wait_until
from tests.kept import load_report, report_path, save_report


@pytest.fixture
def panel(open_page):
    """Opens the page."""
    return lambda: open_page("false_alarms")


def track(protocol, snr_db, misses):
    """A track of 40 keywords; each step of the threshold misses one word more and raises one false alarm less."""
    scores = [
        StreamScores(
            threshold=threshold,
            n_keywords=40,
            hits=40 - misses - step,
            wrong_words=2,
            false_alarms=30 - step,
            free_hours=0.5,
            misses_interval=(0.1, 0.3),
            false_alarms_interval=(20.0, 90.0),
            latencies_s=(0.2,) * (40 - misses - step),
        )
        for step, threshold in enumerate(THRESHOLDS)
    ]
    noise = () if snr_db is None else ("running_tap",)
    return StreamTrack(protocol, snr_db, 5.0, noise, 90, 70, scores[0], tuple(scores))


@pytest.fixture
def measured(own_run):
    """The run with a stream test kept beside it."""
    tracks = (track("validation", 10.0, 1), track("official", None, 3), track("official", 10.0, 5))
    checkpoint = keep.model_hash(own_run)
    save_report(own_run, StreamReport(GOOD, "A dataset", 0, ListeningConfig(), tracks, checkpoint))
    return own_run


def slider(app):
    return app.select_slider(f"false_alarms.threshold.{GOOD}")


@pytest.mark.usefixtures("use_tiny_data")
def test_a_test_runs_in_the_background_and_its_report_is_kept_and_shown(panel, own_run):
    app = panel()
    assert_calm(app)
    assert "20 minutes of sound" in texts(app)
    app.select_slider("false_alarms.minutes").set_value(2)
    app.button_group("false_alarms.snrs").set_value([None]).run()
    assert "4 minutes of sound" in texts(app)
    app.button("false_alarms.start").click().run()
    wait_until(lambda: not jobs.find(f"stream test {GOOD}").running)
    assert jobs.find(f"stream test {GOOD}").state == "done", jobs.find(f"stream test {GOOD}").message
    report = load_report(own_run)
    assert [(one.protocol, one.snr_db, one.minutes) for one in report.tracks] == [
        ("validation", None, 2.0),
        ("official", None, 2.0),
    ]
    app.run()
    assert_calm(app)
    assert "On test clips at threshold" in texts(app)
    assert len(app.get("plotly_chart")) == 1


def test_the_curve_is_of_validation_clips_and_the_table_of_test_clips(panel, measured):
    app = panel()
    assert not app.exception
    assert slider(app).value == 0.7, "where listening stands now"
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    lines = [trace for trace in figure["data"] if trace["mode"] == "lines+markers"]
    assert [trace["name"].replace("\N{NO-BREAK SPACE}", " ") for trace in lines] == ["10 dB"]
    table = app.dataframe[0].value
    step = THRESHOLDS.index(0.7)
    assert table["Keywords found"].tolist() == [f"{37 - step} of 40", f"{35 - step} of 40"]
    assert table["False alarms an hour"][0] == f"{2 * (30 - step)} (20–90)"
    assert table["Hours"].tolist() == ["0.50", "0.50"]
    text = texts(app)
    for words in ("chosen on validation clips", "test clips of other voices", "running tap", "70 different clips"):
        assert words in text


def test_the_figures_follow_the_threshold(panel, measured):
    app = panel()
    slider(app).set_value(0.9).run()
    assert "threshold 0.90" in texts(app)
    assert app.dataframe[0].value["Keywords found"][0] == f"{37 - THRESHOLDS.index(0.9)} of 40"
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["name"] for trace in figure["data"] if trace["name"] == "chosen"] == ["chosen"]


def test_a_chosen_threshold_becomes_the_setting_kept_with_the_model(panel, measured):
    kept = ListeningConfig(word_thresholds=(("go", 0.9),))
    operating_point.save(measured, kept)
    app = panel()
    assert "thresholds of single words (go 0.90)" in texts(app)
    slider(app).set_value(0.85).run()
    app.button("false_alarms.keep").click().run()
    assert_calm(app)
    assert operating_point.load(measured) == ListeningConfig(threshold=0.85)
    assert "listens with threshold 0.85" in app.success[0].value
    assert "false_alarms.keep" not in [button.key for button in app.button]


def test_settings_that_changed_since_the_test_are_named(panel, measured):
    operating_point.save(measured, ListeningConfig(minimum_count=4))
    app = panel()
    assert "other settings were changed since this test" in texts(app)


def test_damaged_settings_and_a_damaged_report_are_said_and_the_page_lives(panel, measured):
    (measured / "listening.json").write_text("{")
    app = panel()
    assert not app.exception
    assert "The defaults are used" in app.warning[0].value
    report_path(measured).write_text("{")
    app.run()
    assert not app.exception
    assert "Test again" in app.warning[0].value
    assert not app.get("plotly_chart")


def test_a_test_older_than_its_model_is_called_so(panel, measured):
    train_further(measured)
    app = panel()
    assert "trained further since" in app.warning[0].value


def test_without_a_dataset_the_next_step_is_shown(panel, own_run, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "gone"))
    app = panel()
    assert_calm(app)
    assert "Prepare one first" in app.info[0].value
    assert "Go to Data" in [link.proto.label for link in app.get("page_link")]
    assert own_run.exists()


@pytest.mark.usefixtures("use_tiny_data")
def test_a_test_that_fails_says_why(panel, own_run):
    app = panel()
    (own_run / runs.BEST).write_bytes(b"garbage")
    app.button("false_alarms.start").click().run()
    wait_until(lambda: not jobs.find(f"stream test {GOOD}").running)
    app.run()
    assert not app.exception
    assert "weights" in app.error[0].value
    assert not report_path(own_run).exists()


def test_the_test_that_came_with_the_default_model_is_shown_at_once(open_page, monkeypatch, tmp_path):
    monkeypatch.delenv("KWS_RUNS")
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    app = open_page("false_alarms")
    assert_calm(app)
    assert not app.warning
    assert app.header[0].value.startswith("Validation and official test clips of Speech Commands v2 subset")
    assert "On test clips at threshold" in texts(app)
    assert len(app.get("plotly_chart")) == 1
