"""Benchmark reports on disk: each run of the benchmark keeps one, so that machines and versions can be compared."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

from core.config import BENCHMARK_TASKS
from core.data.pack import packs_folder
from core.errors import WriteError
from core.files import write_json
from core.results import BenchmarkReport, MachineLimits, Spread, Timing

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
            reports.append(_report(json.loads(path.read_text())))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
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
    if saved["format"] != FORMAT:
        raise ValueError(f"format {saved['format']!r}")
    return BenchmarkReport(
        moment=str(saved["moment"]),
        quick=bool(saved["quick"]),
        threads=int(saved["threads"]),
        machine={str(name): str(value) for name, value in saved["machine"].items()},
        versions={str(name): str(value) for name, value in saved["versions"].items()},
        limits=tuple(
            MachineLimits(str(one["device"]), float(one["gflop_per_s"]), float(one["copy_gb_per_s"]))
            for one in saved["limits"]
        ),
        timings=tuple(_timing(one) for one in saved["timings"]),
        notes=tuple(map(str, saved["notes"])),
    )


def _timing(saved: dict[str, Any]) -> Timing:
    if saved["task"] not in BENCHMARK_TASKS or not saved["seconds"] or int(saved["n_clips"]) < 1:
        raise ValueError(f"no timing of a known task: {saved['task']!r}")
    return Timing(
        task=str(saved["task"]),
        variant=str(saved["variant"]),
        setting=str(saved["setting"]),
        device=str(saved["device"]),
        n_clips=int(saved["n_clips"]),
        seconds=tuple(map(float, saved["seconds"])),
        ratios={
            str(name): Spread(float(one["median"]), float(one["low"]), float(one["high"]))
            for name, one in saved["ratios"].items()
        },
        parts={str(name): float(seconds) for name, seconds in saved["parts"].items()},
        floor_s=None if saved["floor_s"] is None else float(saved["floor_s"]),
    )
