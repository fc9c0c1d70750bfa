"""The arrays that records are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

Waveform = NDArray[np.float32]
"""Samples of one channel, (n,), -1 to 1."""
