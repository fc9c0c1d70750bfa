"""``enrol``: words learned from a few recordings, and a run like any other."""

import html
import io
import json
import shutil
import zipfile

import numpy as np
import pytest
import soundfile
import soxr

from core import runs
from core.config import SAMPLE_RATE
from core.data.pack import open_data
from core.jobs import worker
from core.records.enrolment import Enrolment
from core.report import html_report
from core.runs import keep
from core.studies.enrolment import STUDY
from core.studies.listening import operating_point
from core.training.checkpoint import load_checkpoint
from core.training.presets import EMBEDDING
from tests.conftest import PROJECT
from tests.in_process import run_command

pytestmark = pytest.mark.usefixtures("ctrl_c_as_before")

SHIPPED = PROJECT / "checkpoints" / EMBEDDING
WORDS = ("marvin", "sheila")


@pytest.fixture(scope="module")
def spoken():
    """Clips of the demo words by word and split; the shipped model's own examples of these two are left out by name."""
    pack = open_data(None)

    def clips(word, split):
        return [pack.clip(row) for row in np.flatnonzero((pack.words == word) & (pack.splits == split))]

    return clips


@pytest.fixture(scope="module")
def folder(spoken, tmp_path_factory):
    """Five recordings of two words: one of them at 48 kHz in stereo, one a take of three words."""
    root = tmp_path_factory.mktemp("own-words")
    for word in WORDS:
        (root / word).mkdir()
        takes = spoken(word, "train")[::7][:7]
        for number, clip in enumerate(takes[:4]):
            soundfile.write(root / word / f"take {number}.wav", clip, SAMPLE_RATE)
        stereo = np.stack([soxr.resample(takes[4], SAMPLE_RATE, 48_000)] * 2, axis=1)
        soundfile.write(root / word / "stereo.flac", stereo, 48_000)
    together = np.concatenate([np.pad(clip, (4000, 8000)) for clip in spoken("marvin", "train")[3:20:7]])
    soundfile.write(root / "marvin" / "three at once.ogg", together, SAMPLE_RATE)
    (root / "marvin" / "broken.wav").write_bytes(b"RIFF")
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as elsewhere:
        base = tmp_path_factory.mktemp("home")
        elsewhere.setenv("KWS_RUNS", str(base / "runs"))
        elsewhere.setenv("KWS_CACHE", str(base / "packs"))
        elsewhere.delenv("KWS_DATA", raising=False)
        yield base


@pytest.fixture
def quick(monkeypatch):
    """A tenth of the talk, and two copies of each recording: whatever is not about how well words are recognised."""
    from core.jobs import enrolment as job
    from core.training import enrolment

    talk = job.read_talk(SHIPPED / job.TALK_FILE)
    some, words = talk.recording < talk.recording.max() // 10, slice(None, None, 10)
    short = talk._replace(
        embeddings=talk.embeddings[some], recording=talk.recording[some], words=talk.words[words], said=talk.said[words]
    )
    monkeypatch.setattr(job, "read_talk", lambda _file: short)
    monkeypatch.setattr(enrolment, "COPIES", 2)


@pytest.fixture(scope="module")
def enrolled(home, folder):
    """The run, and what the command printed."""
    code, out, err = run_command(["enrol", "mine", "--words", folder, "--json", "--device", "cpu"])
    assert code == 0, err
    assert "marvin/broken.wav: " in err
    assert "left out" in err
    return home / "runs" / "mine", json.loads(out)


def test_what_is_said_of_the_words_comes_from_what_was_not_heard(enrolled):
    run, said = enrolled
    assert [one["word"] for one in said["words"]] == list(WORDS)
    assert [one["n"] for one in said["words"]] == [8, 5], "a take of three words is three recordings"
    assert said["right"] >= 11
    assert 0.3 <= said["threshold"] <= 0.99
    assert said["hours"] > 0.1
    assert operating_point.load(run).threshold == said["threshold"]
    record = keep.load(STUDY, run / STUDY.file())
    assert record.checkpoint == keep.model_hash(run)
    assert len(record.heard) == 13


