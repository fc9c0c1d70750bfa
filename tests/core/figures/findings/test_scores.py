"""How well a model does on clips, said in a sentence; where few clips tell little, that is said."""

import dataclasses

import numpy as np
import pytest

from core import metrics
from core.config import LABELS
from core.figures.findings import scores as findings
from core.figures.style import NBSP
from core.metrics import DetectionCurve, ThresholdCosts, WordAnswers
from core.records.evaluation import ClassScores, Scores
from core.records.groups import GroupScores, RangeScores
from core.statistics import share_interval, wilson
from tests.evaluations import evaluation_of, random_evaluation, sure_answers

WORDS = ("yes", "no", "go")


def plain(text):
    return text.replace(NBSP, " ")


def counts(*rows):
    return np.array(rows, dtype=np.int64)


def group(name, right, n):
    return GroupScores(name, n, right, share_interval(right, n))


def quarter(start, right, n):
    return RangeScores(start, start + 5, start + 10, n, right, share_interval(right, n))


def test_the_best_and_the_worst_word_are_named_with_what_the_worst_is_taken_for():
    said = findings.mix_ups(WORDS, counts([98, 1, 1], [4, 90, 6], [4, 15, 81]))
    assert plain(said) == "“yes” is heard best (98.0 %), “go” worst (81.0 %, mostly taken for “no”)."


def test_a_mistake_that_is_only_the_most_frequent_one_is_not_most_of_them():
    said = findings.mix_ups((*WORDS, "up"), counts([98, 1, 1, 0], [40, 0, 30, 30], [0, 0, 99, 1], [0, 0, 0, 99]))
    assert said.endswith("“no” worst (0\u00a0%, most often taken for “yes”).")


def test_words_that_chance_may_have_parted_are_not_called_best_and_worst():
    said = findings.mix_ups(WORDS, counts([10, 0, 0], [0, 9, 1], [1, 1, 8]))
    assert plain(said) == "Words differ by no more than chance may make: “go” 80.0 % right, “yes” 100 %."


def test_a_row_of_one_clip_is_neither_best_nor_worst():
    said = findings.mix_ups(WORDS, counts([98, 1, 1], [1, 0, 0], [4, 15, 81]))
    assert plain(said) == "“yes” is heard best (98.0 %), “go” worst (81.0 %, mostly taken for “no”)."


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (([0, 0, 0], [0, 0, 0], [0, 0, 0]), "No clip was counted."),
        (([0, 0, 0], [0, 0, 1], [0, 0, 0]), "One clip alone: “no”, heard as “go”."),
        (([0, 0, 0], [0, 1, 0], [0, 0, 0]), "One clip alone: “no”, rightly heard."),
        (([5, 0, 0], [0, 5, 0], [0, 0, 0]), "All 10 clips are heard right."),
        (([7, 3, 0], [0, 0, 0], [0, 0, 0]), "7 of 10 clips of “yes” are heard right, mostly taken for “no”."),
    ],
)
def test_where_there_is_little_to_tell_that_is_said(rows, said):
    assert findings.mix_ups(WORDS, counts(*rows)) == said


def unknown(*rows):
    table = np.array([row for _, row in rows], dtype=np.int64)
    n, mistaken = table.sum(axis=1), table[:, :-1].sum(axis=1)
    low, high = wilson(mistaken, n)
    return WordAnswers(tuple(word for word, _ in rows), ("yes", "no", "_unknown_"), table, mistaken, low, high)


def test_the_unknown_word_that_is_surely_mistaken_most_is_named():
    said = findings.unknown_words(unknown(("cat", (1, 0, 0)), ("bed", (0, 15, 25)), ("five", (1, 1, 98))))
    assert said == "“bed” is mistaken most: 15 of 40 clips, mostly for “no”."
    assert findings.unknown_words(unknown(("cat", (1, 0, 3)), ("bed", (0, 1, 3)))).startswith(
        "No unknown word stands out"
    )
    assert (
        findings.unknown_words(unknown(("bed", (0, 0, 5))))
        == "All 5 clips of unknown words are rightly called unknown."
    )


def test_the_words_with_the_highest_and_the_lowest_f1_are_named():
    words = (ClassScores("yes", 0.9, 0.95, 0.924, 40), ClassScores("go", 0.7, 0.5, 0.583, 40))
    scores = Scores(110, 1.0, 0.6, share_interval(66, 110), 0.09, "down", words, *[0.6] * 9)
    assert plain(findings.by_word(scores)) == (
        "F1 is highest for “yes” (92.4 %) and lowest for “go” (58.3 %: precision 70.0 %, recall 50.0 %)."
    )
    silent = ClassScores("up", 0.0, 0.0, 0.0, 0)
    one = dataclasses.replace(scores, by_class=(words[0], silent))
    assert plain(findings.by_word(one)) == "“yes” has an F1 of 92.4 %."
    alike = dataclasses.replace(scores, by_class=(words[0], words[0]))
    assert plain(findings.by_word(alike)) == "All 2 words have an F1 of 92.4 %."
    assert findings.by_word(dataclasses.replace(scores, by_class=(silent,))) == "No clip was counted."


