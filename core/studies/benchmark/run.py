"""One run of the benchmark, from the first warm-up to a report."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime

import psutil

from core.config import BENCHMARK_TASKS
from core.data.source import Progress
from core.device import available_devices, choose_device
from core.errors import ConfigError
from core.records.benchmark import BenchmarkReport, MachineLimits, Timing
from core.records.cost import BUSY_PERCENT
from core.studies.benchmark.clock import ratios, take_turns
from core.studies.benchmark.contestant import Contestant
from core.studies.benchmark.machine import describe_machine, describe_versions
from core.studies.benchmark.tasks import OF_THEIR_OWN, REFERENCES, Case, cases


def run_benchmark(
    *,
    quick: bool = False,
    device: str | None = None,
    tasks: Collection[str] | None = None,
    threads: int | None = None,
    n_clips: int | None = None,
    progress: Progress | None = None,
) -> BenchmarkReport:
    """Time everything side by side on this machine.

    Args:
        quick: A minute or two instead of about ten.
        device: "cpu" or "cuda"; None for all there are.
        tasks: Some of ``config.BENCHMARK_TASKS``; None for all.
        threads: Threads of each process; None for one a core.
        n_clips: Clips of an epoch; None takes the usual number.
        progress: Called with turns done, turns in all and what is timed; raising in it ends the run.

    Raises:
        ConfigError: If a task, the device or a number is not possible.
        BenchmarkError: If a process that was being timed failed.
    """
    chosen = tuple(BENCHMARK_TASKS) if tasks is None else tuple(tasks)
    unknown = sorted(set(chosen) - set(BENCHMARK_TASKS))
    if unknown or not chosen:
        raise ConfigError(f"There is no task {', '.join(unknown)!r}; choose some of {', '.join(BENCHMARK_TASKS)}.")
    if n_clips is not None and not 1 <= n_clips <= 1_000_000:
        raise ConfigError(f"The number of clips is {n_clips}; it must lie between 1 and 1,000,000.")
    threads = _threads(threads)
    devices = available_devices() if device in (None, "auto") else (choose_device(device).type,)
    groups = [cases(task, place, quick=quick, n_clips=n_clips) for place in devices for task in chosen]
    busy = psutil.cpu_percent(interval=0.5)
    turns = _Turns(sum(len(group) * (group[0].repeats + 2) for group in groups), progress)
    ours, others = Contestant(ours=True, threads=threads), Contestant(ours=False, threads=threads)
    try:
        limits = tuple(MachineLimits(**ours.ask("limits", device=place)) for place in devices)
        timings = [
            timing
            for group in groups
            for timing in _time_group(group, ours, others, limits, turns, part_repeats=1 if quick else 3)
        ]
    finally:
        ours.close()
        others.close()
    return BenchmarkReport(
        moment=datetime.now(UTC).isoformat(timespec="seconds"),
        quick=quick,
        threads=threads,
        machine=describe_machine(),
        versions=describe_versions(),
        limits=limits,
        timings=tuple(timings),
        notes=_notes(busy),
    )


class _Turns:
    """Counts turns and tells of them."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def tell(self, what: str) -> None:
        self.done = min(self.done + 1, self.total)
        if self.progress:
            self.progress(self.done, self.total, what)


def _time_group(
    group: list[Case],
    ours: Contestant,
    others: Contestant,
    limits: tuple[MachineLimits, ...],
    turns: _Turns,
    *,
    part_repeats: int,
) -> list[Timing]:
    """All cases of a task on a device, in turn."""
    what = f"Timing {BENCHMARK_TASKS[group[0].task]}"
    sides = [ours if case.is_ours else others for case in group]
    floors = []
    for number, (case, side) in enumerate(zip(group, sides, strict=True)):
        needs = side.ask("build", key=str(number), case=asdict(case))
        limit = next(one for one in limits if one.device == case.device)
        floor_s = max(needs["flop"] / (1e9 * limit.gflop_per_s), needs["n_bytes"] / (1e9 * limit.copy_gb_per_s))
        floors.append(floor_s if needs["flop"] or needs["n_bytes"] else None)
        turns.tell(what)
    ways = [
        lambda key=str(number), side=side, case=case: float(side.ask("run", key=key, device=case.device))
        for number, (case, side) in enumerate(zip(group, sides, strict=True))
    ]
    seconds = take_turns(ways, group[0].repeats, on_turn=lambda: turns.tell(what))
    parts = [
        side.ask("parts", key=str(number), device=case.device, repeats=part_repeats)
        for number, (case, side) in enumerate(zip(group, sides, strict=True))
    ]
    ours.ask("forget")
    others.ask("forget")
    return [
        Timing(
            task=case.task,
            variant=case.variant,
            setting=case.setting,
            device=case.device,
            n_clips=case.n_clips,
            seconds=tuple(own),
            ratios=ratios(own, _references(case, group, seconds)),
            parts=own_parts,
            floor_s=floor_s,
        )
        for case, own, own_parts, floor_s in zip(group, seconds, parts, floors, strict=True)
    ]


def _references(case: Case, group: list[Case], seconds: list[list[float]]) -> dict[str, list[float]]:
    """Seconds of what a case is compared with: same setting, and librosa's fastest way; nothing beside itself."""
    if case.variant in OF_THEIR_OWN:
        return {}
    # Librosa knows no settings: beside it stands what is timed with the first of them, where nothing is trained.
    setting = group[0].setting if case.is_librosa else case.setting
    timed = list(zip(group, seconds, strict=True))
    found = {
        REFERENCES[other.variant]: own
        for other, own in timed
        if other.variant in REFERENCES and other is not case and other.setting == setting
    }
    librosas = [own for other, own in timed if other.is_librosa]
    if librosas and not case.is_librosa:
        found["librosa"] = min(librosas, key=lambda own: sorted(own)[len(own) // 2])
    return found


def _threads(threads: int | None) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if threads is None:
        return cores
    if not 1 <= threads <= cores:
        raise ConfigError(f"The number of threads is {threads}; this computer has room for 1 to {cores}.")
    return threads


def _notes(busy_percent: float) -> tuple[str, ...]:
    if busy_percent <= BUSY_PERCENT:
        return ()
    return (
        f"Other programs used {busy_percent:.0f} % of the processor when the measurement began: all times are longer "
        "than they would be, and the spread is wider. The ratios suffer less, since all ways took turns.",
    )
