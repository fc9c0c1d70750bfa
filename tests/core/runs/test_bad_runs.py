"""Runs that were damaged, or made to do harm: each is explained or read as far as it goes, and hurts nobody else."""

import json
import resource
import shutil

import numpy as np
import pytest
import torch

from core import runs
from core.commands import main
from core.config import FrontEndConfig
from core.errors import CheckpointError, ConfigError, KeywordSpottingError, RunError
from core.inference.classifier import Classifier
from core.studies.evaluation import scores
from core.training.checkpoint import load_checkpoint
from tests import bad_runs
from tests.kept import load_evaluation, saved_evaluations

SOUND = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)

MOST_MB = 700
"""Memory that reading all bad runs may add; the largest files promise terabytes."""


def classified(folder):
    """The score of an answer, which must be one."""
    score = Classifier(folder, "cpu").classify(SOUND).score
    assert 0 <= score <= 1
    return score


READERS = {
    "config": runs.run_state,
    "status": runs.run_state,
    "process": runs.run_state,
    "progress": runs.read_progress,
    "evolution": runs.evolution,
    "best": classified,
    "evaluation": lambda folder: [scores(load_evaluation(path)).accuracy for path in saved_evaluations(folder)],
}
"""Who reads the file that is bad in a run, by the first word of the run's name."""


