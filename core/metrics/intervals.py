"""How far a share that was counted on some clips can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Z = float(ndtri(0.975))
"""Standard deviations on either side that hold 95 % of a normal distribution."""


def wilson(hits: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % interval of a share that was counted (Wilson, 1927): of many counts at once.

    It takes clips as independent; clips of one speaker are not quite, so the truth is a little wider.

    Args:
        hits: How many of the clips have what is counted, any shape.
        n: How many clips there are, same shape.

    Returns:
        Lower and upper ends, 0 to 1, same shape; NaN where there are no clips.

    >>> [end.round(3).tolist() for end in wilson([0, 90], [10, 100])]
    [[0.0, 0.826], [0.278, 0.945]]
    """
    hits, n = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    share = hits / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    # At the ends the formula is exact but for its last digit.
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)
