"""Clips of your own: kept whole or not at all, found again whatever happens to their folder, a dataset to test on."""

import csv
import errno
import io
import json
import os
import subprocess
import sys
import threading
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.commands import main
from core.config import LABELS, SAMPLE_RATE, SILENCE_LABEL, UNKNOWN_LABEL
from core.data import recordings
from core.data.recordings.folder import _changing
from core.errors import AudioError, ConfigError, DataError
from core.models import build_model
from core.studies.evaluation import evaluate, scores
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config
from tests.core.conftest import label_pitch_hz, tone
from tests.kept import evaluation_path, load_evaluation

PROJECT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty place for recordings; the folder itself is not there yet."""
    path = tmp_path / "of mine" / "recordings"
    monkeypatch.setenv("KWS_RECORDINGS", str(path))
    return path


def keep(truth="yes", word="yes", score=0.75, model="linear-D", clip=None):
    sound = tone(label_pitch_hz(LABELS.index(truth or "yes"))) if clip is None else clip
    return recordings.add(sound, model=model, word=word, score=score, truth=truth)


def found():
    return recordings.all_recordings().recordings


def problems():
    return {problem.file: problem.what for problem in recordings.all_recordings().problems}


def table(folder):
    return list(csv.reader((folder / "recordings.csv").read_text().splitlines()))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_nothing_is_made_before_a_clip_is_kept(folder):
    assert found() == ()
    assert problems() == {}
    recordings.stamp()
    recordings.export()
    assert not folder.exists()


def test_a_clip_becomes_a_wav_of_the_stated_kind_and_a_row(folder):
    samples = np.random.default_rng(0).integers(-32768, 32768, SAMPLE_RATE).astype(np.int16)
    kept = keep("go", "no", 0.8125, "linear-D", samples.astype(np.float32) / 32768)
    with wave.open(str(folder / kept.file)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        np.testing.assert_array_equal(np.frombuffer(sound.readframes(SAMPLE_RATE), np.int16), samples)
    assert table(folder) == [
        ["id", "file", "UTC time", "model", "word heard", "score", "truth"],
        [kept.id, f"{kept.id}.wav", kept.utc, "linear-D", "no", "0.8125", "go"],
    ]
    assert found() == (kept,)
    assert problems() == {}


def test_the_newest_clip_comes_first():
    kept = [keep(word) for word in ("up", "down", "left")]
    assert [one.id for one in found()] == sorted((one.id for one in kept), reverse=True)


def test_a_clip_may_be_short_and_wait_for_its_word():
    kept = keep(truth="", word="", score=None, clip=tone(400, 100))
    recordings.relabel(kept.id, "stop")
    (again,) = found()
    assert (again.id, again.word, again.score, again.truth) == (kept.id, "", None, "stop")


@pytest.mark.parametrize(
    "clip",
    [np.zeros(0, np.float32), np.zeros(16_001, np.float32), np.zeros((2, 100), np.float32), np.full(9, np.nan)],
    ids=["empty", "too long", "stereo", "not numbers"],
)
def test_what_is_no_second_of_sound_is_refused(clip, folder):
    with pytest.raises(AudioError, match="samples"):
        keep(clip=clip)
    assert not folder.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"truth": "_noise_"}, {"word": "../../up"}, {"score": 1.5}, {"score": float("nan")}],
    ids=["truth", "word", "score", "nan"],
)
def test_only_labels_and_scores_are_kept(wrong, folder):
    with pytest.raises(ConfigError, match="No recording can have"):
        keep(**({"clip": tone(400)} | wrong))
    with pytest.raises(ConfigError, match="is no label"):
        recordings.relabel("20260102T030405678-0123abcd", "_noise_")
    assert not folder.exists()


def test_a_models_name_cannot_break_the_table_or_a_path(folder):
    kept = keep(model='../up,"\r\n=1+1\x00\x85\ufffd\udc80' + 300 * "x")
    keep()
    assert problems() == {}
    assert found()[1] == kept
    assert kept.model.startswith('../up,"=1+1xxx')
    assert set(files(folder)) == {"recordings.csv", *(one.file for one in found())}


@pytest.mark.parametrize("id_", ["../secret", "", "20260102T030405678-0123abcd/..", "20261302T030405678-0123abcd"])
def test_no_other_path_can_be_reached(id_, folder):
    keep()
    (folder.parent / "secret.wav").write_bytes(b"x")
    for use in (recordings.wav, recordings.remove, lambda text: recordings.relabel(text, "yes")):
        with pytest.raises(DataError, match="There is no recording"):
            use(id_)
    assert (folder.parent / "secret.wav").exists()


def test_a_deleted_clip_is_gone_with_its_sound(folder):
    one, two, three = (keep() for _ in range(3))
    recordings.remove(two.id)
    recordings.remove(two.id)
    assert {kept.id for kept in found()} == {one.id, three.id}
    with pytest.raises(DataError, match="it is gone"):
        recordings.wav(two.id)
    with pytest.raises(DataError, match="deleted meanwhile"):
        recordings.relabel(two.id, "yes")
    recordings.remove(*(kept.id for kept in found()))
    assert set(files(folder)) == {"recordings.csv"}
    assert problems() == {}


def test_an_export_holds_every_wav_and_the_table(folder):
    for word in ("yes", "no", SILENCE_LABEL):
        keep(word)
    with zipfile.ZipFile(io.BytesIO(recordings.export())) as archive:
        assert archive.testzip() is None
        content = {Path(name).name: archive.read(name) for name in archive.namelist()}
        assert {Path(name).parent for name in archive.namelist()} == {Path("earshot-recordings")}
    assert content == files(folder)


# What can happen to the folder


def test_a_wav_without_a_row_is_told_and_comes_back_with_its_word(folder):
    kept = keep("left")
    (folder / "recordings.csv").unlink()
    assert "no row" in problems()[kept.file]
    (bare,) = found()
    assert (bare.id, bare.utc, bare.model, bare.truth) == (kept.id, kept.utc, "", "")
    assert len(recordings.wav(bare.id)) > SAMPLE_RATE
    recordings.relabel(bare.id, "right")
    assert problems() == {}
    assert found()[0].truth == "right"


def test_a_row_without_a_wav_is_told_kept_and_can_be_deleted(folder):
    kept, other = keep(), keep()
    (folder / kept.file).unlink()
    assert problems() == {kept.file: "the file is gone"}
    assert [one.has_sound for one in found()] == [one.id != kept.id for one in found()]
    assert len(recordings.own_pack()) == 1
    recordings.remove(kept.id)
    assert found() == (other,)
    assert problems() == {}


def test_files_of_others_are_told_and_left_alone(folder):
    kept = keep()
    (folder / "holiday.wav").write_bytes(b"x")
    (folder / "20269999T999999999-0123abcd.wav").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    assert set(problems()) == {"holiday.wav", "20269999T999999999-0123abcd.wav"}
    recordings.remove(*(one.id for one in found()))
    assert set(files(folder)) == set(problems()) | {"notes.txt", "recordings.csv"}
    assert kept.file not in files(folder)


DAMAGE = {
    "cut off": lambda raw: raw[:-9],
    "a quote": lambda raw: raw.replace(b",yes,", b',"yes,', 1),
    "not text": lambda raw: raw.replace(b"linear", b"lin\xff\xfe", 1),
    "no word": lambda raw: raw.replace(b",yes\n", b",_maybe_\n", 1),
    "another name": lambda raw: raw.replace(b".wav", b".txt", 1),
    "a line twice": lambda raw: raw + raw.splitlines(keepends=True)[1],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_table_is_told_read_as_far_as_it_goes_and_kept(damage, folder):
    ids = {keep().id for _ in range(3)}
    raw = damage((folder / "recordings.csv").read_bytes())
    (folder / "recordings.csv").write_bytes(raw)
    assert "it is damaged" in problems()["recordings.csv"]
    # All sounds are still offered, at least two of them with their words.
    assert {one.id for one in found()} == ids
    assert sum(one.truth == "yes" for one in found()) >= 2
    assert (folder / "recordings.csv").read_bytes() == raw
    new = keep("no")
    assert {one.id for one in found()} == ids | {new.id}
    (kept_table,) = folder.glob("recordings-damaged-*.csv")
    assert kept_table.read_bytes() == raw
    assert "cannot be read" in problems()[kept_table.name]
    assert "recordings.csv" not in problems()


@pytest.mark.parametrize("content", [b"", b"\n\n", bytes(range(256)) * 40, b"a;b;c\n1;2;3\n"])
def test_a_table_of_anything_costs_no_sound(content, folder):
    kept = keep()
    (folder / "recordings.csv").write_bytes(content)
    assert [one.id for one in found()] == [kept.id]
    recordings.relabel(kept.id, "yes")
    assert [one.truth for one in found()] == ["yes"]
    assert not content.strip() or next(folder.glob("recordings-damaged-*.csv")).read_bytes() == content


def test_a_table_that_a_spreadsheet_saved_is_read(folder):
    kept = keep()
    text = (folder / "recordings.csv").read_text()
    (folder / "recordings.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert found() == (kept,)
    assert problems() == {}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.parametrize("writes_before", [0, 1], ids=["at the sound", "at the table"])
def test_a_full_or_read_only_disk_is_said_and_costs_nothing(number, writes_before, folder, monkeypatch):
    keep("yes")
    before = files(folder)
    left = iter(range(writes_before))

    def flush(handle):
        if next(left, None) is None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr("core.files.writing.os.fsync", flush)
    with pytest.raises(
        DataError, match=rf"cannot be changed \({os.strerror(number)}\). Nothing that was there is lost"
    ):
        keep("no")
    assert files(folder) == before
    monkeypatch.undo()


def test_a_file_in_place_of_the_folder_is_said(folder):
    folder.parent.mkdir()
    folder.write_bytes(b"mine")
    for use in (recordings.all_recordings, recordings.stamp, recordings.export, recordings.own_pack, keep):
        with pytest.raises(DataError, match="KWS_RECORDINGS"):
            use()
    assert folder.read_bytes() == b"mine"


ADD = """
import sys
import numpy as np
from core.data import recordings
for _ in range(15):
    recordings.add(np.zeros(100, np.float32), model=sys.argv[1], word="up", score=0.5, truth="up")
