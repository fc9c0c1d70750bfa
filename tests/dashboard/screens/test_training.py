"""Train: real runs in processes of their own, started, watched, stopped, resumed and deleted."""

import json
import shutil

import pytest

from core import runs
from core.config import SETTING_TITLES, to_dict
from core.data import near_misses
from core.sound.wav import as_recorded
from core.studies.evaluation import scores
from core.training.presets import FINE_TUNING, PRESETS, preset_config
from core.training.start import config_from
from dashboard.shared.wording import interval, percent
from dashboard.views.training.settings_form import GROUPS, field_notes
from tests.dashboard.conftest import GOOD, assert_calm, charts, texts, tone, wait_until
from tests.kept import load_evaluation, saved_evaluations


@pytest.fixture
def page(open_page, use_tiny_data):
    """The Train page with the tiny dataset; runs that a test leaves behind are ended."""
    yield open_page("training")
    for run in runs.list_runs():
        if run.alive:
            runs.stop_run(run.folder, wait_s=10)


def only_run():
    (run,) = runs.list_runs()
    return run


def from_scratch(page):
    """Choose to begin with no model, where there is one to begin with."""
    page.segmented_control("training.begin").set_value("scratch").run()


def open_run(page, name):
    page.button(f"training.open.{name}").click().run()
    return page


def start(page, epochs):
    page.number_input("training.epochs").set_value(epochs).run()
    page.button("training.start").click().run()
    assert_calm(page)


@pytest.mark.slow
def test_a_run_started_from_the_page_trains_to_its_end_and_is_shown(page, tiny_pack):
    start(page, epochs=1)
    run = only_run()
    assert run.name in texts(page)
    wait_until(lambda: not only_run().alive)
    page.run()
    assert_calm(page)
    run = only_run()
    assert run.state == "done", runs.read_log(run.folder)
    assert run.dataset == tiny_pack.title
    assert "1 of 1" in [metric.value for metric in page.metric]
    assert "finished" in texts(page)
    assert charts(page) == 2
    assert (run.folder / runs.BEST).exists()


@pytest.mark.slow
def test_stop_keeps_a_model_and_resume_goes_on(page):
    start(page, epochs=5000)
    name = only_run().name
    wait_until(lambda: only_run().epoch >= 2)
    page.run()
    assert "Time left" in [metric.label for metric in page.metric]
    assert charts(page) == 2, "curves are shown while it trains"
    page.button(f"training.stop.{name}").click().run()
    wait_until(lambda: not only_run().alive, seconds=15)
    page.run()
    assert_calm(page)
    stopped = only_run()
    assert stopped.state == "stopped"
    assert stopped.has_checkpoint
    assert "the checkpoint holds its best epoch so far" in texts(page)
    page.button("training.resume").click().run()
    wait_until(lambda: only_run().epoch > stopped.epoch)
    page.run()
    assert_calm(page)
    assert only_run().state == "running"


def test_a_crashed_run_is_shown_as_a_crash_with_its_last_words(page, own_run):
    runs.write_status(own_run, **{**runs.read_status(own_run), "state": "running", "epoch": 1, "changed": 0})
    (own_run / runs.LOG).write_text("Killed: out of memory\n")
    page.run()
    assert not page.exception
    assert "crashed" in texts(page)
    assert "Killed: out of memory" in page.error[0].value
    assert "Killed: out of memory" in page.code[0].value
    assert page.button("training.resume")


def test_a_failed_run_says_why(page, own_run):
    runs.write_status(own_run, **{**runs.read_status(own_run), "state": "failed", "message": "The loss became nan."})
    page.run()
    assert not page.exception
    assert page.error[0].value == "The loss became nan."


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_deleting_removes_only_that_run_and_is_undone_with_a_click(page, own_run, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "runs" / "other")
    page.run()
    open_run(page, "other")
    open_run(page, GOOD)
    before = files(own_run)
    assert own_run.exists()
    page.button("training.delete").click().run()
    assert_calm(page)
    assert [run.name for run in runs.list_runs()] == ["other"]
    assert f"Deleted: {GOOD}." in texts(page)
    page.button("training.undo").click().run()
    assert_calm(page)
    assert sorted(run.name for run in runs.list_runs()) == sorted([GOOD, "other"])
    assert files(own_run) == before
    assert f"Deleted: {GOOD}." not in texts(page)