@pytest.fixture
def zoo(runs_here, tmp_path):
    return bad_runs.make_all(tmp_path / "executed")


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_every_bad_file_is_read_or_explained_and_nothing_in_it_runs(runs_here, tmp_path, kind):
    made = bad_runs.make_all(tmp_path / "executed", kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    explained = {}
    for name, folder in made.items():
        try:
            READERS[kind](folder)
        except KeywordSpottingError as error:
            explained[name] = str(error)
    assert not (tmp_path / "executed").exists()
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MOST_MB
    assert all(len(text) > 20 for text in explained.values())
    assert kind not in ("evaluation", "best") or list(explained) == list(made)


def test_all_runs_are_listed_beside_the_bad_ones_which_say_what_is_wrong(zoo, capsys):
    states = {run.name: run for run in runs.list_runs()}
    assert set(states) == set(zoo)
    assert states["good"].state == "done"
    for name, run in states.items():
        if name.startswith(("config-", "status-")):
            file = runs.CONFIG if name.startswith("config-") else runs.STATUS
            assert run.state == "broken", name
            assert file in run.message, name
    assert main(["runs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert {one["name"] for one in listed} == set(zoo)


def test_a_reason_names_the_setting_the_value_and_what_is_allowed(zoo):
    for name, words in {
        "config-huge-frame": "n_fft is 1000000000; it must lie between 2 and 4,096",
        "config-text-for-number": "n_fft is '480'; it must be a whole number",
        "config-infinite": "1e999",
        "config-twice": "'epochs' twice",
        "config-large": "larger than",
        "status-odd-state": "state is 'hacked'; it must be one of",
    }.items():
        assert words in runs.run_state(zoo[name]).message


def test_of_progress_the_good_lines_count(zoo):
    assert [len(runs.read_progress(zoo[f"progress-{name}"])) for name in ("deep", "latin", "nan", "text")] == [
        1,
        1,
        0,
        0,
    ]


def test_filters_from_along_the_way_that_do_not_fit_are_left_out(zoo):
    for name, folder in zoo.items():
        if name.startswith("evolution-") and name != "evolution-other-shape":
            assert runs.evolution(folder) == [], name
    assert runs.evolution(zoo["good"])


def test_a_broken_run_is_deleted_and_its_neighbours_stay(zoo):
    for name in ("config-deep", "empty", "folder-for-config", "pipe", "loop", "status-list"):
        assert main(["runs", "--delete", name]) == 0
        assert not zoo[name].exists()
    assert runs.run_state(zoo["good"]).state == "done"


def test_a_folder_that_is_no_run_is_not_deleted(runs_here, tmp_path):
    notes = runs_here / "notes"
    notes.mkdir()
    (notes / "diary.txt").write_text("dear diary")
    (notes / runs.LOG).write_text("")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (runs_here / "link").symlink_to(elsewhere)
    for folder in (notes, runs_here / "link", elsewhere, runs_here / runs.GRIDS):
        with pytest.raises(RunError, match="nothing was deleted"):
            runs.delete_run(folder)
    assert (notes / "diary.txt").exists()
    assert elsewhere.exists()


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_weights_load_under_the_names_that_pytorch_s_wrappers_give_them(tmp_path, prefix):
    content = torch.load(bad_runs.GOOD / runs.BEST, weights_only=True)
    renamed = content | {"weights": {prefix + name: tensor for name, tensor in content["weights"].items()}}
    (tmp_path / "wrapped.pt").write_bytes(bad_runs.as_checkpoint(renamed))
    wrapped, plain = (Classifier(path, "cpu").classify(SOUND) for path in (tmp_path / "wrapped.pt", bad_runs.GOOD))
    assert wrapped.ranking == plain.ranking


def test_weights_that_do_not_fit_are_named_with_all_that_is_wrong(tmp_path):
    content = torch.load(bad_runs.GOOD / runs.BEST, weights_only=True)
    weights = {
        f"network.{'x' if 'bias' in name else ''}{name.removeprefix('network.')}" if "network" in name else name: tensor
        for name, tensor in content["weights"].items()
    }
    weights["front_end.layer.mel_basis"] = torch.zeros(3, 241)
    (tmp_path / "other.pt").write_bytes(bad_runs.as_checkpoint(content | {"weights": weights}))
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(tmp_path / "other.pt")
    for part in ("network.classify.bias", "network.xclassify.bias", "(3, 241), not (40, 241)"):
        assert part in str(caught.value)


@pytest.mark.parametrize("command", ["classify", "detect", "evaluate"])
def test_weights_that_are_no_numbers_end_a_command_with_one_line(
    runs_here, tone_root, tmp_path, monkeypatch, capsys, command
):
    import soundfile

    monkeypatch.setenv("KWS_DATA", str(tone_root))

    soundfile.write(tmp_path / "sound.wav", SOUND, 16_000)
    bad_runs.make("none", best=bad_runs.checkpoints(tmp_path / "executed")["nan-network"])
    more = ["--protocol", "testing-list"] if command == "evaluate" else [str(tmp_path / "sound.wav")]
    assert main([command, "none", *more, "--json"]) == 1
    out = capsys.readouterr()
    assert "NaN" not in out.out
    assert "no numbers" in out.err
    assert "Traceback" not in out.err


def test_answers_that_overflow_are_an_error_and_no_answer(runs_here, tmp_path):
    folder = bad_runs.make("large", best=bad_runs.checkpoints(tmp_path / "executed")["overflow"])
    with pytest.raises(CheckpointError, match="no numbers"):
        Classifier(folder, "cpu").classify(SOUND)


def test_a_hop_that_is_none_is_a_setting_s_error():
    with pytest.raises(ConfigError, match="hop_length is None; it must be a whole number"):
        FrontEndConfig(hop_length=None)


def test_a_broken_grid_does_not_hide_the_others(runs_here):
    from core.jobs import grid

    grid.new_grid(grid.GridPlan(seeds=1), None, name="fine")
    broken = runs_here / runs.GRIDS / "broken"
    shutil.copytree(runs_here / runs.GRIDS / "fine", broken)
    (broken / "grid.json").write_bytes(b"[" * 100_000)
    (runs_here / runs.GRIDS / " odd name").mkdir()
    (runs_here / runs.GRIDS / " odd name" / "grid.json").write_text("{}")
    states = {state.name: state for state in grid.list_grids()}
    assert set(states) == {"fine", "broken"}
    assert "deep" in states["broken"].message
    assert states["fine"].plan == grid.GridPlan(seeds=1)
