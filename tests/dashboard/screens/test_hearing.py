"""The page Listen: any clip through both sets of filters, to see and to hear."""

import numpy as np
import pytest

from core.data import recordings
from tests.dashboard.conftest import assert_calm, charts, texts, tone, unfold, wav

FOLDS = [f"hearing.{name}" for name in ("both", "gain", "response", "all")]


@pytest.fixture
def page(open_page, own_run, use_tiny_data):
    app = open_page("hearing")
    assert_calm(app)
    assert charts(app) == 1, "the rest is folded away"
    unfold(app, *FOLDS)
    assert_calm(app)
    return app


def test_a_clip_is_seen_five_times_and_heard_six_times(page):
    assert charts(page) == 5
    assert len(page.get("audio")) == 6
    assert "official test set" in page.selectbox("hearing.split").options[0]
    assert page.selectbox("hearing.word").value == "yes"
    assert "lies outside the initial band" in texts(page)


def test_another_word_and_another_filter_are_other_sounds(page):
    before = [one.proto.url for one in page.get("audio")]
    page.slider("filter").set_value(25).run()
    after = [one.proto.url for one in page.get("audio")]
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert before[4:] == after[4:]
    page.selectbox("hearing.word").set_value("down").run()
    assert_calm(page)
    assert page.get("audio")[0].proto.url != before[0]


def test_an_upload_is_heard_where_its_sound_is_silence_is_silent_and_no_sound_is_explained(page):
    page.segmented_control("hearing.source").set_value("upload").run()
    assert "Upload a recording" in texts(page)
    quiet = 0.01 * tone(500, seconds=2.0)
    page.file_uploader("hearing.file").upload("hm.wav", wav(np.concatenate([quiet, tone(900)])), "audio/wav").run()
    unfold(page, *FOLDS)
    assert_calm(page)
    assert "from 2.00 s on" in texts(page)
    assert charts(page) == 5
    page.file_uploader("hearing.file").upload("silence.wav", wav(np.zeros(16_000, np.float32)), "audio/wav").run()
    assert_calm(page)
    assert texts(page).count("Silence: nothing comes through.") == 6
    page.file_uploader("hearing.file").upload("note.wav", b"no sound at all", "audio/wav").run()
    assert not page.exception
    assert "note.wav is no sound file" in page.error[0].value


def test_own_recordings_are_offered_once_there_are_some(page):
    page.segmented_control("hearing.source").set_value("own").run()
    assert "There are none yet" in texts(page)
    recordings.add(tone(700), model="m", word="yes", score=0.9, truth="yes")
    unfold(page, *FOLDS)
    assert_calm(page)
    assert charts(page) == 5


def test_without_a_dataset_a_demo_word_is_there(open_page, own_run, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    app = unfold(open_page("hearing"), *FOLDS)
    assert_calm(app)
    assert "synthetic voice" in texts(app)
    assert charts(app) == 5
