"""Own words: named, recorded or uploaded, heard, deleted, learned; and what is known of the result."""

import numpy as np
import pytest

from core import runs
from core.config import SAMPLE_RATE
from core.data import near_misses, own_words
from core.data.pack import open_data
from core.data.source import OTHER_WORD
from core.jobs import worker
from core.training.checkpoint import load_checkpoint
from dashboard.shared import jobs
from tests.dashboard.conftest import assert_calm, button, texts, wait_until, wav

WORDS = ("marvin", "sheila")


@pytest.fixture(scope="module")
def spoken():
    """Takes of five utterances each, by synthetic voices."""
    pack = open_data(None)

    def take(word, n=5):
        rows = np.flatnonzero((pack.words == word) & (pack.splits == "train"))[::7][:n]
        return np.concatenate([np.pad(pack.clip(row), (3000, 6000)) for row in rows])

    return take


@pytest.fixture
def recorded(spoken):
    """Both words, five recordings each."""
    for word in WORDS:
        own_words.add_take(word, spoken(word))
    return own_words.all_words()


def test_it_begins_with_a_name(open_page):
    app = open_page("own_words")
    assert_calm(app)
    assert "Name the first word" in texts(app)
    assert button(app, "Learn").disabled
    app.text_input(key="own_words.name").set_value(" Hey  Computer").run()
    assert_calm(app)
    assert "**hey  computer** · 0 recordings" in texts(app).replace("hey computer", "hey  computer")


def test_a_name_that_can_be_no_word_is_explained(open_page):
    app = open_page("own_words")
    app.text_input(key="own_words.name").set_value("../up").run()
    assert not app.exception
    assert "cannot be a word" in app.error[0].value
    app.text_input(key="own_words.name").set_value("computer").run()
    assert_calm(app)


def test_files_are_cut_and_what_cannot_be_read_is_named(open_page, spoken):
    app = open_page("own_words")
    app.text_input(key="own_words.name").set_value("marvin").run()
    uploader = next(one for one in app.get("file_uploader") if "marvin" in one.key)
    uploader.set_value([("take.wav", wav(spoken("marvin", 3)), "audio/wav"), ("notes.txt", b"nothing", "text/plain")])
    app.run()
    assert_calm(app)
    assert len(own_words.all_words()["marvin"]) == 3
    assert "3 new." in texts(app)
    assert "notes.txt" in texts(app)


def test_a_recording_is_heard_and_deleted(open_page, recorded):
    app = open_page("own_words")
    assert_calm(app)
    assert "**marvin** · 5 recordings" in texts(app)
    first = recorded["marvin"][0]
    pills = next(one for one in app.get("button_group") if one.key == "own_words.hear.marvin")
    pills.set_value(first.name).run()
    assert_calm(app)
    button(app, "Delete").click().run()
    assert_calm(app)
    assert first not in own_words.all_words()["marvin"]
    assert "Fewer than 5 recordings: marvin" in texts(app)


def test_words_are_learned_and_what_is_known_is_said(open_page, recorded, spoken):
    own_words.add_background(spoken("house", 3))
    near_misses.add([np.full(SAMPLE_RATE, 900, np.int16)], near_misses.near_misses_folder())
    app = open_page("own_words")
    assert "1 near-miss that you kept" in texts(app)
    assert "**None of the words**" in texts(app)
    button(app, "Learn").click().run()
    wait_until(lambda: not jobs.is_running("own_words"))
    app.run()
    assert_calm(app)
    run = next(one for one in runs.list_runs() if not one.shipped)
    assert (run.state, run.config.vocabulary.words) == ("done", WORDS)
    assert "listens for marvin, sheila" in texts(app)
    assert "Of 10 recordings, each unheard by the model that answered it" in texts(app)
    assert load_checkpoint(run.folder).labels == (*WORDS, "_unknown_")
    assert OTHER_WORD in own_words.all_words()
    assert runs.read_background(run.folder) == (near_misses.near_misses_folder(),)
    assert [one.label for one in app.button if one.label in ("Try it", "Count false alarms")]


def test_learning_that_is_called_off_leaves_no_run(open_page, recorded, monkeypatch):
    app = open_page("own_words")
    work = worker.work

    def called_off(run, on_progress):
        jobs.cancel("own_words")
        return work(run, on_progress=on_progress)

    monkeypatch.setattr(worker, "work", called_off)
    button(app, "Learn").click().run()
    wait_until(lambda: not jobs.is_running("own_words"))
    app.run()
    assert not app.exception
    assert [one for one in runs.list_runs() if not one.shipped] == []
    assert "was cancelled" in texts(app)
