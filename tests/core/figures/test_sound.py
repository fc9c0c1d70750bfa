"""Waveforms keep their peaks, and spectrograms lie at the right time and frequency."""

import numpy as np
import pytest

from core.figures import log_mel_image, waveform
from core.frontend.mel_scale import filter_centres
from core.records.filters import Filters
from tests.drawn import text_of


def test_a_short_sound_is_drawn_sample_by_sample() -> None:
    samples = np.array([0, 0.5, -0.5, 0.25], np.float32)
    (trace,) = waveform(samples, 4, start_s=2).data
    np.testing.assert_array_equal(trace.y, samples)
    np.testing.assert_allclose(trace.x, [2, 2.25, 2.5, 2.75])


@pytest.mark.parametrize("n", [16_000, 16_001, 960_007])
def test_a_long_sound_is_thinned_and_keeps_its_clicks(n: int) -> None:
    samples = np.zeros(n, np.float32)
    samples[n // 3], samples[n - 1] = 0.9, -0.8
    (trace,) = waveform(samples, 16_000, max_points=2000).data
    assert len(trace.y) <= 2002
    assert (trace.y.max(), trace.y.min()) == (np.float32(0.9), np.float32(-0.8))
    assert trace.x[trace.y.argmax()] == pytest.approx(n / 3 / 16_000, abs=n / 1000 / 16_000)
    assert (np.diff(trace.x) >= 0).all()


def test_a_thinned_sound_lies_between_the_lowest_and_highest_sample_of_each_stretch() -> None:
    samples = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    (trace,) = waveform(samples, 16_000, max_points=1000).data
    stretches = samples.reshape(500, 20)
    np.testing.assert_array_equal(trace.y[::2], stretches.min(axis=1))
    np.testing.assert_array_equal(trace.y[1::2], stretches.max(axis=1))


def test_the_marked_second_is_shaded() -> None:
    figure = waveform(np.zeros(32_000, np.float32), 16_000, marked=(0.5, 1.5))
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (0.5, 1.5)


def test_digital_silence_is_a_flat_line_that_is_called_silence() -> None:
    figure = waveform(np.zeros(16_000, np.float32), 16_000)
    assert "silence" in text_of(figure)
    low, high = figure.layout.yaxis.range
    assert low < 0 < high


def test_no_sound_at_all_is_said() -> None:
    assert "no sound" in waveform(np.zeros(0, np.float32), 16_000).layout.annotations[0].text


def test_frames_lie_a_hop_apart_and_values_are_untouched() -> None:
    log_mel = np.random.default_rng(0).standard_normal((40, 101)).astype(np.float32)
    (image,) = log_mel_image(log_mel, hop_s=0.01, start_s=3).data
    np.testing.assert_array_equal(image.z, log_mel)
    np.testing.assert_allclose(image.x[[0, 1, 100]], [3, 3.01, 4])
    assert image.colorbar.title.text == "log power (natural log)"


def test_round_frequencies_stand_at_the_bands_that_listen_there(trained: Filters) -> None:
    figure = log_mel_image(np.zeros((40, 10), np.float32), hop_s=0.01, filters=trained)
    axis = figure.layout.yaxis
    assert "(Hz)" in axis.title.text
    named = {float(text.replace(",", "")): at for at, text in zip(axis.tickvals, axis.ticktext, strict=True)}
    centres = filter_centres(trained.initial.mel_basis, 16_000)
    for hz in (500, 1000, 4000):
        nearest = int(np.abs(centres - hz).argmin())
        assert named[hz] == pytest.approx(nearest, abs=0.6)
    assert max(named) <= centres.max()


def test_without_filters_the_bands_are_numbered() -> None:
    axis = log_mel_image(np.zeros((40, 10), np.float32), hop_s=0.01).layout.yaxis
    assert axis.title.text == "Mel band (number)"


def test_filters_of_another_number_of_bands_are_not_used_for_the_axis(trained: Filters) -> None:
    axis = log_mel_image(np.zeros((20, 10), np.float32), hop_s=0.01, filters=trained).layout.yaxis
    assert axis.title.text == "Mel band (number)"