def test_a_deleted_run_is_restored_from_the_trash_or_removed_for_good(page, own_run):
    page.run()
    page.button("training.delete").click().run()
    page.session_state["training.gone"] = []
    page.run()
    page.button(f"training.restore.{GOOD}").click().run()
    assert_calm(page)
    assert own_run.exists()
    page.button("training.delete").click().run()
    page.button("training.empty").click().run()
    assert_calm(page)
    assert runs.deleted_runs() == []
    assert "training.undo" not in {button.key for button in page.button}


def test_several_runs_are_compared_or_deleted_at_once(page, finished_run, tmp_path):
    for name in ("one", "two", "three"):
        shutil.copytree(finished_run, tmp_path / "runs" / name)
    page.run()
    page.checkbox("training.pick.one").check().run()
    assert page.button("training.chosen.compare").disabled, "one run is no comparison"
    page.checkbox("training.pick.two").check().run()
    assert not page.button("training.chosen.compare").disabled
    page.button("training.chosen.delete").click().run()
    assert_calm(page)
    assert [run.name for run in runs.list_runs()] == ["three"]
    page.button("training.undo").click().run()
    assert sorted(run.name for run in runs.list_runs()) == ["one", "three", "two"]
    page.checkbox("training.pick.one").check().run()
    page.checkbox("training.pick.two").check().run()
    page.button("training.chosen.compare").click().run()
    assert_calm(page)
    assert sorted(page.multiselect("runs").value) == ["one", "two"]


def test_a_run_gets_a_name_a_note_and_tags(page, own_run):
    page.run()
    page.text_input(f"training.label.name.{GOOD}").set_value("Loud kitchen")
    page.text_area(f"training.label.note.{GOOD}").set_value("With the tap on.")
    page.text_input(f"training.label.tags.{GOOD}").set_value("noise, kitchen")
    page.button(f"training.label.save.{GOOD}").click().run()
    assert_calm(page)
    assert runs.read_label(own_run) == runs.Label(
        name="Loud kitchen", note="With the tap on.", tags=("noise", "kitchen")
    )
    assert page.button(f"training.open.{GOOD}").label == "Loud kitchen"
    assert "With the tap on." in texts(page)
    assert "kitchen" in texts(page)
    page.text_input(f"training.label.tags.{GOOD}").set_value("x" * 31)
    page.button(f"training.label.save.{GOOD}").click().run()
    assert "A tag is" in page.error[0].value
    assert runs.read_label(own_run).tags == ("noise", "kitchen"), "nothing was changed"


def test_a_shipped_run_cannot_be_deleted_or_resumed(page, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "runs" / "shipped-linear-D")
    page.run()
    open_run(page, "shipped-linear-D")
    keys = {button.key for button in page.button}
    assert {"training.use.filterbank", "training.use.live"} <= keys
    assert not keys & {"training.delete", "training.resume"}


def test_a_name_that_cannot_be_one_is_explained_and_starts_nothing(page):
    page.text_input("training.name").set_value("../elsewhere").run()
    page.button("training.start").click().run()
    assert not page.exception
    assert "../elsewhere" in page.error[0].value
    assert runs.list_runs() == []
    assert page.text_input("training.name").value == "../elsewhere", "what was typed is kept"


def test_the_name_of_a_started_run_is_not_proposed_for_the_next(page, monkeypatch):
    started = []

    def start_run(*_args, name, **_options):
        started.append(name)
        return runs.run_folder("first")

    monkeypatch.setattr(runs, "start_run", start_run)
    page.text_input("training.name").set_value("first").run()
    page.button("training.start").click().run()
    assert page.text_input("training.name").value == ""
    page.button("training.start").click().run()
    assert_calm(page)
    assert started == ["first", None]


