"""Measuring what a model costs: counting its weights and multiplications, and timing its answers to single clips."""

from __future__ import annotations

import functools
import logging
import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from core.config import CLIP_SAMPLES, FrontEndConfig, ModelConfig, RunConfig
from core.data.source import Progress
from core.errors import CheckpointError, KeywordSpottingError
from core.files.writing import make_folder
from core.inference.classifier import Classifier
from core.models import NETWORKS
from core.models.normalise import BandNorm
from core.models.pcen import PCEN
from core.records.cost import Cost, Latency, Weights
from core.runs import keep
from core.studies.benchmark.kept import reports_folder
from core.studies.benchmark.machine import describe_machine
from core.studies.cost.count import front_end_macs, front_end_weights
from core.training.checkpoint import BEST

SECONDS = 2.0
"""Time that a run's latency is measured for."""

WARM_UP = 20
"""Clips that each model answers before the clock counts."""

AT_LEAST = 20
"""Clips that are timed even where they take longer."""

_log = logging.getLogger(__name__)


def cost_of(path: Path, config: RunConfig) -> Cost:
    """What the model of a run or a checkpoint file costs.

    Args:
        path: Run folder or checkpoint file.
        config: Its settings.

    Raises:
        CheckpointError: If there is no such file.
    """
    network, macs = _network(config.model, replace(config.front_end, setting="A"), len(config.vocabulary.labels))
    file = path / BEST if path.is_dir() else path
    try:
        stored = file.stat().st_size
    except OSError as error:
        raise CheckpointError(f"There is no file {file.name} of {path.name} ({error.strerror}).") from error
    return Cost(
        front_end_weights(config.front_end),
        network,
        front_end_macs(config.front_end, has_learned_kernels=config.start.setting in "CD"),
        macs,
        stored,
    )


@functools.lru_cache(maxsize=64)
def _network(model: ModelConfig, front_end: FrontEndConfig, n_labels: int) -> tuple[Weights, int]:
    """Numbers and multiply-accumulates of everything behind the log-mel."""
    network = NETWORKS[model.name](front_end, n_labels).eval()
    parts = nn.ModuleList([network, BandNorm(front_end.n_mels) if model.normalise else nn.Identity()])
    if front_end.pcen != "off":
        parts.append(PCEN(front_end.n_mels, learned=front_end.pcen == "learned"))
    trained = sum(weights.numel() for weights in parts.parameters())
    fixed = sum(buffer.numel() for buffer in parts.buffers() if buffer.is_floating_point())
    # Through PyTorch's own layers, which its counter knows; its count of the way forward is right.
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, front_end.n_mels, front_end.n_frames()))
    return Weights(trained, fixed), counter.get_total_flops() // 2


def measure_latencies(
    paths: Sequence[Path], *, seconds: float = SECONDS, progress: Progress | None = None
) -> list[Latency]:
    """Time the answers of some runs to single clips on the processor, from samples to probabilities.

    The runs take turns, clip by clip, so that a busy moment of the computer meets all of them alike.

    Args:
        paths: Run folders.
        seconds: Time for each.
        progress: Called with milliseconds done, milliseconds in all, and what is being done; raising in it ends it.

    Raises:
        CheckpointError: If a model cannot be loaded.
        RunError: If a model was replaced meanwhile.
    """
    with ExitStack() as stack:
        checkpoints = [stack.enter_context(keep.unchanged(path)) for path in paths]
        classifiers = [Classifier(path, "cpu") for path in paths]
        busy = psutil.cpu_percent(interval=0.3)
        clip = np.random.default_rng(0).normal(0, 0.1, CLIP_SAMPLES).astype(np.float32)
        for classifier in classifiers:
            for _ in range(WARM_UP):
                classifier.classify(clip)
        took: list[list[float]] = [[] for _ in paths]
        total = math.ceil(1000 * seconds * len(paths))
        began = time.perf_counter()
        while (passed := 1000 * (time.perf_counter() - began)) < total or len(took[0]) < AT_LEAST:
            for classifier, own in zip(classifiers, took, strict=True):
                start = time.perf_counter()
                classifier.classify(clip)
                own.append(time.perf_counter() - start)
            if progress:
                progress(min(total, int(passed)), total, "Timing answers")
    processor = describe_machine()["processor"]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [
        Latency(
            path.name, processor, "cpu", torch.get_num_threads(), len(own),
            float(np.quantile(own, 0.5)), float(np.quantile(own, 0.95)), now,
            busy, checkpoint,
        )
        for path, checkpoint, own in zip(paths, checkpoints, took, strict=True)
    ]  # fmt: skip


# Kept with the computer, since they say nothing about another one


def latencies_folder() -> Path:
    """Where latencies are kept: beside the benchmark's reports."""
    return reports_folder().parent / "latencies"


STUDY = keep.json_study(Latency, "latency", "latency", again="Time it again.", key="latency")


def keep_latency(path: Path, latency: Latency) -> None:
    """Remember the latency of the model that a run has now.

    Raises:
        WriteError: If nothing can be written there.
    """
    make_folder(latencies_folder())
    keep.write(STUDY, latencies_folder() / f"{path.name}.json", latency)


def kept_latency(path: Path) -> Latency | None:
    """The latency of the model that a run has now, if it was measured on this computer."""
    file = latencies_folder() / f"{path.name}.json"
    if not file.exists():
        return None
    try:
        latency = keep.load(STUDY, file)
        return None if keep.why_outdated(latency, path) else latency
    except KeywordSpottingError as error:
        _log.warning("%s", error)
        return None
