"""``compare`` from the command line: what it uses, what it makes, its JSON and its words for people."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.commands import main
from core.config import to_dict
from core.files.writing import write_json
from core.models import build_model
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config
from tests.kept import evaluation_path, load_evaluation, save_evaluation


@pytest.fixture
def models(runs_here):
    """Two linear models as they come, with different seeds and settings."""
    for name, setting, seed in (("plain", "A", 0), ("trained", "D", 1)):
        config = preset_config("linear", setting=setting, seed=seed)
        folder = runs_here / name
        folder.mkdir()
        write_json(folder / "config.json", to_dict(config))
        checkpoint = checkpoint_of(build_model(config), config, epoch=0, validation_accuracy=None, dataset="Tones")
        save_checkpoint(folder / "best.pt", checkpoint)
    return runs_here


@pytest.fixture
def compare(models, tone_root, capsys, monkeypatch):
    monkeypatch.delenv("KWS_DATA", raising=False)

    def call(*arguments, data=tone_root):
        named = ("--data", str(data)) if data else ()
        code = main(["compare", *arguments, "--protocol", "testing-list", *named])
        answer = capsys.readouterr()
        return code, answer.out, answer.err

    return call


def test_missing_evaluations_are_made_kept_and_compared(compare, models):
    code, out, _ = compare("plain", "trained", "--json")
    assert code == 0
    record = json.loads(out)
    files = sorted(models.glob("*/evaluation-*-testing-list.npz"))
    assert [file.parent.name for file in files] == ["plain", "trained"]
    kept = [load_evaluation(file) for file in files]
    right = [one.probabilities.argmax(axis=1) == one.truth for one in kept]
    (difference,) = record["differences"]
    assert (difference["baseline"], difference["run"], record["n"]) == ("plain", "trained", kept[0].n)
    assert difference["only_run_right"] == int((right[1] & ~right[0]).sum())
    assert difference["only_baseline_right"] == int((right[0] & ~right[1]).sum())
    assert difference["interval"][0] <= difference["gain"] <= difference["interval"][1]
    assert [one["trained_weights"] for one in record["runs"]] == [
        {"front_end": 0, "network": 48_492},
        {"front_end": 241_000, "network": 48_492},
    ]
    assert {"part": "Spectrogram", "setting": "setting", "values": {"plain": "A", "trained": "D"}} in record["settings"]


def test_kept_evaluations_need_no_data(compare, models):
    compare("plain", "trained")
    file = next((models / "trained").glob("evaluation-*.npz"))
    before = file.stat().st_mtime_ns
    code, out, _ = compare("trained", "plain", "--baseline", "plain", data=None)
    assert code == 0
    assert file.stat().st_mtime_ns == before
    assert "trained got" in out or "very same clips" in out
    assert "Settings that differ" in out
    assert "Spectrogram, setting: D | A" in out


def test_an_evaluation_of_other_clips_is_made_anew(compare, models, tone_root):
    compare("plain", "trained")
    file = next((models / "plain").glob("evaluation-*.npz"))
    kept = load_evaluation(file)
    shorter = kept.__class__(
        **{**kept.__dict__, "clip_files": ("gone.wav", *kept.clip_files[1:]), "data_key": "1" * 64}
    )
    save_evaluation(evaluation_path(models / "plain", kept.dataset, "testing-list"), shorter)
    code, _, err = compare("plain", "trained", data=None)
    assert code == 1
    assert "evaluate both again" in err
    assert compare("plain", "trained", data=tone_root)[0] == 0
    assert load_evaluation(file).clip_files == kept.clip_files


def test_a_checkpoint_file_can_be_compared_and_timed(compare, models, monkeypatch):
    monkeypatch.setattr("core.studies.cost.measure.SECONDS", 0.05)
    code, out, _ = compare(str(models / "plain" / "best.pt"), "trained", "--time", "--json")
    assert code == 0
    record = json.loads(out)
    assert [one["run"] for one in record["runs"]] == ["best", "trained"]
    assert all(np.isfinite(one["latency"]["p50_s"]) and one["latency"]["clips"] >= 20 for one in record["runs"])
    assert not (Path(models) / "plain" / "evaluation-tones-testing-list.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("plain",), "two different"),
        (("plain", "plain"), "two different"),
        (("plain", "nobody"), "no run"),
        (("plain", "trained", "--baseline", "nobody"), "no run"),
    ],
)
def test_wrong_use_is_explained(compare, arguments, what):
    code, _, err = compare(*arguments)
    assert code in (1, 2)
    assert what in err


def test_a_baseline_that_is_not_compared_is_refused(compare, models):
    code, _, err = compare("trained", str(models / "trained" / "best.pt"), "--baseline", "plain")
    assert code == 2
    assert "none of the runs" in err
