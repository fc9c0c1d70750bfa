"""Benchmark reports on disk: each run of the benchmark keeps one, so that machines and versions can be compared."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

from core.config import BENCHMARK_TASKS, from_dict
from core.data.pack import packs_folder
from core.errors import WriteError
from core.files.strict import LARGE_BYTES, read_json
from core.files.writing import write_json
from core.records.benchmark import BenchmarkReport, Timing

FORMAT = 1
"""Number of the file's format; files of another one are passed over."""

_log = logging.getLogger(__name__)


def reports_folder() -> Path:
    """Where reports are kept: beside the packs, since both belong to the computer."""
    return packs_folder() / "benchmarks"


def keep_report(report: BenchmarkReport) -> Path:
    """Write a report to a file of its own, whole or not at all; answers its path.

    Raises:
        WriteError: If it cannot be written.
    """
    folder = reports_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(error, folder) from error
    path = folder / f"{report.moment.replace(':', '-')}.json"
    write_json(path, {"format": FORMAT, **dataclasses.asdict(report)})
    return path


def kept_reports() -> list[BenchmarkReport]:
    """All reports that can be read, the latest first; damaged ones are passed over with a word in the log."""
    reports = []
    for path in reports_folder().glob("*.json"):
        try:
            reports.append(_report(read_json(path, LARGE_BYTES)))
        except (OSError, ValueError) as error:
            _log.warning("The benchmark report %s cannot be read (%s).", path.name, error)
    return sorted(reports, key=lambda report: report.moment, reverse=True)


def timing_record(timing: Timing) -> dict[str, Any]:
    """A timing as one flat JSON object, for scripts; a reference that it has no ratio to is null."""
    record: dict[str, Any] = {
        "task": timing.task,
        "variant": timing.variant,
        "setting": timing.setting or None,
        "device": timing.device,
        "clips": timing.n_clips,
        "repeats": len(timing.seconds),
        "median_s": timing.median_s,
        "low_s": timing.low_s,
        "high_s": timing.high_s,
    }
    for reference in ("nnAudio", "librosa", "public recipe"):
        key = f"ratio_to_{reference.lower().replace(' ', '_')}"
        ratio = timing.ratios.get(reference)
        record[key] = ratio.median if ratio else None
        record[f"{key}_low"], record[f"{key}_high"] = (ratio.low, ratio.high) if ratio else (None, None)
    record |= {f"{part}_s": seconds for part, seconds in timing.parts.items()}
    record["floor_s"] = timing.floor_s
    return record


def _report(saved: dict[str, Any]) -> BenchmarkReport:
    if saved.pop("format", None) != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT}")
    report = from_dict(BenchmarkReport, saved)
    for timing in report.timings:
        if timing.task not in BENCHMARK_TASKS or not timing.seconds or min(timing.seconds) < 0 or timing.n_clips < 1:
            raise ValueError(f"no timing of a known task: {timing.task!r:.40}")
    return report
