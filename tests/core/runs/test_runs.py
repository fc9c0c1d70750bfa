"""Runs live in folders: whatever happens to a process or a file, a run says how it stands and loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from core import runs
from core.config import AugmentConfig, TrainingConfig, to_dict
from core.data.pack import open_data
from core.errors import DataError, KeywordSpottingError, RunError
from core.jobs import worker
from core.records.filters import FilterSnapshot
from core.records.training import EpochReport
from core.runs import owner
from core.training.checkpoint import load_checkpoint, load_model
from tests.kept import load_evaluation, saved_evaluations

PROJECT = Path(__file__).parents[3]


def wait_for(what, seconds=240.0):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def long_config(tiny_config):
    """So many epochs that a run is still going whenever a test looks at it."""
    return replace(tiny_config, training=replace(tiny_config.training, epochs=5000))


def test_a_run_started_with_more_clips_says_where_they_are(runs_here, tone_root, tiny_config, monkeypatch, tmp_path):
    monkeypatch.setattr("core.runs.folder.launch", lambda *_: None)
    folder = runs.start_run(tiny_config, tone_root, name="first", more=tmp_path / "near")
    assert runs.read_further_folders(folder) == (None, tmp_path / "near")


def test_a_run_is_trained_in_a_process_that_outlives_the_one_that_started_it_and_ends_as_done(
    runs_here, tone_root, tiny_config
):
    program = (
        "import json, sys; from pathlib import Path\n"
        "from core import runs; from core.config import RunConfig, from_dict\n"
        "config = from_dict(RunConfig, json.loads(sys.argv[1]))\n"
        "folder = runs.start_run(config, Path(sys.argv[2]), name='first')\n"
        "assert runs.run_state(folder).alive"
    )
    command = [sys.executable, "-c", program, json.dumps(to_dict(tiny_config)), str(tone_root)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    folder = runs_here / "first"
    wait_for(lambda: not runs.run_state(folder).alive)
    run = runs.run_state(folder)
    assert (run.state, run.epoch, run.epochs) == ("done", 3, 3), run.message + runs.read_log(folder)
    assert run.config == tiny_config
    assert run.has_checkpoint
    assert run.best_accuracy == load_checkpoint(folder).validation_accuracy
    assert [report.epoch for report in runs.read_progress(folder)] == [1, 2, 3]
    kept = runs.evolution(folder)
    assert [snapshot.epoch for snapshot in kept] == sorted(runs.snapshot_epochs(3, 2))
    assert kept[-1].stft_cos.shape == (241, 480)
    assert not (kept[0].mel_basis == kept[-1].mel_basis).all()
    # The tone data have no official test set, so only the testing list could be evaluated.
    (path,) = saved_evaluations(folder)
    assert load_evaluation(path).protocol == "testing-list"
    assert [one.name for one in runs.list_runs()] == ["first"]


def test_no_other_worker_takes_a_run_that_trains_and_a_stop_is_quick_and_keeps_a_usable_checkpoint(
    runs_here, tone_root, long_config
):
    folder = runs.start_run(long_config, tone_root, name="long")
    assert runs.run_state(folder).alive
    wait_for(lambda: runs.run_state(folder).epoch >= 1)
    with pytest.raises(RunError, match="already training"):
        worker.work(folder)
    with pytest.raises(RunError, match="still training"):
        runs.resume_run(folder)
    with pytest.raises(RunError, match="still training"):
        runs.delete_run(folder)
    asked = time.monotonic()
    runs.stop_run(folder, wait_s=20)
    assert not runs.run_state(folder).alive
    assert time.monotonic() - asked < 10  # seconds; on an idle machine it takes well below one
    assert runs.run_state(folder).state == "stopped"
    assert load_model(folder)(torch.zeros(1, 16_000)).shape == (1, 12)


def test_a_run_stopped_in_its_first_epoch_has_a_checkpoint_too(runs_here, tone_root, long_config):
    folder = runs.new_run(long_config, tone_root, name="brief", device="cpu")
    state = worker.work(folder, on_step=lambda _step: runs.stop_run(folder))
    assert (state.state, state.epoch) == ("stopped", 0)
    assert load_checkpoint(folder).validation_accuracy is None


def test_a_killed_run_shows_as_crashed_and_resumes_to_the_same_weights(runs_here, tone_root, tiny_config):
    config = replace(tiny_config, training=replace(tiny_config.training, epochs=6))
    whole = runs.new_run(config, tone_root, name="whole", device="cpu")
    worker.work(whole)
    folder = runs.start_run(config, tone_root, name="killed", device="cpu")
    wait_for(lambda: runs.run_state(folder).epoch >= 2)
    owner = json.loads((folder / runs.PROCESS).read_text())["pid"]
    os.kill(owner, signal.SIGKILL)
    wait_for(lambda: not runs.run_state(folder).alive)
    crashed = runs.run_state(folder)
    if crashed.state != "done":  # it may have ended just before
        assert crashed.state == "crashed"
        assert "without a word" in crashed.message
        runs.prepare_resume(folder)
        worker.work(folder)
    assert runs.run_state(folder).state == "done", runs.read_log(folder)
    first, second = torch.load(whole / "last.pt"), torch.load(folder / "last.pt")
    assert first["epoch"] == second["epoch"] == 6
    for name, weights in first["model"].items():
        assert torch.equal(weights, second["model"][name]), name
    assert [report.epoch for report in runs.read_progress(folder)] == [1, 2, 3, 4, 5, 6]


@pytest.fixture
def noise_folder(tmp_path, hiss):
    folder = tmp_path / "my noise"
    folder.mkdir()
    soundfile.write(folder / "kitchen.wav", hiss(2, -20), 16_000)
    return folder


NOISY = AugmentConfig(noise_probability=1.0, noise_snr_db=(-5, 5), noise_against="word")


def test_a_run_goes_on_with_the_folder_of_noise_that_it_began_with(runs_here, tone_root, tiny_config, noise_folder):
    config = replace(tiny_config, augment=NOISY)
    last = []
    for name, noise, stops_after in (("whole", noise_folder, 3), ("stopped", noise_folder, 1), ("without", None, 3)):
        folder = runs.new_run(config, tone_root, name=name, device="cpu", noise=noise)
        assert runs.read_further_folders(folder) == (noise, None)

        def stop(step, folder=folder, stops_after=stops_after):
            if step.epoch > stops_after:
                runs.stop_run(folder)

        worker.work(folder, on_step=stop)
        if stops_after == 1:
            assert runs.run_state(folder).state == "stopped"
            runs.prepare_resume(folder)
            worker.work(folder)
        last.append(torch.load(folder / "last.pt")["model"]["network.classify.weight"])
    assert torch.equal(last[0], last[1])
    assert not torch.equal(last[0], last[2])


def test_more_clips_are_trained_on_and_never_tested_on(runs_here, tone_root, tiny_config, tmp_path):
    (tmp_path / "more" / "goat").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(40):
        soundfile.write(tmp_path / "more" / "goat" / f"{number}.wav", 0.1 * rng.standard_normal(16_000), 16_000)
    last = []
    for name, more in (("with", tmp_path / "more"), ("without", None)):
        folder = runs.new_run(tiny_config, tone_root, name=name, device="cpu", more=more)
        assert runs.read_further_folders(folder) == (None, more)
        worker.work(folder)
        last.append(torch.load(folder / "last.pt")["model"]["network.classify.weight"])
    assert not torch.equal(*last)
    alone = open_data(tone_root)
    assert runs.run_state(runs_here / "with").dataset == f"{alone.title} and 40 more clips"
    first, second = (load_evaluation(saved_evaluations(runs_here / name)[0]) for name in ("with", "without"))
    assert first.data_key == second.data_key == alone.content
    assert first.clip_files == second.clip_files


def test_a_folder_of_noise_that_is_gone_is_said(runs_here, tone_root, tiny_config, tmp_path):
    folder = runs.new_run(tiny_config, tone_root, name="gone", device="cpu", noise=tmp_path / "gone")
    with pytest.raises(DataError, match="Give one with recordings of noise"):
        worker.work(folder)
    assert runs.run_state(folder).state == "failed"


def test_a_run_with_averaged_weights_keeps_these_as_its_model(runs_here, tone_root, tiny_config):
    training = replace(tiny_config.training, averaging=0.9, epochs=1)
    folder = runs.new_run(replace(tiny_config, training=training), tone_root, name="mean", device="cpu")
    worker.work(folder)
    last, best = torch.load(folder / "last.pt"), load_checkpoint(folder)
    for name, mean in last["averaged"]["means"].items():
        assert torch.equal(best.weights[name], mean), name
    assert not torch.equal(best.weights["network.classify.weight"], last["model"]["network.classify.weight"])
    (_, kept) = runs.evolution(folder)
    assert np.array_equal(kept.mel_basis, best.weights["front_end.layer.mel_basis"].numpy())


def test_a_failure_is_shown_with_its_message(runs_here, tmp_path, tiny_config):
    folder = runs.new_run(tiny_config, tmp_path / "nowhere", name="no-data", device="cpu")
    with pytest.raises(DataError):
        worker.work(folder)
    run = runs.run_state(folder)
    assert run.state == "failed"
    assert "nowhere" in run.message


def test_training_that_runs_away_fails_with_advice_and_can_be_resumed(runs_here, tone_root, tiny_config):
    training = TrainingConfig(epochs=2, batch_size=24, learning_rate=1e38)
    folder = runs.new_run(replace(tiny_config, training=training), tone_root, name="wild", device="cpu")
    with pytest.raises(RunError):
        worker.work(folder)
    assert "step sizes" in runs.run_state(folder).message
    assert runs.run_state(folder).resumable


@pytest.fixture
def folder(runs_here, tiny_config):
    """A run that says it is running, though no process works on it."""
    folder = runs.new_run(tiny_config, None, name="run")
    runs.write_status(folder, state="running", epoch=1, step=3, steps=9)
    return folder


def test_a_status_that_says_running_without_a_process_is_a_crash(folder):
    (folder / runs.LOG).write_text("Segmentation fault\n")
    run = runs.run_state(folder)
    assert run.state == "crashed"
    assert "Segmentation fault" in run.message


def test_another_process_with_the_same_number_is_not_taken_for_the_worker(folder):
    (folder / runs.PROCESS).write_text(json.dumps({"pid": os.getpid(), "started": 1}))
    assert runs.run_state(folder).state == "crashed"


def test_a_living_process_that_says_nothing_is_reported(folder):
    with owner.owned(folder):
        status = {"state": "running", "epoch": 1, "changed": time.time()}
        (folder / runs.STATUS).write_text(json.dumps({**status, "beat": time.monotonic() - 300}))
        assert "not answered for 300 s" in runs.run_state(folder).message
        # One written before there were beats.
        (folder / runs.STATUS).write_text(json.dumps({**status, "changed": time.time() - 300}))
        assert "not answered for 300 s" in runs.run_state(folder).message


@pytest.mark.parametrize("content", ["", "{", "[]", '{"colour": 1}', '{"training": {"epochs": "many"}}'])
def test_a_damaged_config_is_described_and_hides_no_other_run(folder, tiny_config, content):
    runs.new_run(tiny_config, None, name="good")
    (folder / runs.CONFIG).write_text(content)
    states = {run.name: run for run in runs.list_runs()}
    assert states["run"].state == "broken"
    assert "config.json" in states["run"].message
    assert states["good"].state != "broken"


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"state": "running", "changed": "yesterday"}'])
def test_a_damaged_status_is_no_exception(folder, content):
    (folder / runs.STATUS).write_text(content)
    assert runs.run_state(folder).state in ("crashed", "broken", "starting")


def test_a_progress_line_cut_short_is_left_out_and_a_repeated_epoch_counts_once(folder):
    report = EpochReport(1, 3, 1.0, 0.5, None, None, 0.1, 0.0, 0.0, 100.0, 1.0, False)
    runs.append_progress(folder, report)
    runs.append_progress(folder, replace(report, epoch=2))
    runs.append_progress(folder, replace(report, epoch=2, train_loss=0.25))
    with (folder / runs.PROGRESS).open("a") as file:
        file.write('{"epoch": 3, "epo')
    progress = runs.read_progress(folder)
    assert [one.epoch for one in progress] == [1, 2]
    assert progress[1].train_loss == 0.25


def test_damaged_filters_leave_an_empty_evolution(folder):
    snapshot = FilterSnapshot(0, np.ones((40, 241), np.float32), np.ones((241, 480)), np.ones((241, 480)))
    runs.keep_filters(folder, snapshot, kernels=True)
    assert [one.epoch for one in runs.evolution(folder)] == [0]
    (folder / runs.KERNELS.format(epoch=0)).write_bytes(b"damaged")
    assert runs.evolution(folder)[0].stft_cos.size == 0
    (folder / runs.MEL_EVOLUTION).write_bytes(b"PK\x03\x04")
    assert runs.evolution(folder) == []


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "x" * 81, "with space", "nul\0"])
def test_a_name_cannot_lead_out_of_the_folder_of_runs(runs_here, tiny_config, name):
    with pytest.raises(RunError, match="cannot be called"):
        runs.new_run(tiny_config, None, name=name)


def test_names_are_taken_once_and_made_up_ones_never_clash(runs_here, tiny_config):
    runs.new_run(tiny_config, None, name="mine")
    with pytest.raises(RunError, match="already a run"):
        runs.new_run(tiny_config, None, name="mine")
    assert len({runs.new_run(tiny_config, None) for _ in range(3)}) == 3
    with pytest.raises(RunError, match="kept for"):
        runs.new_run(tiny_config, None, name="shipped-mine")


def test_a_folder_of_runs_that_cannot_be_written_is_explained(tmp_path, tiny_config, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KWS_RUNS", str(tmp_path / "file"))
    with pytest.raises(RunError, match="KWS_RUNS"):
        runs.new_run(tiny_config, None, name="mine")


def test_shipped_runs_are_never_deleted_or_resumed(runs_here, tiny_config, monkeypatch):
    folder = runs.new_run(tiny_config, None, name="mine")
    runs.write_status(folder, state="stopped")
    shipped = folder.rename(folder.with_name("shipped-mine"))
    assert not runs.run_state(shipped).resumable
    with pytest.raises(RunError, match="came with the project"):
        runs.delete_run(shipped)
    assert shipped.exists()


def test_only_run_folders_are_deleted(runs_here, tmp_path, tiny_config):
    (runs_here / "notes").mkdir()
    (runs_here / "notes" / "diary.txt").write_text("dear diary")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / runs.CONFIG).write_text("{}")
    (runs_here / "link").symlink_to(tmp_path / "elsewhere")
    for folder in (runs_here / "notes", tmp_path / "elsewhere", runs_here / "link"):
        with pytest.raises(RunError, match="nothing was deleted"):
            runs.delete_run(folder)
        assert folder.exists()
    mine = runs.new_run(tiny_config, None, name="mine")
    runs.write_status(mine, state="stopped")
    runs.delete_run(mine)
    assert not mine.exists()


def test_a_run_is_found_by_name_folder_or_file_and_a_wrong_one_lists_the_others(folder):
    assert runs.find_run("run") == folder
    assert runs.find_run(str(folder)) == folder
    assert runs.find_run(str(folder / runs.CONFIG)) == folder / runs.CONFIG
    with pytest.raises(RunError, match="Runs here: run"):
        runs.find_run("rum")


def test_errors_of_the_worker_are_for_people(folder):
    (folder / runs.SOURCE).write_text("{")
    with pytest.raises(KeywordSpottingError, match=r"source\.json"):
        worker.work(folder)
    assert runs.run_state(folder).state == "failed"
