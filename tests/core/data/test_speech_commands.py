import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.config import CLIP_SAMPLES, KEYWORDS, LABELS, SAMPLE_RATE
from core.data.pack import check_root, open_data
from core.data.speech_commands import (
    TRAINING_NOISES,
    VALIDATION_NOISES,
    find_tree,
    speech_commands,
)
from core.data.splits import split_by_hash
from core.errors import DataError
from tests.audioloader import audioloader_subset

SUBSETS = {"training": "train", "validation": "validation", "testing": "official"}


def rows_of(root, split):
    """Files of a split, as the plan for the pack has them."""
    return [
        cut.file for recording in speech_commands(root).recordings() for cut in recording.cuts if cut.split == split
    ]


def problem_files(root):
    return [problem.file for problem in speech_commands(root).problems]


# --- the same as AudioLoader


@pytest.mark.parametrize("subset", SUBSETS)
def test_every_item_and_count_equals_audioloaders(whole_root, whole_pack, subset):
    theirs = audioloader_subset(whole_root, subset)
    paths = [Path(path) for path in theirs._walker]
    order = range(len(theirs))
    if subset == "testing":
        # AudioLoader takes the test set as the disk lists it.
        order = sorted(order, key=lambda number: (paths[number].parent.name, paths[number].name))
    rows = whole_pack.indices(SUBSETS[subset])
    assert len(rows) == len(theirs)
    for row, number in zip(rows, order, strict=True):
        waveform, (rate, label, speaker, utterance) = theirs[number]
        assert rate == SAMPLE_RATE
        np.testing.assert_array_equal(whole_pack.clip(row), waveform[0].numpy())
        assert whole_pack.labels[row] == label
        file = whole_pack.files[row]
        if label == LABELS.index("_silence_"):
            assert whole_pack.speakers[row] == ""
            assert utterance == -1
            continue
        assert file.endswith("/".join(paths[number].parts[-2:]))
        # In the test set, AudioLoader leaves the word of an unknown clip on its speaker.
        word = f"{whole_pack.words[row]}_" if "/_unknown_/" in file else ""
        assert word + whole_pack.speakers[row] == speaker
        assert int(file.split("_nohash_")[1].split(".")[0]) == utterance
    summary = whole_pack.summary()
    their_labels = [label for _, (_, label, _, _) in theirs]
    counts = summary.label_counts[:, summary.splits.index(SUBSETS[subset])]
    assert counts.tolist() == [their_labels.count(number) for number in range(len(LABELS))]


@pytest.mark.parametrize(("split", "noises"), [("train", TRAINING_NOISES), ("validation", VALIDATION_NOISES)])
def test_silence_is_every_half_second_of_its_noises(whole_pack, split, noises):
    rows = [row for row in whole_pack.indices(split) if whole_pack.words[row] == "_silence_"]
    places = [whole_pack.files[row].split("@") for row in rows]
    assert list(dict.fromkeys(file for file, _ in places)) == [f"_background_noise_/{name}" for name in noises]
    for name in noises:
        starts = [float(start.rstrip("s")) for file, start in places if file.endswith(name)]
        assert starts == [number / 2 for number in range(len(starts))]
        assert len(starts) > 1


