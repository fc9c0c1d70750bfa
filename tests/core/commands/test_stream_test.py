"""``stream-test`` from the command line: its options, its JSON, its words for people."""

import json

import pytest
import soundfile

from core.commands import main
from core.commands.stream_test import snr_of
from core.config import SAMPLE_RATE, ListeningConfig
from core.models import build_model
from core.studies.listening import operating_point
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config

QUICK = ("--protocol", "testing-list", "--minutes", "0.5")


@pytest.fixture
def run(runs_here):
    """A model as it comes: what it detects is arbitrary, and counted all the same."""
    config = preset_config("linear", setting="A")
    folder = runs_here / "mine"
    folder.mkdir()
    checkpoint = checkpoint_of(build_model(config), config, epoch=0, validation_accuracy=None, dataset="Tones")
    save_checkpoint(folder / "best.pt", checkpoint)
    return folder


@pytest.fixture
def stream_test(run, tone_root, capsys):
    def call(*arguments):
        code = main(["stream-test", "mine", "--data", str(tone_root), *QUICK, *arguments])
        answer = capsys.readouterr()
        return code, answer.out, answer.err

    return call


def test_json_holds_every_figure_of_every_track(stream_test):
    code, out, _ = stream_test("--snr", "clean", "10", "--seed", "3", "--json")
    assert code == 0
    record = json.loads(out)
    assert (record["run"], record["seed"]) == ("mine", 3)
    assert record["listening"]["threshold"] == ListeningConfig().threshold
    assert [(track["snr_db"], track["noise"]) for track in record["tracks"]] == [(None, []), (10.0, ["running_tap"])]
    for track in record["tracks"]:
        assert track["hits"] + track["misses"] == track["n_keywords"] > 0
        assert track["minutes"] == 0.5
        low, high = track["false_alarms_interval"]
        assert low <= track["false_alarms_per_hour"] <= high
        assert 0 < track["hours"] < 0.5 / 60
        assert len(track["latencies_s"]) == track["hits"]
        assert [point["threshold"] for point in track["curve"]][:2] == [0.05, 0.1]


def test_people_read_clips_settings_noise_hours_and_intervals(stream_test):
    code, out, _ = stream_test("--snr", "clean", "0")
    assert code == 0
    assert "testing list" in out
    assert f"threshold {ListeningConfig().threshold:g}, averaged over" in out
    assert "noise: running_tap" in out
    for title in ("found", "missed", "wrong", "false alarms an hour (95 %)", "hours", "latency (p95)"):
        assert title in out
    clean, noisy = out.splitlines()[-2:]
    assert clean.split()[0] == "none"
    assert noisy.split()[:2] == ["0", "dB"]


def test_the_curve_has_a_line_for_every_threshold(stream_test):
    _, out, _ = stream_test("--snr", "clean", "--curve")
    thresholds = [float(line.split()[1]) for line in out.splitlines() if line.split()[:1] == ["none"]]
    assert thresholds == sorted(thresholds)
    assert (thresholds[0], thresholds[-1]) == (0.05, 0.99)


