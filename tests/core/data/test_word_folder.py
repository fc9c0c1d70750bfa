"""Any folder of words: what is cut, what is held out, and every problem by its file."""

import numpy as np
import pytest
import soundfile

from core.config import SAMPLE_RATE, SILENCE_LABEL, Vocabulary
from core.data import words
from core.data.pack import check_root, open_data, source_of
from core.data.source import OTHER_WORD
from core.data.word_folder import is_word_folder
from core.errors import DataError


def burst(rng, seconds=0.4, level=0.2):
    """Something like a word: a hum with a swell, (n,)."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * hz * time_s + rng.uniform(0, 6)) for hz in rng.uniform(250, 2500, 6))
    return level * tone / 3 * np.sin(np.pi * time_s / seconds)


def clip(rng, *gaps_s):
    """Bursts with near silence around them; ``gaps_s`` stand before each, and the last one at the end."""
    parts = []
    for gap_s in gaps_s[:-1]:
        parts += [np.zeros(round(gap_s * SAMPLE_RATE)), burst(rng)]
    sound = np.concatenate([*parts, np.zeros(round(gaps_s[-1] * SAMPLE_RATE))])
    return sound + 1e-4 * rng.standard_normal(len(sound))


def save(path, sound, rate=SAMPLE_RATE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, **options)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path, rng):
    """Two words of ten recordings each, by nobody in particular."""
    for word in ("Alexa", "hey computer"):
        for number in range(10):
            save(tmp_path / word / f"{word[0]}{chr(97 + number)}x.wav", clip(rng, 0.3, 0.3))
    return tmp_path


def files_of(pack, split):
    return sorted(pack.files[pack.splits == split].tolist())


def test_a_folder_of_words_is_told_from_others(folder, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    assert is_word_folder(folder)
    assert not is_word_folder(empty)
    (empty / "letters").mkdir()
    (empty / "letters" / "a.txt").write_text("no sound")
    assert not is_word_folder(empty)
    with pytest.raises(DataError, match="does not hold SpeechCommands"):
        source_of(empty)


def test_its_words_are_what_is_told_apart_and_a_tenth_of_each_is_held_out(folder):
    pack = open_data(folder)
    assert pack.vocabulary == Vocabulary(words=("alexa", "hey computer"), silence=False, unknown=False)
    assert "split by the names of its files" in pack.title
    for split, n in (("train", 16), ("validation", 2), ("testing-list", 2)):
        assert len(pack.indices(split)) == n
        assert set(pack.words[pack.splits == split]) == {"alexa", "hey computer"}
    assert words.usual(folder) == pack.vocabulary


def test_who_speaks_decides_where_names_tell_it(tmp_path, rng):
    for word in ("on", "over"):
        for speaker in ("ann", "ben", "cleo", "dan", "eve", "fay"):
            for number in range(2):
                save(tmp_path / word / f"{speaker}_{number}.wav", clip(rng, 0.3, 0.3))
    pack = open_data(tmp_path)
    assert "split by speaker" in pack.title
    by_split = {split: set(pack.speakers[pack.splits == split]) for split in ("train", "validation", "testing-list")}
    assert all(by_split.values())
    assert sum(map(len, by_split.values())) == len(set().union(*by_split.values())) == 6


def test_recordings_may_stand_in_folders_of_their_own_and_numbers_are_nobodys_names(folder, rng):
    save(folder / "Alexa" / "ann" / "1.wav", clip(rng, 0.3, 0.3))
    save(folder / "_noise_" / "kitchen" / "fan.wav", 0.01 * rng.standard_normal(3 * SAMPLE_RATE))
    pack = open_data(folder)
    assert "Alexa/ann/1.wav" in pack.files
    assert list(pack.noise) == ["fan"]
    assert "split by the names of its files" in pack.title


def test_lists_decide_where_there_are_any(folder):
    (folder / "testing_list.txt").write_text("Alexa/Aax.wav\nhey computer/hbx.wav\n")
    (folder / "validation_list.txt").write_text("alexa\\abx.wav\nhey computer/hcx.flac\nAlexa/nobody.wav\n")
    pack = open_data(folder)
    assert files_of(pack, "testing-list") == ["Alexa/Aax.wav", "hey computer/hbx.wav"]
    assert files_of(pack, "validation") == ["Alexa/Abx.wav", "hey computer/hcx.wav"]
    assert len(pack.indices("train")) == 16
    (problem,) = pack.problems
    assert problem.file == "Alexa/nobody.wav"
    assert "there is no such recording" in problem.what


def test_a_list_that_names_nothing_of_the_folder_is_refused(folder):
    (folder / "testing_list.txt").write_text("one.wav\ntwo.wav\n")
    with pytest.raises(DataError, match=r"not one of them is in .*each line must be <word>"):
        source_of(folder)


def test_a_long_recording_is_cut_at_each_utterance(folder, rng):
    long = clip(rng, 0.5, 1.0, 1.2, 0.9, 0.5)
    save(folder / "Alexa" / "take.wav", long)
    pack = open_data(folder)
    mine = [row for row, file in enumerate(pack.files.tolist()) if "take" in file]
    assert len(mine) == 4
    begins = [0.5, 1.9, 3.5, 4.8]
    for row, begin_s in zip(mine, begins, strict=True):
        loud = np.flatnonzero(np.abs(pack.clip(row)) > 0.02) / SAMPLE_RATE
        start_s = float(pack.files[row].partition("@")[2].removesuffix("s") or 0)
        assert start_s + loud[0] == pytest.approx(begin_s, abs=0.06)
        assert loud[-1] - loud[0] == pytest.approx(0.4, abs=0.08)


def test_noise_becomes_silence_and_other_speech_is_unknown(folder, rng):
    for number in range(4):
        save(folder / "_noise_" / f"fan{number}.flac", 0.01 * rng.standard_normal(3 * SAMPLE_RATE))
    save(folder / "_other_" / "talk.ogg", clip(rng, 0.1, 0.2, 0.1, 0.3, 0.2))
    pack = open_data(folder)
    assert pack.vocabulary == Vocabulary(words=("alexa", "hey computer"))
    assert len(pack.noise) == 2
    assert {"fan0", "fan1", "fan2", "fan3"} > set(pack.noise)
    for split in ("train", "validation", "testing-list"):
        assert ((pack.words == SILENCE_LABEL) & (pack.splits == split)).any()
    other = pack.words == OTHER_WORD
    assert other.sum() == 4
    assert (pack.labels[other] == pack.vocabulary.label_of("_unknown_")).all()
    chosen = words.chosen(["alexa", "hey computer"], words.trained_words(folder))
    assert chosen == pack.vocabulary


def test_every_problem_is_named_and_the_rest_is_used(folder, rng):
    save(folder / "Alexa" / "stereo.wav", np.stack([clip(rng, 0.3, 0.3)] * 2, axis=1), 48_000)
    (folder / "Alexa" / "broken.wav").write_bytes(b"RIFF0000WAVEfmt nothing")
    (folder / "Alexa" / "notes.txt").write_text("hello")
    (folder / "_odd_").mkdir()
    pack = open_data(folder)
    told = {problem.file: problem.what for problem in pack.problems}
    assert "2 channels" in told["Alexa/stereo.wav"]
    assert "48000 Hz" in told["Alexa/stereo.wav"]
    assert "Alexa/broken.wav" in told
    assert "no sound file" in told["Alexa/notes.txt"]
    assert "no word" in told["_odd_/"]
    assert any("stereo" in file for file in pack.files)
    assert not any("broken" in file for file in pack.files)
    assert check_root(folder).vocabulary == pack.vocabulary


def test_a_folder_of_one_word_says_what_is_missing(tmp_path, rng):
    save(tmp_path / "alexa" / "a.wav", clip(rng, 0.3, 0.3))
    save(tmp_path / "_other_" / "b.wav", clip(rng, 0.3, 0.3))
    with pytest.raises(DataError, match=r"at least 2 words; it has alexa alone"):
        source_of(tmp_path)


def test_the_layout_of_the_multilingual_spoken_words_corpus_opens_as_it_is(tmp_path, rng):
    lines = ["SET,LINK,WORD,VALID,SPEAKER,GENDER"]
    for word in ("haus", "übung"):
        for number, split in enumerate(("TRAIN", "TRAIN", "DEV", "TEST")):
            name = f"common_voice_de_{number}"
            save(tmp_path / "clips" / word / f"{name}.opus", clip(rng, 0.3, 0.3), 48_000, format="OGG", subtype="OPUS")
            lines.append(f"{split},{word}/{name}.opus,{word},True,s{number},FEMALE")
    (tmp_path / "de_splits.csv").write_text("\n".join(lines), encoding="utf-8")
    save(tmp_path / "clips" / "haus" / "stray.opus", clip(rng, 0.3, 0.3), 48_000, format="OGG", subtype="OPUS")
    pack = open_data(tmp_path)
    assert "split by its table" in pack.title
    assert pack.vocabulary.words == ("haus", "übung")
    assert [len(pack.indices(split)) for split in ("train", "validation", "testing-list")] == [4, 2, 2]
    assert any(problem.what == "it stands in no table of splits" for problem in pack.problems)
    (tmp_path / "de_splits.csv").write_text("WORD\nhaus\n", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be understood"):
        source_of(tmp_path)


def test_of_more_words_than_a_model_tells_apart_the_most_frequent_are_taken(tmp_path):
    for number in range(52):
        for copy in range(3 if number < 10 else 1):
            path = tmp_path / f"word{number:02}" / f"{'abc'[copy]}{number:02}q.wav"
            save(path, np.full(800, 0.01))
    source = source_of(tmp_path)
    assert source.vocabulary.words == tuple(f"word{number:02}" for number in range(10))
    assert source.vocabulary.unknown
    assert any(problem.file == "52 words" for problem in source.problems)


def test_a_file_that_was_added_or_changed_makes_another_dataset(folder, rng):
    before = source_of(folder).key
    save(folder / "Alexa" / "more.wav", clip(rng, 0.3, 0.3))
    assert source_of(folder).key != before


def test_speech_commands_with_a_list_that_is_refused_is_no_folder_of_words(tmp_path, rng):
    for word in ("yes", "no"):
        for speaker in ("0a1b2c3d", "4e5f6a7b"):
            save(tmp_path / word / f"{speaker}_nohash_0.wav", clip(rng, 0.3, 0.3))
    # The second line may be either word's clip, which would then be trained on.
    (tmp_path / "testing_list.txt").write_text("no/4e5f6a7b_nohash_0.wav\n0a1b2c3d_nohash_0.wav\n")
    with pytest.raises(DataError, match="which may be"):
        open_data(tmp_path)
    assert is_word_folder(tmp_path)


def test_a_folder_of_datasets_is_no_folder_of_words(tmp_path, rng):
    for place in ("old", "new"):
        save(tmp_path / place / "SpeechCommands" / "speech_commands_v0.02" / "yes" / "a.wav", clip(rng, 0.3, 0.3))
    assert not is_word_folder(tmp_path)
    with pytest.raises(DataError, match=r"Give .* instead"):
        source_of(tmp_path)
