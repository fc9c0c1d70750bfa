"""The STFT kernels drawn in time and in frequency."""

import numpy as np
import plotly.graph_objects as go
import pytest
import scipy.signal

from core.figures import kernel_heatmaps, kernel_spectrum, kernel_time
from core.results import Filters, FilterSnapshot


def _trace(figure: go.Figure, name: str) -> go.Scatter:
    (found,) = [trace for trace in figure.data if trace.name == name]
    return found


def _note(figure: go.Figure) -> str:
    return figure.layout.title.subtitle.text.replace("<br>", " ").replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def halved(trained: Filters) -> Filters:
    """Kernels that only became quieter."""
    start = trained.initial
    quiet = FilterSnapshot(5, start.mel_basis, start.stft_cos / 2, start.stft_sin / 2)
    return Filters(start, quiet, 16_000, 480, 160, "C")


@pytest.mark.parametrize("part", ["cos", "sin"])
def test_a_kernel_is_drawn_over_30_milliseconds(trained: Filters, part: str) -> None:
    figure = kernel_time(trained, 20, part)  # type: ignore[arg-type]
    for name in ("initial", "learned"):
        trace = _trace(figure, name)
        np.testing.assert_array_equal(trace.y, getattr(getattr(trained, name), f"stft_{part}")[20])
        assert (trace.x[0], trace.x[16], trace.x[-1]) == pytest.approx((0, 1, 30 - 1 / 16))


@pytest.mark.parametrize("bin_number", [2, 10, 20, 50])
def test_the_initial_spectrum_peaks_with_zero_decibels_at_the_marked_frequency(
    trained: Filters, bin_number: int
) -> None:
    figure = kernel_spectrum(trained, bin_number)
    trace = _trace(figure, "initial")
    nominal_hz = bin_number * 16_000 / 480
    assert trace.x[trace.y.argmax()] == pytest.approx(nominal_hz)
    assert trace.y.max() == pytest.approx(0, abs=1e-9)
    assert figure.layout.shapes[0].x0 == pytest.approx(nominal_hz)
    assert f"{nominal_hz:,.0f} Hz" in figure.layout.annotations[0].text


def test_the_spectrum_of_one_part_is_scipys_frequency_response(trained: Filters) -> None:
    trace = _trace(kernel_spectrum(trained, 20, "cos"), "learned")
    _, expected = scipy.signal.freqz(trained.learned.stft_cos[20], worN=trace.x, fs=16_000)
    _, initial = scipy.signal.freqz(trained.initial.stft_cos[20], worN=trace.x, fs=16_000)
    levels = 20 * np.log10(np.abs(expected) / np.abs(initial).max())
    np.testing.assert_allclose(trace.y, np.maximum(levels, -80), atol=1e-3)


def test_both_parts_together_are_the_power_that_a_tone_leaves_in_the_spectrogram(trained: Filters) -> None:
    """A tone's power, averaged over its phase, must follow the drawn curve."""
    figure, time = kernel_spectrum(trained, 20, "both"), np.arange(480) / 16_000
    trace = _trace(figure, "learned")

    def power(hz: float, snapshot: FilterSnapshot) -> float:
        tones = np.cos(2 * np.pi * hz * time + np.linspace(0, 2 * np.pi, 16, endpoint=False)[:, None])
        return float(np.mean((tones @ snapshot.stft_cos[20]) ** 2 + (tones @ snapshot.stft_sin[20]) ** 2))

    reference = power(20 * 16_000 / 480, trained.initial)
    for at in (60, 80, 83, 400):
        expected = 10 * np.log10(power(float(trace.x[at]), trained.learned) / reference)
        assert trace.y[at] == pytest.approx(expected, abs=0.01)


def test_a_quieter_kernel_changed_in_gain_and_not_in_shape(halved: Filters) -> None:
    figure = kernel_spectrum(halved, 20)
    assert "Gain × 0.5, shape change 0 %" in _note(figure)
    assert _trace(figure, "learned").y.max() == pytest.approx(-6.02, abs=0.01)


def test_with_the_gain_taken_out_a_quieter_kernel_lies_on_its_start(halved: Filters) -> None:
    for figure in (kernel_time(halved, 20, same_gain=True), kernel_spectrum(halved, 20, same_gain=True)):
        np.testing.assert_allclose(_trace(figure, "learned").y, _trace(figure, "initial").y, atol=1e-6)
        assert "gain taken out" in _note(figure)


def test_maps_show_one_diagonal_before_training(trained: Filters) -> None:
    figure = kernel_heatmaps(trained)
    initial, learned = _trace(figure, "initial"), _trace(figure, "learned")
    np.testing.assert_array_equal(initial.z.argmax(axis=1), np.arange(241))
    assert (initial.z[np.arange(30, 200), np.arange(30, 200) - 20] == -80).all()
    assert np.median(learned.z) > np.median(initial.z), "noise in the learned kernels has to show"
    assert (learned.zmin, learned.zmax) == (initial.zmin, initial.zmax), "both must use one scale"


def test_untrained_kernels_are_called_untrained(untrained: Filters) -> None:
    for figure in (kernel_time(untrained, 10), kernel_spectrum(untrained, 10), kernel_heatmaps(untrained)):
        assert "learned equals initial" in _note(figure)


def test_silent_and_broken_kernels_are_named_and_drawn(broken: Filters) -> None:
    assert "went silent" in _note(kernel_spectrum(broken, 10))
    assert (_trace(kernel_spectrum(broken, 10), "learned").y == -80).all()
    assert "not numbers" in _note(kernel_time(broken, 20, "sin"))
    note = _note(kernel_heatmaps(broken))
    assert "Silent (all zero): 1 (number 10)" in note
    assert "Not numbers any more: 1 (number 20)" in note


def test_the_sine_kernel_of_bin_zero_is_drawn_although_it_is_all_zero(untrained: Filters) -> None:
    for figure in (kernel_time(untrained, 0, "sin"), kernel_spectrum(untrained, 0, "sin")):
        assert np.isfinite(_trace(figure, "initial").y).all()
