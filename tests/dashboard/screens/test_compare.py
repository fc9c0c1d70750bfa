"""Compare: two runs and more, on the same clips or with a way to get there."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from core.data import recordings
from core.studies.comparison import compare, outcome
from dashboard.shared import jobs
from tests.dashboard.conftest import GOOD, assert_calm, charts, open_fold, texts, tone, wait_until
from tests.kept import evaluation_path, load_evaluation, save_evaluation

FIGURES = 9
"""Accuracies, gains, words, confusion, cost, curves; filters: all, one, change."""


@pytest.fixture
def add_run(own_run, tiny_pack):
    """Makes a copy of the finished run of which some clips were answered right, and others wrong."""

    def add(name, n_right):
        folder = own_run.parent / name
        shutil.copytree(own_run, folder)
        path = evaluation_path(folder, tiny_pack.title, "official")
        kept = load_evaluation(path)
        answers = np.where(np.arange(kept.n) < n_right, kept.truth, (kept.truth + 1) % 12)
        confusion = np.zeros((12, 12), np.int64)
        np.add.at(confusion, (kept.truth, answers), 1)
        made = replace(kept, probabilities=np.eye(12, dtype=np.float32)[answers], confusion=confusion)
        save_evaluation(path, made)
        return folder

    return add


FOLDS = ("answers", "numbers", "costs", "settings", "learned", "filters")


def choose(app, *names):
    """Choose runs, and open all that is folded away."""
    app.multiselect("runs").set_value(list(names)).run()
    for name in FOLDS:
        open_fold(app, f"compare.{name}")
    return app


def test_two_models_are_needed(open_page):
    app = open_page("compare")
    assert_calm(app)
    assert "needs two trained models" in app.info[0].value
    assert charts(app) == 0


@pytest.mark.usefixtures("own_run")
def test_with_one_model_a_second_is_asked_for(open_page):
    app = open_page("compare")
    assert_calm(app)
    assert f"there is one, {GOOD}" in app.info[0].value


@pytest.mark.usefixtures("use_tiny_data")
def test_two_runs_are_compared_in_words_and_numbers(open_page, add_run, tiny_pack):
    worse, better = add_run("worse", 2), add_run("better", 12)
    app = choose(open_page("compare"), "worse", "better")
    assert charts(app) == FIGURES
    kept = [load_evaluation(evaluation_path(run, tiny_pack.title, "official")) for run in (worse, better)]
    (expected,) = compare([replace(kept[0], run="worse"), replace(kept[1], run="better")])
    assert outcome(expected) in texts(app)
    assert "better got 10 clips right that worse got wrong, and 0 the other way" in texts(app)
    numbers = next(table.value for table in app.dataframe if "Only the run right" in table.value)
    assert numbers["Only the run right"].tolist() == [10]
    app.selectbox("baseline").set_value("better").run()
    assert_calm(app)
    assert "worse got 0 clips right that better got wrong, and 10 the other way" in texts(app)


@pytest.mark.usefixtures("use_tiny_data")
def test_the_clips_that_only_one_got_right_can_be_heard(open_page, add_run):
    add_run("worse", 2)
    add_run("better", 5)
    app = choose(open_page("compare"), "worse", "better")
    assert not app.get("audio")
    open_fold(app, "compare.hear")
    assert len(app.get("audio")) == 3
    app.segmented_control("compare.right.better.worse").set_value("worse").run()
    assert_calm(app)
    assert "There are none." in texts(app)


@pytest.mark.usefixtures("use_tiny_data")
def test_several_runs_are_corrected_for_their_number(open_page, add_run):
    for name, n_right in (("one", 2), ("two", 12), ("three", 7)):
        add_run(name, n_right)
    app = choose(open_page("compare"), "one", "two", "three")
    assert texts(app).count("corrected for 2 comparisons") == 2
    assert "Holm's correction" in texts(app)
    app.selectbox("compare.looked.two.three").set_value("three").run()
    assert_calm(app)
    assert charts(app) == FIGURES


@pytest.mark.usefixtures("use_tiny_data")
def test_only_settings_that_differ_are_shown_unless_all_are_asked_for(open_page, add_run):
    add_run("one", 2)
    add_run("two", 3)
    (add_run("three", 3) / "config.json").write_text("{")
    app = choose(open_page("compare"), "one", "two")
    assert "All settings are equal." in texts(app)
    app.toggle("compare.every").set_value(True).run()
    table = next(table.value for table in app.dataframe if "Setting" in table.value)
    assert {"learning rate", "n mels"} <= set(table["Setting"])
    choose(app, "one", "three")


@pytest.mark.usefixtures("use_tiny_data")
def test_a_run_that_was_not_measured_is_named_and_measured_on_request(open_page, add_run, tiny_pack):
    missing = add_run("missing", 2)
    evaluation_path(missing, tiny_pack.title, "official").unlink()
    add_run("other", 3)
    app = choose(open_page("compare"), "other", "missing")
    assert "Not measured on these clips yet: missing." in texts(app)
    assert "needs two runs that were measured" in texts(app)
    app.button("compare.evaluate").click().run()
    job = f"compare {tiny_pack.title} official"
    wait_until(lambda: not (found := jobs.find(job)) or not found.running)
    app.run()
    assert_calm(app)
    assert evaluation_path(missing, tiny_pack.title, "official").exists()
    assert "Not measured" not in texts(app)
    assert charts(app) == FIGURES


@pytest.mark.usefixtures("use_tiny_data")
def test_evaluations_of_other_clips_are_told_and_can_be_made_anew(open_page, add_run, tiny_pack):
    changed = add_run("changed", 2)
    add_run("other", 3)
    path = evaluation_path(changed, tiny_pack.title, "official")
    kept = load_evaluation(path)
    save_evaluation(path, replace(kept, clip_files=("gone.wav", *kept.clip_files[1:])))
    app = choose(open_page("compare"), "other", "changed")
    assert "gone.wav" in app.warning[0].value
    assert "Evaluate 2 runs on 13 clips" in [button.label for button in app.button]


@pytest.mark.usefixtures("use_tiny_data")
def test_one_clip_is_timed_with_each_run(open_page, add_run, monkeypatch):
    monkeypatch.setattr("dashboard.views.compare.cost.SECONDS", 0.02)
    add_run("one", 2)
    add_run("two", 3)
    app = choose(open_page("compare"), "one", "two")
    assert "Times were not measured yet." in texts(app)
    app.button("compare.time").click().run()
    wait_until(lambda: not jobs.find("latency").running)
    app.run()
    assert not app.exception
    table = next(table.value for table in app.dataframe if "What" in table.value)
    line = table[table["What"] == "Time for one clip, median"].iloc[0]
    assert line["one"].endswith(" ms")
    assert line["two"].endswith(" ms")
    app.segmented_control("cost").set_value("latency").run()
    assert not app.exception


@pytest.mark.usefixtures("use_tiny_data")
def test_own_recordings_can_be_compared_on(open_page, add_run):
    recordings.add(tone(400), model=GOOD, word="yes", score=0.6, truth="yes")
    add_run("one", 2)
    add_run("two", 3)
    app = choose(open_page("compare"), "one", "two")
    app.radio("clips").set_value("own").run()
    assert_calm(app)
    assert "Evaluate 2 runs on 1 clip" in [button.label for button in app.button]


@pytest.mark.usefixtures("use_tiny_data")
def test_a_deleted_run_leaves_the_choice(open_page, add_run):
    gone = add_run("gone", 2)
    add_run("other", 3)
    app = choose(open_page("compare"), GOOD, "other", "gone")
    shutil.rmtree(gone)
    app.run()
    assert_calm(app)
    assert set(app.multiselect("runs").value) == {GOOD, "other"}


@pytest.mark.usefixtures("use_tiny_data")
def test_a_model_that_cannot_be_read_is_named_and_the_others_shown(open_page, add_run):
    (add_run("damaged", 2) / "best.pt").write_bytes(b"garbage")
    add_run("other", 3)
    app = open_page("compare")
    app.multiselect("runs").set_value(["damaged", "other"]).run()
    assert_calm(app)
    for name in FOLDS:
        app.session_state[f"compare.{name}"] = True
    app.run()
    assert not app.exception
    assert "weights" in app.error[0].value
    assert charts(app) == FIGURES


@pytest.mark.usefixtures("use_tiny_data")
def test_it_ends_after_word_by_word_until_more_is_asked_for(open_page, add_run):
    add_run("one", 2)
    add_run("two", 3)
    app = open_page("compare")
    app.multiselect("runs").set_value(["one", "two"]).run()
    assert_calm(app)
    assert charts(app) == 2
    assert not app.dataframe