"""


def test_sessions_and_programs_that_add_at_once_lose_no_row(folder):
    programs = [subprocess.Popen([sys.executable, "-c", ADD, name], cwd=PROJECT) for name in ("one", "two")]
    threads = [threading.Thread(target=lambda: [keep() for _ in range(15)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [program.wait(100) for program in programs] == [0, 0]
    assert problems() == {}
    rows = table(folder)[1:]
    assert len(rows) == len({row[0] for row in rows}) == 60
    assert sorted(row[3] for row in rows) == sorted(15 * ["one", "two"] + 30 * ["linear-D"])


def test_who_waits_too_long_is_told(folder, monkeypatch):
    keep()
    monkeypatch.setattr("core.data.recordings.folder.TURN_S", 0.1)
    with _changing(), pytest.raises(DataError, match="another program has been writing"):
        keep()
    assert len(found()) == 1


# A dataset to test on


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model that has learned nothing, in a folder."""
    config = preset_config("linear", setting="A", epochs=1)
    folder = tmp_path_factory.mktemp("runs") / "a-run"
    folder.mkdir()
    checkpoint = checkpoint_of(build_model(config), config, epoch=1, validation_accuracy=0.1, dataset="Tones")
    save_checkpoint(folder / "best.pt", checkpoint)
    return folder