def test_the_settings_kept_with_the_run_are_used_unless_a_threshold_is_given(stream_test, run):
    operating_point.save(run, ListeningConfig(threshold=0.15, word_thresholds=(("go", 0.4),), minimum_count=3))
    kept = json.loads(stream_test("--snr", "clean", "--json")[1])["listening"]
    assert (kept["threshold"], kept["word_thresholds"], kept["minimum_count"]) == (0.15, [["go", 0.4]], 3)
    given = json.loads(stream_test("--snr", "clean", "--json", "--threshold", "0.6")[1])["listening"]
    assert (given["threshold"], given["word_thresholds"], given["minimum_count"]) == (0.6, [], 3)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--minutes", "9999"], 2, "0.5 to 120"),
        (["--threshold", "2"], 2, "threshold is 2"),
        (["--snr", "99"], 2, "between -20 and 60"),
        (["--protocol", "official"], 1, "official test set"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(stream_test, arguments, code, words):
    got, out, err = stream_test(*arguments)
    assert (got, out) == (code, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_damaged_settings_are_said_and_the_defaults_measured(stream_test, run):
    (run / "listening.json").write_text("{")
    code, out, err = stream_test("--snr", "clean", "--json")
    assert code == 0
    assert json.loads(out)["listening"]["threshold"] == ListeningConfig().threshold
    assert "listening.json" in err


def test_a_ratio_is_a_number_or_clean():
    assert (snr_of("clean"), snr_of("-5")) == (None, -5.0)
    with pytest.raises(SystemExit):
        main(["stream-test", "mine", "--snr", "loud"])


@pytest.fixture
def talk(tmp_path, hiss):
    """Three seconds of hiss: what an untrained model makes of it is arbitrary, and counted all the same."""
    folder = tmp_path / "talk"
    folder.mkdir()
    soundfile.write(folder / "one.wav", hiss(3, -20), SAMPLE_RATE)
    (folder / "two.wav").write_bytes(b"no sound")
    return folder


def test_talk_is_listened_to_instead_of_a_track(run, talk, capsys):
    assert main(["stream-test", "mine", "--talk", str(talk), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["run"], record["folder"], record["n_files"]) == ("mine", "talk", 1)
    assert record["hours"] == pytest.approx(3 / 3600)
    low, high = record["as_set"]["per_hour_interval"]
    assert low <= record["as_set"]["per_hour"] <= high
    assert len(record["alarms"]) == record["as_set"]["false_alarms"]
    assert record["left_out"][0][0] == "two.wav"
    assert len(record["checkpoint"]) == len(record["sound_key"]) == 64


def test_people_read_hours_of_talk_what_fired_and_what_was_left_out(run, talk, capsys):
    assert main(["stream-test", "mine", "--talk", str(talk), "--curve", "--threshold", "0"]) == 0
    out = capsys.readouterr().out
    assert "mine on talk: 1 recordings, 0.00 hours of talk" in out
    assert "threshold 0, averaged over" in out
    assert "an hour (95 %)" in out
    assert "left out: two.wav" in out
    thresholds = [line.split()[0] for line in out.splitlines() if line.split()[1:2] and line.split()[1].isdigit()]
    assert thresholds[:3] == ["0.00", "0.05", "0.10"]


def test_a_missing_folder_of_talk_is_said_in_one_line(run, tmp_path, capsys):
    assert main(["stream-test", "mine", "--talk", str(tmp_path / "nowhere")]) == 2
    answer = capsys.readouterr()
    assert answer.out == ""
    assert "there is no such folder" in answer.err
    assert len(answer.err.strip().splitlines()) == 1


def test_what_fired_in_talk_is_saved_to_learn_from(run, talk, capsys, tmp_path):
    command = [
        "stream-test",
        "mine",
        "--talk",
        str(talk),
        "--threshold",
        "0",
        "--save",
        str(tmp_path / "more"),
        "--json",
    ]
    assert main(command) == 0
    answer = capsys.readouterr()
    assert json.loads(answer.out)["alarms"], "at 0 everything fires"
    n = len(list((tmp_path / "more" / "talk").glob("*.wav")))
    assert f"{n} new clips of what fired" in answer.err
    assert n >= 1
    assert main(command) == 0
    assert f"0 new clips of what fired in {tmp_path / 'more'}, {n} in all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--save", "more"], 2, "--talk FOLDER"),
        (["--save", "more", "--talk", "{talk}", "--choose", "10"], 2, "no --choose"),
        (["--save", "{talk}/more", "--talk", "{talk}"], 1, "lies in the folder of talk"),
        (["--save", "{talk}/one.wav", "--talk", "{talk}"], 2, "is no folder"),
        (["--save", "", "--talk", "{talk}"], 2, "--save is empty"),
    ],
)
def test_a_place_that_cannot_take_what_fired_is_told_at_once(run, talk, capsys, arguments, code, words):
    assert main(["stream-test", "mine", *(one.format(talk=talk) for one in arguments)]) == code
    answer = capsys.readouterr()
    assert answer.out == ""
    assert words in answer.err
    assert len(answer.err.strip().splitlines()) == 1


def test_chosen_thresholds_are_kept_with_the_run(stream_test, run, talk):
    code, out, _ = stream_test("--choose", "30", "--talk", str(talk), "--snr", "clean", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["false_alarms_per_hour_allowed"] == 30
    assert record["reached"] == (record["after"]["false_alarms_per_hour"] <= 30)
    kept = operating_point.load(run)
    assert [list(pair) for pair in kept.word_thresholds] == record["listening"]["word_thresholds"]
    assert len(kept.word_thresholds) == 10
    code, out, _ = stream_test("--choose", "30", "--snr", "clean")
    assert (code, out.splitlines()[0]) == (0, "mine listens from now on with")
    assert "false alarms an hour" in out


def test_a_rate_of_nothing_is_refused(stream_test, run):
    code, out, err = stream_test("--choose", "0", "--snr", "clean")
    assert (code, out) == (2, "")
    assert "more than 0" in err
    assert not (run / "listening.json").exists()
