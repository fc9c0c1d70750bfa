"""A model whose basis was changed by hand, with gains far from 1, on clips that are tones."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from core.training.loop import Training
from core.training.presets import preset_config


def trained_model(folder, data, setting, *, normalise=True):
    """A run folder with a linear model: two epochs, then its trained filters are bent and made louder or quieter."""
    config = preset_config("linear", setting=setting, epochs=2)
    config = replace(
        config,
        model=replace(config.model, normalise=normalise),
        training=replace(config.training, batch_size=24),
    )
    training = Training(config, data, "cpu")
    list(training.epochs())
    model = training.model
    random = torch.Generator().manual_seed(1)
    layer = model.front_end.layer
    with torch.no_grad():
        if setting in "BD":
            gain = 0.5 + 3 * torch.rand(40, 1, generator=random)
            layer.mel_basis.mul_(gain).add_(1e-3 * torch.rand(40, 241, generator=random))
        if setting in "CD":
            gain = 0.3 + torch.rand(241, 1, 1, generator=random)
            for kernels in (layer.stft.wcos, layer.stft.wsin):
                kernels.mul_(gain).add_(0.02 * torch.randn(kernels.shape, generator=random))
    folder.mkdir()
    save_checkpoint(folder / "best.pt", checkpoint_of(model, config, epoch=2, validation_accuracy=0.5, dataset="Tones"))
    return folder


@pytest.fixture(scope="session")
def model_d(tone_pack, tmp_path_factory):
    return trained_model(tmp_path_factory.mktemp("experiments") / "linear-D", tone_pack, "D")


@pytest.fixture(scope="session")
def model_a(tone_pack, tmp_path_factory):
    return trained_model(tmp_path_factory.mktemp("experiments") / "linear-A", tone_pack, "A")


@pytest.fixture(scope="session")
def plain_model(tone_pack, tmp_path_factory):
    """One that does not normalise."""
    return trained_model(tmp_path_factory.mktemp("experiments") / "plain-D", tone_pack, "D", normalise=False)


@pytest.fixture
def filters(model_d):
    return load_checkpoint(model_d).filters()


@pytest.fixture
def clips(tone_pack):
    """A few test clips as waveforms, with some noise that fills every bin."""
    rows = tone_pack.indices("official")[::6]
    noise = 0.02 * np.random.default_rng(3).standard_normal((len(rows), 16_000))
    return torch.from_numpy((tone_pack.clips[rows] / 32768 + noise).astype(np.float32))
