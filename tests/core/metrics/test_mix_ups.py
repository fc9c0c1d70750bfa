"""Which clips lie behind each cell, and in what order words stand."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import log_loss

from core.config import LABELS
from core.metrics import cell_clips, clip_losses, common_cells, confusion_order, unknown_words, worst_clips
from tests.evaluations import UNKNOWN, evaluation_of, random_evaluation, sure_answers


def test_words_taken_for_each_other_come_to_stand_side_by_side():
    random = np.random.default_rng(0)
    hidden = random.permutation(12)
    confusion = np.diag(np.full(12, 60)) + random.integers(0, 2, (12, 12))
    for first in range(0, 12, 3):
        for one in hidden[first : first + 3]:
            confusion[one, hidden[first : first + 3]] += 10
    order = confusion_order(confusion)
    assert sorted(order) == list(range(12))
    group_of = {int(one): number // 3 for number, one in enumerate(hidden)}
    groups = [group_of[int(one)] for one in order]
    assert sum(a != b for a, b in pairwise(groups)) == 3, groups


def test_a_chain_of_mix_ups_is_laid_out_as_a_chain():
    hidden = [4, 1, 3, 0, 2]
    confusion = np.diag(np.full(5, 50))
    for left, right in pairwise(hidden):
        confusion[left, right] = confusion[right, left] = 20
    assert confusion_order(confusion).tolist() in (hidden, hidden[::-1])


@pytest.mark.parametrize("confusion", [np.zeros((12, 12), int), np.eye(12, dtype=int), np.diag([1] + [0] * 11)])
def test_an_order_is_found_without_mix_ups_and_without_clips(confusion):
    assert sorted(confusion_order(confusion)) == list(range(12))


def test_every_clip_lies_in_one_cell_and_the_surest_answer_comes_first():
    evaluation = random_evaluation(200)
    seen = []
    for true, answered, n in common_cells(evaluation):
        rows = cell_clips(evaluation, true, answered)
        assert len(rows) == n
        assert (evaluation.truth[rows] == LABELS.index(true)).all()
        sure = evaluation.probabilities[rows].max(axis=1)
        assert (np.diff(sure) <= 0).all()
        assert (evaluation.probabilities[rows].argmax(axis=1) == LABELS.index(answered)).all()
        seen.extend(rows.tolist())
    assert sorted(seen) == list(range(200))
    assert cell_clips(evaluation_of([0], sure_answers([0], [0])), "down", "go").tolist() == []


def test_mix_ups_are_listed_before_right_answers_and_the_frequent_ones_first():
    truth, answers = [0, 0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 1, 2, 2]
    evaluation = evaluation_of(truth, sure_answers(truth, answers))
    assert common_cells(evaluation) == (
        ("down", "go", 3),
        ("go", "left", 1),
        ("down", "down", 1),
        ("go", "go", 1),
        ("left", "left", 1),
    )


def test_unknown_words_are_counted_one_by_one_the_worst_first():
    truth = [UNKNOWN] * 6 + [0]
    answers = [UNKNOWN, UNKNOWN, 3, UNKNOWN, 0, 0, 0]
    words = ["bed", "bed", "bed", "tree", "wow", "wow", "down"]
    found = unknown_words(evaluation_of(truth, sure_answers(truth, answers), words=words))
    assert found is not None
    assert found.words == ("wow", "bed", "tree")
    assert found.n.tolist() == [2, 3, 1]
    assert found.mistaken.tolist() == [2, 1, 0]
    assert found.counts[0, 0] == 2
    assert found.counts[1, 3] == 1
    assert found.counts[:, UNKNOWN].tolist() == [0, 2, 1]
    assert (found.low <= found.mistaken / found.n).all()
    assert (found.high >= found.mistaken / found.n).all()
    evaluation = evaluation_of(truth, sure_answers(truth, answers), words=words)
    assert cell_clips(evaluation, "wow", "down").tolist() == [4, 5]


@pytest.mark.parametrize("truth", [[0, 1], [0, UNKNOWN]])
def test_clips_that_do_not_tell_their_unknown_word_are_not_broken_down(truth):
    assert unknown_words(evaluation_of(truth, sure_answers(truth, [0, 0]))) is None


def test_losses_are_scikit_learns_and_the_worst_clip_comes_first():
    evaluation = random_evaluation(150)
    losses = clip_losses(evaluation)
    probabilities = evaluation.probabilities.astype(float)
    expected = log_loss(evaluation.truth, probabilities / probabilities.sum(axis=1, keepdims=True), labels=range(12))
    assert losses.mean() == pytest.approx(expected, rel=1e-5)
    assert (np.diff(losses[worst_clips(evaluation)]) <= 0).all()


def test_a_truth_without_any_probability_has_a_finite_loss():
    losses = clip_losses(evaluation_of([0], sure_answers([0], [1], sure=1.0)))
    assert np.isfinite(losses).all()
