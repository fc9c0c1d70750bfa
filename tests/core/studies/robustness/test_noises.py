"""Noises that training did not hear: where they come from, how they sound, and how loud speech is beside them."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter

from core.config import SILENCE_LABEL
from core.sound.levels import active_span
from core.studies.robustness.noises import BABBLE, RUMBLE, SPEECH_SHAPED, background


@pytest.fixture(scope="module")
def noises(words):
    return background(words, "official", seed=0)


def rows_of(words, n):
    return np.flatnonzero((words.splits == "official") & (words.words != SILENCE_LABEL))[::7][:n].tolist()


def p56_level_db(sound, rate=16_000):
    """Active speech level by method B of ITU-T P.56: envelope of 30 ms, hangover of 0.2 s, margin of 15.9 dB."""
    decay = np.exp(-1 / (0.03 * rate))
    envelope = np.abs(sound)
    for _ in range(2):
        envelope = lfilter([1 - decay], [1, -decay], envelope)
    energy, previous = np.sum(np.square(sound, dtype=np.float64)), None
    hangover = round(0.2 * rate)
    for power in range(-60, 0):
        threshold_db = 1.5 * power
        above = (envelope >= 10 ** (threshold_db / 20)).astype(np.uint8)
        active = maximum_filter1d(above, hangover, origin=(hangover - 1) // 2).sum()
        if not active:
            break
        level_db = 10 * np.log10(energy / active)
        if level_db - threshold_db <= 15.9:
            return level_db if previous is None else (level_db + previous) / 2
        previous = level_db
    return float("nan")


def test_the_level_of_a_word_is_near_the_active_speech_level_of_p56(words):
    ours, theirs = [], []
    for row in rows_of(words, 40):
        clip = words.clip(row)
        start, end = active_span(clip)
        ours.append(10 * np.log10(np.mean(np.square(clip[start:end], dtype=np.float64))))
        theirs.append(p56_level_db(clip))
    # The standard finds no level where a clip holds hardly anything but noise.
    known = np.isfinite(theirs)
    assert known.mean() > 0.9
    ours, theirs = np.array(ours)[known], np.array(theirs)[known]
    assert abs(np.median(ours - theirs)) < 3, "the standard counts 0.2 s behind each word as active"
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95


def test_the_noises_are_of_several_kinds_and_none_is_a_training_noise(words, noises):
    assert len(noises.names) >= 3
    assert not set(noises.names) & set(words.noise)
    assert SPEECH_SHAPED in noises.names
    assert (BABBLE in noises.names) == ("babble" not in words.noise)


def test_babble_is_made_of_nobody_who_is_tested_or_was_trained_on(words):
    for protocol in ("official", "testing-list"):
        talk = background(words, protocol).talk
        assert len(talk)
        assert not set(words.files[talk]) & set(words.files[words.splits == protocol])
        assert not (words.splits[talk] == "train").any()
        speakers = set(words.speakers[talk]) - {""}
        assert not speakers & set(words.speakers[words.splits == protocol])


def test_the_same_seed_gives_the_same_second_and_another_one_another(words, noises):
    rows = rows_of(words, 12)
    again, other = background(words, "official", seed=0), background(words, "official", seed=1)
    for row in rows:
        np.testing.assert_array_equal(noises.second(row), again.second(row))
        assert noises.choose(row) == again.choose(row)
    assert any(not np.array_equal(noises.second(row), other.second(row)) for row in rows)
    assert len({noises.choose(row) for row in rows}) > 1


def test_every_second_of_noise_sounds_and_is_a_number(words, noises):
    for row in rows_of(words, 24):
        second = noises.second(row)
        assert second.shape == (16_000,)
        assert np.isfinite(second).all()
        assert np.sqrt(np.mean(second**2)) > 0


def test_rumble_is_low_and_hiss_has_the_spectrum_of_speech(words, noises):
    found = {}
    for row in range(200):
        found.setdefault(noises.names[noises.choose(row)], row)
    hz = np.arange(8001)

    def centroid(name):
        power = np.abs(np.fft.rfft(noises.second(found[name]))) ** 2
        return (hz * power).sum() / power.sum()

    assert centroid(RUMBLE) < 100
    speech = sum(np.abs(np.fft.rfft(words.clip(row))) ** 2 for row in noises.talk[::25][:40].tolist())
    assert centroid(SPEECH_SHAPED) == pytest.approx((hz * speech).sum() / speech.sum(), rel=0.4)
