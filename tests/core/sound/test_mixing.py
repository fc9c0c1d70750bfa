"""Many channels become one in which the voice is still heard, and odd ranges a sound; or the reason is told."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import AudioError
from core.sound.mixing import Mixer, in_float, to_full_scale

RATE = 16_000


def noise(seconds, seed=0, level=0.1):
    return level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def voice(seconds=1.0, pitch=140.0, level=0.2):
    """Harmonics of a pitch, falling with frequency, in syllables."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * pitch * k * time_s) / k for k in range(1, 25))
    return level * tones * np.sin(2 * np.pi * 2 * time_s) ** 2


def mixed(*channels, rate=RATE):
    mixer = Mixer(rate, len(channels))
    samples = np.stack(channels, axis=1)
    return np.concatenate([mixer.push(samples), mixer.finish()]), mixer.note


def power(samples):
    return float(np.square(samples, dtype=np.float64).mean())


def likeness(one, other):
    """Correlation, 1 for the same sound at any level."""
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


MEANS = {
    "alike": lambda: (voice(), voice()),
    "alike, one quieter": lambda: (voice(), 0.3 * voice()),
    "unrelated": lambda: (noise(1, 1), noise(1, 2)),
    "one dead": lambda: (voice(), np.zeros(RATE)),
    "one full of noise": lambda: (voice(), noise(1)),
    "one with an offset": lambda: (voice(), voice() + 0.4),
    "opposite offsets": lambda: (voice() + 0.3, voice() - 0.3),
    "both silent": lambda: (np.zeros(RATE), np.zeros(RATE)),
    "opposite in the last bit": lambda: (noise(1, level=3e-5), -noise(1, level=3e-5)),
    "eight alike": lambda: (voice(),) * 8,
    "two of three alike": lambda: (voice(), voice(), -voice()),
}


@pytest.mark.parametrize("kind", MEANS)
def test_channels_that_do_not_cancel_are_averaged_as_ever(kind):
    channels = MEANS[kind]()
    got, note = mixed(*channels)
    np.testing.assert_array_equal(got, np.mean(np.stack(channels, axis=1), axis=1).astype(np.float32))
    assert note is None


OPPOSITES = {
    "opposite": (lambda: (voice(), -voice()), "its 2 channels cancel each other; channel 1 was used"),
    "opposite, one half as strong": (lambda: (voice(), -0.6 * voice()), "channel 1 was used"),
    "opposite, the second stronger": (lambda: (0.5 * voice(), -voice()), "channel 2 was used"),
    "opposite beside one offset": (lambda: (voice() + 0.5, 0.5 - voice()), "channel 1 was used"),
    "opposite above one hum": (
        lambda: (voice() + (hum := 0.5 * np.sin(2 * np.pi * 50 * np.arange(RATE) / RATE)), hum - voice()),
        "channel 1 was used",
    ),
    "opposite, with a hiss of their own": (lambda: (voice() + noise(1, 1, 0.01), noise(1, 2, 0.01) - voice()), "used"),
    "four of them": (lambda: (voice(), -voice(), voice(), -voice()), "its 4 channels cancel each other"),
    "two pairs": (lambda: (voice(), -voice(), noise(1), -noise(1)), "its 4 channels cancel each other"),
    "from the middle on": (lambda: (voice(), np.where(np.arange(RATE) < RATE / 2, voice(), -voice())), r"\d\d% of it"),
}


@pytest.mark.parametrize("kind", OPPOSITES)
def test_channels_that_cancel_keep_the_voice_and_it_is_said(kind):
    make, words = OPPOSITES[kind]
    channels = make()
    got, note = mixed(*channels)
    assert power(got - got.mean()) > 0.25 * power(channels[0] - channels[0].mean())
    assert note is not None
    assert re.search(words, str(note)), str(note)


def test_a_channel_that_is_used_instead_comes_as_it_is():
    got, _ = mixed(voice(), -voice())
    np.testing.assert_array_equal(got, voice().astype(np.float32))


