"""Recall, precision and F1 by word, against scikit-learn and scipy."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from core.metrics import word_scores
from tests.evaluations import evaluation_of, random_evaluation, sure_answers


def test_scores_are_scikit_learns_and_their_intervals_scipys():
    evaluation = random_evaluation(300)
    answers = evaluation.probabilities.argmax(axis=1)
    precision, recall, f1, n = precision_recall_fscore_support(evaluation.truth, answers, labels=range(12))
    for at, word in enumerate(word_scores(evaluation)):
        assert word.label == evaluation.labels[at]
        assert word.n == n[at]
        assert (word.precision, word.recall, word.f1) == pytest.approx((precision[at], recall[at], f1[at]))
        expected = binomtest(word.right, word.answered).proportion_ci(0.95, method="wilson")
        assert word.precision_interval == pytest.approx((expected.low, expected.high))


def test_a_word_without_clips_or_answers_has_no_score():
    down, go, *_ = word_scores(evaluation_of([0, 0], sure_answers([0, 0], [0, 0])))
    assert (down.recall, down.precision, down.f1) == (1, 1, 1)
    assert np.isnan([go.recall, go.precision, go.f1, *go.recall_interval, *go.precision_interval]).all()