@pytest.mark.parametrize("truths", [["yes"], ["go", UNKNOWN_LABEL, "go"], list(LABELS)], ids=["one", "three", "all"])
def test_a_run_is_measured_on_any_number_of_clips(truths, run):
    for truth in truths:
        keep(truth, clip=tone(label_pitch_hz(LABELS.index(truth)), 9_000))
    keep(truth="", word="", score=None)
    pack = recordings.own_pack()
    result = evaluate(run, pack, "own", device="cpu")
    assert (result.dataset, result.protocol, result.data_key) == (recordings.TITLE, "own", pack.key)
    assert [LABELS[number] for number in result.truth] == list(result.clip_words) == truths
    numbers = scores(result)
    assert numbers.n == len(truths)
    assert 0 <= numbers.interval[0] <= numbers.accuracy <= numbers.interval[1] <= 1
    assert 0 <= numbers.macro_f1 <= 1


def test_the_answer_to_a_clip_is_the_one_that_it_gets_live(run):
    from core.inference.classifier import Classifier

    kept = keep("down", clip=tone(700, amplitude=0.2))
    result = evaluate(run, recordings.own_pack(), "own", device="cpu")
    live = dict(
        Classifier(run, "cpu").classify(np.round(tone(700, amplitude=0.2) * 32768).astype(np.float32) / 32768).ranking
    )
    np.testing.assert_allclose(result.probabilities[0], [live[label] for label in LABELS], atol=1e-5)
    assert result.clip_files == (kept.file,)


