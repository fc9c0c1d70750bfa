"""A whole run of the benchmark: processes that answer, a report that adds up, and nothing left behind."""

import json

import psutil
import pytest

from core.commands import main
from core.errors import BenchmarkError, ConfigError
from core.fast.malloc import keep_freed_memory
from core.studies.benchmark import tasks
from core.studies.benchmark.contestant import Contestant
from core.studies.benchmark.kept import kept_reports
from core.studies.benchmark.machine import describe_machine, describe_versions, measure_limits
from core.studies.benchmark.run import run_benchmark


@pytest.fixture
def no_process_left():
    before = {child.pid for child in psutil.Process().children()}
    yield
    assert {child.pid for child in psutil.Process().children()} <= before


@pytest.mark.slow
def test_a_run_from_the_command_line_prints_rows_and_keeps_a_report(tmp_path, monkeypatch, capsys, no_process_left):
    monkeypatch.setattr("core.studies.benchmark.kept.packs_folder", lambda: tmp_path)
    # Few turns, a small epoch and one thread: what the report holds is the same, only its times are worth less.
    (clips, _), full = tasks.SIZES["one-clip"]
    monkeypatch.setitem(tasks.SIZES, "one-clip", ((clips, 2), full))
    options = ["--quick", "--tasks", "one-clip", "epoch-linear", "--clips", "50", "--threads", "1", "--json"]
    assert main(["benchmark", *options]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    wanted = {"task", "variant", "setting", "median_s", "low_s", "high_s", "ratio_to_nnaudio"}
    assert all(wanted <= set(row) for row in rows)
    assert {row["task"] for row in rows} == {"one-clip", "epoch-linear"}
    for row in rows:
        assert 0 < row["low_s"] <= row["median_s"] <= row["high_s"]
        # A reference has none beside itself, and no ratio stands between two different models.
        alone = row["variant"] in ("the tutorial's loop", "nnAudio, linear model") or "BC-ResNet" in row["variant"]
        assert (row["ratio_to_nnaudio"] is None) == alone
    ours = {row["setting"]: row for row in rows if row["task"] == "epoch-linear" and row["variant"] == "Earshot"}
    theirs = {row["setting"]: row for row in rows if row["variant"] == "the tutorial's loop"}
    assert list(ours) == list(theirs) == list("ABCD")
    for setting, row in ours.items():
        # The median of ratios is no ratio of medians, but neither can it lie outside what the times allow.
        assert theirs[setting]["low_s"] / row["high_s"] <= row["ratio_to_nnaudio"] * 1.5
        assert row["ratio_to_nnaudio"] <= 1.5 * theirs[setting]["high_s"] / row["low_s"]
        assert row["floor_s"] > 0
        assert row["features_s"] > 0
    (report,) = kept_reports()
    assert report.quick
    assert report.threads == 1
    assert {(timing.task, len(timing.seconds)) for timing in report.timings} == {("one-clip", 2), ("epoch-linear", 3)}
    assert len(report.timings) == len(rows)
    assert report.limits[0].gflop_per_s > 0


@pytest.mark.slow
def test_a_run_that_is_called_off_leaves_no_process_behind(no_process_left):
    class CalledOffError(Exception):
        pass

    def call_off(_done, _total, _what):
        raise CalledOffError

    with pytest.raises(CalledOffError):
        run_benchmark(quick=True, tasks=["one-clip"], progress=call_off)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tasks": ["sleeping"]}, "sleeping"),
        ({"tasks": []}, "choose some of"),
        ({"threads": 0}, "number of threads is 0"),
        ({"n_clips": 0}, "number of clips is 0"),
        ({"device": "abacus"}, "abacus"),
    ],
)
def test_impossible_wishes_are_refused_before_anything_starts(options, words, no_process_left):
    with pytest.raises(ConfigError, match=words):
        run_benchmark(quick=True, **options)


def test_wrong_use_of_the_command_is_exit_code_2(capsys):
    assert main(["benchmark", "--tasks", "sleeping"]) == 2
    assert "sleeping" in capsys.readouterr().err


def test_a_process_that_dies_is_told_in_words_and_one_that_fails_goes_on(no_process_left):
    contestant = Contestant(ours=True, threads=1)
    case = {
        "task": "one-clip",
        "variant": "Earshot, linear model",
        "setting": "A",
        "device": "cpu",
        "n_clips": 1,
        "repeats": 1,
    }
    with pytest.raises(BenchmarkError, match="setting is 'Z'"):
        contestant.ask("build", key="0", case={**case, "setting": "Z"})
    contestant.ask("build", key="0", case=case)
    assert contestant.ask("run", key="0", device="cpu") > 0
    contestant._process.kill()
    with pytest.raises(BenchmarkError, match="ended"):
        contestant.ask("run", key="0", device="cpu")


def test_the_machine_and_its_libraries_are_named():
    assert {"processor", "cores", "memory", "system"} <= set(describe_machine())
    assert all(describe_machine().values())
    assert {"earshot", "torch", "nnAudio", "librosa", "numpy", "python"} <= set(describe_versions())


def test_rates_of_the_machine_are_plausible():
    limits = measure_limits("cpu", seconds=0.05)
    assert 0.5 < limits.gflop_per_s < 20_000
    assert 0.1 < limits.copy_gb_per_s < 5_000


def test_the_memory_setting_answers_whether_it_took():
    assert keep_freed_memory() in (True, False)
