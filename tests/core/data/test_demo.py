import csv
import hashlib
import json
import shutil
from collections import Counter

import numpy as np
import pytest
import soundfile

from core.config import CLIP_SAMPLES, KEYWORDS, LABELS, SAMPLE_RATE, UNKNOWN_WORDS
from core.data.build import build_pack
from core.data.demo import DEMO_FOLDER, demo_words
from core.data.pack import open_data, open_pack
from core.errors import DataError

VOICES = {"ann": "train", "bob": "validation", "cem": "test", "dia": "test", "eva": "test"}
NOISES = {"hum": "train", "rain": "train", "sea": "validation", "wind": "test"}


def write_table(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, tone):
    """Demo words of tones: two takes of a keyword and one of any other word from each of five voices."""
    folder = tmp_path_factory.mktemp("recorded")
    rows, frequency_hz = [], 200
    for word in (*KEYWORDS, *UNKNOWN_WORDS):
        clips = []
        for voice, split in VOICES.items():
            for take in (1, 2) if word in KEYWORDS else (1,):
                rows.append([word, voice, "engine", split, take, len(clips)])
                frequency_hz += 5
                clips.append(tone(frequency_hz))
        write(folder / f"{word}.ogg", np.concatenate(clips))
    for number, name in enumerate(NOISES):
        write(folder / f"noise_{name}.ogg", tone(100 + number, 5 * SAMPLE_RATE))
    write_table(folder / "clips.csv", ["word", "voice", "engine", "split", "take", "index"], rows)
    write_table(folder / "noise.csv", ["name", "split", "seconds"], [[n, s, 5] for n, s in NOISES.items()])
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.ogg")}
    (folder / "about.json").write_text(json.dumps({"sha256": sums}))
    return folder


@pytest.fixture
def small_demo(recorded, tmp_path):
    """A copy of ``recorded``, to be damaged at will."""
    return shutil.copytree(recorded, tmp_path / "demo")


@pytest.fixture(scope="module")
def pack(recorded, tmp_path_factory):
    return build_pack(demo_words(recorded), tmp_path_factory.mktemp("small") / "pack")


def write(path, samples):
    soundfile.write(path, samples, SAMPLE_RATE, format="OGG", subtype="OPUS")


def test_each_row_is_the_clip_its_table_names(recorded, pack):
    spoken = [row for row in csv.DictReader((recorded / "clips.csv").open()) if row["split"] != "test"]
    assert np.isin(pack.splits, ["train", "validation"]).sum() > len(spoken)
    sound = {word: soundfile.read(recorded / f"{word}.ogg")[0] for word in (*KEYWORDS, *UNKNOWN_WORDS)}
    for row in spoken:
        (place,) = np.flatnonzero(pack.files == f"{row['word']}.ogg@{row['index']}s")
        assert (pack.words[place], pack.speakers[place], pack.splits[place]) == (
            row["word"],
            row["voice"],
            row["split"],
        )
        first = int(row["index"]) * CLIP_SAMPLES
        np.testing.assert_allclose(pack.clip(place), sound[row["word"]][first : first + CLIP_SAMPLES], atol=2e-5)


def test_the_official_split_is_balanced_over_twelve_classes(pack):
    rows = pack.indices("official")
    assert np.bincount(pack.labels[rows], minlength=12).tolist() == [6] * 12
    assert {str(name) for name in pack.speakers[rows]} == {"cem", "dia", "eva", ""}


def test_its_unknown_clips_are_of_different_words_and_voices(pack):
    rows = [row for row in pack.indices("official") if pack.labels[row] == LABELS.index("_unknown_")]
    assert len({str(pack.words[row]) for row in rows}) == len(rows) == 6
    assert {str(pack.speakers[row]) for row in rows} == {"cem", "dia", "eva"}


def test_the_testing_list_is_every_test_clip_and_no_silence(pack):
    rows = pack.indices("testing-list")
    assert len(rows) == 3 * (2 * len(KEYWORDS) + len(UNKNOWN_WORDS))
    assert len(set(pack.files[rows].tolist())) == len(rows)
    assert "_silence_" not in pack.words[rows]


def test_silence_comes_from_the_noises_of_its_own_split(pack):
    silent = np.flatnonzero(pack.words == "_silence_")
    noises = {(str(pack.splits[row]), str(pack.files[row]).split("@")[0]) for row in silent}
    assert noises == {
        ("train", "noise_hum.ogg"),
        ("train", "noise_rain.ogg"),
        ("validation", "noise_sea.ogg"),
        ("official", "noise_wind.ogg"),
    }
    assert Counter(pack.splits[silent].tolist())["train"] == 2 * 8
    assert list(pack.noise) == ["hum", "rain"]
    assert [len(noise) for noise in pack.noise.values()] == [5 * SAMPLE_RATE] * 2


def test_reading_the_demo_words_again_gives_the_same_rows(small_demo):
    first, second = demo_words(small_demo), demo_words(small_demo)
    assert first.key == second.key
    assert first.recordings() == second.recordings()


def test_an_altered_file_is_left_out_and_reported(small_demo, tmp_path, tone):
    before = demo_words(small_demo).key
    write(small_demo / "yes.ogg", tone(300))
    (small_demo / "no.ogg").unlink()
    pack = build_pack(demo_words(small_demo), tmp_path / "pack")
    assert [problem.file for problem in pack.problems] == ["no.ogg", "yes.ogg"]
    assert not {"yes", "no"} & set(pack.words.tolist())
    assert pack.key != before


@pytest.mark.parametrize("name", ["about.json", "clips.csv", "noise.csv"])
def test_incomplete_demo_words_are_an_error(small_demo, name):
    (small_demo / name).unlink()
    with pytest.raises(DataError, match="Install the project again"):
        demo_words(small_demo)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The pack that is made, in an empty cache, for who names no dataset."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_CACHE", str(tmp_path_factory.mktemp("demo")))
        patch.delenv("KWS_DATA", raising=False)
        return open_data(None)


def test_the_shipped_demo_words_are_complete(shipped):
    assert shipped.problems == ()
    assert shipped.name == "demo words"
    assert set(shipped.words.tolist()) == {*KEYWORDS, *UNKNOWN_WORDS, "_silence_"}
    rows = list(csv.DictReader((DEMO_FOLDER / "clips.csv").open()))
    spoken = shipped.words != "_silence_"
    assert len(set(shipped.files[spoken].tolist())) == len(rows)


def test_the_shipped_demo_words_say_that_no_human_spoke_them(shipped):
    assert shipped.synthetic
    assert "synthetic" in shipped.title
    assert open_pack(shipped.folder).synthetic


def test_every_class_stands_in_every_split_of_the_shipped_demo_words(shipped):
    counts = shipped.summary().label_counts
    without_silence = np.delete(counts, LABELS.index("_silence_"), axis=0)
    assert counts[:, :3].min() > 0
    assert without_silence.min() > 0
    official = counts[:, 2]
    assert official.max() <= 1.25 * official.min()  # a take that no recogniser understood is missing here and there


def test_no_shipped_voice_stands_in_two_splits(shipped):
    voices = [
        set(shipped.speakers[shipped.indices(s)].tolist()) - {""} for s in ("train", "validation", "testing-list")
    ]
    assert all(voices)
    assert sum(map(len, voices)) == len(set().union(*voices))


def test_no_root_means_the_demo_words(shipped):
    assert shipped.key == demo_words().key
