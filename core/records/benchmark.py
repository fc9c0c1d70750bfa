"""What was timed, where and with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.config import BENCHMARK_TASKS


@dataclass(frozen=True)
class Spread:
    """The middle of repeated measurements and how far they reach: median, 10th and 90th percentile."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Timing:
    """One way to do one task, timed again and again beside the others (seconds for ``n_clips`` clips).

    ``task`` is one of ``config.BENCHMARK_TASKS``. ``ratios`` say how many times faster this way is than each
    reference of the same task, setting and device ("nnAudio", "librosa", "public recipe"), from repeat to repeat.
    """

    task: str
    variant: str
    """What was timed, for people: "Earshot", "nnAudio", "the tutorial's loop", "librosa, clip by clip, 1 thread"."""
    setting: str
    """A to D; empty where nothing is trained."""
    device: str
    """"cpu" or "cuda"."""
    n_clips: int
    seconds: tuple[float, ...]
    ratios: dict[str, Spread] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)
    """Median seconds of "loading", "transfer", "features" and "model", each timed on its own; those that apply."""
    floor_s: float | None = None
    """The time that the arithmetic and the memory traffic need at the rates in ``MachineLimits``; None if unknown."""

    def __post_init__(self) -> None:
        if self.task not in BENCHMARK_TASKS or not self.seconds or min(self.seconds) < 0 or self.n_clips < 1:
            raise ValueError(f"no timing of a known task: {self.task!r:.40}")

    @property
    def is_ours(self) -> bool:
        """Whether this project did the work."""
        return self.variant.startswith("Earshot")

    @property
    def median_s(self) -> float:
        """Median time (s)."""
        return float(np.median(self.seconds))

    @property
    def low_s(self) -> float:
        """Time that a tenth of the repeats stay below (s)."""
        return float(np.quantile(self.seconds, 0.1))

    @property
    def high_s(self) -> float:
        """Time that nine tenths of the repeats stay below (s)."""
        return float(np.quantile(self.seconds, 0.9))

    def to_dict(self) -> dict[str, Any]:
        """One flat row of plain values, for JSON and tables; a reference that it has no ratio to is None."""
        row: dict[str, Any] = {
            "task": self.task,
            "variant": self.variant,
            "setting": self.setting or None,
            "device": self.device,
            "clips": self.n_clips,
            "repeats": len(self.seconds),
            "median_s": self.median_s,
            "low_s": self.low_s,
            "high_s": self.high_s,
        }
        for reference in ("nnAudio", "librosa", "public recipe"):
            key = f"ratio_to_{reference.lower().replace(' ', '_')}"
            ratio = self.ratios.get(reference)
            row[key] = ratio.median if ratio else None
            row[f"{key}_low"], row[f"{key}_high"] = (ratio.low, ratio.high) if ratio else (None, None)
        row |= {f"{part}_s": seconds for part, seconds in self.parts.items()}
        return row | {"floor_s": self.floor_s}


@dataclass(frozen=True)
class MachineLimits:
    """What the machine can do at best, measured in the same run: matrix products and copies of memory, float32."""

    device: str
    gflop_per_s: float
    copy_gb_per_s: float
    """Bytes read plus bytes written, 10^9 a second."""


@dataclass(frozen=True)
class BenchmarkReport:
    """One run of the benchmark: what was timed, where, with what, and when."""

    moment: str
    """When it ended, UTC, ISO 8601."""
    quick: bool
    threads: int
    machine: dict[str, str]
    """Such as "processor", "cores", "memory", "gpu", "system"."""
    versions: dict[str, str]
    """Of this project, Python, torch, nnAudio, librosa, numpy."""
    limits: tuple[MachineLimits, ...]
    timings: tuple[Timing, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know, such as that another program kept the processor busy."""
