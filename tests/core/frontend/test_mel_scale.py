"""Mel maths against librosa and scipy, and the physics of filters and kernels."""

import librosa
import numpy as np
import pytest
import scipy.signal
import torch

from core.errors import ConfigError
from core.frontend.basis import mel_to_hz
from core.frontend.mel_scale import (
    bin_frequencies,
    decibels,
    filter_bands,
    filter_centres,
    gain_and_shape,
    hz_to_mel,
    kernel_magnitude,
    most_changed,
)

HZ = np.array([0.0, 60, 500, 999.9, 1000, 1000.1, 3456, 8000, 22_050])


@pytest.mark.parametrize("htk", [False, True])
def test_mels_are_those_of_librosa(htk: bool) -> None:
    np.testing.assert_allclose(hz_to_mel(HZ, htk=htk), librosa.hz_to_mel(HZ, htk=htk), rtol=1e-12)


@pytest.mark.parametrize("htk", [False, True])
def test_frequencies_of_mels_are_those_of_librosa(htk: bool) -> None:
    edges = mel_to_hz(torch.linspace(*hz_to_mel([20, 7600], htk=htk), 42, dtype=torch.float64), htk=htk)
    np.testing.assert_allclose(edges, librosa.mel_frequencies(42, fmin=20, fmax=7600, htk=htk), rtol=1e-12)


