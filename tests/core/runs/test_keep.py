"""Where results are kept: with a run of one's own, and never in what came with the project."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core import runs
from core.commands import main
from core.config import SAMPLE_RATE
from core.errors import DataError, RunError
from core.runs import keep
from core.runs.keep import find, make_room
from tests.kept import evaluation_path, load_evaluation, save_evaluation, saved_evaluation, saved_evaluations

COPIED = ("shipped-linear-A", "shipped-linear-D")


def content(folder):
    """Every file below a folder, by its content."""
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A project under version control with two of the shipped models, and its own ignore rules."""
    project = tmp_path / "project"
    for name in COPIED:
        shutil.copytree(runs.PROJECT / "checkpoints" / name, project / "checkpoints" / name)
    shutil.copy(runs.PROJECT / ".gitignore", project)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "as it comes")
    monkeypatch.setenv("KWS_RUNS", str(project / "checkpoints"))
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(project)
    return project


def git(project, *arguments):
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=True)
    return done.stdout


def commands(root, sound):
    """Every command that takes a trained run, and the exit code it ends with."""
    data = ("--data", root, "--protocol", "testing-list")
    a, d = COPIED
    yield 0, ("runs",)
    yield 0, ("evaluate", d, *data)
    yield 0, ("evaluate", f"checkpoints/{a}/best.pt", *data)
    yield 0, ("compare", a, d, *data)
    yield 0, ("compare", a, d, "--protocol", "official")
    yield 0, ("compare", a, d, "--time", *data)
    yield 0, ("experiment", d, "swap", *data)
    yield 0, ("robustness", a, d, "--change", "all", "--clips", "12", *data)
    yield 0, ("stream-test", d, "--snr", "clean", "--minutes", "0.5", *data)
    yield 0, ("report", d)
    yield 0, ("classify", d, sound)
    yield 0, ("detect", d, sound)
    yield 1, ("runs", "--stop", d)
    yield 1, ("runs", "--delete", d)
    yield 1, ("train", "--resume", d)


@pytest.mark.slow
def test_no_command_changes_what_came_with_the_project(checkout, tone_root, tone_pack, tmp_path, capsys):
    sound = tmp_path / "a word.wav"
    soundfile.write(sound, tone_pack.clips[0], SAMPLE_RATE)
    before = {name: content(checkout / "checkpoints" / name) for name in COPIED}
    for code, command in commands(tone_root, sound):
        assert main([str(one) for one in command]) == code, (command, capsys.readouterr().err)
        assert {name: content(checkout / "checkpoints" / name) for name in COPIED} == before, command
        assert git(checkout, "status", "--porcelain", "--untracked-files=all") == "", command
    # What was measured was kept all the same, and is listed as no run.
    kept = {path.name.split("-")[0] for path in (checkout / "checkpoints" / "results").rglob("*.*")}
    assert {"evaluation", "robustness", "experiment"} <= kept
    assert [run.name for run in runs.list_runs()] == list(COPIED)


def test_called_from_inside_its_folder_a_shipped_run_is_only_read(checkout, tone_root, monkeypatch):
    shipped = checkout / "checkpoints" / COPIED[0]
    before = content(shipped)
    monkeypatch.chdir(shipped)
    assert main(["evaluate", ".", "--data", str(tone_root), "--protocol", "testing-list"]) == 0
    assert content(shipped) == before


def test_what_is_measured_anew_is_read_before_what_came_with_the_project(checkout):
    run = checkout / "checkpoints" / COPIED[0]
    (came_with_it, *_) = saved_evaluations(run)
    one = load_evaluation(came_with_it)
    path = evaluation_path(run, one.dataset, one.protocol)
    assert saved_evaluation(run, one.dataset, one.protocol) == came_with_it
    save_evaluation(path, one)
    assert saved_evaluation(run, one.dataset, one.protocol) == path
    assert path in saved_evaluations(run)
    assert came_with_it not in saved_evaluations(run)
    assert not keep.why_outdated(load_evaluation(path), run)


def test_results_of_another_model_of_the_same_name_are_not_found(checkout):
    run = checkout / "checkpoints" / COPIED[0]
    one = load_evaluation(saved_evaluations(run)[0])
    save_evaluation(evaluation_path(run, one.dataset, one.protocol), one)
    ours = find(run, "listening.json")
    make_room(ours)
    ours.write_text("{}")
    (run / runs.BEST).write_bytes((checkout / "checkpoints" / COPIED[1] / runs.BEST).read_bytes())
    assert not find(run, "listening.json").exists()
    assert saved_evaluation(run, one.dataset, one.protocol).parent == run


def test_two_checkpoint_files_of_one_name_have_results_of_their_own(runs_here, tmp_path):
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "model.pt").write_bytes(bytes(number))
    one, other = (keep.results_folder(tmp_path / str(number) / "model.pt") for number in (1, 2))
    assert one != other
    assert one.parent == other.parent == runs_here / "results"


def test_a_run_of_ones_own_keeps_its_results_beside_its_model(runs_here, tmp_path):
    for run in (runs_here / "mine", tmp_path / "elsewhere"):
        run.mkdir()
        assert keep.results_folder(run) == run


