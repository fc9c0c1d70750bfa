"""The Training page: real runs in processes of their own, started, watched, stopped, resumed and deleted."""

import shutil

import pytest

from core import runs
from core.training.presets import PRESETS, preset_config
from dashboard.views.training.settings_form import GROUPS, field_notes
from tests.dashboard.conftest import GOOD, assert_calm, charts, texts, wait_until


@pytest.fixture
def page(open_page, use_tiny_data):
    """The Training page with the tiny dataset; runs that a test leaves behind are ended."""
    yield open_page("training")
    for run in runs.list_runs():
        if run.alive:
            runs.stop_run(run.folder, wait_s=10)


def only_run():
    (run,) = runs.list_runs()
    return run


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


def test_deleting_needs_a_second_click_and_removes_only_that_run(page, own_run, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "runs" / "other")
    page.run()
    page.selectbox("training.run").set_value(GOOD).run()
    assert own_run.exists()
    page.button("training.delete").click().run()
    assert_calm(page)
    assert [run.name for run in runs.list_runs()] == ["other"]


def test_a_shipped_run_cannot_be_deleted_or_resumed(page, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "runs" / "shipped-linear-D")
    page.run()
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
    page.radio("training.setting").set_value("B").run()
    page.number_input("training.epochs").set_value(7).run()
    page.number_input("training.linear.training.batch_size").set_value(50).run()
    page.button("training.start").click().run()
    (config,) = started
    usual = preset_config("linear", setting="B", epochs=7, seed=0)
    assert config.front_end == usual.front_end
    assert config.training.batch_size == 50
    assert config.training.epochs == 7
    assert config.training.learning_rate == usual.training.learning_rate


def test_the_time_is_estimated_from_a_run_of_the_same_kind(page, own_run):
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
