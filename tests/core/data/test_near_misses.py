"""Near-misses: which seconds are cut, how they are kept, and that a training learns them as no keyword."""

import numpy as np
import pytest
import soundfile

from core.config import LABELS, SAMPLE_RATE
from core.data import near_misses
from core.data.pack import open_data
from core.data.recordings import all_recordings, recordings_folder
from core.errors import DataError, WriteError
from core.sound.wav import as_recorded


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_RECORDINGS", str(tmp_path / "recordings"))
    return near_misses.near_misses_folder()


def numbered(seconds):
    """A sound whose every sample says where it stands."""
    return (np.arange(1, round(seconds * SAMPLE_RATE) + 1) % 30_000 / 32_768).astype(np.float32)


def names(folder):
    return sorted(path.name for path in (folder / "talk").iterdir())


def test_the_second_that_decided_and_its_neighbours_are_cut():
    sound = numbered(5)
    got = near_misses.cuts(sound, 2.25)
    expected = [sound[start : start + SAMPLE_RATE] for start in (20_000, 12_000, 28_000)]
    np.testing.assert_array_equal(got, [as_recorded(one) for one in expected])


@pytest.mark.parametrize(
    ("heard_s", "starts_s"),
    [(0.25, [-0.75, -0.25]), (1.0, [0, -0.5, 0.5]), (3.0, [2, 1.5, 2.5]), (3.25, [2.25, 1.75]), (3.75, [2.75, 2.25])],
)
def test_at_its_ends_a_recording_is_surrounded_by_silence_and_no_cut_is_mostly_that(heard_s, starts_s):
    sound = numbered(3)
    whole = np.pad(sound, SAMPLE_RATE)
    starts = [round((one + 1) * SAMPLE_RATE) for one in starts_s]
    expected = [as_recorded(whole[start : start + SAMPLE_RATE]) for start in starts]
    np.testing.assert_array_equal(near_misses.cuts(sound, heard_s), expected)


def test_a_second_of_digital_silence_is_nothing_to_learn():
    sound = np.concatenate([numbered(1), np.zeros(3 * SAMPLE_RATE, np.float32)])
    assert len(near_misses.cuts(sound, 1.5)) == 2
    assert near_misses.cuts(sound, 4.0) == []


def test_no_clip_is_kept_twice_and_each_comes_back_sample_by_sample(folder):
    clips = near_misses.cuts(numbered(5), 2.0)
    assert near_misses.add(clips, folder) == 3
    assert near_misses.add([*clips, clips[0]], folder) == 0
    assert near_misses.add(near_misses.cuts(numbered(5), 2.5), folder) == 1, "two of the three are there"
    assert near_misses.count(folder) == len(names(folder)) == 4
    assert near_misses.are_kept(clips, folder)
    kept = [soundfile.read(folder / "talk" / name, dtype="int16") for name in names(folder)]
    assert {rate for _, rate in kept} == {SAMPLE_RATE}
    assert {one.tobytes() for one in clips} < {sound.tobytes() for sound, _ in kept}


def test_they_lie_beside_the_recordings_of_ones_own_and_are_none_of_them(folder):
    near_misses.add(near_misses.cuts(numbered(3), 2.0), folder)
    assert folder.parent == recordings_folder()
    collection = all_recordings()
    assert (collection.recordings, collection.problems) == ((), ())


def test_what_is_cleared_or_taken_back_is_gone_and_nothing_else(folder):
    first, *others = near_misses.cuts(numbered(5), 2.0)
    near_misses.add([first, *others], folder)
    (folder / "talk" / "mine.wav").write_bytes(b"mine")
    near_misses.remove([first, first], folder)
    assert not near_misses.are_kept([first], folder)
    assert near_misses.are_kept(others, folder)
    near_misses.clear(folder)
    assert names(folder) == ["mine.wav"]
    near_misses.clear(folder)
    assert near_misses.count(folder) == 0


def test_where_nothing_was_kept_there_is_nothing_and_no_folder(folder):
    assert near_misses.count(folder) == 0
    near_misses.clear(folder)
    assert not folder.parent.exists()


def test_a_folder_that_cannot_be_is_told(folder):
    folder.mkdir(parents=True)
    (folder / "talk").write_text("a file")
    with pytest.raises(WriteError, match="cannot be written"):
        near_misses.add(near_misses.cuts(numbered(3), 2.0), folder)
    with pytest.raises(DataError, match="cannot be read"):
        near_misses.count(folder)


def test_a_training_learns_them_as_no_keyword(folder, runs_here, tone_root):
    clips = near_misses.cuts(numbered(5), 2.0)
    near_misses.add(clips, folder)
    pack, alone = open_data(tone_root, more=folder), open_data(tone_root)
    ours = slice(len(alone), None)
    assert {LABELS[label] for label in pack.labels[ours]} == {"_unknown_"}
    assert set(pack.splits[ours]) == {"train"}
    assert {clip.tobytes() for clip in pack.clips[ours]} == {clip.tobytes() for clip in clips}
