"""The Speed page: measuring this computer, and reports in every state that a user can meet."""

import json
import sys
import types

import pytest

from core.config import BENCHMARK_TASKS
from core.errors import DataError
from core.studies.benchmark.kept import keep_report, kept_reports, reports_folder
from dashboard.shared import jobs
from dashboard.views import speed
from tests import benchmark_reports
from tests.dashboard.conftest import assert_calm, charts, open_fold, texts, wait_until

DAY_ONE, DAY_TWO = "2026-11-20T10:30:00+00:00", "2026-11-22T08:00:00+00:00"


def ended():
    return (job := jobs.find(speed.JOB)) is None or not job.running


TASKS = {
    "forward": 1,
    "gradient": 1,
    "epoch-linear": 2,
    "epoch-bcresnet-1": 2,
    "one-clip": 1,
    "recording": 1,
}
"""The tasks of a made-up report, and the figures of each: the times, and where they were taken apart, the parts."""


def each_task(app):
    """Look at every task, with all that is folded away opened."""
    for option in app.segmented_control("task").options:
        task = next(task for task, title in speed.TASK_TITLES.items() if title == option)
        app.segmented_control("task").set_value(task).run()
        app.session_state[f"speed.parts.{task}"] = app.session_state[f"speed.history.{task}"] = True
        app.run()
        assert_calm(app)
        yield task


@pytest.fixture
def benchmark(monkeypatch):
    """Stands in for the real benchmark, which takes minutes: what it is asked for, and what it does."""
    asked = []
    module = types.ModuleType("core.studies.benchmark.run")

    def run_benchmark(*, quick, progress):
        asked.append(quick)
        progress(1, 2, "Timing")
        return module.outcome()

    module.run_benchmark, module.asked = run_benchmark, asked
    module.outcome = lambda: benchmark_reports.report(DAY_TWO, quick=asked[-1])
    monkeypatch.setitem(sys.modules, "core.studies.benchmark.run", module)
    return module


def measure(app):
    app.button("speed.measure").click().run()
    wait_until(ended)
    return app.run()


def test_without_a_report_the_page_says_what_to_do(open_page):
    app = open_page("speed")
    assert_calm(app)
    assert "Nothing has been timed on this computer yet" in texts(app)
    assert app.button("speed.measure").label == "Measure this computer"
    assert charts(app) == 0
    assert not app.subheader


def test_a_report_is_shown_task_by_task_with_a_picture_and_a_sentence(open_page):
    keep_report(benchmark_reports.report(notes=["Another program kept the processor busy."]))
    app = open_page("speed")
    assert_calm(app)
    seen, text = {}, ""
    for task in each_task(app):
        words = BENCHMARK_TASKS[task]
        assert [one.value for one in app.subheader] == [words[0].upper() + words[1:]]
        seen[task] = charts(app)
        text += texts(app).replace("\N{NO-BREAK SPACE}", " ")
    assert seen == TASKS
    assert "Earshot needs 6.13 ms where nnAudio needs 48.2 ms: 7.9 times as fast" in text
    assert "no clear difference" in text
    assert "Example CPU" in text
    assert "torch 2.13.0" in text
    assert "2 threads" in text
    assert "118 GFLOP/s" in text
    assert "13.6 GB/s" in text
    assert [note.value for note in app.info] == ["Another program kept the processor busy."]


def test_all_numbers_are_in_the_table_and_in_the_file(open_page):
    report = benchmark_reports.report(gpu=True)
    keep_report(report)
    app = open_page("speed")
    open_fold(app, "speed.numbers")
    table = app.dataframe[0].value
    assert len(table) == len(report.timings)
    assert table["Median (s)"][0] == "0.00613"
    assert table["× nnAudio"][0] == "7.87"
    assert table["× nnAudio"][1] == "–"
    assert set(table["Device"]) == {"CPU", "GPU"}
    (button,) = [one for one in app.get("download_button") if one.key == "speed.download"]
    lines = speed.as_json_lines(report).splitlines()
    assert [json.loads(line)["variant"] for line in lines] == [timing.variant for timing in report.timings]
    assert button.label == "Download the numbers (JSON lines)"


def test_a_damaged_report_is_passed_over(open_page):
    reports_folder().mkdir(parents=True)
    (reports_folder() / "half.json").write_text('{"format": 1, "mom')
    app = open_page("speed")
    assert_calm(app)
    assert "Nothing has been timed on this computer yet" in texts(app)
    keep_report(benchmark_reports.report())
    app.run()
    assert_calm(app)
    assert len(list(each_task(app))) == len(TASKS)
    assert not app.selectbox, "there is nothing to choose from"


