"""Level and noise are physics: tones and noise of known power."""

import numpy as np
import pytest

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.metrics import clip_levels

TIME_S = np.arange(CLIP_SAMPLES) / SAMPLE_RATE


def as_clips(*sounds):
    return np.stack([np.round(32767 * sound).astype(np.int16) for sound in sounds])


def burst(start_s=0.3, end_s=0.7, pitch_hz=440, amplitude=0.3):
    """A tone that stands for a word."""
    return np.where((start_s <= TIME_S) & (end_s > TIME_S), amplitude * np.sin(2 * np.pi * pitch_hz * TIME_S), 0.0)


def hiss(power, seed=0):
    return np.sqrt(power) * np.random.default_rng(seed).standard_normal(CLIP_SAMPLES)


def test_the_level_of_a_tone_is_that_of_its_amplitude():
    full, tenth = clip_levels(as_clips(burst(0, 1, amplitude=1.0), burst(0, 1, amplitude=0.1))).rms_db
    assert full == pytest.approx(-3.01, abs=0.01)
    assert tenth == pytest.approx(-23.01, abs=0.01)


@pytest.mark.parametrize("snr_db", [0, 5, 10, 20, 30, 40])
def test_noise_of_known_power_is_estimated(snr_db):
    power = 0.3**2 / 2 * 10 ** (-snr_db / 10)
    found = clip_levels(as_clips(*(0.5 * burst() + 0.5 * hiss(power, seed) for seed in range(20)))).snr_db
    # Below 150 Hz lies 2 % of white noise; the quietest frames are a little quieter than the mean.
    assert np.median(found) == pytest.approx(snr_db, abs=2)
    assert np.ptp(found) < 4


def test_more_noise_is_always_noticed():
    levels = clip_levels(as_clips(*(0.4 * (burst() + hiss(10.0**-exponent)) for exponent in (2, 3, 4, 5, 6))))
    assert (np.diff(levels.snr_db) > 5).all()


def test_gain_changes_the_level_and_not_the_noise():
    sound = burst() + hiss(1e-4)
    loud, soft = (clip_levels(as_clips(gain * sound)) for gain in (0.8, 0.08))
    assert loud.rms_db[0] - soft.rms_db[0] == pytest.approx(20, abs=0.01)
    assert loud.snr_db[0] == pytest.approx(soft.snr_db[0], abs=0.1)


def test_hum_and_an_offset_are_not_taken_for_noise():
    clean, hum = (
        burst(amplitude=0.2) + hiss(1e-5) + extra for extra in (0, 0.05 * np.sin(2 * np.pi * 50 * TIME_S) + 0.02)
    )
    found = clip_levels(as_clips(clean, hum)).snr_db
    assert found[1] == pytest.approx(found[0], abs=1)


def test_zeros_behind_a_short_recording_are_not_taken_for_quiet():
    sound = burst(0.1, 0.4) + hiss(1e-4)
    cut = np.where(TIME_S < 0.6, sound, 0)
    found = clip_levels(as_clips(sound, cut)).snr_db
    assert found[1] == pytest.approx(found[0], abs=1)


def test_noise_alone_is_far_below_any_word_and_digital_silence_has_no_ratio():
    levels = clip_levels(as_clips(hiss(0.01), np.zeros(CLIP_SAMPLES), np.full(CLIP_SAMPLES, 0.5)))
    assert levels.snr_db[0] == -10
    assert np.isnan(levels.snr_db[1:]).all()
    assert levels.rms_db[1] == -100


def test_chosen_rows_come_in_the_order_asked_for():
    clips = as_clips(*(burst(amplitude=10 ** (-level / 20)) for level in range(1, 6)))
    every = clip_levels(clips)
    some = clip_levels(clips, np.array([3, 0]))
    np.testing.assert_array_equal(some.rms_db, every.rms_db[[3, 0]])
    assert len(clip_levels(clips, np.zeros(0, int)).snr_db) == 0
