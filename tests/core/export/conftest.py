"""Exported models, and sound for those that run them: words, words in noise, silence, and noise alone."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from core.config import KEYWORDS, SAMPLE_RATE, ListeningConfig
from core.export.runtime.earshot_runtime import Model
from core.inference import Engine
from tests.browser.sounds import spoken, with_pauses
from tests.core.conftest import CHECKPOINTS
from tests.core.export.onnx_files import write_onnx


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A function from the name of a shipped run, without ``shipped-``, to its exported file."""
    folder = tmp_path_factory.mktemp("exported")
    return functools.cache(lambda name: write_onnx(CHECKPOINTS / f"shipped-{name}", folder / f"{name}.onnx"))


@pytest.fixture(scope="session")
def model(exported):
    """A function from the same name to the model at work."""
    return functools.cache(lambda name: Model(exported(name)))


@pytest.fixture(scope="session")
def track(speech_commands_root):
    """Ten keywords with digital silence around each, two seconds of it, the same in noise, and noise alone."""
    words = with_pauses([spoken(speech_commands_root, word, 1) for word in KEYWORDS], 0.6)
    noise = 0.018 * np.random.default_rng(0).standard_normal(len(words))
    parts = [words, np.zeros(2 * SAMPLE_RATE), words + noise, 3 * noise[: 3 * SAMPLE_RATE]]
    return np.concatenate(parts).clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="session")
def as_the_engine():
    """A function from a classifier, sound and settings to what Earshot's own engine detects."""

    def detections(classifier, sound, config=ListeningConfig()):  # noqa: B008  (frozen)
        engine = Engine(classifier, replace(config))
        decisions = engine.feed(sound) + engine.finish()
        return [decision.detection for decision in decisions if decision.detection is not None]

    return detections
