"""Comparisons are checked against scipy, textbook cases, analytic variances and hand-made clips."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest

from core.errors import DataError
from core.studies.comparison import compare, only_right, outcome, settings_table, speaker_note
from core.training.presets import preset_config
from tests import evaluations

DOWN, GO, UNKNOWN = 0, 1, 11


def evaluation(run, truth, answers, files=None, **changes):
    """An evaluation in which every clip was answered with full certainty."""
    files = files or [f"word/{number:08x}_nohash_0.wav" for number in range(len(truth))]
    one = evaluations.evaluation_of(truth, np.eye(12)[np.array(answers)], files=files)
    return replace(one, run=run, dataset="d", clip_words=(), **changes)


@pytest.fixture
def pair():
    """Two clips of "down" that both get right, three that only b does, one that only a does, one that neither does."""
    truth = [DOWN, DOWN, DOWN, GO, GO, UNKNOWN, UNKNOWN]
    a = evaluation("a", truth, [DOWN, DOWN, GO, DOWN, DOWN, UNKNOWN, GO])
    b = evaluation("b", truth, [DOWN, DOWN, DOWN, GO, GO, DOWN, GO])
    return a, b


def test_a_hand_made_case_is_counted_by_clip_and_by_word(pair):
    (found,) = compare(pair)
    assert (found.both, found.only_baseline, found.only_run, found.neither, found.n) == (2, 1, 3, 1, 7)
    assert found.gain == pytest.approx(2 / 7)
    assert found.p == pytest.approx(2 * (comb(4, 0) + comb(4, 1)) / 2**4)
    words = {word.label: word for word in found.by_word}
    assert (words["down"].n, words["down"].gain, words["go"].gain) == (3, pytest.approx(1 / 3), 1.0)
    assert words["_unknown_"].gain == -0.5
    assert (words["yes"].n, words["yes"].interval, words["yes"].adjusted_p) == (0, (-1.0, 1.0), 1.0)


def test_the_confusion_difference_is_that_of_the_two_matrices(pair):
    a, b = pair
    (found,) = compare(pair)
    np.testing.assert_array_equal(found.confusion, b.confusion - a.confusion)
    (swapped,) = compare(pair, baseline=1)
    assert (swapped.baseline, swapped.run, swapped.gain) == ("b", "a", -found.gain)
    np.testing.assert_array_equal(swapped.confusion, -found.confusion)


def test_clips_are_paired_by_their_file_and_not_by_their_place(pair):
    a, b = pair
    order = np.random.default_rng(0).permutation(a.n)
    shuffled = replace(
        b,
        truth=b.truth[order],
        probabilities=b.probabilities[order],
        clip_files=tuple(b.clip_files[number] for number in order),
    )
    assert compare([a, shuffled])[0].p == compare(pair)[0].p
    np.testing.assert_array_equal(compare([a, shuffled])[0].confusion, compare(pair)[0].confusion)


def test_the_clips_that_only_one_got_right_are_listed_surest_first(pair):
    a, b = pair
    assert only_right(a, b).tolist() == [5]
    assert set(only_right(b, a).tolist()) == {2, 3, 4}
    unsure = b.probabilities.copy()
    unsure[2] = 0.3 * unsure[2] + 0.05
    assert only_right(replace(b, probabilities=unsure), a).tolist() == [3, 4, 2]


def test_other_clips_are_refused_and_named(pair):
    a, b = pair
    other = replace(b, clip_files=(*b.clip_files[:-1], "word/new.wav"))
    with pytest.raises(DataError, match=r"b was not measured on 1 clip \(word/00000006_nohash_0.wav\).*word/new.wav"):
        compare([a, other])
    with pytest.raises(DataError, match="official test set of d and b on the testing list of d"):
        compare([a, replace(b, protocol="testing-list")])
    with pytest.raises(DataError, match="does not say which clips"):
        compare([a, replace(b, clip_files=())])
    relabelled = replace(b, truth=np.array([GO, *b.truth[1:]]))
    with pytest.raises(DataError, match=r"What was said in 1 clip \(word/00000000"):
        compare([a, relabelled])
    with pytest.raises(DataError, match="at least two"):
        compare([a])


def test_several_runs_are_corrected_for_their_number(pair):
    a, b = pair
    twins = compare([a, b, replace(b, run="c")])
    assert [one.run for one in twins] == ["b", "c"]
    assert all(one.adjusted_p == pytest.approx(min(1.0, 2 * one.p)) for one in twins)
    assert "corrected for 2 comparisons" in outcome(twins[0])


def test_without_known_speakers_there_is_no_interval_over_them(pair):
    nameless = [replace(one, clip_files=tuple(f"{number}.wav" for number in range(one.n))) for one in pair]
    (found,) = compare(nameless)
    assert found.speaker_interval is None
    assert "do not tell who speaks" in speaker_note(found)


def test_the_outcome_is_told_in_words():
    truth = [GO] * 100
    a = evaluation("A", truth, [GO] * 60 + [DOWN] * 40)
    better = evaluation("D", truth, [DOWN] * 5 + [GO] * 78 + [DOWN] * 17)
    text = outcome(compare([a, better])[0])
    assert text.startswith("D got 23 clips right that A got wrong, and 5 the other way: +18.0 percentage points on 100")
    assert "D is better than A" in text
    assert "p = 0.0009" in text
    assert outcome(compare([better, a])[0]).count("D is better than A") == 1
    close = evaluation("D", truth, [DOWN] * 5 + [GO] * 61 + [DOWN] * 34)
    assert "No clear difference" in outcome(compare([a, close])[0])
    same = outcome(compare([a, replace(a, run="twin")])[0])
    assert "the very same clips right" in same
    assert "McNemar" not in same


def test_settings_that_differ_are_told_from_those_that_do_not():
    a, d = preset_config("linear", setting="A"), preset_config("linear", setting="D", seed=3)
    rows = {(row.part, row.name): row for row in settings_table([a, d, None])}
    assert rows["Spectrogram", "setting"].values == ("A", "D", "?")
    differing = {(row.part, row.name) for row in settings_table([a, d]) if row.differs}
    # The step sizes of filters have no effect where these are not trained.
    assert differing == {
        ("Spectrogram", "setting"),
        ("Spectrogram", "mel shape"),
        ("Training", "seed"),
        ("Training", "mel rate"),
        ("Training", "stft rate"),
    }
    assert settings_table([None, None]) == ()


def test_the_seed_of_filters_counts_where_they_start_at_random():
    configs = [preset_config("linear", seed=seed, mel_start="random") for seed in (0, 3)]
    assert ("Spectrogram", "start seed") in {(row.part, row.name) for row in settings_table(configs) if row.differs}
