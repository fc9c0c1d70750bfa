"""Losses are found by the clock; lateness and a wrong clock are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.microphone.portaudio import BLOCK_S
from core.microphone.sound_clock import TOLERANCE_S, SoundClock


def missing_s(arrivals_s):
    clock = SoundClock()
    for now in arrivals_s:
        clock.add(BLOCK_S, now)
    return clock.missing_s


def on_time(seconds):
    return BLOCK_S * np.arange(1, round(seconds / BLOCK_S) + 1)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(-0.0005, 0.0005))
def test_late_blocks_and_a_card_with_a_clock_of_its_own_lose_nothing(seed, drift):
    random = np.random.default_rng(seed)
    late = np.where(random.random(12_000) < 0.3, random.exponential(0.1, 12_000), random.uniform(0, 0.02, 12_000))
    # Ten minutes. A block waits for the one before it.
    assert missing_s(np.maximum.accumulate(on_time(600) * (1 + drift) + late)) == 0


def test_sound_that_waits_while_the_program_stands_still_is_not_lost():
    arrivals = on_time(20)
    stands_still = (arrivals > 8) & (arrivals < 11)
    assert missing_s(np.where(stands_still, 11, arrivals)) == 0


@given(st.lists(st.floats(0.15, 0.9), min_size=1, max_size=5), st.floats(0, 0.05))
def test_every_gap_is_counted(gaps_s, jitter_s):
    random = np.random.default_rng(0)
    arrivals = on_time(30) + random.uniform(0, jitter_s, 600)
    for place, gap_s in enumerate(gaps_s):
        arrivals[(place + 1) * 100 :] += gap_s
    assert missing_s(arrivals) == pytest.approx(sum(gaps_s), abs=TOLERANCE_S)


def test_small_gaps_add_up():
    arrivals = on_time(60)
    for block in range(100, 1100, 20):
        arrivals[block:] += 0.03
    assert missing_s(arrivals) == pytest.approx(50 * 0.03, abs=0.2)