def test_the_key_tells_every_change(folder):
    kept = keep("yes")
    keys = [recordings.own_pack().key]
    stamps = [recordings.stamp()]
    assert recordings.own_pack().key == keys[0]

    def changed():
        keys.append(recordings.own_pack().key)
        stamps.append(recordings.stamp())

    recordings.relabel(kept.id, "no")
    changed()
    other = keep("no")
    changed()
    (folder / kept.file).write_bytes((folder / other.file).read_bytes())
    changed()
    recordings.remove(other.id)
    changed()
    assert len(set(keys)) == len(set(stamps)) == 5


def test_a_damaged_sound_is_left_out_with_a_reason(folder):
    good, bad = keep("yes"), keep("no")
    (folder / bad.file).write_bytes(b"no sound")
    pack = recordings.own_pack()
    assert pack.files.tolist() == [good.file]
    assert [problem.file for problem in pack.problems] == [bad.file]
    with pytest.raises(DataError, match="cannot be played"):
        recordings.wav(bad.id)


def test_without_clips_it_is_said_how_to_get_them():
    with pytest.raises(DataError, match="In Try") as raised:
        recordings.own_pack()
    assert "cannot be used" not in str(raised.value)
    keep(truth="", word="", score=None)
    with pytest.raises(DataError, match=r"1 in .* cannot be used"):
        recordings.own_pack()


def test_another_protocol_has_no_own_clips(tone_pack):
    keep()
    with pytest.raises(DataError, match="no clips for validation"):
        recordings.own_pack().indices("validation")
    with pytest.raises(DataError, match="no clips for recordings of your own"):
        tone_pack.indices("own")


@pytest.fixture
def cli(capsys):
    """A function that runs a command; answers its exit code and what it printed."""

    def run_it(*arguments):
        code = main([str(one) for one in arguments])
        return code, *capsys.readouterr()

    return run_it


def test_the_command_line_measures_own_recordings_and_says_what_they_are(cli, run):
    for _ in range(2):
        keep("yes")
    record = json.loads(cli("evaluate", run, "--data", "own", "--json")[1])
    assert (record["protocol"], record["dataset"], record["n"]) == ("own", recordings.TITLE, 2)
    assert load_evaluation(evaluation_path(run, recordings.TITLE, "own")).data_key == recordings.own_pack().content
    _, text, _ = cli("evaluate", run, "--data", "own", "--protocol", "own")
    assert "My own recordings, recordings of your own, 2 clips" in text
    assert "biased sample" in text


def test_the_command_line_explains_what_does_not_go(cli, run):
    for arguments, code, words in (
        (("--data", "own"), 1, "no recordings of your own to test on yet"),
        (("--data", "own", "--protocol", "official"), 2, "belong together"),
        (("--protocol", "own"), 2, "belong together"),
    ):
        told, _, said = cli("evaluate", run, *arguments)
        assert told == code
        assert words in said
        assert "Traceback" not in said
