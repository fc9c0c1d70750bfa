"""What the accuracy of runs costs: weights, multiplications, bytes, and the time of an answer on this computer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core import figures
from core.config import Vocabulary
from core.figures.cost import Measure
from core.records.cost import Latency, RunCost
from core.runs import RunState
from core.studies.cost.measure import SECONDS, keep_latency, kept_latency, measure_latencies
from dashboard.shared import cache, clip_choice, measured, picker, run_names
from dashboard.shared.widgets import choose, show_figure
from dashboard.shared.wording import percent, plain
from dashboard.views.compare.choice import Clips

MEASURES: dict[Measure, str] = {
    "weights": "Trained weights",
    "macs": "Multiply-accumulates",
    "bytes": "Size",
    "latency": "Time for one clip",
}

JOB = "latency"


def costs(dataset: str, protocol: str, words: Vocabulary) -> list[RunCost]:
    """Accuracy and cost of every run of these words that was measured on these clips, compared or not."""
    found = []
    for name, run in run_names.by_label(picker.models()).items():
        path = cache.evaluations(run.folder).get((dataset, protocol))
        if path is not None and run.config is not None and run.config.vocabulary == words:
            scores = cache.evaluation(path)[1]
            cost, latency = cache.cost(run.folder, run.config), kept_latency(run.folder)
            found.append(RunCost(name, run.config.title, scores.n, scores.accuracy, scores.interval, cost, latency))
    return found


@st.fragment
def draw(chosen: Mapping[str, RunState], clips: Clips, looks: Mapping[str, int]) -> None:
    """Accuracy against cost of every run that was measured on these clips, and the numbers of the chosen ones."""
    measure = choose("Cost", MEASURES, "cost", bind="query-params")
    words = clip_choice.vocabulary_of(next(iter(chosen.values())))
    found = costs(clips.dataset, clips.protocol, words)
    figure = figures.accuracy_against_cost(found, measure, clips.protocol, looks=looks, vocabulary=words)
    show_figure(figure, f"compare.cost.{measure}")
    st.caption("Every run measured on these clips; a step to the right costs several times as much.")
    time_button(list(chosen.values()))
    cost_table(found, list(looks))


def time_button(chosen: Sequence[RunState]) -> None:
    """Time the answers of the chosen runs on this computer."""
    folders = [run.folder for run in chosen]
    measured.shown([JOB], lambda: None, lambda _: _offer(folders), quiet=True)


def _offer(folders: Sequence[Path]) -> None:
    def save(found: Sequence[Latency]) -> None:
        for folder, latency in zip(folders, found, strict=True):
            keep_latency(folder, latency)

    measured.button(
        f"Time one clip with each run ({SECONDS * len(folders):.0f} s)",
        "compare.time",
        JOB,
        "Timing one clip",
        lambda: measured.kept(lambda progress: measure_latencies(folders, seconds=SECONDS, progress=progress), save),
        kind="secondary",
        icon=":material/timer:",
    )


def cost_table(found: Sequence[RunCost], names: Sequence[str]) -> None:
    """What each chosen run costs, as numbers."""
    named = {one.run: one for one in found}
    shown = [named[name] for name in names if name in named]
    lines = {
        "Accuracy": [percent(one.accuracy) for one in shown],
        "95 % interval": [f"{100 * one.interval[0]:.1f}–{percent(one.interval[1])}" for one in shown],
        "Trained weights: spectrogram": [f"{one.cost.front_end.trained:,}" for one in shown],
        "Trained weights: network": [f"{one.cost.network.trained:,}" for one in shown],
        "Fixed numbers: spectrogram": [f"{one.cost.front_end.fixed:,}" for one in shown],
        "Fixed numbers: network": [f"{one.cost.network.fixed:,}" for one in shown],
        "Multiply-accumulates: spectrogram": [f"{one.cost.front_end_macs:,}" for one in shown],
        "Multiply-accumulates: network": [f"{one.cost.network_macs:,}" for one in shown],
        "Size in float32": [f"{one.cost.float32_bytes / 1000:,.0f} kB" for one in shown],
        "Size of the file": [f"{one.cost.stored_bytes / 1000:,.0f} kB" for one in shown],
        "Time for one clip, median": [f"{1000 * one.latency.p50_s:.2f} ms" if one.latency else "–" for one in shown],
        "Time for one clip, p95": [f"{1000 * one.latency.p95_s:.2f} ms" if one.latency else "–" for one in shown],
    }
    st.dataframe(
        [
            {"What": what, **{one.run: value for one, value in zip(shown, values, strict=True)}}
            for what, values in lines.items()
        ],
        hide_index=True,
        height="content",
    )
    timed = next((one.latency for one in shown if one.latency), None)
    if timed and timed.disturbed:
        st.warning(
            f"Other programs used {timed.busy_percent:.0f} % of the processor when the clips were timed; it takes less "
            "time in a quiet moment.",
            icon=":material/speed:",
        )
    where = (
        f" Times: {timed.n:,} clips one by one, after a warm-up, on {plain(timed.machine)}, "
        f"{plain(timed.device.upper())}, {timed.threads} thread{'s' * (timed.threads != 1)}."
        if timed
        else " Times were not measured yet."
    )
    st.caption(
        "Multiply-accumulates are those of one clip of a second. A fixed STFT goes through an FFT and follows from a "
        "formula; a trained one multiplies every frame by all its kernels, and has to be stored. The size in float32 "
        "is that of all numbers that do not follow from a formula." + where
    )
