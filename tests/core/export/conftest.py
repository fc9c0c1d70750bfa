"""Shipped models as exported files, made once, and sounds to ask them."""

import dataclasses
import functools

import numpy as np
import pytest

from core.config import Vocabulary
from core.data.pack import open_data
from core.training.checkpoint import load_checkpoint, save_checkpoint
from tests.conftest import PROJECT
from tests.core.export.onnx_files import onnx_file

SHIPPED = PROJECT / "checkpoints"


@pytest.fixture(scope="session")
def demo():
    return open_data(None)


@pytest.fixture(scope="session")
def sounds(demo):
    """Demo words, silence, full scale and noise, (n, 16000)."""
    random = np.random.default_rng(5)
    words = np.stack([demo.clip(row) for row in demo.indices("official")[::24]])
    loud = np.clip(20 * words[:3] / np.abs(words[:3]).max(axis=1, keepdims=True), -1, 1)
    noise = [random.uniform(-1, 1, (1, 16_000)), 1e-4 * random.standard_normal((1, 16_000))]
    return np.concatenate([words, np.zeros((1, 16_000)), loud, *noise]).astype(np.float32)


@pytest.fixture(scope="session")
def exported():
    """A function from a shipped run, without ``shipped-``, to its file in float32, and what of it may be rounded."""

    return functools.cache(lambda name: onnx_file(SHIPPED / f"shipped-{name}"))


@pytest.fixture(scope="session")
def own_words_run(tmp_path_factory):
    """A model of words of one's own: the speech embedding with another last layer."""
    base = load_checkpoint(SHIPPED / "shipped-embedding")
    rows = [base.labels.index(label) for label in ("down", "left", "_unknown_")]
    head = {f"network.classify.{name}": base.weights[f"network.classify.{name}"][rows] for name in ("weight", "bias")}
    config = dataclasses.replace(base.config, vocabulary=Vocabulary(words=("marvin", "sheila"), silence=False))
    path = tmp_path_factory.mktemp("own") / "mine.pt"
    save_checkpoint(path, dataclasses.replace(base, config=config, weights={**base.weights, **head}))
    return path
