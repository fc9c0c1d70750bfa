"""The trained models of a grid in noise, and all that is known of them as one map."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from core.data.pack import Pack
from core.data.source import Progress
from core.errors import CheckpointError
from core.jobs.grid.folder import cell_states, grid_scores
from core.jobs.grid.plan import Cell, GridPlan
from core.records.robustness import Robustness
from core.runs import RunState, keep
from core.studies.gain_map import CLEAN, GainMap, Measured
from core.studies.grid_table import Score
from core.studies.robustness.kept import STUDY, file_of

SNRS_DB = (10.0, 0.0)
"""Signal-to-noise ratios of the map: some of the words drowned, and most."""

N_CLIPS = 1_000
"""Clips in noise: what they tell of one model's share of right answers is off by at most 3 points, and what all models
have in common falls out of a gain."""

MODELS_AT_ONCE = 24
"""Models that answer the same clips: each clip is put into its noise once for all of them."""


def measure_in_noise(
    folder: Path,
    plan: GridPlan,
    pack: Pack,
    protocol: str,
    *,
    device: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Let every trained model of a grid that did not do so yet answer clips in noise, and keep that with its run.

    Args:
        folder: The grid.
        plan: Its plan.
        pack: What it was trained on.
        protocol: Which test clips: one of ``config.PROTOCOLS``.
        device: "cpu" or "cuda"; None for the fastest.
        progress: Called with models done, models in all, and what is done; raising in it cancels.

    Raises:
        DataError: If the pack has no test clips.
        CheckpointError: If a model cannot be loaded.
    """
    from core.studies.robustness.measure import measure  # PyTorch, which whoever only reads need not wait for

    waiting = [state.folder for _, state in _done(folder, plan) if _kept(state, protocol, pack) is None]
    for first in range(0, len(waiting), MODELS_AT_ONCE):
        runs = waiting[first : first + MODELS_AT_ONCE]

        def report(done: int, total: int, _what: str, first: int = first, n: int = len(runs)) -> None:
            if progress:
                progress(first * 100 + 100 * n * done // total, len(waiting) * 100, "Answering in noise (% of a model)")

        records = measure(
            runs, pack, protocol, "noise", values=SNRS_DB, n_clips=N_CLIPS, device=device, progress=report
        )
        for run, record in zip(runs, records, strict=True):
            keep.save(STUDY, run, _file(pack.title, protocol), record)


def n_measured(folder: Path) -> int:
    """How many measurements in noise lie with the runs of a grid; they are not read."""
    return sum(1 for _ in folder.glob(f"*/{STUDY.name}-noise-*-{N_CLIPS}-*{STUDY.suffix}"))


def gain_map(folder: Path, plan: GridPlan, protocol: str) -> GainMap:
    """All that was measured of a grid so far on the test clips of a protocol."""
    by_place: dict[tuple[Cell, str], float] = {}
    scores = {(score.factors, score.seed): score for score in grid_scores(folder, plan, protocol)}
    noisy: list[Robustness] = []
    titles: list[str] = []
    for cell, state in _done(folder, plan):
        titles.append(state.dataset)
        if (cell.factors, cell.seed) in scores:
            by_place[cell, CLEAN] = scores[cell.factors, cell.seed].accuracy
        if record := _kept(state, protocol):
            noisy.append(record)
            for snr_db, accuracy in zip(record.values, record.accuracy()[0], strict=True):
                by_place[cell, f"{snr_db:g} dB"] = float(accuracy)
    return GainMap(
        name=folder.name,
        dataset=titles[0] if titles else "",
        protocol=protocol,
        n_clean=_most(scores.values()),
        n_noisy=max((record.n for record in noisy), default=0),
        noises=noisy[0].noises if noisy else (),
        epochs=tuple({cell.factors.model: cell.config.training.epochs for cell in plan.cells()}.items()),
        measured=_grouped(by_place),
    )


def _grouped(by_place: dict[tuple[Cell, str], float]) -> tuple[Measured, ...]:
    groups: dict[tuple[str, object], list[tuple[Cell, float]]] = {}
    for (cell, condition), accuracy in by_place.items():
        groups.setdefault((condition, cell.factors), []).append((cell, accuracy))
    order = [CLEAN, *(f"{snr_db:g} dB" for snr_db in SNRS_DB)]
    return tuple(
        Measured(
            group[0][0].factors, condition, tuple(cell.seed for cell, _ in group), tuple(share for _, share in group)
        )
        for (condition, _), group in sorted(groups.items(), key=lambda item: order.index(item[0][0]))
    )


def _done(folder: Path, plan: GridPlan) -> list[tuple[Cell, RunState]]:
    return [(cell, state) for cell, state in cell_states(folder, plan) if state and state.state == "done"]


def _file(dataset: str, protocol: str) -> str:
    return file_of(dataset, protocol, "noise", N_CLIPS)


def _kept(state: RunState, protocol: str, pack: Pack | None = None) -> Robustness | None:
    """What is kept of a run, if it holds."""
    with suppress(CheckpointError):
        record = keep.load_current(STUDY, state.folder, _file(state.dataset, protocol), pack.content if pack else "")
        return record if record and record.values == SNRS_DB else None
    return None


def _most(scores: Iterable[Score]) -> int:
    return max((score.n for score in scores), default=0)
