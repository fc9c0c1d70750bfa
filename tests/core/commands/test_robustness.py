"""``robustness`` from the command line: its JSON, its table, its words for people, what it keeps."""

import csv
import io
import json

import numpy as np
import pytest

from core.commands import main
from core.config import KEYWORDS, SAMPLE_RATE
from core.data import recordings
from core.models import build_model
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config


@pytest.fixture
def robustness(runs_here, tone_root, capsys):
    config = preset_config("linear", setting="A")
    for name in ("mine", "other"):
        (runs_here / name).mkdir()
        checkpoint = checkpoint_of(build_model(config), config, epoch=0, validation_accuracy=None, dataset="Tones")
        save_checkpoint(runs_here / name / "best.pt", checkpoint)

    def call(*arguments):
        code = main(["robustness", "mine", "other", "--data", str(tone_root), "--protocol", "testing-list", *arguments])
        answer = capsys.readouterr()
        return code, answer.out, answer.err

    return call


def test_json_holds_every_point_with_interval_and_noises_and_the_result_is_kept(robustness, runs_here):
    code, out, _ = robustness("--clips", "22", "--json")
    assert code == 0
    found = json.loads(out)["measurements"]
    assert [one["run"] for one in found] == ["mine", "other"]
    assert found[0]["n"] == 22
    assert found[0]["n_all"] == 33
    assert [point["value"] for point in found[0]["points"]] == [None, 20.0, 15.0, 10.0, 5.0, 0.0, -5.0]
    for point in found[0]["points"]:
        low, high = point["interval"]
        assert low <= point["accuracy"] <= high
        assert sum(part["n"] for part in point["by_noise"].values()) == 22
        assert sum(part["right"] for part in point["by_noise"].values()) == round(22 * point["accuracy"])
    for name in ("mine", "other"):
        assert len(list((runs_here / name).glob("robustness-noise-*-testing-list-22-0.npz"))) == 1


def test_people_read_what_was_measured_on_what(robustness):
    code, out, _ = robustness("--clips", "all", "--change", "gain", "speed")
    assert code == 0
    assert "gain (dB): 33 of 33 clips of the testing list" in out
    assert "speed (times): 33 of 33 clips" in out
    assert "always answering one label scores 9.1%" in out
    assert out.count("  mine") == out.count("  other") == 2


def test_other_programs_get_a_table(robustness):
    _, out, _ = robustness("--clips", "22", "--change", "shift", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 2 * 7
    assert {row["change"] for row in rows} == {"shift"}


def test_too_few_clips_or_none_are_refused_in_words(robustness, capsys):
    for text in ("3", "many"):
        with pytest.raises(SystemExit):
            robustness("--clips", text)
        assert "clips" in capsys.readouterr().err


@pytest.fixture
def own_recordings(tmp_path, monkeypatch):
    """Twenty-four clips of one's own: noise that is called a word."""
    monkeypatch.setenv("KWS_RECORDINGS", str(tmp_path / "recordings"))
    rng = np.random.default_rng(0)
    for number in range(24):
        samples = (0.05 * rng.standard_normal(SAMPLE_RATE)).astype(np.float32)
        recordings.add(samples, model="mine", word="yes", score=0.5, truth=KEYWORDS[number % 10])


def test_recordings_of_ones_own_meet_the_noises_of_the_dataset(
    robustness, own_recordings, tone_root, monkeypatch, capsys
):
    monkeypatch.setenv("KWS_DATA", str(tone_root))
    capsys.readouterr()
    assert main(["robustness", "mine", "--data", "own", "--clips", "all", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["measurements"]
    assert (found["protocol"], found["dataset"], found["n"]) == ("own", recordings.TITLE, 24)
    # Of their own they would have rumble alone.
    assert {"running tap", "babble", "rumble"} <= set(found["points"][1]["by_noise"])


def test_own_clips_and_another_protocol_do_not_go_together(robustness, own_recordings, capsys):
    code = main(["robustness", "mine", "--data", "own", "--protocol", "official"])
    assert code == 2
    assert "belong together" in capsys.readouterr().err
