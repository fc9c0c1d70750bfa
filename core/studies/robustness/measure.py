"""Several models on the same changed clips: each clip is changed once, and all models hear it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import PROTOCOLS
from core.data.pack import Pack
from core.data.source import Progress
from core.errors import ConfigError
from core.inference.classifier import Classifier
from core.records.arrays import FloatArray
from core.records.robustness import Change, Robustness
from core.runs import keep
from core.sound.wav import FULL_SCALE
from core.statistics import sample
from core.studies.robustness.changes import VALUES
from core.studies.robustness.clips import Changer, check

N_CLIPS = 600
"""Clips measured by default: an accuracy of 90 % is then known to about ± 2.4 points."""

CLIPS_AT_ONCE = 100


def measure(
    runs: Sequence[Path],
    pack: Pack,
    protocol: str,
    kind: Change,
    *,
    values: Sequence[float | None] | None = None,
    n_clips: int | None = N_CLIPS,
    seed: int = 0,
    dataset: Pack | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> list[Robustness]:
    """Let models answer clips that are changed more and more.

    Args:
        runs: Run folders or checkpoint files.
        pack: The clips.
        protocol: Which of them: one of ``config.PROTOCOLS``.
        kind: What happens to them.
        values: How much of it; None for ``VALUES`` of that kind.
        n_clips: Size of a sample with the protocol's share of each label; None for all clips.
        seed: What the sample and the noise are drawn from.
        dataset: Where recordings of one's own get their noise from.
        device: "cpu" or "cuda"; None for the fastest.
        progress: Called with answers given, answers in all, and what is done; raising in it cancels.

    Returns:
        A record for each model, in their order.

    Raises:
        CheckpointError: If a model cannot be loaded.
        ConfigError: If a value is out of range, or the models do not tell the same words apart.
        DataError: If the pack has no clips of that protocol.
        RunError: If a model was replaced meanwhile.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"There is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    if not 0 <= seed < 2**31:
        raise ConfigError(f"The seed is {seed}; it must be a whole number from 0 to {2**31 - 1}.")
    steps = tuple(VALUES[kind] if values is None and kind in VALUES else values or ())
    check(kind, steps)
    with ExitStack() as stack:
        hashes = [stack.enter_context(keep.unchanged(run)) for run in runs]
        models = [Classifier(run, device) for run in runs]
        vocabulary = models[0].vocabulary
        if other := next(
            (run for run, model in zip(runs, models, strict=True) if model.vocabulary != vocabulary), None
        ):
            raise ConfigError(
                f"{keep.name_of(runs[0])} and {keep.name_of(other)} do not tell the same words apart, so the same "
                "clips are different tasks for them. Measure one after the other."
            )
        pack = pack.with_words(vocabulary)
        all_rows = pack.indices(protocol)
        rows = all_rows[sample(pack.labels[all_rows], n_clips, seed)]
        changer = Changer(pack, protocol, kind, seed, dataset)
        truth = pack.labels[rows]
        answers = np.zeros((len(models), len(steps), len(rows)), np.int64)
        scores, truth_scores = np.zeros((2, *answers.shape), np.float32)
        done, total = 0, answers.size
        for first in range(0, len(rows), CLIPS_AT_ONCE):
            part = slice(first, first + CLIPS_AT_ONCE)
            # All values of a clip at once: its noise and its active speech are found once.
            sounds = np.stack([changer.sounds(int(row), steps) for row in rows[part]], axis=1)
            for step, changed in enumerate(sounds):
                waveforms = changed.astype(np.float32) / np.float32(FULL_SCALE)
                for number, model in enumerate(models):
                    found = model.probabilities(model.log_mel(waveforms))
                    answers[number, step, part] = found.argmax(axis=1)
                    scores[number, step, part] = found.max(axis=1)
                    truth_scores[number, step, part] = _at(found, truth[part])
                    done += len(waveforms)
                    if progress:
                        progress(done, total, f"{len(rows):,} clips, {len(steps)} ways, {len(models)} models (answers)")
    return [
        Robustness(
            run=keep.name_of(run),
            checkpoint=hashes[number],
            dataset=pack.title,
            data_key=pack.content,
            protocol=protocol,
            kind=kind,
            seed=seed,
            n_all=len(all_rows),
            values=steps,
            rows=rows,
            truth=truth,
            noises=changer.noises,
            noise=np.array([changer.noise_of(int(row)) for row in rows], dtype=np.int64),
            answers=answers[number],
            scores=scores[number],
            truth_scores=truth_scores[number],
            labels=vocabulary.labels,
        )
        for number, run in enumerate(runs)
    ]


def _at(probabilities: FloatArray, labels: NDArray[np.int64]) -> FloatArray:
    """The probability of one label in each row."""
    return probabilities[np.arange(len(labels)), labels]
