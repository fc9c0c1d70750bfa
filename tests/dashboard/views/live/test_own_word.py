"""A detection of a word of one's own becomes one more recording to learn it from, and can be taken back."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data import own_words, recordings
from core.sound.wav import as_recorded
from tests.dashboard.conftest import assert_calm, button, texts


def page():
    """One detection of a word of one's own, and a word that was missed."""
    import numpy as np

    from core.sound.wav import as_recorded
    from dashboard.shared import state
    from dashboard.views.live import own_recordings, own_word

    state.prepare()
    tone = np.sin(np.arange(16_000) / 5).astype(np.float32) / 4
    own_word.offer("heard.1", as_recorded(tone), "left")
    own_recordings.missed("mine", lambda: np.concatenate([tone / 100, tone / 2, tone / 100]))


@pytest.fixture
def app():
    own_words.keep("left", as_recorded(np.sin(np.arange(16_000) / 9) / 4))
    one = AppTest.from_function(page, default_timeout=150).run()
    assert_calm(one)
    return one


def n_recordings():
    return {word: len(files) for word, files in own_words.all_words().items()}


def test_one_click_makes_it_one_more_recording_and_another_takes_it_back(app):
    assert n_recordings() == {"left": 1}
    button(app, "Learn as “left”").click().run()
    assert n_recordings() == {"left": 2}
    assert "One more recording to learn from" in texts(app)
    button(app, "Undo").click().run()
    assert n_recordings() == {"left": 1}
    assert_calm(app)


def test_a_word_that_was_missed_is_learned_from_and_no_longer_tested_on(app):
    app.button("recordings.missed.0").click().run()
    app.menu_button("recordings.truth.missed.0").click("left").run()
    assert "Learn from it" in [one.label for one in app.button]
    button(app, "Learn from it").click().run()
    assert_calm(app)
    assert n_recordings() == {"left": 2}
    assert recordings.all_recordings().recordings == ()
    assert "One more recording to learn **left** from" in texts(app)


def test_a_word_that_is_no_own_one_is_tested_on_alone(app):
    app.button("recordings.missed.0").click().run()
    app.menu_button("recordings.truth.missed.0").click("up").run()
    assert "Learn from it" not in [one.label for one in app.button]
    assert len(recordings.all_recordings().recordings) == 1


def test_what_cannot_be_written_is_said(app, monkeypatch):
    from core.errors import WriteError

    def full(*_):
        raise WriteError(OSError(28, "No space left on device"), "words")

    monkeypatch.setattr(own_words.kept_clips, "add", full)
    button(app, "Learn as “left”").click().run()
    assert any("No space left on device" in one.value for one in app.error)
    assert n_recordings() == {"left": 1}
