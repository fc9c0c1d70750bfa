"""The command line, run as a user would: its forms, its JSON, its exit codes.

Help, training and two lists start as programs of their own; all else is asked for in this process, which needs no
start.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from core.commands import main
from core.config import LABELS, SAMPLE_RATE
from tests.browser.sounds import spoken, with_pauses
from tests.in_process import run_command

PROJECT = Path(__file__).parents[3]
SHIPPED = PROJECT / "checkpoints"

pytestmark = pytest.mark.usefixtures("ctrl_c_as_before")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    base = tmp_path_factory.mktemp("cli")
    env = {**os.environ, "KWS_RUNS": str(base / "runs"), "KWS_CACHE": str(base / "packs")}
    return {name: value for name, value in env.items() if name != "KWS_DATA"}


@pytest.fixture(scope="module")
def program(environment):
    """A function that runs a command as a program of its own."""

    def run(*arguments, **more):
        command = [sys.executable, "-m", "core", *map(str, arguments)]
        return subprocess.run(command, cwd=PROJECT, env={**environment, **more}, capture_output=True, text=True)

    return run


@pytest.fixture(scope="module")
def cli(environment):
    """A function that runs a command in this process, with the folders and the outputs that the program gets."""

    def run(*arguments, **more):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(PROJECT)
            patch.delenv("KWS_DATA", raising=False)
            for name, value in {**environment, **more}.items():
                patch.setenv(name, value)
            return subprocess.CompletedProcess(arguments, *run_command(arguments))

    return run


@pytest.fixture(scope="module")
def trained(program, tone_root):
    """The name of a run trained by the documented form of the command."""
    form = "train --preset linear --setting D --epochs 2 --seed 1 --run mine"
    result = program(*form.split(), "--data", tone_root)
    assert result.returncode == 0, result.stderr
    assert "mine: done after 2 of 2 epochs" in result.stdout
    return "mine"


@pytest.fixture
def recording(tmp_path, tone_pack):
    path = tmp_path / "a recording.wav"
    soundfile.write(path, tone_pack.clips[0], SAMPLE_RATE)
    return path


def test_help_shows_a_newcomer_the_first_commands(program, cli):
    result = program("--help")
    assert result.returncode == 0
    for word in ("data", "train", "evaluate", "classify", "runs", "python -m core train --preset linear"):
        assert word in result.stdout
    for command in ("data", "train", "evaluate", "classify", "detect", "runs"):
        assert cli(command, "--help").returncode == 0


def test_evaluate_prints_one_json_object(cli, trained, tone_root):
    result = cli("evaluate", trained, "--data", tone_root, "--protocol", "testing-list", "--json")
    assert result.returncode == 0, result.stderr
    record = json.loads(result.stdout)
    assert set(record) >= {"accuracy", "n", "interval", "macro_f1", "loss", "protocol", "labels", "confusion"}
    assert record["labels"] == list(LABELS)
    assert record["protocol"] == "testing-list"
    confusion = np.array(record["confusion"])
    assert confusion.shape == (12, 12)
    assert confusion.sum() == record["n"] == 33
    assert record["accuracy"] == pytest.approx(np.trace(confusion) / 33)
    assert record["interval"][0] <= record["accuracy"] <= record["interval"][1]


def test_evaluate_names_protocol_clips_interval_and_baseline_for_people(cli, trained, tone_root):
    result = cli("evaluate", trained, "--protocol", "testing-list", KWS_DATA=str(tone_root))
    assert result.returncode == 0, result.stderr
    for text in ("testing list", "33 clips", "95 % interval", "always answering"):
        assert text in result.stdout


def test_classify_prints_one_json_line_a_file(cli, trained, recording):
    result = cli("classify", trained, recording, recording, "--json")
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 2
    for line in lines:
        assert set(line) >= {"file", "label", "score", "ranking"}
        assert line["file"] == str(recording)
        assert len(line["ranking"]) == 12
        assert line["ranking"][0] == [line["label"], line["score"]]


def test_classify_answers_the_good_files_and_fails_for_the_bad(cli, trained, recording, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    result = cli("classify", trained, tmp_path / "bad.wav", recording, "--json")
    assert result.returncode == 1
    assert "bad.wav" in result.stderr
    first, second = map(json.loads, result.stdout.splitlines())
    assert "error" in first
    assert "label" in second


@pytest.fixture(scope="module")
def two_words(tmp_path_factory, speech_commands_root):
    """A recording of "yes" and "left" at 44.1 kHz in stereo, with a second of silence around each."""
    clips = [spoken(speech_commands_root, word) for word in ("yes", "left")]
    path = tmp_path_factory.mktemp("recordings") / "two words.flac"
    mono = soxr.resample(with_pauses(clips, 1.0), SAMPLE_RATE, 44_100)
    soundfile.write(path, np.stack([mono, 0.8 * mono], axis=1), 44_100)
    return path


def test_detect_prints_one_json_line_a_word(cli, two_words):
    result = cli("detect", SHIPPED / "shipped-bcresnet-3-D", two_words, "--json", "--device", "cpu")
    assert result.returncode == 0, result.stderr
    yes, left = map(json.loads, result.stdout.splitlines())
    for line in (yes, left):
        assert set(line) >= {"file", "word", "score", "start_s", "end_s"}
        assert line["file"] == str(two_words)
        assert 0.7 <= line["score"] <= 1
        assert 0 <= line["start_s"] < line["end_s"] <= line["heard_s"]
    assert (yes["word"], left["word"]) == ("yes", "left")
    assert 1 <= yes["start_s"] < 2
    assert 3 <= left["start_s"] < 4


def test_detect_hears_what_its_knobs_let_through(two_words, capsys):
    def words(*knobs):
        assert main(["detect", str(SHIPPED / "shipped-bcresnet-3-D"), str(two_words), "--device", "cpu", *knobs]) == 0
        return capsys.readouterr().out

    assert words("--refractory-s", "10").count("two words.flac: ") == 1
    assert words("--threshold", "1") == words("--minimum-count", "50") == f"{two_words}: no word\n"
    assert f"{two_words}: yes " in words("--average-s", "0.1")


def test_detect_answers_the_good_files_and_fails_for_the_bad(cli, two_words, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    files = (tmp_path / "bad.wav", two_words, tmp_path / "none.wav", two_words)
    result = cli("detect", SHIPPED / "shipped-bcresnet-1-D", *files, "--json", "--device", "cpu")
    assert result.returncode == 1
    assert "bad.wav" in result.stderr
    assert "There is no file" in result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["error" in line for line in lines] == [
        True,
        *[False] * (len(lines) // 2 - 1),
        True,
        *[False] * (len(lines) // 2 - 1),
    ]
    # One file's sound leaves nothing behind for the next.
    assert lines[1 : len(lines) // 2] == lines[len(lines) // 2 + 1 :]


@pytest.mark.parametrize("command", ["classify", "detect"])
def test_what_had_to_be_done_to_a_sound_is_noted_beside_its_answer(command, two_words, tmp_path, capsys):
    samples, rate = soundfile.read(two_words)
    opposite, model = tmp_path / "opposite.wav", str(SHIPPED / "shipped-bcresnet-3-D")
    soundfile.write(opposite, np.stack([samples[:, 0], -samples[:, 0]], axis=1), rate)

    def lines(file):
        assert main([command, model, str(file), "--device", "cpu", "--json"]) == 0
        out, err = capsys.readouterr()
        return [json.loads(line) for line in out.splitlines()], err

    answers, said = lines(opposite)
    plain, nothing = lines(two_words)
    note = "its 2 channels cancel each other; channel 1 was used"
    assert said == f"note: {opposite}: {note}\n"
    assert [answer.get("notes") for answer in answers] == [[note]] * len(plain)
    assert nothing == ""
    assert not any("notes" in answer for answer in plain)


def test_a_checkpoint_file_is_a_run_too(cli, trained, recording, environment):
    path = Path(environment["KWS_RUNS"]) / trained / "best.pt"
    assert cli("classify", path, recording).stdout == cli("classify", trained, recording).stdout


def test_runs_lists_the_run_as_json_and_for_people(program, cli, trained):
    (record,) = json.loads(program("runs", "--json").stdout)
    assert (record["name"], record["state"], record["epoch"]) == ("mine", "done", 2)
    assert record["config"]["front_end"]["setting"] == "D"
    assert "mine" in cli("runs").stdout


def test_data_counts_clips(program, cli, tone_root):
    record = json.loads(program("data", "--data", tone_root, "--json").stdout)
    assert record["splits"]["testing-list"] == 33
    assert record["words"]["yes"]["train"] == 6
    assert "yes" in cli("data", "--data", tone_root).stdout


@pytest.fixture
def own_root(tone_root, tmp_path):
    """A copy of the dataset of tones, to be damaged at will."""
    return shutil.copytree(tone_root, tmp_path / "own")


def test_lists_spelled_otherwise_split_the_dataset_in_the_same_way(cli, tone_root, own_root):
    words = own_root / "SpeechCommands" / "speech_commands_v0.02"
    for name in ("validation_list.txt", "testing_list.txt"):
        lines = (words / name).read_text().split()
        text = "".join(f".\\speech_commands_v0.02\\{line.upper()}\r\n" for line in lines)
        (words / name).write_bytes(text.replace("/", "\\").encode("utf-16"))
    plain, other = (json.loads(cli("data", "--data", root, "--json").stdout) for root in (tone_root, own_root))
    assert other["splits"] == plain["splits"]
    assert other["words"] == plain["words"]


def test_a_validation_split_without_words_is_an_error_of_data_and_train(cli, own_root):
    """It came out as "best validation accuracy 100.0 %", measured on silence alone."""
    (own_root / "SpeechCommands" / "speech_commands_v0.02" / "validation_list.txt").write_text("")
    for command in (("data",), ("data", "--json"), ("train", "--epochs", 1, "--run", "deaf")):
        result = cli(*command, "--data", own_root)
        assert result.returncode == 1
        assert "has no words for validation, only silence" in result.stderr
        assert "validation_list.txt: it names no clips" in result.stderr
        assert "accuracy" not in result.stdout
        assert "Traceback" not in result.stderr
    (record,) = [run for run in json.loads(cli("runs", "--json").stdout) if run["name"] == "deaf"]
    assert record["state"] == "failed"


def test_a_list_that_names_no_clip_is_an_error_of_data_and_train(cli, own_root):
    words = own_root / "SpeechCommands" / "speech_commands_v0.02"
    (words / "testing_list.txt").write_text("visual/ffffffff_nohash_0.wav\n")
    for command in (("data",), ("train", "--epochs", 1)):
        result = cli(*command, "--data", own_root)
        assert result.returncode == 1
        assert "not one of them is in" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "usage"),
        (("fly",), 2, "invalid choice"),
        (("train", "--preset", "cubic"), 2, "choose one of linear"),
        (("train", "--setting", "E"), 2, "must be one of"),
        (("train", "--epochs", "0"), 2, "epochs is 0"),
        (("train", "--run", "../out"), 1, "cannot be called"),
        (("train", "--noise", "."), 2, "adds no noise"),
        (("train", "--preset", "linear-in-noise", "--noise", "nowhere"), 2, "no such folder"),
        (("train", "--more", "nowhere"), 2, "no such folder"),
        (("train", "--data", "nowhere-at-all", "--run", "x"), 1, "nowhere-at-all"),
        (("evaluate", "unheard-of"), 1, "There is no run"),
        (("classify", "unheard-of", "a.wav"), 1, "There is no run"),
        (("detect", "unheard-of", "a.wav"), 1, "There is no run"),
        (("detect", "mine", "a.wav", "--threshold", "2"), 2, "threshold is 2"),
        (("evaluate", "mine", "--protocol", "best"), 2, "invalid choice"),
    ],
)
def test_mistakes_get_one_clear_line_and_their_exit_code(cli, trained, arguments, code, words):
    result = cli(*arguments)
    assert result.returncode == code
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("evaluate", "unheard-of"), 1)])
def test_the_program_ends_with_the_exit_code_of_its_command(program, arguments, code):
    result = program(*arguments)
    assert result.returncode == code
    assert result.stderr != ""
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_taken_name_is_refused_and_the_run_kept(cli, trained, tone_root, environment):
    before = (Path(environment["KWS_RUNS"]) / trained / "best.pt").read_bytes()
    result = cli("train", "--data", tone_root, "--run", trained)
    assert result.returncode == 1
    assert "already a run" in result.stderr
    assert (Path(environment["KWS_RUNS"]) / trained / "best.pt").read_bytes() == before
