"""Wilson's interval, against scipy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from core.metrics import wilson


@pytest.mark.parametrize("n", [1, 2, 7, 100, 4890])
def test_the_interval_is_scipys(n):
    hits = np.unique([0, 1, n // 3, n // 2, n - 1, n])
    low, high = wilson(hits, np.full(len(hits), n))
    for at, hit in enumerate(hits):
        expected = binomtest(int(hit), n).proportion_ci(0.95, method="wilson")
        assert (low[at], high[at]) == (pytest.approx(expected.low, abs=1e-12), pytest.approx(expected.high, abs=1e-12))


def test_the_interval_holds_the_share_and_stays_between_none_and_all():
    low, high = wilson([0, 5, 5], [5, 5, 8])
    assert low[0] == 0
    assert high[1] == 1
    assert (low <= np.array([0, 1, 5 / 8])).all()
    assert (high >= np.array([0, 1, 5 / 8])).all()


def test_no_clips_have_no_interval():
    low, high = wilson([0, 3], [0, 4])
    assert np.isnan([low[0], high[0]]).all()
    assert np.isfinite([low[1], high[1]]).all()