@pytest.mark.parametrize("htk", [False, True])
def test_going_to_mel_and_back_changes_nothing(htk: bool) -> None:
    np.testing.assert_allclose(mel_to_hz(torch.from_numpy(hz_to_mel(HZ, htk=htk)), htk=htk), HZ, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("n_fft", [8, 480, 512])
def test_bin_frequencies_are_those_of_the_fft(n_fft: int) -> None:
    np.testing.assert_allclose(bin_frequencies(n_fft, 16_000), np.fft.rfftfreq(n_fft, 1 / 16_000), rtol=1e-12)


def test_untrained_filters_listen_where_librosa_puts_them() -> None:
    weights = librosa.filters.mel(sr=16_000, n_fft=2048, n_mels=40)
    expected = librosa.mel_frequencies(42, fmin=0, fmax=8000)[1:-1]
    np.testing.assert_allclose(filter_centres(weights, 16_000), expected, atol=0.06 * 600, rtol=0.005)


def test_the_band_of_a_triangle_is_what_geometry_says() -> None:
    hz = np.linspace(0, 8000, 8001)
    triangle = np.maximum(1 - np.abs(hz - 3000) / 1000, 0)[None]
    half_of_the_area = 1000 * (1 - np.sqrt(0.5))
    low, centre, high = (float(end[0]) for end in filter_bands(triangle, 16_000))
    assert centre == pytest.approx(3000, abs=0.5)
    assert (low, high) == pytest.approx((3000 - half_of_the_area, 3000 + half_of_the_area), abs=0.5)


def test_a_thin_skirt_over_all_bins_does_not_pull_the_centre_away() -> None:
    weights = librosa.filters.mel(sr=16_000, n_fft=480, n_mels=40)
    skirted = weights + 0.1 * weights.sum(axis=1, keepdims=True) / weights.shape[1]
    moved = np.abs(filter_centres(skirted, 16_000) - filter_centres(weights, 16_000))
    assert moved.max() < 100


def test_a_louder_filter_keeps_its_band() -> None:
    weights = librosa.filters.mel(sr=16_000, n_fft=480, n_mels=40)
    for one, other in zip(filter_bands(weights, 16_000), filter_bands(300 * weights, 16_000), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_two_equal_peaks_have_their_centre_half_way() -> None:
    weights = np.zeros((1, 81))
    weights[0, [20, 60]] = 1
    low, centre, high = (float(end[0]) for end in filter_bands(weights, 16_000))
    assert (centre, high - low) == (4000.0, 4000.0)


def test_silent_and_broken_filters_have_no_band_and_negative_weights_count_as_zero() -> None:
    weights = np.array([[0.0, 0, 0], [np.nan, 1, 0], [-1, -1, -1], [-5, 0, 1]])
    centres = filter_centres(weights, 16_000)
    assert np.isnan(centres[:3]).all()
    assert centres[3] > 6000
    assert all(np.isnan(end[:3]).all() for end in filter_bands(weights, 16_000))


@pytest.mark.parametrize("shape", [(5,), (5, 1), (2, 3, 4)])
def test_filters_of_a_wrong_shape_are_refused_with_their_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="shape"):
        filter_bands(np.ones(shape), 16_000)


def test_the_response_of_a_kernel_is_scipys_frequency_response() -> None:
    kernel = np.random.default_rng(1).standard_normal(480)
    hz = bin_frequencies(8 * 480, 16_000)
    _, expected = scipy.signal.freqz(kernel, worN=hz, fs=16_000)
    np.testing.assert_allclose(kernel_magnitude(kernel), np.abs(expected), rtol=1e-6, atol=1e-9)


def test_a_kernel_answers_loudest_to_its_own_tone() -> None:
    n, bin_number = 480, 37
    kernel = scipy.signal.get_window("hann", n) * np.cos(2 * np.pi * bin_number * np.arange(n) / n)
    response = decibels(kernel_magnitude(kernel, padding=4))
    assert bin_frequencies(4 * n, 16_000)[response.argmax()] == pytest.approx(bin_number * 16_000 / n)
    assert response.max() == 0
    assert response[4 * (bin_number + 10)] < -60


def test_half_the_gain_is_six_decibels_less() -> None:
    kernel = np.random.default_rng(3).standard_normal(64)
    loud, quiet = kernel_magnitude(kernel), kernel_magnitude(0.5 * kernel)
    drop = decibels(loud, reference=float(loud.max())) - decibels(quiet, reference=float(loud.max()))
    np.testing.assert_allclose(drop, 20 * np.log10(2), atol=1e-6)


def test_decibels_stay_finite_for_silence_and_keep_what_is_not_a_number() -> None:
    assert decibels(np.zeros(3)).tolist() == [-100] * 3
    assert np.isnan(decibels(np.array([np.nan, 1.0]))).tolist() == [True, False]


def test_a_scaled_filter_changed_in_gain_and_not_in_shape() -> None:
    weights = np.random.default_rng(2).standard_normal((5, 30)).astype(np.float32)
    gain, change = gain_and_shape(weights, np.float32(0.25) * weights)
    np.testing.assert_allclose(gain, 0.25, rtol=1e-12)
    np.testing.assert_allclose(change, 0, atol=1e-12)


def test_the_shape_change_is_the_sine_of_the_angle_between_the_filters() -> None:
    angle = np.deg2rad([0.01, 5, 60, 90])
    learned = 7 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    gain, change = gain_and_shape(np.tile([1.0, 0.0], (4, 1)), learned)
    np.testing.assert_allclose(gain, 7)
    np.testing.assert_allclose(change, np.sin(angle), rtol=1e-9)


def test_filters_without_a_start_or_an_end_have_no_shape_change() -> None:
    initial = np.array([[0.0, 0], [1, 0], [1, 0]])
    learned = np.array([[1.0, 0], [0, 0], [np.nan, 0]])
    gain, change = gain_and_shape(initial, learned)
    np.testing.assert_array_equal(gain, [np.nan, 0, np.nan])
    assert np.isnan(change).all()


def test_gain_of_differing_shapes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"\(2, 3\)"):
        gain_and_shape(np.ones((2, 3)), np.ones((3, 2)))


def test_the_filter_that_changed_most_is_found_by_shape_first_and_unknown_ones_are_passed_over() -> None:
    gain, shape = np.array([1.0, 8.0, np.nan, 1.1]), np.array([0.01, 0.002, np.nan, 0.3])
    assert most_changed(gain, shape) == 3
    assert most_changed(gain, np.array([0.0, 1e-5, np.nan, 0.0])) == 1, "no shape moved: the loudest change counts"
    assert most_changed(np.array([0.0, 9.0]), np.array([np.nan, 0.0])) == 0, "nothing changes a gain like silence"
    assert most_changed(np.array([1.0, 1.0001, np.nan]), np.array([0.0, 1e-5, np.nan])) is None
