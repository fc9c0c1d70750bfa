"""Answers to changed clips, and a clip through two sets of filters, for the tests of figures."""

from __future__ import annotations

import numpy as np

from core.config import LABELS
from core.frontend.resynthesis import Comparison, compare
from core.records.robustness import Change, Robustness
from core.studies.robustness.changes import VALUES


def robustness(kind: Change = "noise", run: str = "a run", right: tuple[int, ...] = (), n: int = 120) -> Robustness:
    """As many clips of each label; ``right`` says how many are answered right at each value, evenly over labels."""
    values = VALUES[kind]
    right = right or tuple(n - 10 * step for step in range(len(values)))
    truth = np.arange(n) % len(LABELS)
    answers = np.array([np.where(np.arange(n) < hits, truth, (truth + 1) % len(LABELS)) for hits in right])
    scores = np.full(answers.shape, 0.75, np.float32)
    return Robustness(
        run=run,
        checkpoint="0" * 64,
        dataset="Tones",
        data_key="1" * 64,
        protocol="official",
        kind=kind,
        seed=0,
        n_all=3 * n,
        values=values,
        rows=np.arange(n),
        truth=truth,
        noises=("running_tap", "babble") if kind == "noise" else (),
        noise=np.arange(n) // 12 % 2 * (kind == "noise"),
        answers=answers,
        scores=scores,
        truth_scores=np.where(answers == truth, scores, 0.1).astype(np.float32),
    )


def comparison(n_mels: int = 40) -> Comparison:
    """Band 3 is 6 dB louder, and in band 5 the second half of the clip grew beyond that."""
    initial = np.log(np.random.default_rng(0).random((n_mels, 101)) + 0.5).astype(np.float32)
    learned = initial.copy()
    learned[3] += np.float32(6 * np.log(10) / 10)
    learned[5, 50:] += 1
    return compare(initial, learned)