def test_it_is_a_run_like_any_other(enrolled):
    run, _ = enrolled
    state = runs.run_state(run)
    assert (state.state, state.epoch, state.has_checkpoint) == ("done", 1, True)
    assert state.config.vocabulary.labels == (*WORDS, "_unknown_")
    assert state.config.start.name == EMBEDDING
    model, start = load_checkpoint(run), load_checkpoint(SHIPPED)
    with zipfile.ZipFile(io.BytesIO(runs.as_zip(run))) as archive:
        assert "mine/enrolment.json" in archive.namelist(), "what it learned tests nothing there either"
    body = [name for name in model.weights if "classify" not in name]
    assert all((model.weights[name] == start.weights[name]).all() for name in body), "nothing but its last layer"


def test_its_report_tells_how_to_enrol_again(enrolled):
    page = html.unescape(html_report(enrolled[0]))
    assert f"python -m core enrol mine --words FOLDER --from {EMBEDDING} --seed 0" in page
    assert "the best by validation" not in page


def test_other_voices_are_recognised_and_other_words_are_unknown(enrolled, spoken, tmp_path):
    files = {}
    for word in (*WORDS, "house", "bird", "stop"):
        for number, clip in enumerate(spoken(word, "official" if word == "stop" else "testing-list")[:12]):
            files[f"{word}-{number}.wav"] = word
            soundfile.write(tmp_path / f"{word}-{number}.wav", clip, SAMPLE_RATE)
    code, out, err = run_command(["classify", "mine", *(tmp_path / name for name in files), "--json"])
    assert code == 0, err
    answers = [json.loads(line) for line in out.splitlines()]
    right = [(files[one["file"].rpartition("/")[2]], one["label"]) for one in answers]
    words = [said == word for word, said in right if word in WORDS]
    others = [said == "_unknown_" for word, said in right if word not in WORDS]
    assert len(words) >= 10
    assert np.mean(words) > 0.75
    assert np.mean(others) > 0.8


def test_a_stream_is_listened_to(enrolled, spoken, tmp_path):
    quiet = np.random.default_rng(0).normal(0, 1e-3, 3 * SAMPLE_RATE).astype(np.float32)
    track = np.concatenate([quiet, spoken("marvin", "train")[0], quiet, spoken("sheila", "train")[0], quiet])
    soundfile.write(tmp_path / "track.wav", track, SAMPLE_RATE)
    code, out, err = run_command(["detect", "mine", tmp_path / "track.wav", "--json"])
    assert code == 0, err
    assert [one["word"] for one in map(json.loads, out.splitlines()) if "word" in one] == list(WORDS)


def test_a_recording_that_was_learned_tests_nothing(enrolled, folder, spoken, tmp_path):
    code, _, err = run_command(["evaluate", "mine", "--data", folder])
    assert code == 1
    assert "was enrolled with" in err
    assert "--data" in err
    for word in WORDS:
        (tmp_path / word).mkdir()
        for number, clip in enumerate(spoken(word, "validation")[:4]):
            soundfile.write(tmp_path / word / f"other {number}.wav", clip, SAMPLE_RATE)
    (tmp_path / "testing_list.txt").write_text("\n".join(f"{word}/other {n}" for word in WORDS for n in range(4)))
    for word in WORDS:
        shutil.copy(folder / word / "take 0.wav", tmp_path / word)
    code, out, err = run_command(["evaluate", "mine", "--data", tmp_path, "--json"])
    assert code == 0, err
    assert json.loads(out)["n"] == 8


@pytest.mark.usefixtures("quick")
def test_what_a_list_keeps_for_testing_is_not_learned(home, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "words")
    (tmp_path / "words" / "testing_list.txt").write_text("marvin/take 0.wav\nsheila/take 1.wav\n")
    code, out, err = run_command(["enrol", "listed", "--words", tmp_path / "words", "--json"])
    assert code == 0, err
    assert [one["n"] for one in json.loads(out)["words"]] == [7, 4]
    code, out, err = run_command(["evaluate", "listed", "--data", tmp_path / "words", "--json"])
    assert code == 0, err
    assert json.loads(out)["n"] == 2