def test_a_voice_after_opposite_silence_is_not_lost():
    """Wires that are swapped turn the room's noise too: the choice is made before the word begins."""
    sound = np.concatenate([noise(1, level=1e-3), voice() + noise(1, 3, 1e-3)])
    got, _ = mixed(sound, -sound)
    assert likeness(got, sound) > 0.9999


def test_turning_from_one_choice_to_the_next_makes_no_click():
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(2 * RATE) / RATE)
    other = np.where(np.arange(2 * RATE) < RATE, tone, -tone)
    got, _ = mixed(tone, other)
    # Two samples of the tone differ by 0.035 at most.
    assert np.abs(np.diff(got)).max() < 0.05


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from([8_000, 16_000, 22_050, 44_100]),
    sizes=st.lists(st.integers(0, 4_000), min_size=1, max_size=15),
    opposite=st.booleans(),
)
def test_chunks_make_no_difference_to_the_last_bit(rate, sizes, opposite):
    one = noise(0.6, 1)
    other = (-one if opposite else noise(0.6, 2)) + noise(0.6, 3, 0.01)
    samples = np.stack([one, np.where(np.arange(len(one)) % 6_000 < 3_000, other, one)], axis=1)

    def joined(chunks):
        mixer = Mixer(rate, 2)
        return np.concatenate([*(mixer.push(chunk) for chunk in chunks), mixer.finish()]), mixer.note

    apart, note = joined(np.split(samples, np.minimum(np.cumsum(sizes), len(samples))))
    together, same_note = joined([samples])
    np.testing.assert_array_equal(apart, together)
    assert note == same_note


@pytest.mark.parametrize(("bits", "peak"), [(16, 8_000), (16, 32_768), (16, 40_000), (24, 2.0**23), (32, 2.0**31)])
def test_whole_numbers_in_floating_point_become_a_sound_and_it_is_said(bits, peak):
    samples = (noise(1) / np.abs(noise(1)).max() * peak).astype(np.float32)
    got, note = to_full_scale(samples.copy())
    np.testing.assert_allclose(got, np.clip(samples / 2.0 ** (bits - 1), -1, 1), rtol=1e-6)
    assert f"{bits}-bit" in str(note)
    assert f"{peak:,.0f}" in str(note)


@pytest.mark.parametrize("peak", [0.0, 0.5, 1.0, 1.2])
def test_a_sound_within_its_range_or_just_above_has_nothing_said_about_it(peak):
    samples = (noise(1) / np.abs(noise(1)).max() * peak).astype(np.float32)
    got, note = to_full_scale(samples.copy())
    np.testing.assert_array_equal(got, np.clip(samples, -1, 1))
    assert note is None


def test_a_sound_with_too_much_gain_is_clipped_and_it_is_said():
    got, note = to_full_scale(np.array([0.5, 3.0, -2.0, 0.1], np.float32))
    assert got.tolist() == pytest.approx([0.5, 1, -1, 0.1])
    assert "50.0% of its samples lie beyond full scale (up to 3.0" in str(note)


def test_one_click_beyond_full_scale_is_not_worth_a_word():
    samples = np.zeros(RATE, np.float32)
    samples[5] = 3.0
    assert to_full_scale(samples)[1] is None


@pytest.mark.parametrize("peak", [4.5, 57.0, 255.0, 3e9, 3e38])
def test_a_range_without_a_sensible_reading_is_refused_by_its_name(peak):
    with pytest.raises(AudioError, match=r"a\.wav holds floating-point samples up to .*256 to 2,684,354,560") as caught:
        to_full_scale(np.array([0.0, -peak], np.float32), "a.wav")
    assert f"{peak:,.6g}" in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(AudioError, match="no numbers"):
        to_full_scale(np.array([0.0, bad, 0.5], np.float32))


def test_whole_numbers_of_any_size_are_brought_to_full_scale():
    for kind in (np.int8, np.int16, np.int32, np.int64):
        least = np.iinfo(kind).min
        assert in_float(np.array([least, 0, least // -2], kind)).tolist() == [-1, 0, 0.5]
    assert in_float(np.array([0, 128, 192], np.uint8)).tolist() == [-1, 0, 0.5]
