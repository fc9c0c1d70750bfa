"""Thresholds word by word: the best combination within the false alarms allowed, against trying all of them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from core.config import KEYWORDS, LABELS, ListeningConfig
from core.errors import ConfigError
from core.inference.whole import Heard
from core.records.listening import PlacedWord
from core.sound.speech import Utterance
from core.studies.listening.choose import Occasion, choose_thresholds, scores_of

CONFIG = ListeningConfig(average_s=0.1, minimum_count=1, refractory_s=0.3)
GRID = (0.5, 0.6, 0.7, 0.8, 0.9)


def occasion(said, seconds):
    """A stream in which at each time a word comes up with a probability for three hops.

    Args:
        said: (time, word that the model hears, its probability, word that is there or None).
        seconds: Length; 36 s are a hundredth of an hour.
    """
    n = round(seconds * 10)
    answers = np.zeros((n, len(LABELS)), np.float32)
    answers[:, LABELS.index("_silence_")] = 1
    utterances = [()] * n
    placed = []
    for time_s, word, probability, truth in said:
        for hop in range(round(time_s * 10), round(time_s * 10) + 3):
            answers[hop] = 0
            answers[hop, LABELS.index(word)] = probability
            answers[hop, LABELS.index("_silence_")] = 1 - probability
            utterances[hop] = (Utterance(time_s - 0.3, time_s + 0.4, 1.0, time_s - 0.3),)
        if truth:
            placed.append(PlacedWord(truth, time_s - 0.3, time_s + 0.4, f"{truth}.wav"))
    return Occasion(Heard(tuple((np.arange(n) + 1) / 10), answers, tuple(utterances)), tuple(placed), seconds)


@pytest.fixture(scope="module")
def mixed():
    """Words that are heard more or less surely, and talk that sounds like them."""
    rng = np.random.default_rng(2)
    said = []
    for number in range(90):
        word = str(rng.choice(["yes", "no", "go"]))
        kind = rng.random()
        # "no" is often heard in talk, "go" is heard faintly; some keywords are taken for others.
        truth = None if kind < (0.6 if word == "no" else 0.3) else word if kind < 0.93 else "stop"
        sure = rng.uniform(0.5, 0.8) if word == "go" else rng.uniform(0.5, 1.0 if truth else 0.93)
        said.append((3 + 4 * number, word, round(float(sure), 2), truth))
    return [occasion(said[:45], 190), occasion([(time - 180, *rest) for time, *rest in said[45:]], 190)]


def gain(scores):
    return scores.hits - scores.wrong_words


@pytest.fixture(scope="module")
def of_all_combinations(mixed):
    """What each combination of thresholds finds."""
    found = []
    for yes, no, go in itertools.product(GRID, repeat=3):
        own = {**dict.fromkeys(KEYWORDS, 0.9), "yes": yes, "no": no, "go": go}
        found.append(scores_of(mixed, replace(CONFIG, word_thresholds=tuple(own.items()))))
    return found


@pytest.mark.parametrize("allowed", [3, 6, 12, 20, 100])
def test_no_other_combination_finds_more_within_the_false_alarms_allowed(mixed, of_all_combinations, allowed):
    hours = scores_of(mixed, CONFIG).free_hours
    choice = choose_thresholds(mixed, CONFIG, (allowed + 0.5) / hours, GRID)
    best = max(gain(scores) for scores in of_all_combinations if scores.false_alarms <= allowed)
    assert best > 0
    assert choice.reached
    assert choice.after.false_alarms <= allowed
    assert gain(choice.after) == best
    assert choice.after == scores_of(mixed, choice.listening)
    assert choice.before == scores_of(mixed, CONFIG)


def test_a_word_that_talk_is_taken_for_gets_a_higher_threshold():
    said = [(3, "yes", 0.65, "yes"), (8, "no", 0.95, "no"), *((13 + 5 * n, "no", 0.75, None) for n in range(5))]
    choice = choose_thresholds([occasion(said, 60)], CONFIG, 1.0, GRID)
    own = dict(choice.listening.word_thresholds)
    assert own["yes"] == 0.6
    assert own["no"] >= 0.8
    assert (choice.after.hits, choice.after.false_alarms) == (2, 0)
    assert set(own) == set(KEYWORDS)
    assert own["stop"] == GRID[-1], "a word that is never heard has nothing to gain"


def test_where_the_limit_cannot_be_kept_the_highest_thresholds_are_taken():
    said = [(3, "yes", 0.99, "yes"), *((8 + 5 * n, "no", 0.99, None) for n in range(5))]
    choice = choose_thresholds([occasion(said, 60)], CONFIG, 1.0, GRID)
    assert set(dict(choice.listening.word_thresholds).values()) == {GRID[-1]}
    assert not choice.reached
    assert choice.after.false_alarms == 5


def test_occasions_are_scored_as_one(mixed):
    together = scores_of(mixed, CONFIG)
    apart = [scores_of([one], CONFIG) for one in mixed]
    for name in ("n_keywords", "hits", "wrong_words", "false_alarms"):
        assert getattr(together, name) == sum(getattr(one, name) for one in apart)
    assert together.free_hours == pytest.approx(sum(one.free_hours for one in apart))


def test_what_cannot_be_chosen_on_is_refused():
    with pytest.raises(ConfigError, match="no keyword"):
        choose_thresholds([occasion([(3, "no", 0.9, None)], 10)], CONFIG, 1.0)
    with pytest.raises(ConfigError, match="more than 0"):
        choose_thresholds([occasion([(3, "no", 0.9, "no")], 10)], CONFIG, 0.0)
