"""The shipped models at work, each loaded once."""

import functools
from pathlib import Path

import numpy as np
import pytest

from core.config import SAMPLE_RATE
from core.inference import Classifier

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"


@pytest.fixture(scope="session")
def shipped():
    """A function from the name of a shipped run, without ``shipped-``, to its classifier on the CPU."""
    return functools.cache(lambda name: Classifier(CHECKPOINTS / f"shipped-{name}", "cpu"))


@pytest.fixture
def hiss():
    """A function from seconds and a level in dB of full scale to white noise."""

    def noise(seconds, level_db, seed=0):
        samples = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
        return (samples * 10 ** (level_db / 20)).astype(np.float32)

    return noise
