"""Numbers of mel filters, against hand-made filters, published formulas and librosa's bank."""

import librosa
import numpy as np
import pytest

from core.frontend.filter_facts import (
    band_edges,
    band_shares,
    bank_facts,
    erb_hz,
    erb_number,
    filter_facts,
    is_ordered,
    seen_as,
)
from core.records.filters import Filters, FilterSnapshot

RATE, N_FFT = 16_000, 480
BIN_HZ = RATE / N_FFT


def bank(*rows: dict[int, float], n_bins: int = 241) -> np.ndarray:
    """Filters from their weights by bin."""
    weights = np.zeros((len(rows), n_bins), np.float32)
    for row, values in zip(weights, rows, strict=True):
        for at, value in values.items():
            row[at] = value
    return weights


def triangles(n_mels: int = 40) -> np.ndarray:
    return librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=n_mels)


def filters(initial: np.ndarray, learned: np.ndarray) -> Filters:
    kernels = np.random.default_rng(0).standard_normal((2, 241, N_FFT)).astype(np.float32)
    return Filters(
        FilterSnapshot(0, initial, kernels[0], kernels[1]),
        FilterSnapshot(9, learned, 0.5 * kernels[0], 0.5 * kernels[1]),
        RATE,
        N_FFT,
        160,
        "D",
    )


def test_a_filter_of_one_bin_listens_there_and_is_one_bin_wide():
    facts = bank_facts(bank({60: 0.7}), RATE)
    assert [facts.centre_hz[0], facts.peak_hz[0]] == pytest.approx([2000, 2000])
    assert facts.width_hz[0] == pytest.approx(BIN_HZ)
    assert (facts.peaks[0], facts.outside[0]) == (1, 0)


def test_a_box_is_as_wide_as_its_equivalent_rectangle():
    facts = bank_facts(bank(dict.fromkeys(range(30, 40), 2.0)), RATE)
    assert facts.width_hz[0] == pytest.approx(10 * BIN_HZ)
    assert facts.centre_hz[0] == pytest.approx(34.5 * BIN_HZ)


def test_a_triangle_is_as_wide_as_at_half_its_height():
    """Area of a triangle: height times half of its base."""
    hz = librosa.mel_frequencies(42, fmin=0, fmax=8000)
    widths = bank_facts(triangles(), RATE).width_hz
    np.testing.assert_allclose(widths[30:], (hz[2:] - hz[:-2])[30:] / 2, rtol=0.05)


@pytest.mark.parametrize(("hz", "erb"), [(0, 24.7), (1000, 132.6), (4000, 456.5)])
def test_the_ears_bandwidth_is_that_of_glasberg_and_moore(hz, erb):
    assert float(erb_hz(hz)) == pytest.approx(erb, abs=0.05)


def test_the_ears_scale_grows_by_one_a_bandwidth():
    """The number of bandwidths below a frequency is the integral of 1 / bandwidth; the paper rounds it."""
    hz = np.linspace(0, 8000, 80_001)
    summed = np.trapezoid(1 / erb_hz(hz), hz)
    assert float(erb_number(8000)) == pytest.approx(summed, rel=5e-3)


def test_peaks_are_counted_and_ripple_is_not():
    ripple = {at: 1 + 0.02 * (at % 2) for at in range(50, 70)}
    rows = (
        {0: 1.0},
        {240: 1.0},
        {10: 1.0, 50: 0.5},
        {10: 1.0, 11: 0.92, 12: 0.95},
        {10: 1.0, 11: 0.5, 12: 1.0},
        ripple,
    )
    assert bank_facts(bank(*rows), RATE).peaks.tolist() == [1, 1, 2, 1, 2, 1]


def test_weight_outside_the_initial_band_is_measured():
    start = bank({10: 1.0, 11: 1.0}, {20: 1.0})
    now = bank({10: 1.0, 11: 2.0, 200: 1.0}, {20: 5.0})
    facts = filter_facts(filters(start, now))
    assert facts.learned.outside.tolist() == [0.25, 0]
    assert facts.initial.outside.tolist() == [0, 0]


def test_overlap_is_the_area_that_neighbours_share():
    facts = bank_facts(bank({0: 1.0, 1: 1.0}, {1: 3.0, 2: 3.0}, {1: 9.0, 2: 9.0}, {9: 1.0}), RATE)
    assert facts.overlap_above[:3].tolist() == pytest.approx([0.5, 1, 0])
    assert facts.overlap_below[1:].tolist() == pytest.approx([0.5, 1, 0])
    assert np.isnan([facts.overlap_below[0], facts.overlap_above[3]]).all()


