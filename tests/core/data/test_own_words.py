"""Words of your own in their folder: cut, kept once, heard, deleted, taken away."""

import io
import zipfile

import numpy as np
import pytest

from core.config import SAMPLE_RATE
from core.data import own_words
from core.data.pack import open_to_enrol
from core.data.source import OTHER_WORD
from core.errors import AudioError, ConfigError, DataError
from core.sound.wav import as_recorded


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_RECORDINGS", str(tmp_path / "recordings"))
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    return tmp_path / "recordings" / "words"


def take(*pitches_hz, pause_s=0.7):
    """Tones of 0.4 s, each after a pause, in a quiet room."""
    time_s = np.arange(round(0.4 * SAMPLE_RATE)) / SAMPLE_RATE
    pause = np.zeros(round(pause_s * SAMPLE_RATE))
    tones = [np.concatenate([pause, 0.3 * np.sin(2 * np.pi * hz * time_s)]) for hz in pitches_hz]
    sound = np.concatenate([*tones, pause])
    return (sound + np.random.default_rng(0).normal(0, 1e-4, len(sound))).astype(np.float32)


def test_a_take_is_cut_into_its_utterances_and_each_is_kept_once(home):
    assert own_words.add_take("Hey  Tone".replace("  ", " "), take(400, 600, 800)) == 3
    assert own_words.add_take("hey tone", take(400, 600, 800)) == 0, "the same take again"
    found = own_words.all_words()
    assert list(found) == ["hey tone"]
    assert len(found["hey tone"]) == 3
    assert found["hey tone"][0].parent == home / "hey tone"


def test_what_is_none_of_the_words_is_kept_second_by_second():
    assert own_words.add_background(take(300, 500, 700)) == 4
    assert list(own_words.all_words()) == [OTHER_WORD]
    with pytest.raises(AudioError, match="a second is the least"):
        own_words.add_background(np.zeros(8000, np.float32))


def test_silence_is_no_word():
    with pytest.raises(AudioError, match="Nothing is to be heard"):
        own_words.add_take("word", np.zeros(3 * SAMPLE_RATE, np.float32))
    assert own_words.all_words() == {}


def test_a_second_that_was_heard_is_kept_once_and_taken_back(home):
    clip = as_recorded(np.sin(np.arange(SAMPLE_RATE) / 5) / 4)
    own_words.keep("one", clip)
    own_words.keep("One ", clip)
    assert [path.parent.name for path in own_words.kept_as(clip)] == ["one"]
    assert [len(files) for files in own_words.all_words().values()] == [1]
    own_words.take_back(clip)
    own_words.take_back(clip)
    assert own_words.kept_as(clip) == ()
    assert not (home / "one").exists()


@pytest.mark.parametrize("name", ["", "../up", "_other_", "a/b", "x" * 61, "-dash", "nul\0"])
def test_a_name_that_no_folder_can_have_is_refused(home, name):
    with pytest.raises(ConfigError, match="cannot be a word"):
        own_words.add_take(name, take(400))
    assert not home.exists()


def test_a_recording_is_deleted_and_the_last_one_takes_the_word_with_it(home):
    own_words.add_take("one", take(400, 600))
    first, second = own_words.all_words()["one"]
    own_words.remove(first)
    assert own_words.all_words()["one"] == [second]
    own_words.remove(second, second)
    assert own_words.all_words() == {}
    assert not (home / "one").exists()


def test_nothing_else_is_deleted_or_taken_for_a_recording(home, tmp_path):
    own_words.add_take("one", take(400))
    stranger = home / "one" / "notes.wav"
    stranger.write_bytes(b"mine")
    assert len(own_words.all_words()["one"]) == 1
    for path in (stranger, tmp_path / f"{'a' * 32}.wav", home / f"{'a' * 32}.wav"):
        with pytest.raises(DataError, match="nothing was deleted"):
            own_words.remove(path)
    assert stranger.read_bytes() == b"mine"


def test_they_are_taken_away_in_the_layout_that_is_enrolled(tmp_path):
    own_words.add_take("one", take(400, 600))
    own_words.add_background(take(300))
    with zipfile.ZipFile(io.BytesIO(own_words.export())) as archive:
        archive.extractall(tmp_path / "away")
    pack = open_to_enrol(tmp_path / "away" / "words")
    assert sorted(set(pack.words)) == [OTHER_WORD, "one"]
    assert pack.vocabulary.labels == ("one", "_unknown_")
    assert (pack.splits == "train").all()
    kept = open_to_enrol(own_words.own_words_folder())
    assert (kept.clips == pack.clips).all()
