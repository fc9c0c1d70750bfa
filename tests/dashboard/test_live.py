"""The Live page: sounds in, words out, and clear words for what is no sound."""

import pytest
import soundfile

from core.config import LABELS, SAMPLE_RATE
from tests.dashboard.conftest import assert_calm, charts, texts, tone, wav

pytestmark = pytest.mark.usefixtures("own_run")


@pytest.fixture
def upload(open_page):
    """Uploads a file on the Live page."""

    def upload_it(name, content, kind="audio/wav"):
        app = open_page("live")
        app.segmented_control("live.source").set_value("upload").run()
        app.file_uploader("live.file").upload(name, content, kind).run()
        return app

    return upload_it


def heard(app):
    """The word that the page says it heard."""
    headings = [one.value for one in app.subheader if one.value.startswith("I hear: ")]
    assert len(headings) == 1, texts(app)
    return headings[0].removeprefix("I hear: ").split(" (")[0]


WORDS = {label.strip("_") for label in LABELS}


def test_an_uploaded_second_is_answered_with_its_word_and_three_figures(upload):
    app = upload("word.wav", wav(tone(440)))
    assert_calm(app)
    assert heard(app) in WORDS
    assert charts(app) == 3
    assert "one second long" in texts(app)


def test_a_recording_is_answered(open_page):
    app = open_page("live")
    app.segmented_control("live.source").set_value("record").run()
    app.audio_input("live.recording").set_value(("audio.wav", wav(tone(600, seconds=1.4)), "audio/wav")).run()
    assert_calm(app)
    assert heard(app) in WORDS


def test_a_longer_sound_is_also_shown_along_its_length(upload):
    app = upload("long.wav", wav(tone(440, seconds=4)))
    assert_calm(app)
    assert "Along the whole sound" in texts(app)
    assert charts(app) == 4
    assert "Of 4.0 s, the loudest second" in texts(app)


def test_a_short_sound_is_said_to_be_filled_up(upload):
    app = upload("short.wav", wav(tone(440, seconds=0.4)))
    assert_calm(app)
    assert "0.40 s long; silence was added" in texts(app)


def test_a_sound_of_another_rate_and_format_is_read(upload, tmp_path):
    path = tmp_path / "word.flac"
    soundfile.write(path, tone(440, rate=44_100), 44_100)
    app = upload("word.flac", path.read_bytes(), "audio/flac")
    assert_calm(app)
    assert heard(app) in WORDS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"this is a text, not a sound" * 50, "no sound file that can be read"),
        (wav(tone(440))[:30], "cannot be read|no sound|damaged"),
        (wav(tone(440)[:0]), "no sound"),
    ],
    ids=["empty", "text", "cut short", "header only"],
)
def test_a_file_that_is_no_sound_gets_an_explanation(upload, content, said):
    app = upload("strange.wav", content)
    assert not app.exception
    assert len(app.error) == 1
    assert any(words in app.error[0].value for words in said.split("|")), app.error[0].value
    assert charts(app) == 0


def test_after_a_bad_file_a_good_one_works(upload):
    app = upload("strange.wav", b"nothing")
    app.file_uploader("live.file").set_value(("word.wav", wav(tone(440)), "audio/wav")).run()
    assert_calm(app)
    assert heard(app) in WORDS


def test_digital_silence_is_answered_too(upload):
    app = upload("silence.wav", wav(0 * tone(440)))
    assert_calm(app)
    assert heard(app) in WORDS


def test_nothing_is_answered_before_there_is_a_sound(open_page):
    app = open_page("live")
    app.segmented_control("live.source").set_value("record").run()
    assert charts(app) == 0
    assert "Record yourself or upload a file" in texts(app)
    assert SAMPLE_RATE == 16_000