@pytest.mark.parametrize("gain", [2.0, 0.01, 400.0])
def test_another_gain_changes_no_number_of_a_shape(gain):
    rng = np.random.default_rng(1)
    start = triangles()
    now = np.maximum(start + 0.1 * start.max() * rng.standard_normal(start.shape), 0).astype(np.float32)
    one, other = (filter_facts(filters(start, (factor * now).astype(np.float32))) for factor in (1.0, gain))
    np.testing.assert_allclose(other.gain, gain * one.gain, rtol=1e-5)
    np.testing.assert_allclose(other.shape, one.shape, rtol=1e-4)
    for name in ("low_hz", "centre_hz", "high_hz", "width_hz", "peak_hz", "peaks", "outside", "overlap_above"):
        np.testing.assert_allclose(getattr(other.learned, name), getattr(one.learned, name), rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("n_mels", [10, 40, 64])
def test_librosas_triangles_are_in_order_with_one_peak_each(n_mels):
    facts = filter_facts(filters(triangles(n_mels), triangles(n_mels)))
    assert facts.ordered
    assert facts.swapped == []
    heard = np.isfinite(facts.initial.centre_hz)
    assert (facts.initial.peaks[heard] == 1).all()


def test_a_random_bank_is_not_called_ordered():
    weights = np.maximum(np.random.default_rng(0).standard_normal((40, 241)), 0)
    assert not is_ordered(weights, RATE)
    assert not is_ordered(triangles()[::-1], RATE), "an order that runs downwards is none"


def test_neighbours_that_changed_places_are_named():
    now = triangles()
    now[[20, 21]] = now[[21, 20]]
    assert filter_facts(filters(triangles(), now)).swapped == [(20, 21)]


def test_silent_and_broken_filters_have_no_numbers_and_raise_no_warning(recwarn):
    now = triangles()
    now[3], now[5] = 0, np.nan
    facts = filter_facts(filters(triangles(), now))
    for name in ("centre_hz", "width_hz", "peak_hz", "peaks", "outside"):
        values = getattr(facts.learned, name)
        assert np.isnan(values[[3, 5]]).all(), name
        assert np.isfinite(np.delete(values, [3, 5])).all(), name
    assert not facts.swapped
    assert not [str(one.message) for one in recwarn if one.category is RuntimeWarning]


@pytest.mark.parametrize("bands", ["octaves", "ears"])
def test_shares_of_all_bands_add_up_to_one(bands):
    edges = band_edges(bands, RATE)
    assert (edges[0], edges[-1]) == (0, pytest.approx(8000))
    assert (np.diff(edges) > 0).all()
    assert band_shares(triangles(), edges, RATE).sum() == pytest.approx(1)


def test_the_bands_of_the_ear_are_equally_many_bandwidths_wide():
    np.testing.assert_allclose(np.diff(erb_number(band_edges("ears", RATE))), 3, rtol=0.02)


def test_sensitivity_lies_where_the_weight_is():
    weights = bank({60: 1.0}, {150: 3.0})
    shares = band_shares(weights, band_edges("octaves", RATE), RATE)
    # Bin 60 is centred on 2,000 Hz, the border of two octaves.
    assert shares.tolist() == pytest.approx([0, 0, 0, 0, 0.125, 0.125, 0.75])


def test_seen_as_shapes_or_gains_one_side_of_the_change_is_left():
    rng = np.random.default_rng(2)
    start = triangles()
    now = (3 * np.maximum(start + 0.05 * start.max() * rng.standard_normal(start.shape), 0)).astype(np.float32)
    whole = filter_facts(filters(start, now))
    shapes, gains = (filter_facts(seen_as(filters(start, now), view)) for view in ("shapes", "gains"))
    np.testing.assert_allclose(shapes.gain, 1, rtol=1e-5)
    np.testing.assert_allclose(shapes.shape, whole.shape, rtol=1e-4)
    np.testing.assert_allclose(gains.gain, whole.gain, rtol=1e-5)
    np.testing.assert_allclose(gains.shape, 0, atol=1e-6)


def test_kernels_that_only_became_quieter_look_unchanged_as_shapes():
    both = filters(triangles(), triangles())
    shown = seen_as(both, "shapes")
    np.testing.assert_allclose(shown.learned.stft_sin, both.initial.stft_sin, rtol=1e-5)
    assert shown.initial is both.initial
    np.testing.assert_allclose(seen_as(both, "gains").learned.stft_cos, both.learned.stft_cos, rtol=1e-5)
