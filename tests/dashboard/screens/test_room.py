"""Your room: its noise recorded or uploaded, the chosen model fitted to it, and before and after on the same sound."""

import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.config import SAMPLE_RATE
from core.data import own_room
from core.errors import DataError
from core.jobs import room as job
from core.jobs import worker
from core.studies.room import EXAMPLES, STUDY, kept
from core.training import room as rooms
from core.training.presets import EMBEDDING
from dashboard.shared import jobs, state
from tests.conftest import PROJECT
from tests.dashboard.conftest import (
    APP,
    GOOD,
    assert_calm,
    button,
    charts,
    open_fold,
    texts,
    train_further,
    unfold,
    wait_until,
    wav,
)

SHIPPED = PROJECT / "checkpoints"


def hum(seconds=12, seed=0):
    return np.cumsum(np.random.default_rng(seed).standard_normal(seconds * SAMPLE_RATE)).astype(np.float32) / 1000


@pytest.fixture
def quick(monkeypatch):
    """A few steps, and few clips to measure: how well it hears is not what the page is about."""
    monkeypatch.setattr(rooms, "STEPS", 3)
    monkeypatch.setattr(job, "N_CLIPS", 40)


@pytest.fixture
def fitted(open_page, own_run, use_tiny_data, quick):
    """The page after the trained model was fitted to twelve seconds."""
    own_room.add(hum())
    app = open_page("room")
    button(app, "Fit to this room").click().run()
    wait_until(lambda: not jobs.is_running("room"))
    app.run()
    return app


def made():
    return next(one for one in runs.list_runs() if one.config and one.config.start.name == GOOD)


def test_it_begins_with_a_recording(open_page, own_run):
    app = open_page("room")
    assert_calm(app)
    assert "nothing recorded yet" in texts(app)
    assert button(app, "Fit to this room").disabled
    uploader = app.get("file_uploader")[0]
    uploader.set_value([("fan.wav", wav(hum(9)), "audio/wav"), ("notes.txt", b"nothing", "text/plain")])
    app.run()
    assert_calm(app)
    assert "9 s more." in texts(app)
    assert "notes.txt" in texts(app)
    assert button(app, "Fit to this room").disabled, "ten seconds are the least"
    app.get("file_uploader")[0].set_value([("more.wav", wav(hum(3, seed=1)), "audio/wav")])
    app.run()
    assert not button(app, "Fit to this room").disabled
    button(app, "Forget this room").click().run()
    assert_calm(app)
    assert own_room.seconds() == []


def test_a_model_is_fitted_and_what_it_changed_is_said(fitted):
    assert_calm(fitted)
    run = made()
    assert (run.state, run.folder.name) == ("done", made().name)
    report = kept(run.folder)
    assert report.verdict in texts(fitted)
    assert charts(fitted) == 1
    assert runs.read_background(run.folder) == (own_room.own_room_folder(),)
    open_fold(fitted, "room.changed")
    assert_calm(fitted)
    assert len(fitted.get("audio")) == texts(fitted).count("after “")
    open_fold(fitted, "room.say")
    assert_calm(fitted)
    fitted.get("audio_input")[-1].set_value(("word.wav", wav(hum(2)), "audio/wav"))
    fitted.run()
    assert_calm(fitted)
    assert "**Before:**" in texts(fitted)
    assert "**After:**" in texts(fitted)


def test_both_are_tried_on_the_same_sound(fitted):
    button(fitted, "Try both").click().run()
    assert fitted.session_state[state.MODEL] == made().name
    assert fitted.session_state["live.compare"] == GOOD


def test_the_result_is_there_after_a_new_visit_and_for_the_model_it_began_with_alone(fitted, own_run):
    report = kept(made().folder)
    other = AppTest.from_file(str(APP), default_timeout=150)
    other.switch_page("screens/room.py").run()
    assert_calm(other)
    assert report.verdict in texts(other), "a new session"
    train_further(own_run)
    fitted.run()
    assert_calm(fitted)
    assert report.verdict not in texts(fitted), "it is another model now"


def test_a_fit_that_fails_leaves_its_name_free(open_page, own_run, use_tiny_data, monkeypatch):
    own_room.add(hum())
    app = open_page("room")
    app.text_input(key="room.run").set_value("mine")

    def fail(*_arguments, **_options):
        raise DataError("The disk is gone.")

    monkeypatch.setattr("core.jobs.worker.adapt", fail)
    for _ in range(2):
        button(app, "Fit to this room").click().run()
        wait_until(lambda: not jobs.is_running("room"))
        app.run()
        assert not app.exception
        assert "The disk is gone." in app.error[0].value
    assert [one.name for one in runs.list_runs() if not one.shipped] == [GOOD]


def test_a_damaged_record_is_named(fitted):
    folder = made().folder
    (folder / EXAMPLES).write_bytes(b"PK\x03\x04")
    unfold(fitted, "room.changed")
    assert not fitted.exception
    assert EXAMPLES in fitted.error[0].value
    (folder / STUDY.file()).write_text('{"format": "earshot-room", "version": 1, "record": {"run": 3}}')
    fitted.run()
    assert not fitted.exception
    assert "Fit it to the room again" in fitted.error[0].value


@pytest.mark.usefixtures("quick", "use_tiny_data")
def test_one_that_is_called_off_leaves_no_run(open_page, own_run, monkeypatch):
    own_room.add(hum())
    app = open_page("room")
    work = worker.work

    def called_off(run, on_progress):
        jobs.cancel("room")
        return work(run, on_progress=on_progress)

    monkeypatch.setattr(worker, "work", called_off)
    button(app, "Fit to this room").click().run()
    wait_until(lambda: not jobs.is_running("room"))
    app.run()
    assert not app.exception
    assert "was cancelled" in texts(app)
    assert [one.name for one in runs.list_runs() if not one.shipped] == [GOOD]


def test_a_model_that_cannot_be_fitted_says_why(open_page, tmp_path):
    shutil.copytree(SHIPPED / EMBEDDING, tmp_path / "runs" / EMBEDDING)
    own_room.add(hum())
    app = open_page("room")
    assert_calm(app)
    assert "neither PCEN nor bands" in texts(app)
    assert not [one for one in app.button if one.label == "Fit to this room"]
