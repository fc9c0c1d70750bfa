"""Benchmark reports on disk: each run of the benchmark keeps one, so that machines and versions can be compared."""

from __future__ import annotations

import logging
from pathlib import Path

from core.config import from_dict
from core.data.pack import packs_folder
from core.errors import DataError
from core.files.strict import LARGE_BYTES, read_json
from core.files.writing import make_folder
from core.records.benchmark import BenchmarkReport, Timing
from core.runs import keep

STUDY = keep.json_study(BenchmarkReport, "benchmark", "benchmark report")

_log = logging.getLogger(__name__)

timing_record = Timing.to_dict


def reports_folder() -> Path:
    """Where reports are kept: beside the packs, since both belong to the computer."""
    return packs_folder() / "benchmarks"


def keep_report(report: BenchmarkReport) -> Path:
    """Write a report to a file of its own, whole or not at all; answers its path.

    Raises:
        WriteError: If it cannot be written.
    """
    make_folder(reports_folder())
    path = reports_folder() / f"{report.moment.replace(':', '-')}.json"
    keep.write(STUDY, path, report)
    return path


def kept_reports() -> list[BenchmarkReport]:
    """All reports that can be read, the latest first; damaged ones are passed over with a word in the log."""
    reports = []
    for path in reports_folder().glob("*.json"):
        try:
            reports.append(_report(path))
        except (DataError, OSError, ValueError) as error:
            _log.warning("The benchmark report %s cannot be read (%s).", path.name, error)
    return sorted(reports, key=lambda report: report.moment, reverse=True)


def _report(path: Path) -> BenchmarkReport:
    saved = read_json(path, LARGE_BYTES)
    if saved.pop("format", None) == 1:  # as an earlier version kept them: nothing around the report
        return from_dict(BenchmarkReport, saved)
    return keep.load(STUDY, path)