def test_results_of_a_folder_that_cannot_be_written_go_to_the_users_runs(runs_here, tmp_path, monkeypatch):
    run = tmp_path / "read-only"
    run.mkdir()
    (run / "evaluation-tones-official.npz").write_bytes(b"came with it")
    # Tests may run as root, whom permissions do not stop.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != run)
    assert keep.results_folder(run).parent == runs_here / "results"
    assert saved_evaluation(run, "Tones", "official") == run / "evaluation-tones-official.npz"


def test_a_run_that_was_deleted_meanwhile_does_not_come_back_as_a_folder(runs_here):
    run = runs_here / "mine"
    (run / "experiments").mkdir(parents=True)
    path = keep.results_folder(run) / "experiments" / "swap.json"
    shutil.rmtree(run)
    for one in (path, run / "evaluation.npz"):
        make_room(one)
    assert not run.exists()


@pytest.mark.parametrize("name", ["results", "grids"])
def test_no_run_can_take_the_name_of_the_folders_beside_the_runs(runs_here, name, tiny_config):
    with pytest.raises(RunError, match=name):
        runs.new_run(tiny_config, None, name=name)
    (runs_here / name).mkdir()
    assert runs.list_runs() == []


def test_what_was_measured_on_a_model_that_was_replaced_meanwhile_is_refused(runs_here):
    run = runs_here / "mine"
    run.mkdir()
    (run / runs.BEST).write_bytes(b"one")
    with keep.unchanged(run) as checkpoint:
        pass
    assert checkpoint == hashlib.sha256(b"one").hexdigest()
    with pytest.raises(RunError, match="mine changed while it was measured"), keep.unchanged(run):
        (run / runs.BEST).write_bytes(b"another")


@dataclass(frozen=True)
class Made:
    """A record that says what it was measured on."""

    checkpoint: str
    data_key: str = "clips"


def test_a_record_holds_for_one_content_of_model_and_clips_whatever_the_times_say(runs_here):
    run = runs_here / "mine"
    run.mkdir()
    (run / runs.BEST).write_bytes(b"one")
    record = Made(keep.model_hash(run))
    assert keep.why_outdated(record, run) == keep.why_outdated(record, run, "clips") == ""
    assert "clips changed" in keep.why_outdated(record, run, "other clips")
    assert "earlier version" in keep.why_outdated(Made(""), run)
    (run / runs.BEST).write_bytes(b"two")
    assert "trained further" in keep.why_outdated(record, run)
    # The same content again, written later and elsewhere, is the same model.
    (run / runs.BEST).unlink()
    (run / runs.BEST).write_bytes(b"one")
    os.utime(run / runs.BEST, (1, 1))
    shutil.copytree(run, runs_here / "renamed")
    assert keep.why_outdated(record, run) == keep.why_outdated(record, runs_here / "renamed") == ""


def test_an_evaluation_kept_before_it_said_so_is_read_and_named_as_old(runs_here):
    run = runs_here / "mine"
    shutil.copytree(runs.PROJECT / "checkpoints" / COPIED[0], run)
    path = saved_evaluations(run)[0]
    with np.load(path) as arrays:
        old = {name: arrays[name] for name in arrays if name not in ("format", "version", "checkpoint", "data_key")}
    np.savez(path, **old)
    one = load_evaluation(path)
    assert one.n == len(old["truth"])
    assert "earlier version" in keep.why_outdated(one, run)


def test_a_file_of_another_version_or_study_is_named_for_what_it_is(tmp_path):
    study = keep.Study("test", "record", "Measure again.", 2, dict, dict)
    for content, why in (
        ({"format": "earshot-test", "version": 3, "record": {}}, "version 3; this program reads version 2.*Update"),
        ({"format": "earshot-test", "version": 1, "record": {}}, "kept by an earlier one.*Measure again"),
        ({"format": "earshot-other", "version": 2, "record": {}}, "of the format 'earshot-other'"),
        ({"format": "earshot-test", "version": 2, "record": {}, "more": 1}, "record, more"),
        ({"record": {}}, "'format' is not in it"),
    ):
        (tmp_path / "one.json").write_text(json.dumps(content))
        with pytest.raises(DataError, match=why):
            keep.load(study, tmp_path / "one.json")
    keep.write(study, tmp_path / "one.json", {"word": "yes"})
    assert keep.load(study, tmp_path / "one.json") == {"word": "yes"}


def test_a_run_without_its_settings_goes_with_everything_that_is_kept_of_it(runs_here):
    from core.studies import evaluation, word_length
    from core.studies.ablation import kept as ablation
    from core.studies.listening import kept as listening
    from core.studies.listening import operating_point
    from core.studies.robustness import kept as robustness

    run = runs_here / "mine"
    run.mkdir()
    (run / runs.BEST).touch()
    for study in (evaluation, word_length, ablation, listening, operating_point, robustness):
        (run / study.STUDY.file(*["what"] * (study not in (listening, operating_point)))).touch()
    runs.delete_run(run)
    assert not run.exists()
