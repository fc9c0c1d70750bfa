"""The benchmark on a page: start it, choose one of its reports, and say in words what the numbers mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core import figures, runs
from core.config import BENCHMARK_TASKS
from core.figures.timing_words import amount, clips_in_words, comparison, limit_note
from core.files.strict import to_json
from core.records.benchmark import BenchmarkReport, Timing
from core.studies.benchmark.kept import keep_report, timing_record
from dashboard.shared import cache, defaults, jobs, measured, saving, wording
from dashboard.shared.folds import fold
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import choose, show_figure
from dashboard.shared.wording import plain

JOB = "speed"
LENGTHS = {"quick": "Quick: within a minute or two", "full": "Full: takes about ten minutes"}

TASK = "task"
"""Which task is looked at, in the session and in the page's address."""

TASK_TITLES = {
    "forward": "Spectrograms",
    "gradient": "Gradients",
    "epoch-linear": "Epoch, linear",
    "epoch-bcresnet-1": "Epoch, BC-ResNet 1",
    "epoch-bcresnet-3": "Epoch, BC-ResNet 3",
    "one-clip": "One clip",
    "recording": "A recording",
}

TASK_NOTES = {
    "forward": "Every way turns the same clips into mel spectrograms; nothing learns meanwhile.",
    "gradient": "Every way turns the same clips into mel spectrograms, and works out how to change each filter.",
    "epoch-linear": "One epoch: the linear model learns from every clip once.",
    "epoch-bcresnet-1": "One epoch: the smallest BC-ResNet learns from every clip once.",
    "epoch-bcresnet-3": "One epoch: a BC-ResNet three times as wide learns from every clip once.",
    "one-clip": "From one second of sound to the answer, as in Try.",
    "recording": "From a whole recording to every word in it: ten answers a second. Earshot keeps to one thread.",
}
"""What each task is, for somebody who never saw it."""


def reports(place: Any) -> list[BenchmarkReport]:
    """The kept reports; the button that times this computer is at a place, folded away where there is a report."""

    def offer(found: list[BenchmarkReport] | None) -> None:
        with place:
            if found:
                fold("Measure this computer again", "speed.again", _offer, icon="timer")
            else:
                _offer()

    return measured.shown([JOB], cache.benchmark_reports, offer, again=True, quiet=True) or []


def _offer() -> None:
    length = choose("How long may it take?", LENGTHS, "speed.length")
    if any(run.alive for run in runs.list_runs()):
        st.warning("A training run is going on. It would slow down what is timed; wait for its end.")
    measured.button(
        "Measure this computer",
        "speed.measure",
        JOB,
        "The measurement",
        lambda: measured.kept(partial(_measure, quick=length == "quick"), keep_report),
        icon=":material/timer:",
    )


def _measure(progress: Progress, *, quick: bool) -> BenchmarkReport:
    from core.studies.benchmark.run import run_benchmark

    return run_benchmark(quick=quick, progress=progress)


def choose_report(reports: Sequence[BenchmarkReport]) -> BenchmarkReport:
    """The report to show, the latest first; a note and the end of the page where there is none."""
    if not reports and jobs.is_running(JOB):
        st.info("The first results appear here when the measurement has ended.", icon=":material/hourglass_empty:")
        st.stop()
    if not reports:
        st.info(
            "Nothing has been timed on this computer yet. Press “Measure this computer”: "
            "the quick measurement takes a minute or two, and the results stay here.",
            icon=":material/lightbulb:",
        )
        st.stop()
    named = {report.moment: report for report in reports}
    if len(named) == 1:
        return reports[0]
    titles = {moment: _title(one) for moment, one in named.items()}
    # A new report makes a new widget, which shows the new report.
    moment = st.selectbox(
        "Report",
        list(named),
        format_func=titles.__getitem__,
        key=f"speed.report.{reports[0].moment}",
        persist_state="session",
    )
    return named[moment]


def choose_device(report: BenchmarkReport) -> str:
    """Which of the devices that were timed; the GPU first where there is one."""
    devices = sorted({timing.device for timing in report.timings}, key=lambda name: name == "cpu")
    if len(devices) < 2:
        return devices[0] if devices else "cpu"
    return choose("Timed on the", {one: wording.device(one) for one in devices}, "device", bind="query-params")


def facts(report: BenchmarkReport, device: str) -> None:
    """On which computer was timed, and on request when and with what, and what the machine can do at best."""
    st.header(_heading(report, device), anchor=False)
    for note in report.notes:
        st.info(plain(note), icon=":material/info:")
    place = wording.device(device)
    lines = [
        _line("Measured", [plain(wording.utc_moment(report.moment))]),
        _line("Machine", [plain(f"{name} {value}") for name, value in report.machine.items() if value]),
        _line("Versions", [plain(f"{name} {value}") for name, value in report.versions.items()]),
        _line(
            "Measurement",
            ["quick" if report.quick else "full", f"{report.threads} thread{'s' * (report.threads != 1)}"],
        ),
        *(
            f"**Limits of the {place}:** {limit.gflop_per_s:,.0f} GFLOP/s (billions of calculations a second in large "
            f"matrix products) and {limit.copy_gb_per_s:,.1f} GB/s (copying memory), the most that was measured."
            for limit in report.limits
            if limit.device == device
        ),
    ]
    with st.popover("Machine and versions", icon=":material/memory:"):
        st.markdown("  \n".join(line for line in lines if line))


def _heading(report: BenchmarkReport, device: str) -> str:
    machine = report.machine.get("gpu" if device == "cuda" else "processor") or "unknown machine"
    return f"Measured on {plain(machine)}"


