"""Mix-ups: which words are taken for which, in what order to show them, and the clips behind each number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from core.config import UNKNOWN_LABEL
from core.records.evaluation import Evaluation
from core.statistics import wilson

LEAST_PROBABILITY = 1e-12
"""Probabilities below count as this, so that the loss of a clip stays finite: 27.6 nats at most."""


@dataclass(frozen=True, eq=False)
class WordAnswers:
    """What the words behind the class "unknown" were taken for, those mistaken most often first.

    ``counts`` has shape (n_words, n_labels); ``low`` and ``high``, (n_words,), are the ends of the 95 % interval of the
    share that was taken for something else.
    """

    words: tuple[str, ...]
    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    mistaken: NDArray[np.int64]
    """Clips of each word that were not answered "unknown", (n_words,)."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def n(self) -> NDArray[np.int64]:
        """Clips of each word, (n_words,)."""
        return np.asarray(self.counts.sum(axis=1))


def confusion_order(confusion: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels in an order that puts those side by side that are taken for each other.

    The likeness of two labels is the mean of the shares of either one's clips that were taken for the other; labels are
    joined by average linkage, and the leaves of the tree turned so that neighbours are as alike as the tree allows
    (optimal leaf ordering; Bar-Joseph, Gifford and Jaakkola, 2001).

    Args:
        confusion: Counts, (n_labels, n_labels); rows are true labels.

    Returns:
        Numbers of the labels, (n_labels,); of the order and its mirror image, the one that begins more like the labels.
    """
    n_labels = len(confusion)
    if n_labels < 3:
        return np.arange(n_labels)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    alike = (shares + shares.T) / 2
    distance = 1 - alike
    np.fill_diagonal(distance, 0)
    order = leaves_list(linkage(squareform(distance, checks=False), method="average", optimal_ordering=True))
    return np.asarray(order if np.argmin(order) < n_labels / 2 else order[::-1], dtype=np.int64)


def unknown_words(evaluation: Evaluation) -> WordAnswers | None:
    """The answers to each word that counts as "unknown"; None where there is none, or no telling."""
    if not evaluation.vocabulary.unknown:
        return None
    label = evaluation.labels.index(UNKNOWN_LABEL)
    names = np.array(evaluation.clip_words)
    rows = np.flatnonzero(evaluation.truth == label)
    if len(names) != len(evaluation.truth) or not (rows := rows[names[rows] != UNKNOWN_LABEL]).size:
        return None
    words, of_word = np.unique(names[rows], return_inverse=True)
    counts = np.zeros((len(words), len(evaluation.labels)), dtype=np.int64)
    np.add.at(counts, (of_word, evaluation.answers[rows]), 1)
    n = counts.sum(axis=1)
    mistaken = n - counts[:, label]
    order = np.lexsort((words, -n, -mistaken / n))
    low, high = wilson(mistaken[order], n[order])
    return WordAnswers(
        tuple(words[order].tolist()), evaluation.labels, counts[order], mistaken[order], np.asarray(low), high
    )


def cell_clips(evaluation: Evaluation, true: str, answered: str) -> NDArray[np.int64]:
    """Numbers of the clips in one cell, those with the surest answers first.

    Args:
        evaluation: Answers to clips.
        true: What they are: a label, or one of the words that count as "unknown".
        answered: Label of the answer.
    """
    if true in evaluation.labels:
        is_it = evaluation.truth == evaluation.labels.index(true)
    else:
        is_it = np.array(evaluation.clip_words) == true
    answer = evaluation.labels.index(answered)
    rows = np.flatnonzero(is_it & (evaluation.answers == answer))
    order = np.argsort(-evaluation.probabilities[rows, answer], kind="stable")
    return np.asarray(rows[order], dtype=np.int64)


def common_cells(evaluation: Evaluation) -> tuple[tuple[str, str, int], ...]:
    """The cells that have clips as (true label, answered label, clips): mix-ups first, the most frequent ahead."""
    counts = evaluation.confusion
    cells = [
        (bool(true == answered), -int(counts[true, answered]), int(true), int(answered))
        for true, answered in np.argwhere(counts > 0)
    ]
    labels = evaluation.labels
    return tuple((labels[true], labels[answered], -count) for _, count, true, answered in sorted(cells))


def clip_losses(evaluation: Evaluation) -> NDArray[np.float64]:
    """Cross-entropy of every clip (nats): how surprised the model is by the truth, (n,)."""
    of_truth = evaluation.probabilities[np.arange(len(evaluation.truth)), evaluation.truth]
    return np.asarray(-np.log(np.maximum(of_truth.astype(np.float64), LEAST_PROBABILITY)))


def worst_clips(evaluation: Evaluation) -> NDArray[np.int64]:
    """Numbers of all clips, those with the highest loss first."""
    return np.argsort(-clip_losses(evaluation), kind="stable").astype(np.int64)
