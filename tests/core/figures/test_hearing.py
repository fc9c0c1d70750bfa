"""A clip through two sets of filters: one scale for both, gain apart from the rest, zero is white."""

from dataclasses import replace

import numpy as np
import pytest

from core.figures import filter_response, heard_gain, heard_log_mel, heard_rest
from tests.changed_clips import comparison


@pytest.fixture
def heard():
    return comparison()


def test_initial_and_learned_have_one_scale(heard, trained):
    initial, learned = (heard_log_mel(heard, trained, which).data[0] for which in ("initial", "learned"))
    assert (initial.zmin, initial.zmax) == (learned.zmin, learned.zmax)
    np.testing.assert_array_equal(initial.z, heard.initial)
    np.testing.assert_array_equal(learned.z, heard.learned)
    assert "(dB)" in initial.colorbar.title.text


def test_the_rest_is_without_gain_and_white_at_zero(heard, trained):
    heat = heard_rest(heard, trained).data[0]
    assert heat.zmin == -heat.zmax
    np.testing.assert_allclose(heat.z[3], 0, atol=1e-4)
    assert np.abs(heat.z[5]).max() > 1


def test_where_both_are_faint_the_rest_is_white(heard, trained):
    heard.initial[9], heard.learned[9], heard.rest_db[9] = -200, -190, 10
    assert not heard_rest(heard, trained).data[0].z[9].any()


def test_the_gain_of_each_band_is_a_point_that_can_be_clicked(heard, trained):
    figure = heard_gain(heard, trained, chosen=3)
    traces = {trace.name: trace for trace in figure.data}
    np.testing.assert_allclose(traces["learned"].x, heard.gain_db)
    assert traces["learned"].x[3] == pytest.approx(6, abs=0.01)
    assert list(traces["pick"].customdata) == list(range(40))
    assert "Filter 3" in traces["pick"].hovertext[3]
    assert "+6.0 dB" in traces["pick"].hovertext[3]
    assert traces["chosen"].y == (3,)
    assert traces["initial"].line.dash == "dash"


def test_responses_peak_at_zero_and_bands_that_hear_nothing_stay_at_the_floor(trained):
    for trace in filter_response(trained, 12).data:
        assert max(trace.y) == pytest.approx(0)
        assert min(trace.y) >= -60
    basis = trained.learned.mel_basis.copy()
    basis[7] = 0
    deaf = replace(trained, learned=replace(trained.learned, mel_basis=basis))
    silent = filter_response(deaf, 7).data[1]
    assert set(silent.y) == {-60.0}


def test_silence_and_broken_filters_can_be_drawn(broken):
    still = comparison()
    still.learned[12] = np.nan
    for figure in (heard_log_mel(still, broken, "learned"), heard_rest(still, broken), heard_gain(still, broken)):
        assert figure.to_json()
