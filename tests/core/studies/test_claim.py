"""What learning filters did is said from hand-made records."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import LABELS
from core.records.filters import Filters, FilterSnapshot
from core.studies import claim
from core.studies.comparison import compare
from core.training.presets import preset_config
from tests import evaluations


def difference(only_baseline, only_run, n=1000):
    """Two models of which each alone gets some of the clips right, and both the rest."""
    truth = np.zeros(n, dtype=int)
    first, second = truth.copy(), truth.copy()
    first[:only_run] = 1
    second[only_run : only_run + only_baseline] = 1
    files = [f"down/{number:08x}_nohash_0.wav" for number in range(n)]
    both = [evaluations.evaluation_of(truth, np.eye(len(LABELS))[one], files=files) for one in (first, second)]
    [found] = compare([replace(one, run=run, dataset="d") for one, run in zip(both, "ab", strict=True)])
    return found


def filters(initial, learned):
    kernels = np.zeros((0, 0), np.float32)
    before, after = (FilterSnapshot(0, np.asarray(one, np.float32), kernels, kernels) for one in (initial, learned))
    return Filters(before, after, sample_rate=16_000, n_fft=16, hop_length=160, setting="B")


def test_sensitivity_that_moved_from_low_to_high_tones_is_counted_once():
    flat = np.ones((1, 9))
    high = np.where(np.arange(9) >= 5, 2.0, 0.0)[None]
    one = claim.sensitivity(filters(flat, high))
    assert one.before.sum() == pytest.approx(1)
    assert one.after[-1] > 0.9
    assert one.moved == pytest.approx(one.after[-1] - one.before[-1])
    assert claim.sensitivity(filters(flat, 3 * flat)).moved == pytest.approx(0), "louder is not elsewhere"


def test_a_clear_gain_is_told_with_its_interval_and_its_clips():
    said = claim.what_it_gained("Linear", difference(10, 60))
    low, high = difference(10, 60).interval
    assert said == (
        "With learned filters, Linear gets 5.0 points more right than with textbook filters: "
        f"+{100 * low:.1f} to +{100 * high:.1f} points (95 % interval), on 1,000 clips of the official test set."
    )
    assert "5.0 points less right" in claim.what_it_gained("Linear", difference(60, 10))


def test_what_luck_would_do_is_no_difference():
    assert "no clearly different share right" in claim.what_it_gained("Linear", difference(20, 24))
    said = claim.what_others_gained([("BC-ResNet 1", difference(20, 24)), ("BC-ResNet 3", difference(60, 10))])
    assert said.startswith("BC-ResNet 1: no clear difference (−")
    assert "BC-ResNet 3: −5.0 points (−" in said
    assert claim.what_others_gained([]) == ""


def test_of_several_differences_each_has_to_be_clearer():
    near = difference(16, 32)
    assert near.can_be_told
    together = claim.corrected([near, difference(20, 24), difference(30, 34)])
    assert not together[0].can_be_told
    assert {one.n_compared for one in together} == {3}
    assert together[0].gain == near.gain


def test_only_the_same_network_with_fixed_filters_is_its_fellow():
    learned, fixed = (preset_config("linear", setting=setting) for setting in "DA")
    assert claim.is_the_same_but_fixed(learned, fixed)
    assert not claim.is_the_same_but_fixed(fixed, fixed)
    assert not claim.is_the_same_but_fixed(learned, preset_config("linear", setting="B"))
    assert not claim.is_the_same_but_fixed(learned, preset_config("bcresnet-1", setting="A"))
    assert not claim.is_the_same_but_fixed(learned, preset_config("linear-in-noise", setting="A"))
    fewer = replace(fixed, front_end=replace(fixed.front_end, n_mels=20))
    assert not claim.is_the_same_but_fixed(learned, fewer)
