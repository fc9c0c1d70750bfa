"""The STFT kernels drawn in time and in frequency."""

import numpy as np
import pytest
import scipy.signal

from core.figures import kernel_heatmaps, kernel_spectrum, kernel_time
from core.records.filters import Filters, FilterSnapshot
from tests.drawn import text_of, trace_of


@pytest.fixture
def halved(trained: Filters) -> Filters:
    """Kernels that only became quieter."""
    start = trained.initial
    quiet = FilterSnapshot(5, start.mel_basis, start.stft_cos / 2, start.stft_sin / 2)
    return Filters(start, quiet, 16_000, 480, 160, "C")


def test_cosine_sine_and_envelope_are_drawn_over_30_milliseconds(trained: Filters) -> None:
    figure = kernel_time(trained, 20)
    for name in ("initial", "learned"):
        snapshot = getattr(trained, name)
        cosine, sine, envelope = [trace for trace in figure.data if trace.name == name]
        np.testing.assert_array_equal(cosine.y, snapshot.stft_cos[20])
        np.testing.assert_array_equal(sine.y, snapshot.stft_sin[20])
        np.testing.assert_allclose(envelope.y, np.hypot(cosine.y, sine.y))
        assert (cosine.x[0], cosine.x[16], cosine.x[-1]) == pytest.approx((0, 1, 30 - 1 / 16))


def test_the_envelope_of_an_untrained_pair_is_the_window(untrained: Filters) -> None:
    envelope = [trace for trace in kernel_time(untrained, 20).data if trace.name == "initial"][2]
    np.testing.assert_allclose(envelope.y, scipy.signal.get_window("hann", 480), atol=1e-6)


@pytest.mark.parametrize("bin_number", [2, 10, 20, 50])
def test_the_initial_spectrum_peaks_with_zero_decibels_at_the_marked_frequency(
    trained: Filters, bin_number: int
) -> None:
    figure = kernel_spectrum(trained, bin_number)
    trace = trace_of(figure, "initial")
    nominal_hz = bin_number * 16_000 / 480
    assert trace.x[trace.y.argmax()] == pytest.approx(nominal_hz)
    assert trace.y.max() == pytest.approx(0, abs=1e-9)
    assert figure.layout.shapes[0].x0 == pytest.approx(nominal_hz)
    assert f"{nominal_hz:,.0f} Hz" in figure.layout.annotations[0].text


def test_the_spectrum_is_scipys_frequency_response_of_both_kernels(trained: Filters) -> None:
    trace = trace_of(kernel_spectrum(trained, 20), "learned")

    def power(snapshot: FilterSnapshot) -> np.ndarray:
        sides = (snapshot.stft_cos[20], snapshot.stft_sin[20])
        return sum(np.abs(scipy.signal.freqz(side, worN=trace.x, fs=16_000)[1]) ** 2 for side in sides)

    levels = 10 * np.log10(power(trained.learned) / power(trained.initial).max())
    np.testing.assert_allclose(trace.y, np.maximum(levels, -80), atol=1e-3)


def test_a_close_up_shows_the_main_lobe(trained: Filters) -> None:
    low, high = kernel_spectrum(trained, 60, near=True).layout.xaxis.range
    assert (low, high) == pytest.approx((1600, 2400))
    assert kernel_spectrum(trained, 0, near=True).layout.xaxis.range[0] == 0


def test_both_parts_together_are_the_power_that_a_tone_leaves_in_the_spectrogram(trained: Filters) -> None:
    """A tone's power, averaged over its phase, must follow the drawn curve."""
    figure, time = kernel_spectrum(trained, 20), np.arange(480) / 16_000
    trace = trace_of(figure, "learned")

    def power(hz: float, snapshot: FilterSnapshot) -> float:
        tones = np.cos(2 * np.pi * hz * time + np.linspace(0, 2 * np.pi, 16, endpoint=False)[:, None])
        return float(np.mean((tones @ snapshot.stft_cos[20]) ** 2 + (tones @ snapshot.stft_sin[20]) ** 2))

    reference = power(20 * 16_000 / 480, trained.initial)
    for at in (120, 160, 166, 800):
        expected = 10 * np.log10(power(float(trace.x[at]), trained.learned) / reference)
        assert trace.y[at] == pytest.approx(expected, abs=0.01)


def test_a_quieter_kernel_changed_in_gain_and_not_in_shape(halved: Filters) -> None:
    figure = kernel_spectrum(halved, 20)
    assert "gain × 0.5, shape change 0 %" in text_of(kernel_time(halved, 20))
    assert "as before training" in text_of(figure)
    assert trace_of(figure, "learned").y.max() == pytest.approx(-6.02, abs=0.01)


def test_with_the_gain_taken_out_a_quieter_kernel_lies_on_its_start(halved: Filters) -> None:
    for figure in (kernel_time(halved, 20, view="shapes"), kernel_spectrum(halved, 20, view="shapes")):
        initial, learned = ([one.y for one in figure.data if one.name == name] for name in ("initial", "learned"))
        np.testing.assert_allclose(learned, initial, atol=1e-5)
        assert "gain taken out" in text_of(figure)


def test_maps_show_one_diagonal_before_training(trained: Filters) -> None:
    figure = kernel_heatmaps(trained)
    initial, learned = trace_of(figure, "initial"), trace_of(figure, "learned")
    np.testing.assert_array_equal(initial.z.argmax(axis=1), np.arange(241))
    assert (initial.z[np.arange(30, 200), np.arange(30, 200) - 20] == -80).all()
    assert np.median(learned.z) > np.median(initial.z), "noise in the learned kernels has to show"
    assert (learned.zmin, learned.zmax) == (initial.zmin, initial.zmax), "both must use one scale"


def test_the_map_of_differences_is_centred_on_zero_and_shows_what_is_left_of_the_gain(halved: Filters) -> None:
    difference = trace_of(kernel_heatmaps(halved), "difference")
    assert difference.zmin == -difference.zmax
    assert difference.z[20, 20] == pytest.approx(-6.02, abs=0.01)
    np.testing.assert_allclose(trace_of(kernel_heatmaps(halved, view="shapes"), "difference").z, 0, atol=1e-3)


def test_random_kernels_are_drawn_without_a_mark_at_a_frequency_that_means_nothing(trained: Filters) -> None:
    noise = FilterSnapshot(0, trained.initial.mel_basis, *np.random.default_rng(0).standard_normal((2, 241, 480)))
    random = Filters(noise, noise, 16_000, 480, 160, "C")
    assert not kernel_spectrum(random, 20).layout.shapes
    assert kernel_spectrum(trained, 20).layout.shapes


def test_untrained_kernels_are_called_untrained(untrained: Filters) -> None:
    for figure in (kernel_time(untrained, 10), kernel_spectrum(untrained, 10), kernel_heatmaps(untrained)):
        assert "learned equals initial" in text_of(figure)


def test_silent_and_broken_kernels_are_named_and_drawn(broken: Filters) -> None:
    assert "went silent" in text_of(kernel_spectrum(broken, 10))
    assert (trace_of(kernel_spectrum(broken, 10), "learned").y == -80).all()
    assert "not numbers" in text_of(kernel_time(broken, 20))
    note = text_of(kernel_heatmaps(broken))
    assert "Silent (all zero): 1 (number 10)" in note
    assert "Not numbers any more: 1 (number 20)" in note


def test_the_sine_kernel_of_bin_zero_is_drawn_although_it_is_all_zero(untrained: Filters) -> None:
    for figure in (kernel_time(untrained, 0), kernel_spectrum(untrained, 0)):
        assert all(np.isfinite(trace.y).all() for trace in figure.data)
