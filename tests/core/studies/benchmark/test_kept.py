"""Benchmark reports on disk: what was kept comes back, and what cannot be read stands in nobody's way."""

import dataclasses
import json

import pytest

from core.studies.benchmark.kept import keep_report, kept_reports, reports_folder, timing_record
from tests import benchmark_reports


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))


def as_earlier(saved):
    """A kept report as an earlier version wrote it: with nothing around it."""
    return {"format": 1, **saved["record"]}


def damaged_copy(path, name, change, *, earlier):
    """A copy of a kept report with one thing wrong."""
    saved = json.loads(path.read_text())
    if earlier:
        saved = as_earlier(saved)
    change(saved, saved if earlier else saved["record"])
    (path.parent / name).write_text(json.dumps(saved))


def test_a_kept_report_comes_back_as_it_was():
    report = benchmark_reports.report(gpu=True, quick=True, notes=["The processor was busy."])
    path = keep_report(report)
    assert path.parent == reports_folder()
    assert kept_reports() == [report]


def test_a_report_that_an_earlier_version_kept_is_read():
    report = benchmark_reports.report(gpu=True, quick=True, notes=["The processor was busy."])
    path = keep_report(report)
    path.write_text(json.dumps(as_earlier(json.loads(path.read_text()))))
    assert kept_reports() == [report]


def test_reports_stand_in_files_of_their_own_and_the_latest_comes_first():
    moments = ["2026-11-20T10:30:00+00:00", "2026-12-01T07:00:00+00:00", "2025-01-01T23:59:59+00:00"]
    for moment in moments:
        keep_report(benchmark_reports.report(moment))
    assert [report.moment for report in kept_reports()] == sorted(moments, reverse=True)


def test_before_the_first_measurement_there_are_no_reports():
    assert not reports_folder().exists()
    assert kept_reports() == []


@pytest.mark.parametrize("content", ["", "{half", "[]", "null", '{"format": 1}'])
def test_a_damaged_file_is_passed_over_and_named_in_the_log(content, caplog):
    keep_report(benchmark_reports.report())
    (reports_folder() / "damaged.json").write_text(content)
    assert kept_reports() == [benchmark_reports.report()]
    assert "damaged.json" in caplog.text


CHANGES = {
    "another format": lambda saved, _: saved.update(format=2),
    "no format": lambda saved, _: saved.pop("format"),
    "an unknown task": lambda _, report: report["timings"][0].update(task="make coffee"),
    "no repeats": lambda _, report: report["timings"][0].update(seconds=[]),
    "times that are words": lambda _, report: report["timings"][0].update(seconds=["fast"]),
    "no machine": lambda _, report: report.pop("machine"),
}


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("wrong", CHANGES)
def test_a_report_that_makes_no_sense_is_passed_over(wrong, earlier):
    path = keep_report(benchmark_reports.report())
    damaged_copy(path, "wrong.json", CHANGES[wrong], earlier=earlier)
    assert len(list(reports_folder().glob("*.json"))) == 2
    assert len(kept_reports()) == 1


def test_a_flat_record_says_what_was_timed_and_how_it_compares():
    ours = benchmark_reports.timing(
        "gradient", "Earshot", 0.02, setting="D", beside={"nnAudio": 0.1}, parts={"features": 0.015}, floor_s=0.008
    )
    record = timing_record(ours)
    assert (record["task"], record["variant"], record["setting"]) == ("gradient", "Earshot", "D")
    assert (record["device"], record["clips"], record["repeats"]) == ("cpu", 100, 10)
    assert record["median_s"] == ours.median_s == pytest.approx(0.0201)
    assert record["low_s"] < record["median_s"] < record["high_s"]
    assert record["ratio_to_nnaudio"] == pytest.approx(5)
    assert record["ratio_to_nnaudio_low"] == pytest.approx(4.75)
    assert record["ratio_to_nnaudio_high"] == pytest.approx(5.3)
    assert (record["features_s"], record["floor_s"]) == (0.015, 0.008)
    assert json.loads(json.dumps(record)) == record


def test_a_flat_record_is_null_where_there_is_nothing_to_compare_or_to_train():
    record = timing_record(dataclasses.replace(benchmark_reports.timing("forward", "nnAudio", 0.1), ratios={}))
    for reference in ("nnaudio", "librosa", "public_recipe"):
        assert [record[f"ratio_to_{reference}{end}"] for end in ("", "_low", "_high")] == [None] * 3
    assert record["setting"] is None
    assert record["floor_s"] is None