def test_a_model_is_called_too_sure_only_beyond_chance():
    truth = [0] * 80
    half = sure_answers(truth, [0, 1] * 40, 0.95)
    assert plain(findings.calibration(metrics.reliability(evaluation_of(truth, half)))) == (
        "Too sure of itself: 95.0 % sure on average, 50.0 % right."
    )
    shy = sure_answers(truth, truth, 0.5)
    assert findings.calibration(metrics.reliability(evaluation_of(truth, shy))).startswith("Not sure enough: 50.0")
    assert findings.calibration(metrics.reliability(random_evaluation(300))).startswith("Calibrated as far as chance")
    assert findings.calibration(metrics.reliability(evaluation_of([0], sure_answers([0], [0])))).startswith(
        "One answer"
    )


def curve(label, auc, eer):
    return DetectionCurve(label, 10, 90, np.array([np.inf, 0]), np.array([1.0, 0]), np.array([0, 1.0]), auc, eer, 0.5)


def test_the_best_and_the_worst_keyword_are_named_by_either_measure():
    three = [curve("yes", 0.99, 0.05), curve("no", 0.9, 0.15), curve("go", 0.95, 0.1)]
    assert (
        findings.detection(three, "", "auc") == "“yes” is told best from the rest (AUC 0.990), “no” worst (AUC 0.900)."
    )
    assert findings.detection(three, "go", "auc") == "“go”: AUC 0.950; best “yes” (0.990), worst “no” (0.900)."
    assert (
        plain(findings.detection(three, "yes", "eer"))
        == "“yes”: equal error rate 5.0 %, the best; worst “no” (15.0 %)."
    )
    assert findings.detection(three[:1], "yes", "auc") == "“yes”: AUC 0.990."
    assert findings.detection([], "", "auc") == "No keyword has clips beside others."
    alike = [curve("yes", 0.9, 0.1), curve("no", 0.9, 0.1)]
    assert findings.detection(alike, "no", "auc") == "All 2 keywords are told from the rest alike: AUC 0.900."


def test_a_threshold_is_told_by_what_it_misses_and_lets_through_with_intervals():
    costs = ThresholdCosts("go", 50, 1000, np.array([0.0, 0.5, 1.0]), np.array([2, 5, 50]), np.array([30, 4, 0]))
    low, high = (100 * end for end in share_interval(5, 50))
    said = plain(findings.threshold(costs, 0.5))
    assert said.startswith(
        f"From 50.0 % on, 10.0 % of “go” are missed ({low:.1f} to {high:.1f}) and 0.4 % of the others"
    )
    assert plain(findings.threshold(costs, None)).startswith("Without a threshold, 4.0 % of “go” are missed")
    assert "no clips of “go”" in findings.threshold(dataclasses.replace(costs, n=0), 0.5)


def test_the_lowest_group_is_named_only_below_all_clips_and_with_a_caution():
    said = findings.groups([group("a", 2, 20), group("b", 18, 20)], 0.8, "Speaker")
    assert plain(said).startswith("Lowest: speaker a, 2 of 20 clips right (")
    assert plain(said).endswith("below the 80.0 % of all clips; the lowest of 2 is low by chance, too.")
    assert findings.groups([group("a", 0, 1), group("b", 18, 20)], 0.78, "Speaker").startswith("No speaker is below")
    assert findings.groups([], 0.8, "Speaker") == "There is no group to show."


def test_quarters_differ_only_by_more_than_chance():
    far = [("words", [quarter(-60, 30, 100), quarter(-30, 95, 100)])]
    assert plain(findings.ranges(far, "dB")) == (
        "Highest from −30.0 to −20.0 dB (95.0 %), lowest from −60.0 to −50.0 dB (30.0 %), more than chance."
    )
    assert findings.ranges([("words", [quarter(0, 5, 10), quarter(9, 7, 10)])], "dB").startswith("No quarter differs")
    assert findings.ranges([("words", [])], "dB") == findings.TOO_FEW
    both = [*far, ("silence", [quarter(-90, 90, 100)])]
    assert "lowest from words, −60.0" in findings.ranges(both, "dB")


def test_labels_are_written_as_people_read_them():
    table = np.diag([0] * 10 + [50, 0])
    table[10, 11] = 50
    assert (
        findings.mix_ups(LABELS, table) == "50 of 100 clips of “silence” are heard right, mostly taken for “unknown”."
    )
