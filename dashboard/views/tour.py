"""The guided tour: the tutorial's four steps, what each is for, and whether it is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import runs
from core.files.strict import read_json
from core.files.writing import write_json
from core.runs import RunState
from dashboard.shared import cache, dataset_choice

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One step: a sentence or two, the pages that do it, and its parts with a test for each."""

    title: str
    text: str
    links: tuple[tuple[str, str], ...]
    """Pages, and what the links to them say."""
    parts: tuple[tuple[str, Callable[[Sequence[RunState]], bool]], ...]


def _linear_is_done(own: Sequence[RunState]) -> bool:
    return any(
        run.state == "done"
        and run.config is not None
        and run.config.model.name == "linear"
        and run.config.front_end.setting != "A"
        for run in own
    )


def _bcresnet_is_done(own: Sequence[RunState]) -> bool:
    return any(
        run.state == "done" and run.config is not None and run.config.model.name.startswith("bcresnet") for run in own
    )


def looked_at(page: str, run: RunState) -> None:
    """Remember that a person was shown a page about a model of their own; training alone ticks nothing off."""
    seen = _seen()
    if run.shipped or page in seen:
        return
    try:
        write_json(_file(), {"looked_at": sorted({*seen, page})})
    except OSError as error:
        log.warning("The tour cannot be kept (%s).", error)


def _file() -> Path:
    return runs.runs_folder() / "tour.json"


def _seen() -> set[str]:
    """Pages that were looked at with a model of the user's own."""
    try:
        pages = read_json(_file())["looked_at"]
        return {page for page in pages if isinstance(page, str)}
    except (OSError, ValueError, TypeError, KeyError):
        return set()


STEPS = (
    Step(
        "Load the data and time the front end",
        "Count the one-second clips and listen to a few. The front end turns each into a spectrogram, for every clip "
        "in every epoch, so you time it beside two known libraries.",
        (("data", "Go to Data"), ("speed", "Go to Speed")),
        (
            ("data ready", lambda own: dataset_choice.is_ready()),  # noqa: ARG005
            ("front end timed", lambda own: bool(cache.benchmark_reports())),  # noqa: ARG005
        ),
    ),
    Step(
        "Train a linear model with trainable basis functions",
        "Mel filters and STFT kernels are trained with the model: both (setting D), or the mel filters alone (B). A "
        "single linear layer is too simple to hide what they contribute.",
        (("training", "Go to Train"),),
        (("a linear model trained to the end", _linear_is_done),),
    ),
    Step(
        "Evaluate, and look at what it learned",
        "Test it on clips it has never met, see which words it mixes up, and compare initial and learned filters.",
        (("evaluation", "Go to Score"), ("filterbank", "Go to Filters")),
        (
            ("scores of a model of yours looked at", lambda own: "evaluation" in _seen()),  # noqa: ARG005
            ("its filters looked at", lambda own: "filterbank" in _seen()),  # noqa: ARG005
        ),
    ),
    Step(
        "Train a BC-ResNet",
        "Do learned filters still help a far stronger network? It takes longer: begin with width 1, a few epochs.",
        (("training", "Go to Train"),),
        (("a BC-ResNet trained to the end", _bcresnet_is_done),),
    ),
)
"""The tutorial's order. Shipped models do not count as done: the tour is about what you did."""
