"""Comparisons are checked against scipy, textbook cases, analytic variances and hand-made clips."""

from dataclasses import replace
from math import comb, sqrt

import numpy as np
import pytest
from scipy.stats import bootstrap, norm

from core.comparison import compare, only_right, outcome, settings_table, speaker_note
from core.config import LABELS
from core.errors import DataError
from core.paired import bootstrap_interval, holm, mcnemar, small_sample_interval, speaker_interval
from core.presets import preset_config
from core.results import Evaluation

DOWN, GO, UNKNOWN = 0, 1, 11


def evaluation(run, truth, answers, files=None, **changes):
    """An evaluation in which every clip was answered with full certainty."""
    truth, answers = np.array(truth), np.array(answers)
    confusion = np.zeros((12, 12), np.int64)
    np.add.at(confusion, (truth, answers), 1)
    files = files or [f"word/{number:08x}_nohash_0.wav" for number in range(len(truth))]
    one = Evaluation(
        run=run, dataset="d", protocol="official", labels=LABELS, confusion=confusion, loss=1.0,
        probabilities=np.eye(12, dtype=np.float32)[answers], truth=truth, clip_files=tuple(files),
    )  # fmt: skip
    return replace(one, **changes)


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
        b, truth=b.truth[order], probabilities=b.probabilities[order],
        clip_files=tuple(b.clip_files[number] for number in order),
    )  # fmt: skip
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


@pytest.mark.parametrize(("a", "b"), [(86, 150), (3, 0), (7, 7), (0, 1), (12, 2)])
def test_mcnemar_is_the_binomial_test_of_a_fair_coin(a, b):
    fewer, n = min(a, b), a + b
    tail = sum(comb(n, number) for number in range(fewer + 1)) / 2**n
    assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(a, b) == mcnemar(b, a)


def test_mcnemar_agrees_with_the_usual_chi_square_where_there_are_many():
    # Agresti, Categorical Data Analysis: 150 and 86 of 1600 voters changed their minds, z = 4.17.
    z = (150 - 86) / sqrt(150 + 86)
    assert z == pytest.approx(4.17, abs=0.01)
    assert mcnemar(86, 150) == pytest.approx(2 * norm.sf(z), rel=0.35)


def test_holm_multiplies_the_smallest_by_their_number_and_never_falls_again():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    assert holm([0.03]) == [0.03]


def test_several_runs_are_corrected_for_their_number(pair):
    a, b = pair
    twins = compare([a, b, replace(b, run="c")])
    assert [one.run for one in twins] == ["b", "c"]
    assert all(one.adjusted_p == pytest.approx(min(1.0, 2 * one.p)) for one in twins)
    assert "corrected for 2 comparisons" in outcome(twins[0])


def test_the_bootstrap_has_the_analytic_width_and_the_one_of_scipy():
    both, only_a, only_b, neither = 1500, 40, 90, 300
    n = both + only_a + only_b + neither
    gain = (only_b - only_a) / n
    sd = sqrt(only_a + only_b - (only_b - only_a) ** 2 / n) / n
    low, high = bootstrap_interval(both, only_a, only_b, neither)
    assert (low, high) == pytest.approx((gain - 1.96 * sd, gain + 1.96 * sd), abs=1 / n + 0.05 * sd)
    net = np.repeat([0, -1, 1, 0], [both, only_a, only_b, neither])
    theirs = bootstrap((net,), np.mean, n_resamples=9_999, method="percentile", rng=np.random.default_rng(1), batch=500)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=1 / n + 0.1 * sd)
    assert bootstrap_interval(both, only_a, only_b, neither) == (low, high), "it is seeded"


def test_drawing_speakers_equals_drawing_clips_where_each_clip_has_its_own():
    rng = np.random.default_rng(3)
    net = rng.choice([-1, 0, 1], p=[0.1, 0.7, 0.2], size=400)
    alone = speaker_interval(net, [f"{number:08x}" for number in range(400)])
    counts = (0, int((net < 0).sum()), int((net > 0).sum()), int((net == 0).sum()))
    assert alone == pytest.approx(bootstrap_interval(*counts), abs=0.006)


def test_clips_that_one_speaker_repeats_make_the_interval_as_wide_as_so_few_speakers_allow():
    rng = np.random.default_rng(3)
    by_speaker = rng.choice([-1, 0, 1], p=[0.1, 0.7, 0.2], size=400)
    low, high = speaker_interval(by_speaker, [str(number) for number in range(400)])
    repeated = speaker_interval(np.repeat(by_speaker, 9), np.repeat([str(number) for number in range(400)], 9).tolist())
    assert repeated == pytest.approx((low, high), abs=0.004)
    net = np.repeat(by_speaker, 9)
    over_clips = bootstrap_interval(0, int((net < 0).sum()), int((net > 0).sum()), int((net == 0).sum()))
    assert (high - low) / (over_clips[1] - over_clips[0]) == pytest.approx(3, rel=0.05), "the root of nine"


def test_without_known_speakers_there_is_no_interval_over_them(pair):
    assert speaker_interval(np.array([1, 0]), ["", ""]) is None
    nameless = [replace(one, clip_files=tuple(f"{number}.wav" for number in range(one.n))) for one in pair]
    (found,) = compare(nameless)
    assert found.speaker_interval is None
    assert "do not tell who speaks" in speaker_note(found)


def test_the_interval_for_few_clips_holds_the_truth_as_often_as_it_says():
    rng, shares = np.random.default_rng(0), (0.6, 0.05, 0.15, 0.2)
    drawn = rng.multinomial(25, shares, size=2000)
    ends = [small_sample_interval(*row) for row in drawn.tolist()]
    covered = np.mean([low <= 0.1 <= high for low, high in ends])
    assert covered >= 0.94
    low, high = small_sample_interval(20, 0, 0, 0)
    assert low < 0 < high, "twenty clips that both get right are no certainty"


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
    assert "No difference is to be told" in outcome(compare([a, close])[0])
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
        ("Spectrogram", "setting"), ("Spectrogram", "mel shape"), ("Training", "seed"), ("Training", "mel rate"),
        ("Training", "stft rate"),
    }  # fmt: skip
    assert settings_table([None, None]) == ()


def test_the_seed_of_filters_counts_where_they_start_at_random():
    configs = [preset_config("linear", seed=seed, mel_start="random") for seed in (0, 3)]
    assert ("Spectrogram", "start seed") in {(row.part, row.name) for row in settings_table(configs) if row.differs}
