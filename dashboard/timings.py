"""How long the front end takes on this computer: measured once on request, and kept."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from core.data.pack import packs_folder
from core.files import write_json
from core.results import Timing
from dashboard.jobs import Progress

BATCH = 100
"""Clips that are timed at once."""


@dataclass(frozen=True)
class Measured:
    """Timings of this computer and when they were taken (seconds since 1970)."""

    timings: tuple[Timing, ...]
    clips: int
    moment: float


def timings_path() -> Path:
    """Where the last measurement is kept: beside the packs, since it belongs to the computer."""
    return packs_folder() / "front-end-timings.json"


def measure(progress: Progress) -> None:
    """Time the front end and keep the result."""
    from core.benchmark import time_front_end

    timings = time_front_end(clips=BATCH, progress=progress)
    packs_folder().mkdir(parents=True, exist_ok=True)
    rows = [{"name": one.name, "seconds": list(one.seconds)} for one in timings]
    write_json(timings_path(), {"clips": BATCH, "moment": time.time(), "timings": rows})


def measured() -> Measured | None:
    """The last measurement; None where there is none that can be read."""
    try:
        saved = json.loads(timings_path().read_text())
        timings = tuple(Timing(str(one["name"]), tuple(map(float, one["seconds"]))) for one in saved["timings"])
        return Measured(timings, int(saved["clips"]), float(saved["moment"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