def test_a_report_without_timings_is_no_error(open_page):
    keep_report(benchmark_reports.report(timings=()))
    app = open_page("speed")
    assert_calm(app)
    assert charts(app) == 0


def test_a_report_with_a_gpu_shows_the_device_that_is_chosen(open_page):
    keep_report(benchmark_reports.report(gpu=True))
    app = open_page("speed")
    assert_calm(app)
    assert app.segmented_control("device").value == "cuda"
    assert len(list(each_task(app))) == 2
    assert "51,000 GFLOP/s" in texts(app)
    app.segmented_control("device").set_value("cpu").run()
    assert_calm(app)
    assert len(list(each_task(app))) == len(TASKS)
    assert "118 GFLOP/s" in texts(app)
    assert "51,000 GFLOP/s" not in texts(app)


def test_of_several_reports_the_latest_comes_first_and_each_can_be_chosen(open_page):
    keep_report(benchmark_reports.report(DAY_ONE, quick=True))
    keep_report(benchmark_reports.report(DAY_TWO, timings=[benchmark_reports.timing("forward", "Earshot", 0.01)]))
    app = open_page("speed")
    (choice,) = app.selectbox
    assert [option.rsplit(" · ", 1)[1] for option in choice.options] == ["full", "quick"]
    assert len(list(each_task(app))) == 1
    choice.set_value(DAY_ONE).run()
    assert_calm(app)
    assert len(list(each_task(app))) == len(TASKS)


def test_the_history_is_drawn_from_two_reports_of_the_same_machine_on(open_page):
    def in_all(app):
        return sum(charts(app) for _ in each_task(app))

    keep_report(benchmark_reports.report(DAY_ONE))
    alone = in_all(open_page("speed"))
    keep_report(benchmark_reports.report(DAY_TWO, gpu=True))
    app = open_page("speed")
    app.segmented_control("device").set_value("cpu").run()
    assert in_all(app) == alone, "another machine's report is no history"
    keep_report(benchmark_reports.report("2026-11-19T08:00:00+00:00"))
    app.run()
    app.selectbox[0].set_value(DAY_ONE).run()
    assert_calm(app)
    assert in_all(app) == alone + len(TASKS)


@pytest.mark.parametrize("length", ["quick", "full"])
def test_the_button_measures_and_the_report_is_kept_and_shown(open_page, benchmark, length):
    earlier = "2026-11-19T08:00:00+00:00"
    for moment in (earlier, DAY_ONE):
        keep_report(benchmark_reports.report(moment))
    app = open_fold(open_page("speed"), "speed.again")
    app.segmented_control("speed.length").set_value(length).run()
    measure(app)
    assert_calm(app)
    assert benchmark.asked == [length == "quick"]
    assert [report.moment for report in kept_reports()] == [DAY_TWO, DAY_ONE, earlier]
    assert app.selectbox[0].value == DAY_TWO, "the new report is the one that is shown"
    assert f"**Measurement:** {length}" in texts(app)


def test_what_goes_wrong_is_one_sentence_and_no_stack_trace(open_page, benchmark):
    def broken():
        raise ZeroDivisionError("division by zero")

    benchmark.outcome = broken
    app = measure(open_page("speed"))
    assert not app.exception
    (error,) = app.error
    assert "The measurement failed unexpectedly (ZeroDivisionError: division by zero)" in error.value
    assert "Traceback" not in texts(app)
    assert kept_reports() == []
    app.button("job.dismiss.speed").click().run()
    assert_calm(app)


def test_an_error_that_is_meant_for_people_is_shown_as_it_is(open_page, benchmark):
    def broken():
        raise DataError("The demo words are incomplete.")

    benchmark.outcome = broken
    app = measure(open_page("speed"))
    assert [error.value for error in app.error] == ["The measurement: The demo words are incomplete."]


def test_a_report_that_cannot_be_written_says_so(open_page, benchmark):
    reports_folder().parent.mkdir(parents=True)
    reports_folder().write_text("a file where the folder should be")
    app = measure(open_page("speed"))
    assert not app.exception
    assert "cannot be written" in app.error[0].value


@pytest.mark.parametrize("alive", [True, False])
def test_only_a_run_that_goes_on_is_warned_of(open_page, monkeypatch, alive):
    run = types.SimpleNamespace(alive=alive)
    monkeypatch.setattr("dashboard.views.speed.runs", types.SimpleNamespace(list_runs=lambda: [run]))
    app = open_page("speed")
    assert_calm(app)
    assert ["A training run is going on" in warning.value for warning in app.warning] == [True] * alive