def _line(name: str, facts: Sequence[str]) -> str:
    return f"**{name}:** {' · '.join(facts)}" if facts else ""


@st.fragment
def draw_tasks(reports: Sequence[BenchmarkReport], report: BenchmarkReport, device: str) -> None:
    """One of the tasks that were timed, looked at closely."""
    tasks = by_task(report, device)
    if not tasks:
        return
    defaults.follow(TASK, next(iter(tasks)), tasks)
    titles = {task: TASK_TITLES[task] for task in tasks}
    task = choose("Task", titles, TASK, bind="query-params", label_visibility="collapsed")
    draw_task(task, tasks[task], reports, report, device)


def draw_task(
    task: str, timings: Sequence[Timing], reports: Sequence[BenchmarkReport], report: BenchmarkReport, device: str
) -> None:
    """One task: what came out, the times, and on request their parts and how they were before."""
    st.subheader(heading(task), anchor=False)
    in_words(task, timings)
    show_figure(figures.speed_bars(timings, title=figure_title(timings)), f"speed.bars.{task}.{device}")
    if any(len(timing.parts) > 1 for timing in timings):

        def parts() -> None:
            show_figure(figures.speed_parts(timings), f"speed.parts.{task}.{device}")
            st.caption(
                "Loading: reading the clips. Transfer: copying them to the GPU. Features: the spectrogram. "
                "Model: the network behind it."
            )

        fold("Where the time goes", f"speed.parts.{task}", parts, icon="stacked_bar_chart")
    past = history(reports, report, task, device)
    if len(past) > 1:
        fold(
            "Earlier measurements of this machine",
            f"speed.history.{task}",
            lambda: show_figure(figures.speed_history(past, task), f"speed.history.{task}.{device}"),
            icon="history",
        )


def by_task(report: BenchmarkReport, device: str) -> dict[str, list[Timing]]:
    """The timings on one device, task by task, as far as there are any."""
    timings = [timing for timing in report.timings if timing.device == device]
    found = {task: [timing for timing in timings if timing.task == task] for task in BENCHMARK_TASKS}
    return {task: timings for task, timings in found.items() if timings}


def heading(task: str) -> str:
    """A task as the title of a section."""
    words = BENCHMARK_TASKS[task]
    return words[0].upper() + words[1:]


def figure_title(timings: Sequence[Timing]) -> str:
    """What the bars show."""
    clips = clips_in_words(max(timing.n_clips for timing in timings), timings[0].task)
    return f"Time for {clips} on the {wording.device(timings[0].device)}"


def in_words(task: str, timings: Sequence[Timing]) -> None:
    """What was compared, and what came out."""
    st.write(f"{TASK_NOTES[task]} {comparison(timings)}")
    limit = limit_note(timings)
    if limit:
        st.caption(limit)


def history(
    reports: Sequence[BenchmarkReport], shown: BenchmarkReport, task: str, device: str
) -> list[BenchmarkReport]:
    """Reports of the same machine that timed this task on this device, with these timings alone."""
    alike = [report for report in reports if _machine(report) == _machine(shown)]
    found = [replace(report, timings=tuple(by_task(report, device).get(task, ()))) for report in alike]
    return [report for report in found if report.timings]


def numbers(report: BenchmarkReport) -> None:
    """Every timing of a report as a table, and as a file."""
    if not report.timings:
        st.info("This report holds no timings. Measure again.", icon=":material/info:")
        return
    fold("All numbers", "speed.numbers", lambda: _table(report))


def _table(report: BenchmarkReport) -> None:
    st.dataframe([_row(timing_record(timing)) for timing in report.timings], hide_index=True)
    st.caption(
        "Times in seconds: median of the repeats, and the times that a tenth and nine tenths of them stay below. "
        "Ratios: how many times as fast as the reference."
    )
    saving.button(
        "Download the numbers (JSON lines)",
        as_json_lines(report),
        f"earshot-speed-{report.moment[:10]}.jsonl",
        "speed.download",
    )


def as_json_lines(report: BenchmarkReport) -> str:
    """Every timing of a report as a JSON object on a line of its own, for scripts."""
    return "".join(to_json(timing_record(timing)) + "\n" for timing in report.timings)


def _row(record: dict[str, Any]) -> dict[str, str]:
    """A record with the names and numbers that people read."""
    names = {
        "median_s": "Median (s)",
        "low_s": "A tenth below (s)",
        "high_s": "Nine tenths below (s)",
        "ratio_to_nnaudio": "× nnAudio",
        "ratio_to_librosa": "× librosa",
        "ratio_to_public_recipe": "× public recipe",
        "floor_s": "Limit of this machine (s)",
    }
    return {
        "Task": BENCHMARK_TASKS[record["task"]],
        "Way": record["variant"],
        "Setting": record["setting"] or "–",
        "Device": wording.device(record["device"]),
        "Clips": f"{record['clips']:,}",
        "Repeats": str(record["repeats"]),
        **{name: "–" if record[key] is None else amount(record[key]) for key, name in names.items()},
    }


def _title(report: BenchmarkReport) -> str:
    machine = report.machine.get("gpu") or report.machine.get("processor") or "unknown machine"
    return f"{wording.utc_moment(report.moment)} · {machine} · {'quick' if report.quick else 'full'}"


def _machine(report: BenchmarkReport) -> tuple[str, ...]:
    return tuple(report.machine.get(name, "") for name in ("processor", "cores", "gpu"))