def test_training_silence_is_cut_from_the_noises_kept_whole(whole_pack):
    assert list(whole_pack.noise) == [name.removesuffix(".wav") for name in TRAINING_NOISES]
    rows = [row for row in whole_pack.indices("train") if whole_pack.words[row] == "_silence_"]
    for row in rows[:: max(1, len(rows) // 50)]:
        file, start = whole_pack.files[row].removeprefix("_background_noise_/").split(".wav@")
        first = int(float(start.rstrip("s")) * SAMPLE_RATE)
        np.testing.assert_array_equal(whole_pack.clips[row], whole_pack.noise[file][first : first + CLIP_SAMPLES])


# --- splits


def test_the_testing_list_is_read_in_its_order_and_without_silence(whole_root, whole_pack):
    listed = (find_tree(whole_root).words / "testing_list.txt").read_text().split()
    rows = whole_pack.indices("testing-list")
    assert whole_pack.files[rows].tolist() == listed
    assert "_silence_" not in whole_pack.words[rows]


def test_no_speaker_stands_in_two_splits(whole_pack):
    speakers = [
        {str(name) for name in whole_pack.speakers[whole_pack.indices(split)]} - {""}
        for split in ("train", "validation", "testing-list")
    ]
    assert sum(map(len, speakers)) == len(set().union(*speakers))
    official = {str(name) for name in whole_pack.speakers[whole_pack.indices("official")]} - {""}
    assert official <= speakers[2]


def test_the_speaker_hash_gives_the_lists(whole_root):
    tree = find_tree(whole_root)
    lists = {
        "validation": set((tree.words / "validation_list.txt").read_text().split()),
        "testing-list": set((tree.words / "testing_list.txt").read_text().split()),
    }
    clips = [path.relative_to(tree.words).as_posix() for path in tree.words.glob("*/*_nohash_*.wav")]
    by_hash = Counter(split_by_hash(file) for file in clips)
    assert min(by_hash[split] for split in ("train", "validation", "testing-list")) > 0
    for split, files in lists.items():
        assert {file for file in clips if split_by_hash(file) == split} == files


@pytest.mark.parametrize(
    "gone", [["validation_list.txt"], ["testing_list.txt"], ["validation_list.txt", "testing_list.txt"]]
)
def test_missing_lists_are_computed_from_the_speakers_and_reported(tree, words_folder, gone):
    before = {split: sorted(rows_of(tree, split)) for split in ("train", "validation", "testing-list")}
    for name in gone:
        (words_folder / name).unlink()
    assert {split: sorted(rows_of(tree, split)) for split in before} == before
    assert problem_files(tree) == gone


def test_an_unreadable_list_is_an_error_that_names_it(tree, words_folder):
    (words_folder / "testing_list.txt").write_bytes(b"\xff\xfe\x00binary\xff")
    with pytest.raises(DataError, match=r"testing_list\.txt"):
        speech_commands(tree)


def test_an_empty_list_is_reported(tree, words_folder):
    (words_folder / "validation_list.txt").write_text("\n")
    assert set(problem_files(tree)) == {"validation_list.txt"}
    assert all("running_tap" in file for file in rows_of(tree, "validation"))


def test_list_lines_without_a_clip_are_reported_and_twice_named_clips_taken_once(tree, words_folder):
    with (words_folder / "validation_list.txt").open("a") as stream:
        stream.write("yes/ffffffff_nohash_0.wav\n../../secret.wav\n")
        stream.write((words_folder / "validation_list.txt").read_text().split()[0] + "\r\n")
    assert problem_files(tree) == ["yes/ffffffff_nohash_0.wav", "../../secret.wav"]
    validation = rows_of(tree, "validation")
    assert len(validation) == len(set(validation))


def test_a_clip_in_both_lists_is_kept_for_testing_only(tree, words_folder):
    shared = (words_folder / "testing_list.txt").read_text().split()[0]
    with (words_folder / "validation_list.txt").open("a") as stream:
        stream.write(f"{shared}\n")
    assert problem_files(tree) == [shared]
    assert shared in rows_of(tree, "testing-list")
    assert shared not in rows_of(tree, "validation")
    assert shared not in rows_of(tree, "train")


# --- where the root is


@pytest.mark.parametrize("below", ["", "SpeechCommands", "SpeechCommands/speech_commands_v0.02"])
def test_a_root_given_too_deep_is_understood(tree, below):
    assert speech_commands(tree / below).key == speech_commands(tree).key


def test_a_root_given_as_the_test_set_is_understood(tree, test_set_folder):
    assert find_tree(test_set_folder) == find_tree(tree)


def test_word_folders_of_another_name_are_understood(words_folder):
    other = words_folder.rename(words_folder.with_name("my_clips"))
    assert find_tree(other).words == other


def test_a_root_given_too_high_is_told_the_right_one(tree):
    with pytest.raises(DataError, match=f"Give {tree} instead"):
        speech_commands(tree.parent)


def test_a_sibling_of_the_dataset_is_told_the_right_one(tree):
    (tree / "notes").mkdir()
    with pytest.raises(DataError, match=f"Give {tree} instead"):
        speech_commands(tree / "notes")


def test_version_one_is_named(tmp_path):
    (tmp_path / "SpeechCommands" / "speech_commands_v0.01").mkdir(parents=True)
    with pytest.raises(DataError, match="version 1"):
        speech_commands(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=str(tmp_path / "nowhere")):
        speech_commands(tmp_path / "nowhere")


def test_a_folder_without_one_clip_is_an_error(tmp_path):
    (tmp_path / "SpeechCommands" / "speech_commands_v0.02" / "yes").mkdir(parents=True)
    with pytest.raises(DataError, match="holds no clips"):
        speech_commands(tmp_path)


# --- what is wrong with folders and names (the tree has four words only, so 31 folders are reported missing)


@pytest.fixture(autouse=True)
def _only_four_words_exist(request, monkeypatch):
    if "tree" in request.fixturenames:
        monkeypatch.setattr("core.data.speech_commands.WORDS", ("bed", "no", "tree", "yes"))
        monkeypatch.setattr("core.data.speech_commands.LABELS", ("no", "yes", "_silence_", "_unknown_"))


def test_a_faultless_dataset_has_no_problems(tree):
    assert problem_files(tree) == []


def test_an_unknown_folder_is_reported_once_with_its_count(tree, words_folder):
    (words_folder / "hello").mkdir()
    for number in range(5):
        (words_folder / "hello" / f"0a1b2c3d_nohash_{number}.wav").touch()
    (problem,) = speech_commands(tree).problems
    assert (problem.file, problem.action) == ("hello/", "left out")
    assert "5 files" in problem.what


def test_files_that_are_no_clips_are_reported_by_name(tree, words_folder, wav_bytes, tone):
    for name in ("notes.txt", "yes.wav", "0a1b2c3d_nohash_x.wav", "_nohash_1.wav"):
        (words_folder / "yes" / name).write_bytes(wav_bytes(tone(300)))
    (words_folder / "yes" / "folder_nohash_1.wav").mkdir()
    (words_folder / "yes" / ".hidden").touch()
    assert problem_files(tree) == [
        "yes/0a1b2c3d_nohash_x.wav",
        "yes/_nohash_1.wav",
        "yes/folder_nohash_1.wav",
        "yes/notes.txt",
        "yes/yes.wav",
    ]


def test_a_missing_word_is_reported(tree, words_folder):
    (words_folder / "yes").rename(words_folder.parent / "elsewhere")
    assert "yes/" in problem_files(tree)


def test_without_the_test_set_its_split_is_empty_and_says_what_to_do(tree, test_set_folder):
    test_set_folder.rename(tree / "elsewhere")
    pack = open_data(tree)
    assert [problem.file for problem in pack.problems] == ["SpeechCommands/speech_commands_test_set_v0.02/"]
    assert len(pack.indices("testing-list")) > 0
    with pytest.raises(DataError, match=r"official test set.*test_set_v0\.02.*download"):
        pack.indices("official")


def test_folders_and_files_of_the_test_set_are_checked_too(tree, test_set_folder):
    (test_set_folder / "hello").mkdir()
    (test_set_folder / "yes" / "yes.wav").touch()
    (test_set_folder / "no").rename(tree / "elsewhere")
    assert [file.removeprefix("speech_commands_test_set_v0.02/") for file in problem_files(tree)] == [
        "hello/",
        "yes/yes.wav",
        "no/",
    ]


def test_unknown_test_clips_get_their_word_and_speaker_from_the_name(tree):
    official = [cut for r in speech_commands(tree).recordings() for cut in r.cuts if cut.split == "official"]
    assert Counter(cut.word for cut in official) == {"bed": 2, "tree": 2, "no": 2, "yes": 2, "_silence_": 3}
    assert {cut.speaker for cut in official if cut.word == "bed"} == {"0c540988", "a6f2fd71"}


def test_double_wav_endings_of_the_test_set_are_read(tree, test_set_folder):
    clip = next((test_set_folder / "yes").iterdir())
    clip.rename(clip.with_name(f"{clip.name}.wav"))
    assert problem_files(tree) == []
    assert any(file.endswith(".wav.wav") for file in rows_of(tree, "official"))


def test_a_missing_noise_folder_is_reported_and_training_goes_without_silence(tree, words_folder):
    (words_folder / "_background_noise_").rename(tree / "elsewhere")
    pack = open_data(tree)
    assert [problem.file for problem in pack.problems] == ["_background_noise_/"]
    assert pack.noise == {}
    assert "_silence_" not in pack.words[pack.indices("train")]


def test_missing_broken_and_foreign_noises_are_reported(tree, words_folder, wav_bytes, tone):
    noises = words_folder / "_background_noise_"
    (noises / "pink_noise.wav").unlink()
    (noises / "white_noise.wav").write_bytes(b"RIFF????WAVE")
    (noises / "rain.wav").write_bytes(wav_bytes(tone(100)))
    assert sorted(problem_files(tree)) == [f"_background_noise_/{n}.wav" for n in ("pink_noise", "rain", "white_noise")]
    assert list(open_data(tree).noise) == ["dude_miaowing", "exercise_bike", "doing_the_dishes"]


# --- name and key


def test_a_part_of_the_dataset_is_called_a_subset(tree):
    source = speech_commands(tree)
    assert source.name == "Speech Commands v2 subset"
    assert source.title == "Speech Commands v2 subset (24 clips)"


def test_the_key_changes_with_a_clips_time_size_and_list(tree, words_folder):
    keys = [speech_commands(tree).key]
    clip = words_folder / "yes" / "0a1b2c3d_nohash_1.wav"
    clip = next(path for path in (words_folder / "yes").iterdir() if path.name.startswith("0a1b2c3d"))
    os.utime(clip, ns=(0, clip.stat().st_mtime_ns + 1))
    keys.append(speech_commands(tree).key)
    time_ns = clip.stat().st_mtime_ns
    clip.write_bytes(clip.read_bytes()[:-2])
    os.utime(clip, ns=(0, time_ns))
    keys.append(speech_commands(tree).key)
    (words_folder / "testing_list.txt").write_text(
        "\n".join((words_folder / "testing_list.txt").read_text().split()[1:])
    )
    keys.append(speech_commands(tree).key)
    assert len(set(keys)) == 4
    assert speech_commands(tree).key == keys[-1]


def test_checking_a_root_counts_what_its_pack_holds(whole_root, whole_pack):
    checked, packed = check_root(whole_root), whole_pack.summary()
    assert checked.words == packed.words
    assert set(KEYWORDS) < set(checked.words)
    np.testing.assert_array_equal(checked.word_counts, packed.word_counts)
    np.testing.assert_array_equal(checked.label_counts, packed.label_counts)
    assert checked.speaker_counts == packed.speaker_counts
    assert checked.noise_s == packed.noise_s
    assert checked.n_clips == len(whole_pack)
