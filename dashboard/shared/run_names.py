"""What a person calls a model: by the name given to it, else one's own by its folder, a shipped one by what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.runs import RunState


def label(run: RunState) -> str:
    """What to call a run."""
    return run.config.title if run.config and run.shipped and not run.label.name else run.called


def in_full(run: RunState) -> str:
    """What to call a run, and what it is where that does not tell: ``mine: Linear, learned kernels (C)``."""
    what = run.config.title if run.config else "settings unreadable"
    return what if label(run) == what else f"{label(run)}: {what}"


def by_label(runs: Iterable[RunState]) -> dict[str, RunState]:
    """Runs by what they are called, in their order; those that would be called alike go by their folders."""
    runs = list(runs)
    times = Counter(map(label, runs))
    return {label(run) if times[label(run)] == 1 else run.name: run for run in runs}
