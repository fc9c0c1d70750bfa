"""Our reading beside AudioLoader's: where they agree, and each way in which they can differ."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from core.data import audioloader
from core.data.pack import open_data
from core.data.source import SPLITS
from core.data.speech_commands import TRAINING_NOISES
from core.data.verify import EXAMPLES, sentence, verify
from core.errors import DataError
from tests.audioloader import audioloader_subset


def by_kind(found):
    """Number of clips of each kind of difference."""
    return {difference.kind: difference.n for difference in found.differences}


def named(found):
    """What is said of each file that is named."""
    return {example.file: example.what for difference in found.differences for example in difference.first}


def first_file(pack, split):
    return str(pack.files[pack.indices(split)[0]])


@pytest.fixture
def pack(tree):
    """Our reading of ``tree``, before anything is done to it."""
    return open_data(tree)


def test_every_clip_of_a_whole_dataset_is_compared_and_agrees(whole_root, whole_pack):
    found = verify(whole_root, whole_pack)
    assert found.agrees, named(found)
    assert [count.split for count in found.splits] == list(SPLITS)
    for count in found.splits:
        assert count.ours == count.audioloader == count.compared == len(whole_pack.indices(count.split)) > 0
    text = sentence(found)
    assert f"agree in every sample. Clips compared: training {found.splits[0].compared:,}, validation" in text
    assert f"AudioLoader {audioloader.audioloader_version()}" in text


@pytest.mark.parametrize("below", ["SpeechCommands", "SpeechCommands/speech_commands_v0.02", "../root"])
def test_a_folder_given_otherwise_is_found_too(tree, pack, below):
    assert verify(tree / below, pack).agrees


@pytest.mark.parametrize("here", [".", "../..", "../../SpeechCommands"])
def test_a_relative_folder_is_found_too(words_folder, pack, monkeypatch, here):
    monkeypatch.chdir(words_folder)
    assert verify(Path(here), pack).agrees


def test_what_audioloader_lists_and_reads_one_by_one_is_its_own_dataset(tree):
    folder = tree / "SpeechCommands"
    for subset, inside in (("training", "v0.02"), ("validation", "v0.02"), ("testing", "test_set_v0.02")):
        whole = audioloader_subset(tree, subset)
        files = audioloader.audioloader_files(folder, subset)
        assert files == [str(path) for path in whole._walker]
        home = folder / f"speech_commands_{inside}"
        clips = [audioloader.audioloader_clips([file], home, "testing") for file in files]
        clips.append(audioloader.audioloader_clips([], home, subset))
        one_by_one = [clip for some in clips for clip in some]
        assert len(one_by_one) == len(whole)
        for clip, (waveform, (rate, label, _, _)) in zip(one_by_one, whole, strict=True):
            np.testing.assert_array_equal(clip.waveform, waveform.numpy())
            assert (clip.rate, clip.label) == (rate, label)


def test_listing_reads_no_sound(tree, words_folder):
    files = audioloader.audioloader_files(tree / "SpeechCommands", "training")
    for file in files:
        os.truncate(file, 0)
    assert audioloader.audioloader_files(tree / "SpeechCommands", "training") == files


def test_samples_that_a_pack_has_otherwise_are_measured(tree, pack):
    row = pack.indices("train")[2]
    clips = np.array(pack.clips)
    clips[row, 100] += 8192
    clips[row, 200] -= 1
    found = verify(tree, dataclasses.replace(pack, clips=clips))
    assert by_kind(found) == {"samples": 1}
    assert named(found) == {str(pack.files[row]): "2 of 16,000 differ, by up to 0.25 of full scale"}
    assert "differ in 1 place." in sentence(found)


def test_a_clip_replaced_since_it_was_packed_differs(tree, pack, words_folder, wav_bytes, tone):
    file = first_file(pack, "testing-list")
    (words_folder / file).write_bytes(wav_bytes(tone(3000)))
    assert list(named(verify(tree, pack))) == [file]
    assert verify(tree, open_data(tree)).agrees


def test_a_window_of_silence_that_differs_is_named(tree, pack):
    rows = [row for row in pack.indices("validation") if pack.words[row] == "_silence_"]
    clips = np.array(pack.clips)
    clips[rows[1], 0] += 1
    assert named(verify(tree, dataclasses.replace(pack, clips=clips))) == {
        str(pack.files[rows[1]]): "1 of 16,000 differ, by up to 3.1e-05 of full scale"
    }


def test_a_line_moved_to_the_other_list_is_another_split(tree, pack, words_folder):
    lists = {name: words_folder / f"{name}_list.txt" for name in ("validation", "testing")}
    line, *rest = lists["testing"].read_text().splitlines()
    lists["testing"].write_text("".join(f"{one}\n" for one in rest))
    lists["validation"].write_text(f"{lists['validation'].read_text()}{line}\n")
    found = verify(tree, pack)
    assert by_kind(found) == {"split": 1}
    assert named(found) == {line: "testing list; AudioLoader: validation"}
    # Our own reading of these lists does not train on a clip of the official test set either; AudioLoader's does.
    fresh = verify(tree, open_data(tree))
    assert by_kind(fresh) == {"only AudioLoader": 1}
    assert "validation" in named(fresh)[line]


def test_a_line_that_is_gone_makes_audioloader_train_on_the_clip(tree, pack, words_folder):
    line, *rest = (words_folder / "validation_list.txt").read_text().splitlines()
    (words_folder / "validation_list.txt").write_text("\n".join(rest))
    assert named(verify(tree, pack)) == {line: "validation; AudioLoader: training"}


def test_a_clip_that_is_gone_is_only_ours_or_stops_audioloader(tree, pack, words_folder):
    trained, listed = first_file(pack, "train"), first_file(pack, "validation")
    (words_folder / trained).unlink()
    (words_folder / listed).unlink()
    found = verify(tree, pack)
    assert by_kind(found) == {"unreadable": 1, "only ours": 1}
    assert named(found) == {trained: "training", listed: "validation: No such file or directory"}
    train, validation = found.splits[:2]
    assert train.compared == train.ours - 1
    assert validation.compared == validation.ours - 1


def test_a_clip_that_we_left_out_is_only_audioloaders_with_the_reason(tree, pack, words_folder):
    file = first_file(pack, "train")
    (words_folder / file).write_bytes((words_folder / file).read_bytes()[:-2000])
    found = verify(tree, open_data(tree))
    assert by_kind(found) == {"only AudioLoader": 1}
    assert named(found)[file].startswith("training; we left it out: it is cut off")


def test_a_clip_that_neither_can_read_stops_audioloader(tree, pack, words_folder):
    file = first_file(pack, "train")
    (words_folder / file).write_bytes(b"RIFF, but no sound")
    found = verify(tree, open_data(tree))
    assert by_kind(found) == {"unreadable": 1}
    assert named(found)[file].startswith("training: LibsndfileError: ")
    assert str(tree) not in named(found)[file]


def test_a_pipe_in_the_place_of_a_clip_is_refused_rather_than_waited_for(tree, pack, words_folder):
    file = first_file(pack, "train")
    (words_folder / file).unlink()
    os.mkfifo(words_folder / file)
    assert "a pipe" in named(verify(tree, pack))[file]


def test_another_rate_and_two_channels_are_told(tree, pack, words_folder, wav_bytes, tone):
    slow, stereo = (str(file) for file in pack.files[pack.indices("train")[:2]])
    (words_folder / slow).write_bytes(wav_bytes(tone(440, 8000, rate=8000), rate=8000))
    (words_folder / stereo).write_bytes(wav_bytes(np.repeat(tone(440), 2), channels=2))
    found = verify(tree, open_data(tree))
    assert by_kind(found) == {"form": 2}
    assert named(found) == {
        slow: "AudioLoader leaves it at 8,000 Hz with 1 channel",
        stereo: "AudioLoader leaves it at 16,000 Hz with 2 channels",
    }


def test_another_label_and_another_speaker_are_told(tree, pack):
    row = next(row for row in pack.indices("official") if "/_unknown_/bed_" in str(pack.files[row]))
    labels, speakers = pack.labels.copy(), pack.speakers.copy()
    labels[row], speakers[row] = 0, "somebody"
    found = verify(tree, dataclasses.replace(pack, labels=labels, speakers=speakers))
    assert by_kind(found) == {"label": 1, "speaker": 1}
    (label,), (speaker,) = (difference.first for difference in found.differences)
    assert label.what == "down; AudioLoader: _unknown_"
    assert speaker.what == f"bed_somebody; AudioLoader: bed_{pack.speakers[row]}"


def test_lists_spelled_otherwise_are_counted_and_the_first_few_named(tree, words_folder):
    lines = (words_folder / "validation_list.txt").read_text().split()
    assert len(lines) > EXAMPLES
    (words_folder / "validation_list.txt").write_text("".join(line.replace("/", "\\") + "\n" for line in lines))
    found = verify(tree, open_data(tree))
    assert by_kind(found) == {"unreadable": len(lines), "split": len(lines)}
    assert all(len(difference.first) == EXAMPLES for difference in found.differences)


def test_an_empty_line_and_a_name_given_twice_are_told(tree, pack, words_folder):
    path = words_folder / "validation_list.txt"
    twice = path.read_text().splitlines()[0]
    path.write_text(f"{path.read_text()}\n{twice}\n")
    found = verify(tree, pack)
    assert by_kind(found) == {"unreadable": 1, "only AudioLoader": 1}
    assert named(found)[twice] == "validation, once more"
    assert "ValueError" in named(found)["."]


def test_a_folder_of_no_word_stops_audioloader(tree, words_folder, wav_bytes, tone):
    (words_folder / "hello").mkdir()
    (words_folder / "hello" / "0a1b2c3d_nohash_0.wav").write_bytes(wav_bytes(tone(440)))
    found = verify(tree, open_data(tree))
    assert named(found) == {"hello/0a1b2c3d_nohash_0.wav": "training: KeyError: 'hello'"}


def test_a_name_in_capitals_is_only_ours(tree, pack, words_folder):
    file = first_file(pack, "train")
    (words_folder / file).rename((words_folder / file).with_suffix(".WAV"))
    found = verify(tree, open_data(tree))
    assert named(found) == {file.replace(".wav", ".WAV"): "training"}


def test_a_noise_that_is_missing_stops_audioloaders_silence(tree, words_folder):
    (words_folder / "_background_noise_" / TRAINING_NOISES[1]).unlink()
    found = verify(tree, open_data(tree))
    assert by_kind(found) == {"unreadable": 1}
    assert "silence of training: No such file" in named(found)["_background_noise_/"]


def test_a_dataset_without_the_test_set_agrees_and_says_that_none_of_it_was_compared(tree, test_set_folder):
    test_set_folder.rename(tree / "elsewhere")
    found = verify(tree, open_data(tree))
    assert found.agrees, named(found)
    assert "official test set 0," in sentence(found)


@pytest.mark.parametrize("name", ["validation_list.txt", "testing_list.txt"])
def test_a_missing_list_is_named_and_nothing_is_downloaded(tree, words_folder, name):
    (words_folder / name).unlink()
    files = sorted(tree.rglob("*"))
    with pytest.raises(DataError, match=rf"cannot read a dataset without .*{name}\. Put the file"):
        verify(tree, open_data(tree))
    assert sorted(tree.rglob("*")) == files


def test_a_list_in_another_coding_is_a_sentence(tree, words_folder):
    path = words_folder / "testing_list.txt"
    path.write_bytes(path.read_text().encode("utf-16"))
    with pytest.raises(DataError, match=r"cannot list the clips of .*Put the lists"):
        verify(tree, open_data(tree))


def test_word_folders_of_another_name_are_a_sentence(tree, pack, words_folder):
    other = words_folder.rename(words_folder.with_name("my_clips"))
    with pytest.raises(DataError, match=r"only from a folder called speech_commands_v0\.02"):
        verify(other, pack)


def test_progress_counts_every_file_and_can_cancel(tree, pack):
    told = []

    def note(done, total, what):
        told.append((done, total))

    found = verify(tree, pack, progress=note)
    assert [done for done, _ in told] == list(range(1, told[0][1] + 1))
    assert len({total for _, total in told}) == 1
    n_windows = sum("@" in str(file) for file in pack.files)
    assert len(told) + n_windows == sum(count.audioloader for count in found.splits)

    def cancel(done, total, what):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(tree, pack, progress=cancel)
