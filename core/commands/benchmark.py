"""``benchmark``: time this project, nnAudio, librosa and the public training loops side by side on this machine."""

from __future__ import annotations

import argparse

from core.commands.options import Commands, add_device, add_json, progress_bar
from core.commands.output import note
from core.config import BENCHMARK_TASKS
from core.files.strict import to_json
from core.records.benchmark import BenchmarkReport, Timing


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("benchmark", help="time everything side by side", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer clips and repeats: a minute or two, not ten")
    tasks = "; ".join(f"{name}: {what}" for name, what in BENCHMARK_TASKS.items())
    parser.add_argument("--tasks", nargs="+", metavar="TASK", help=f"only these (default: all). {tasks}")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of each library (default: one a core)")
    parser.add_argument("--clips", type=int, metavar="N", help="clips of an epoch (84843 is the full dataset)")
    parser.add_argument("--no-keep", action="store_true", help="do not keep the report for the Speed page")
    add_device(parser)
    add_json(parser, "one JSON object for each line of the report")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Time, keep the report, and print it."""
    from core.studies.benchmark.kept import keep_report
    from core.studies.benchmark.run import run_benchmark

    with progress_bar("turn") as progress:
        report = run_benchmark(
            quick=options.quick,
            device=options.device,
            tasks=options.tasks,
            threads=options.threads,
            n_clips=options.clips,
            progress=progress,
        )
    if not options.no_keep:
        try:
            path = keep_report(report)
            note(f"Kept in {path}")
        except OSError as error:
            note(f"note: the report could not be kept ({error.strerror})")
    if options.json:
        for timing in report.timings:
            print(to_json(timing.to_dict()))
    else:
        print(as_text(report))
    return 0


def as_text(report: BenchmarkReport) -> str:
    """The report for a person: a table for each task."""
    lines = [
        f"{report.machine.get('processor', '')}, {report.threads} threads"
        + (f", {report.machine['gpu']}" if "gpu" in report.machine else ""),
        ", ".join(f"{name} {version}" for name, version in report.versions.items()),
        *(
            f"{limit.device}: matrix multiplication {limit.gflop_per_s:,.0f} GFLOP/s, "
            f"copies {limit.copy_gb_per_s:,.0f} GB/s"
            for limit in report.limits
        ),
        *report.notes,
    ]
    for task, what in BENCHMARK_TASKS.items():
        timings = [timing for timing in report.timings if timing.task == task]
        if not timings:
            continue
        lines += ["", f"{what} (ms: median, 10th to 90th percentile; × faster than …, likewise)"]
        lines += [_line(timing) for timing in timings]
    return "\n".join(lines)


def _line(timing: Timing) -> str:
    name = f"{timing.setting or '-'}  {timing.variant}" + (" (GPU)" if timing.device == "cuda" else "")
    text = f"  {name:36}{1e3 * timing.median_s:10.2f} ({1e3 * timing.low_s:.2f} to {1e3 * timing.high_s:.2f})"
    for reference, ratio in timing.ratios.items():
        text += f"   {ratio.median:.2f} × {reference} ({ratio.low:.2f} to {ratio.high:.2f})"
    if timing.floor_s:
        text += f"   {timing.floor_s / timing.median_s:.0%} of the limit"
    if timing.parts:
        text += "   " + ", ".join(f"{part} {1e3 * seconds:.0f}" for part, seconds in timing.parts.items())
    return text
