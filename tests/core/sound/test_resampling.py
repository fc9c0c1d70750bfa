"""Sound of any rate, kind and chunk size becomes the same samples as the file would."""

import io

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import SAMPLE_RATE
from core.errors import AudioError
from core.sound.reading import read_audio
from core.sound.resampling import Resampler

RATES = (8_000, 16_000, 22_050, 44_100, 48_000)


def recording(rate, seconds, n_channels, dtype, seed=0):
    """Noise with a tone, (n, channels) or (n,) for one channel."""
    n = round(seconds * rate)
    random = np.random.default_rng(seed)
    samples = 0.1 * random.standard_normal((n, n_channels)) + 0.3 * np.sin(np.arange(n) * 0.05)[:, None]
    samples = np.round(samples * 32767).astype(np.int16) if dtype == "int16" else samples.astype(dtype)
    return samples[:, 0] if n_channels == 1 else samples


def resampled(chunks, rate):
    resampler = Resampler()
    return np.concatenate([*(resampler.push(chunk, rate) for chunk in chunks), resampler.finish()])


@settings(max_examples=60)
@given(
    rate=st.sampled_from(RATES),
    n_channels=st.integers(1, 3),
    dtype=st.sampled_from(["int16", "float32", "float64"]),
    sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=20),
)
def test_chunks_of_any_size_give_the_same_samples_to_the_last_bit(rate, n_channels, dtype, sizes):
    samples = recording(rate, 0.3, n_channels, dtype)
    chunks = np.split(samples, np.minimum(np.cumsum(sizes), len(samples)))
    together, apart = resampled([samples], rate), resampled(chunks, rate)
    np.testing.assert_array_equal(apart, together)
    assert together.dtype == np.float32
    assert len(together) == pytest.approx(0.3 * SAMPLE_RATE, abs=1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_stream_sounds_as_the_file_does(rate, n_channels):
    samples = recording(rate, 0.7, n_channels, "int16")
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    streamed = resampled(np.array_split(samples, 9), rate)
    np.testing.assert_allclose(streamed, read_audio(file.getvalue()).waveform, atol=1e-6)


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_a_tone_keeps_its_pitch(rate):
    tone = np.sin(2 * np.pi * 1_000 * np.arange(rate) / rate).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(resampled([tone], rate)))
    assert spectrum.argmax() == 1_000


def test_what_has_16_khz_is_heard_at_once():
    assert len(Resampler().push(np.zeros(7, np.int16), SAMPLE_RATE)) == 7


def test_samples_beyond_full_scale_are_limited():
    assert Resampler().push(np.array([3.0, -3.0]), SAMPLE_RATE).tolist() == [1, -1]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_channels_that_cancel_keep_the_sound_and_it_is_noted(rate, dtype):
    one = recording(rate, 0.5, 1, dtype)
    resampler = Resampler()
    chunks = np.array_split(np.stack([one, -one], axis=1), 7)
    got = np.concatenate([*(resampler.push(chunk, rate) for chunk in chunks), resampler.finish()])
    np.testing.assert_array_equal(got, resampled([one], rate))
    assert [str(note) for note in resampler.notes] == ["its 2 channels cancel each other; channel 1 was used"]


@pytest.mark.parametrize("n_chunks", [1, 5, 800])
def test_whole_numbers_in_floating_point_are_refused_in_a_stream_however_it_is_cut(n_chunks):
    """What was heard before cannot be scaled any more."""
    samples = (recording(16_000, 0.5, 1, "float32") * 32_768).astype(np.float32)
    with pytest.raises(AudioError, match=r"up to .*where 1 is full scale.*Give whole numbers as int16"):
        resampled(np.array_split(samples, n_chunks), SAMPLE_RATE)


def test_a_stream_may_change_its_number_of_channels():
    one = recording(16_000, 0.5, 1, "float32")
    got = resampled([one, np.stack([one, one], axis=1), one], SAMPLE_RATE)
    np.testing.assert_allclose(got, np.tile(one, 3), atol=1e-7)


@pytest.mark.parametrize("rate", [4_000, 44_100, 384_000])
def test_resampling_piece_by_piece_is_resampling_at_once(rate):
    samples = recording(rate, 0.5, 1, "float32")
    np.testing.assert_allclose(
        resampled(np.array_split(samples, 9), rate), soxr.resample(samples, rate, SAMPLE_RATE).clip(-1, 1), atol=1e-6
    )


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.zeros((2, 2, 2)), 16_000, "shape"),
        (np.zeros((9, 0)), 16_000, "channels"),
        (np.zeros((1, 16_000)), 16_000, "channels"),
        (np.array([0.0, np.nan]), 16_000, "no numbers"),
        (np.array([np.inf]), 16_000, "no numbers"),
        (np.array([1e300]), 16_000, "no numbers"),
        (np.zeros(9, np.int32), 16_000, "int16, not int32"),
        (np.zeros(9), 3_999, "4000 to 384000"),
        (np.zeros(9), 1_000_000, "4000 to 384000"),
        (np.zeros(9), 44_100.5, "whole numbers"),
        (np.zeros(9), float("nan"), "4000 to 384000"),
        (np.zeros(9), 48_000, "Begin a new stream"),
    ],
)
def test_what_is_no_stream_is_refused_and_not_heard(samples, rate, words):
    resampler = Resampler()
    before = resampler.push(np.ones(5) / 2, SAMPLE_RATE)
    with pytest.raises(AudioError, match=words):
        resampler.push(samples, rate)
    np.testing.assert_array_equal(resampler.push(np.ones(5) / 2, SAMPLE_RATE), before)


def test_a_refused_first_chunk_fixes_no_rate():
    resampler = Resampler()
    with pytest.raises(AudioError):
        resampler.push(np.array([np.nan]), 48_000)
    assert len(resampler.push(np.zeros(3), SAMPLE_RATE)) == 3
