"""Made-up detections against made-up truths, counted by hand; intervals against published tables."""

from dataclasses import replace

import pytest

from core.records.answers import Detection
from core.records.listening import PlacedWord
from core.studies.listening.scoring import HIT_S, score

YES = PlacedWord("yes", 10.0, 10.5, "yes/1.wav")
NO = PlacedWord("no", 20.0, 20.4, "no/1.wav")
BED = PlacedWord("bed", 30.0, 30.5, "bed/1.wav")
TRUTH = (YES, NO, BED)
SECONDS = 3600.0


def heard(word, heard_s):
    return Detection(word, 0.9, heard_s - 1, heard_s, heard_s)


def scored(*detections, truth=TRUTH):
    return score(detections, truth, SECONDS, threshold=0.7)


def counts(scores):
    return scores.hits, scores.misses, scores.wrong_words, scores.false_alarms


def test_nothing_detected_misses_every_keyword_and_no_other_word():
    scores = scored()
    assert counts(scores) == (0, 2, 0, 0)
    assert (scores.n_keywords, scores.miss_share, scores.latency_s(0.5)) == (2, 1.0, None)


def test_the_right_words_in_time_are_hits_with_their_latency():
    scores = scored(heard("yes", 10.8), heard("no", 20.3))
    assert counts(scores) == (2, 0, 0, 0)
    assert scores.latencies_s == (pytest.approx(0.3), pytest.approx(-0.1))
    assert scores.latency_s(0.5) == pytest.approx(0.1)
    assert scores.latency_s(0.95) == pytest.approx(0.28)


@pytest.mark.parametrize(
    ("heard_s", "is_hit"),
    [(9.99, False), (10.0, True), (10.5 + HIT_S, True), (10.51 + HIT_S, False)],
    ids=["before the word", "at its start", "a second after its end", "later"],
)
def test_a_hit_lies_between_the_words_start_and_a_second_after_its_end(heard_s, is_hit):
    assert counts(scored(heard("yes", heard_s))) == ((1, 1, 0, 0) if is_hit else (0, 2, 0, 1))


def test_a_word_detected_twice_is_one_hit_and_one_false_alarm():
    assert counts(scored(heard("yes", 10.6), heard("yes", 11.4))) == (1, 1, 0, 1)


def test_a_keyword_taken_for_another_is_missed_and_a_wrong_word():
    assert counts(scored(heard("no", 10.6))) == (0, 2, 1, 0)


def test_a_wrong_word_before_the_right_one_does_not_undo_the_hit():
    assert counts(scored(heard("no", 10.4), heard("yes", 11.2))) == (1, 1, 1, 0)


def test_a_detection_over_an_unknown_word_or_over_nothing_is_a_false_alarm():
    assert counts(scored(heard("yes", 30.4), heard("no", 100.0))) == (0, 2, 0, 2)


def test_the_same_word_said_twice_in_a_row_is_hit_twice():
    again = replace(YES, start_s=11.2, end_s=11.7)
    assert counts(scored(heard("yes", 10.9), heard("yes", 11.4), truth=(YES, again))) == (2, 0, 0, 0)


def test_time_in_which_a_keyword_can_be_hit_is_no_time_for_false_alarms():
    # Two keywords of 0.5 and 0.4 s, each with a second more; the unknown word does not count.
    assert scored().free_hours * 3600 == pytest.approx(SECONDS - 1.5 - 1.4)
    # Words that overlap, and one at the very end, are not counted twice or beyond the end.
    near = (YES, replace(YES, start_s=11.0, end_s=11.5), replace(YES, start_s=3599.0, end_s=3599.5))
    assert scored(truth=near).free_hours * 3600 == pytest.approx(SECONDS - 2.5 - 1.0)


def test_false_alarms_are_given_by_the_hour_with_their_interval():
    scores = score([heard("yes", 100.0 + n) for n in range(10)], [YES], 2 * SECONDS + 1.5, threshold=0.7)
    assert scores.false_alarms_per_hour == pytest.approx(5.0)
    assert scores.false_alarms_interval == (pytest.approx(2.398, abs=5e-4), pytest.approx(9.195, abs=5e-4))
