"""More training clips: what joins the dataset, what is left out, and that no test clip gets in."""

import numpy as np
import pytest
import soundfile

from core.config import LABELS, SAMPLE_RATE
from core.data.pack import open_data
from core.errors import DataError
from tests.core.conftest import tone


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "more"


@pytest.fixture
def put(folder):
    """Writes a tone of so many seconds; its format is that of its name."""

    def write(file, seconds=1.0, pitch_hz=440):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / file, tone(pitch_hz, round(seconds * SAMPLE_RATE)), SAMPLE_RATE)

    return write


@pytest.fixture
def joined(runs_here, tone_root, folder):
    return lambda: open_data(tone_root, more=folder)


def ours(pack):
    rows = [row for row, file in enumerate(pack.files) if file.startswith("more/")]
    assert set(pack.splits[rows]) <= {"train"}
    return [(str(pack.files[row]), LABELS[pack.labels[row]]) for row in rows]


def test_keywords_are_themselves_and_every_other_word_is_unknown(put, joined, tone_root):
    put("yes/a.wav")
    put("Yes/b.flac")
    put("goat/a.ogg", 0.6)
    put("marvin/deep/a.wav")
    pack, alone = joined(), open_data(tone_root)
    assert ours(pack) == [
        ("more/Yes/b.flac", "yes"),
        ("more/goat/a.ogg", "_unknown_"),
        ("more/marvin/deep/a.wav", "_unknown_"),
        ("more/yes/a.wav", "yes"),
    ]
    assert pack.title == f"{alone.title} and 4 more clips"
    rest = slice(None, len(alone))
    assert np.array_equal(pack.files[rest], alone.files)
    assert np.array_equal(pack.clips[rest], alone.clips)
    assert pack.content != alone.content


def test_every_second_of_talk_is_an_unknown_clip(put, joined, folder):
    put("talk/long.wav", 3.2)
    pack = joined()
    assert ours(pack) == [(f"more/talk/long.wav@{start}s", "_unknown_") for start in ("0", "0.5", "1", "1.5", "2")]
    samples, _ = soundfile.read(folder / "talk/long.wav", dtype="int16")
    assert np.array_equal(pack.clips[-2], samples[24_000:40_000])


@pytest.mark.parametrize(
    ("file", "seconds", "why"),
    [
        ("yes/long.wav", 2, "2.0 s long"),
        ("loose.wav", 1, "no folder"),
        ("_background_noise_/a.wav", 2, "--noise"),
        ("dog/0c540988_nohash_0.wav", 1, "a clip of Speech Commands for testing list"),
        ("dog/026290a7_nohash_0.wav", 1, "a clip of Speech Commands for validation"),
    ],
)
def test_what_cannot_be_learned_is_left_out_and_said(put, joined, file, seconds, why):
    put("cat/a.wav")
    put(file, seconds)
    pack = joined()
    assert ours(pack) == [("more/cat/a.wav", "_unknown_")]
    (problem,) = [one for one in pack.problems if one.file == file]
    assert why in problem.what


@pytest.mark.parametrize("split", ["validation", "testing-list"])
def test_a_clip_that_the_model_is_tested_with_is_refused_under_any_name(
    put, joined, folder, tone_pack, split, tone_root
):
    held_out = open_data(tone_root)
    row = held_out.indices(split)[3]
    (folder / "cat").mkdir(parents=True)
    soundfile.write(folder / "cat" / "renamed.flac", held_out.clips[row], SAMPLE_RATE, subtype="PCM_16")
    with pytest.raises(DataError, match=r"more/cat/renamed\.flac is the same sound as .*could not be tested"):
        joined()


def test_digital_silence_is_nobodys_test_clip(joined, folder, tone_root):
    (folder / "_silence_").mkdir(parents=True)
    soundfile.write(folder / "_silence_" / "nothing.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    assert ours(joined()) == [("more/_silence_/nothing.wav", "_silence_")]


@pytest.mark.parametrize("content", [None, b"RIFF and no more"])
def test_a_folder_without_a_recording_is_refused(joined, folder, content):
    (folder / "cat").mkdir(parents=True)
    if content:
        (folder / "cat" / "a.wav").write_bytes(content)
    with pytest.raises(DataError, match="no recording to learn from"):
        joined()


def test_the_pack_is_made_anew_when_the_folder_changes(put, joined):
    put("cat/a.wav")
    first = joined()
    assert joined().key == first.key
    put("cat/b.wav", pitch_hz=600)
    assert len(joined()) == len(first) + 1