def test_a_setting_that_cannot_work_is_explained_beside_the_form(page):
    page.number_input("training.linear.front_end.n_fft").set_value(481).run()
    assert not page.exception
    assert "n_fft is 481; it must be even." in page.error[0].value
    page.number_input("training.linear.front_end.n_fft").set_value(480).run()
    assert_calm(page)


def test_choosing_a_preset_brings_its_number_of_epochs(page):
    for name in ("bcresnet-1", "linear"):
        page.selectbox("training.preset").set_value(name).run()
        assert_calm(page)
        assert page.number_input("training.epochs").value == PRESETS[name].config.training.epochs
        assert PRESETS[name].summary in texts(page)


def test_the_finer_settings_reach_the_run(page, monkeypatch):
    started = []
    monkeypatch.setattr(
        runs, "start_run", lambda config, *_args, **_options: started.append(config) or runs.run_folder("x")
    )
    page.button("training.setting.B").click().run()
    page.number_input("training.epochs").set_value(7).run()
    page.number_input("training.linear.training.batch_size").set_value(50).run()
    page.button("training.start").click().run()
    (config,) = started
    usual = preset_config("linear", setting="B", epochs=7, seed=0)
    assert config.front_end == usual.front_end
    assert config.training.batch_size == 50
    assert config.training.epochs == 7
    assert config.training.learning_rate == usual.training.learning_rate


@pytest.fixture
def started(monkeypatch):
    """What runs were started with, instead of starting them."""
    calls = []

    def start_run(config, root, **more):
        calls.append((config, root, more))
        return runs.run_folder("x")

    monkeypatch.setattr(runs, "start_run", start_run)
    return calls


@pytest.fixture
def near_miss():
    """One second of talk that a model took for a keyword."""
    folder = near_misses.near_misses_folder()
    near_misses.add([as_recorded(tone(440))], folder)
    return folder


def test_near_misses_are_learned_from_unless_a_person_says_no(page, near_miss, started):
    page.run()
    assert page.checkbox("training.near_misses").label == "Learn from 1 near-miss too"
    page.button("training.start").click().run()
    assert_calm(page)
    page.checkbox("training.near_misses").uncheck().run()
    page.button("training.start").click().run()
    assert [more["more"] for _, _, more in started] == [near_miss, None]


def test_without_near_misses_nothing_is_offered_and_they_can_be_cleared(page, near_miss, started):
    page.run()
    page.button("training.clear_near_misses").click().run()
    assert_calm(page)
    assert near_misses.count(near_miss) == 0
    assert "training.near_misses" not in {box.key for box in page.checkbox}
    page.button("training.start").click().run()
    assert started[0][2]["more"] is None


@pytest.mark.slow
def test_a_run_learns_from_near_misses(page, near_miss, tiny_pack):
    page.run()
    start(page, epochs=1)
    wait_until(lambda: not only_run().alive)
    run = only_run()
    assert run.state == "done", runs.read_log(run.folder)
    assert run.dataset == f"{tiny_pack.title} and 1 more clip"
    assert runs.read_further_folders(run.folder) == (None, near_miss)


def test_near_misses_that_cannot_be_read_are_told_beside_the_data(page, near_miss):
    near_misses.clear(near_miss)
    (near_miss / "talk").rmdir()
    (near_miss / "talk").write_text("a file")
    page.run()
    assert not page.exception
    assert "near-misses" in page.error[0].value


def test_a_trained_model_is_what_a_newcomer_begins_with(page, own_run, tiny_root, started):
    page.run()
    assert "training.preset" not in {box.key for box in page.selectbox}
    page.button("training.setting.B").click().run()
    page.button("training.start").click().run()
    assert_calm(page)
    ((config, root, more),) = started
    assert root == tiny_root
    assert more["start"] == own_run
    assert config == config_from(own_run, setting="B", epochs=config.training.epochs, seed=0)
    assert (config.start.name, config.preset, config.front_end.setting) == (GOOD, FINE_TUNING, "B")
    assert config.training.epochs == config_from(own_run).training.epochs


