"""How long a training should take, told by those that ran on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.config import FrontEndConfig, ModelConfig, RunConfig
from core.runs import RunState
from dashboard.shared.wording import device, duration, plain


def estimate(config: RunConfig, dataset: str, past: Sequence[RunState]) -> str:
    """How long a run should take, from the newest past run of its kind on this computer; empty if there is none."""
    for run in past:
        an_epoch = seconds_an_epoch(config, dataset, run)
        if an_epoch is not None:
            total = an_epoch * config.training.epochs
            where = plain(device(run.device))
            return f"About {duration(total)}: {plain(run.called)} took {an_epoch:.1f} s an epoch on {where}."
    return ""


def kind_of(config: RunConfig) -> tuple[ModelConfig, FrontEndConfig]:
    """What decides how long an epoch takes; the seed of the filters does not."""
    return config.model, replace(config.front_end, start_seed=0)


def seconds_an_epoch(config: RunConfig, dataset: str, run: RunState) -> float | None:
    """Seconds that an epoch of a run took here, if it is of the same kind; else None."""
    alike = (
        run.config is not None
        and not run.shipped
        and run.epoch > 0
        and run.dataset == dataset
        and kind_of(run.config) == kind_of(config)
    )
    return run.trained_seconds / run.epoch if alike else None
