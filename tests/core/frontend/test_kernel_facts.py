"""Numbers of STFT kernels, against scipy's windows and waves made by hand."""

import numpy as np
import pytest
import scipy.signal

from core.frontend.filter_facts import seen_as
from core.frontend.kernel_facts import kernel_facts, pair_facts
from core.records.filters import Filters, FilterSnapshot

RATE, N_FFT = 16_000, 480
BIN_HZ = RATE / N_FFT
MIDDLE = slice(6, 235)
"""Bins whose main lobe does not meet its mirror image at 0 Hz or half the sample rate."""


def fourier(window: str = "hann", late: float = 0.0, loud: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine kernels; the sine may be a few degrees late and louder."""
    angles = 2 * np.pi * np.outer(np.arange(N_FFT // 2 + 1), np.arange(N_FFT)) / N_FFT
    shape = scipy.signal.get_window(window, N_FFT)
    return np.cos(angles) * shape, loud * np.sin(angles + np.radians(late)) * shape


def filters(cosine: np.ndarray, sine: np.ndarray) -> Filters:
    start = [each.astype(np.float32) for each in fourier()]
    mel = np.eye(4, 241, dtype=np.float32)
    return Filters(
        FilterSnapshot(0, mel, *start),
        FilterSnapshot(3, mel, cosine.astype(np.float32), sine.astype(np.float32)),
        RATE,
        N_FFT,
        160,
        "C",
    )


def leakage_of(window: str, lobe_bins: float) -> float:
    """Share of a window's energy outside its main lobe, from scipy's frequency response."""
    hz, response = scipy.signal.freqz(scipy.signal.get_window(window, N_FFT), worN=200_000, whole=True, fs=N_FFT)
    power = np.abs(response) ** 2
    distance = np.minimum(hz, N_FFT - hz)
    return float(power[distance > lobe_bins].sum() / power.sum())


@pytest.mark.parametrize(("window", "lobe_bins"), [("hann", 2), ("hamming", 2), ("boxcar", 1), ("blackman", 3)])
def test_fourier_kernels_leak_as_much_as_their_window(window, lobe_bins):
    facts = pair_facts(*fourier(window), RATE)
    np.testing.assert_allclose(facts.leakage[MIDDLE], leakage_of(window, lobe_bins), rtol=0.06, atol=2e-6)


@pytest.mark.parametrize(("window", "bins"), [("hann", 1.44), ("hamming", 1.30), ("boxcar", 0.89), ("blackman", 1.64)])
def test_the_width_of_a_fourier_kernel_is_its_windows_in_harris_table(window, bins):
    """3 dB bandwidths in bins: Harris, Proceedings of the IEEE 66, 1978, table 1."""
    facts = pair_facts(*fourier(window), RATE)
    np.testing.assert_allclose(facts.width_hz[MIDDLE] / BIN_HZ, bins, atol=0.01)


def test_fourier_kernels_listen_to_their_bin_and_are_perfect_pairs():
    facts = pair_facts(*fourier(), RATE)
    np.testing.assert_allclose(facts.peak_hz[2:-2], BIN_HZ * np.arange(241)[2:-2], atol=BIN_HZ / 8)
    np.testing.assert_allclose(facts.angle_deg[1:-1], 0, atol=1e-6)
    np.testing.assert_allclose(facts.balance_db[1:-1], 0, atol=1e-6)


def test_a_bin_without_a_sine_has_no_angle():
    facts = pair_facts(*fourier(), RATE)
    assert np.isnan(facts.angle_deg[[0, -1]]).all()
    assert facts.peak_hz[0] == 0


@pytest.mark.parametrize(("late", "loud"), [(7.0, 1.0), (-20.0, 1.0), (0.0, 0.5), (3.0, 2.0)])
def test_a_sine_that_is_late_or_loud_shows_as_quadrature_error(late, loud):
    facts = pair_facts(*fourier(late=late, loud=loud), RATE)
    np.testing.assert_allclose(facts.angle_deg[MIDDLE], late, atol=1e-3)
    np.testing.assert_allclose(facts.balance_db[MIDDLE], -20 * np.log10(loud), atol=1e-3)


def test_another_gain_changes_no_number_of_a_shape():
    rng = np.random.default_rng(0)
    kernels = [each + 0.05 * rng.standard_normal(each.shape) for each in fourier()]
    one, other = (kernel_facts(filters(*(factor * each for each in kernels))) for factor in (1, 2))
    np.testing.assert_allclose(other.gain, 2 * one.gain, rtol=1e-5)
    np.testing.assert_allclose(other.shape, one.shape, rtol=1e-4)
    for name in ("peak_hz", "width_hz", "leakage", "angle_deg", "balance_db"):
        np.testing.assert_allclose(getattr(other.learned, name), getattr(one.learned, name), rtol=1e-3, atol=1e-5)


def test_the_ranking_puts_the_bins_that_changed_most_first():
    cosine, sine = fourier()
    cosine[[30, 90]] *= [[5.0], [0.1]]
    sine[[30, 90]] *= [[5.0], [0.1]]
    cosine[50] = sine[50][::-1] * np.linspace(0, 1, N_FFT)
    facts = kernel_facts(filters(cosine, sine))
    assert facts.ranking("gain")[:2].tolist() == [90, 30]
    assert facts.ranking("shape")[0] == 50
    assert sorted(facts.ranking("shape")) == list(range(241))


def test_fixed_kernels_are_in_order_and_random_ones_are_not():
    facts = kernel_facts(filters(*fourier()))
    assert facts.in_order
    np.testing.assert_allclose(facts.shape, 0, atol=1e-12)
    rng = np.random.default_rng(0)
    noise = FilterSnapshot(0, np.eye(4, 241), *rng.standard_normal((2, 241, N_FFT)))
    random = kernel_facts(Filters(noise, noise, RATE, N_FFT, 160, "C"))
    assert not random.in_order
    assert np.isfinite(random.initial.width_hz).all()
    assert np.median(random.initial.leakage) > 0.9, "a random kernel answers to everything"


def test_silent_and_broken_bins_have_no_numbers_and_raise_no_warning(recwarn):
    cosine, sine = fourier()
    cosine[7], sine[7], cosine[9] = 0, 0, np.nan
    facts = kernel_facts(filters(cosine, sine))
    for name in ("peak_hz", "width_hz", "leakage", "angle_deg", "balance_db"):
        assert np.isnan(getattr(facts.learned, name)[[7, 9]]).all(), name
        assert np.isfinite(getattr(facts.learned, name)[[6, 8, 10]]).all(), name
    assert set(facts.ranking("shape")[-2:]) == {7, 9}
    assert not [str(one.message) for one in recwarn if one.category is RuntimeWarning]


def test_unequal_gains_of_cosine_and_sine_stay_in_the_shape():
    cosine, sine = fourier()
    shown = seen_as(filters(2 * cosine, sine), "shapes")
    balance = kernel_facts(shown).learned.balance_db
    np.testing.assert_allclose(balance[1:-1], 6.02, atol=0.01)