@pytest.mark.usefixtures("quick")
def test_the_same_seed_gives_the_same_model_and_background_another(home, folder, spoken, tmp_path):
    talk = np.concatenate([spoken("house", "train")[0], spoken("happy", "train")[0]])
    soundfile.write(tmp_path / "room.wav", talk, SAMPLE_RATE)
    weights = []
    for name, more in (("once", []), ("again", []), ("room", ["--background", tmp_path / "room.wav"])):
        code, _, err = run_command(["enrol", name, "--words", folder, "--device", "cpu", *more])
        assert code == 0, err
        weights.append(load_checkpoint(home / "runs" / name).weights["network.classify.weight"])
    once, again, room = weights
    assert (again == once).all()
    assert (room != once).any()


@pytest.mark.usefixtures("quick")
def test_one_word_is_enough(home, folder, tmp_path):
    shutil.copytree(folder / "sheila", tmp_path / "sheila")
    code, out, err = run_command(["enrol", "one", "--words", tmp_path])
    assert code == 0, err
    assert "sheila" in out
    assert "of 5 right" in out
    assert load_checkpoint(home / "runs" / "one").labels == ("sheila", "_unknown_")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--words", "nowhere"], "there is no such folder"),
        (["--words", "{empty}"], "needs recordings to train with in folders of at least 1 word"),
        (["--words", "{folder}", "--background", "nowhere.wav"], "no such file or folder"),
        (["--words", "{folder}", "--from", "shipped-linear-A"], "has no speech embedding"),
        (["--words", "{folder}", "--from", "nobody"], "There is no run"),
    ],
)
def test_what_cannot_be_is_told(home, folder, tmp_path, arguments, told):
    given = [one.format(folder=folder, empty=tmp_path) for one in arguments]
    code, out, err = run_command(["enrol", "never", *given])
    assert (code in (1, 2), out) == (True, "")
    assert told in err
    assert "Traceback" not in err


def test_a_name_is_taken_once(enrolled, folder):
    code, _, err = run_command(["enrol", "mine", "--words", folder])
    assert code in (1, 2)
    assert "already a run called 'mine'" in err


@pytest.mark.usefixtures("quick")
def test_one_that_was_interrupted_begins_anew(home, folder, monkeypatch):
    from core.data.pack import open_to_enrol
    from core.training.start import config_from

    monkeypatch.setenv("KWS_RUNS", str(home / "runs"))
    config = config_from(SHIPPED, preset="enrolment", vocabulary=open_to_enrol(folder).vocabulary)
    run = runs.new_run(config, folder, name="stopped", start=SHIPPED)
    runs.request_stop(run)
    assert worker.work(run).state == "stopped"
    runs.prepare_resume(run)
    assert worker.work(run).state == "done"
    assert isinstance(keep.load(STUDY, run / STUDY.file()), Enrolment)


def test_a_damaged_file_of_what_is_none_of_the_words_is_named(tmp_path):
    from core.errors import CheckpointError
    from core.jobs.enrolment import TALK_FILE, read_talk

    for content in (b"", b"PK nothing", (SHIPPED / TALK_FILE).read_bytes()[:5000]):
        (tmp_path / TALK_FILE).write_bytes(content)
        with pytest.raises(CheckpointError, match="Install the project again"):
            read_talk(tmp_path / TALK_FILE)


def test_it_is_trained_further_as_a_whole_and_then_its_spectrogram_has_learned(enrolled, home, folder, tmp_path):
    """What the filters learn for words of one's own: a run that begins with the enrolled one."""
    shutil.copytree(folder, tmp_path / "words", ignore=shutil.ignore_patterns("broken.wav"))
    arguments = ["train", "--from", "mine", "--setting", "B", "--data", tmp_path / "words", "--epochs", "3"]
    code, _, err = run_command([*arguments, "--run", "whole", "--device", "cpu"])
    assert code == 0, err
    *_, report = runs.read_progress(home / "runs" / "whole")
    assert report.train_loss < 1
    assert report.mel_change > 0
