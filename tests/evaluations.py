"""Evaluations made up for tests: answers that are drawn at random, or given one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.config import LABELS, UNKNOWN_WORDS
from core.records.evaluation import Evaluation

UNKNOWN = len(LABELS) - 1


def evaluation_of(
    truth: Sequence[int],
    probabilities: np.ndarray,
    *,
    words: Sequence[str] | None = None,
    files: Sequence[str] | None = None,
) -> Evaluation:
    """The evaluation in which clips of these labels got these answers, (n, 12)."""
    truth, probabilities = np.asarray(truth), np.asarray(probabilities, dtype=np.float32)
    confusion = np.zeros((12, 12), dtype=np.int64)
    np.add.at(confusion, (truth, probabilities.argmax(axis=1)), 1)
    of_truth = probabilities[np.arange(len(truth)), truth].astype(float)
    return Evaluation(
        run="a run",
        dataset="made up",
        protocol="official",
        labels=LABELS,
        confusion=confusion,
        loss=float(-np.log(np.maximum(of_truth, 1e-12)).mean()),
        probabilities=probabilities,
        truth=truth,
        clip_words=tuple(words or (LABELS[label] for label in truth)),
        clip_files=tuple(files or (f"clip-{number}.wav" for number in range(len(truth)))),
    )


def sure_answers(truth: Sequence[int], answers: Sequence[int], sure: float = 0.89) -> np.ndarray:
    """Probabilities of ``sure`` for the answers, the rest shared out alike: (n, 12)."""
    rows = np.full((len(truth), 12), (1 - sure) / 11)
    rows[np.arange(len(truth)), answers] = sure
    return rows


def random_evaluation(n: int = 600, *, skill: float = 3.0, seed: int = 0) -> Evaluation:
    """Clips of all labels, by 20 speakers, answered with some skill; calibrated, since truth is drawn from the answers.

    The unknown ones are of all 25 words.
    """
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1, (n, 12))
    logits[np.arange(n), random.integers(0, 12, n)] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([random.choice(12, p=row) for row in probabilities])
    words = [UNKNOWN_WORDS[row % 25] if label == UNKNOWN else LABELS[label] for row, label in enumerate(truth)]
    files = [f"{word}/{row % 20:08x}_nohash_{row}.wav" for row, word in enumerate(words)]
    return evaluation_of(truth, probabilities, words=words, files=files)