def test_what_is_changed_of_a_run_that_begins_with_a_model_reaches_it(page, own_run, started):
    page.run()
    page.number_input(f"training.fine-tuning.{GOOD}.training.pull").set_value(0.75).run()
    page.button("training.start").click().run()
    assert_calm(page)
    ((config, _, _),) = started
    assert config.training.pull == 0.75
    keys = {box.key for box in page.number_input}
    assert not any("front_end" in key for key in keys if key.startswith("training.fine-tuning")), (
        "its spectrogram stays"
    )


def test_each_way_to_begin_has_its_usual_number_of_epochs_and_keeps_what_was_chosen(page, own_run):
    page.run()
    page.number_input("training.fine-tuning.same_words.epochs").set_value(3).run()
    from_scratch(page)
    assert page.number_input("training.epochs").value == PRESETS["linear"].config.training.epochs
    page.segmented_control("training.begin").set_value("model").run()
    assert page.number_input("training.fine-tuning.same_words.epochs").value == 3
    assert_calm(page)


def test_the_result_says_the_score_with_its_interval_and_what_moved(page, own_run):
    page.run()
    metrics = {metric.label: metric.value for metric in page.metric}
    evaluation = load_evaluation(saved_evaluations(own_run)[0])
    score = scores(evaluation)
    assert metrics["Score"] == percent(score.accuracy)
    assert f"{interval(*score.interval)} (95 %) of {score.n} clips it never saw: official test set" in texts(page)
    assert (metrics["Mel filters moved"], metrics["Kernels moved"]) == ("10.0 %", "0.1 %")
    assert "training.use.compare" not in {button.key for button in page.button}, "there is nothing to compare it with"


def test_a_result_is_compared_with_a_fixed_spectrogram_of_the_same_network(page, own_run, finished_run, tmp_path):
    fixed = tmp_path / "runs" / "fixed"
    shutil.copytree(finished_run, fixed)
    config = preset_config("linear", setting="A", epochs=2)
    (fixed / runs.CONFIG).write_text(json.dumps(to_dict(config)))
    page.run()
    page.session_state["run"] = GOOD
    page.run()
    page.button("training.use.compare").click().run()
    assert_calm(page)
    assert page.multiselect("runs").value == ["fixed", GOOD]


def test_a_run_is_repeated_with_seeds_on_the_grid(page, own_run):
    page.run()
    page.button("training.seeds").click().run()
    assert_calm(page)
    assert page.multiselect("grid.models").value == ["linear"]
    assert page.multiselect("grid.settings").value == ["A", "D"]
    assert page.number_input("grid.seeds").value == 3
    assert page.number_input("grid.epochs.linear").value == 2
    assert "About 9 s" in texts(page), "a setting that was trained here is known, the other one is not"


@pytest.mark.parametrize("setting", "ABCD")
def test_a_card_says_its_setting_in_words(page, setting):
    page.button(f"training.setting.{setting}").click().run()
    assert_calm(page)
    chosen = [one.label for one in page.button if one.key.startswith("training.setting.") and "_checked" in one.icon]
    assert chosen == [SETTING_TITLES[setting]]


def test_the_time_is_estimated_from_a_run_of_the_same_kind(page, own_run):
    page.run()
    from_scratch(page)
    page.number_input("training.epochs").set_value(10).run()
    assert f"About 15 s: {own_run.name} took 1.5 s an epoch" in texts(page)
    page.selectbox("training.preset").set_value("bcresnet-2").run()
    assert "known after a first run of this kind" in texts(page)


def test_no_run_can_start_without_a_usable_dataset(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "nowhere"))
    page = open_page("training")
    assert not page.exception
    assert page.button("training.start").disabled
    assert "There is no folder" in page.error[0].value


@pytest.mark.parametrize("group", GROUPS)
def test_every_field_of_the_form_exists_in_its_class(group):
    _, kind, names = GROUPS[group]
    assert set(names) <= set(kind.__dataclass_fields__)
    assert set(field_notes(kind)) <= set(kind.__dataclass_fields__)
