"""Networks: published sizes, shapes, and that clips of a batch do not touch each other."""

import pytest
import torch

from core.config import MODELS, FrontEndConfig, ModelConfig, RunConfig, TrainingConfig
from core.errors import ConfigError
from core.fast import choose
from core.models import NETWORKS, build_model
from core.models.bcresnet import BCResNet
from core.models.embedding import SPECTROGRAM

PUBLISHED_PARAMETERS = {
    "linear": 48_492,
    "bcresnet-1": 9_232,
    "bcresnet-1.5": 17_154,
    "bcresnet-2": 27_284,
    "bcresnet-3": 54_168,
    "bcresnet-6": 187_812,
    "bcresnet-8": 321_068,
    "bcresnet-1-causal": 9_232,
    "bcresnet-3-causal": 54_168,
    "embedding": 328_128 + 12 * (288 + 1),  # the published body, and our last layer
}

FRONT_ENDS = {
    "embedding": SPECTROGRAM,
    "bcresnet-1-causal": FrontEndConfig(center=False),
    "bcresnet-3-causal": FrontEndConfig(center=False),
}
"""Spectrograms of the networks that take no other."""


@pytest.mark.parametrize("name", MODELS)
def test_each_network_has_the_published_number_of_parameters(name):
    network = NETWORKS[name](FRONT_ENDS.get(name, FrontEndConfig()), 12)
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED_PARAMETERS[name]


@pytest.mark.parametrize("name", MODELS)
def test_each_model_answers_every_clip_of_a_batch_on_its_own(name):
    front_end = FRONT_ENDS.get(name, FrontEndConfig())
    model = build_model(RunConfig(front_end=front_end, model=ModelConfig(name=name))).eval()
    waveform = 0.1 * torch.randn(3, 16_000)
    with torch.no_grad():
        together = model(waveform)
        alone = torch.cat([model(clip[None]) for clip in waveform])
    assert together.shape == (3, 12)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_the_seed_alone_decides_the_random_weights():
    def weights(seed):
        return build_model(RunConfig(training=TrainingConfig(seed=seed))).network.classify.weight

    torch.manual_seed(1)
    first = weights(5)
    torch.manual_seed(2)
    assert torch.equal(first, weights(5))
    assert not torch.equal(first, weights(6))


def test_building_a_model_leaves_the_global_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    build_model(RunConfig())
    assert torch.equal(torch.rand(1), expected)


def test_normalised_features_have_mean_0_and_deviation_1_in_each_band():
    model = build_model(RunConfig()).train()
    features = model.normalise(model.front_end(0.1 * torch.randn(50, 16_000)))
    torch.testing.assert_close(features.mean(dim=(0, 2)), torch.zeros(40), atol=1e-4, rtol=0)
    torch.testing.assert_close(features.std(dim=(0, 2)), torch.ones(40), atol=1e-2, rtol=0)


def test_bcresnet_refuses_a_number_of_filters_that_it_cannot_halve():
    with pytest.raises(ConfigError, match="multiple of 10"):
        build_model(RunConfig(front_end=FrontEndConfig(n_mels=35), model=ModelConfig(name="bcresnet-1")))


@pytest.mark.parametrize(("n_mels", "rows"), [(10, 5), (20, 5), (30, 15), (40, 5), (80, 10)])
def test_bcresnet_takes_other_numbers_of_filters_and_both_its_ways_agree(n_mels, rows):
    network = BCResNet(n_mels, 12, tau=1).eval()
    log_mel = torch.randn(3, n_mels, 101)
    seen = []
    network.blocks.register_forward_hook(lambda _module, _inputs, output: seen.append(output.shape[2]))
    plain = network(log_mel)
    torch.testing.assert_close(plain, choose.faster(network)(log_mel), rtol=1e-4, atol=1e-4)
    assert seen == [rows]


@pytest.mark.parametrize("causal", [True, False])
def test_what_a_causal_network_knows_of_a_frame_depends_on_no_later_one(causal):
    network = BCResNet(40, 12, tau=1, causal=causal).eval()
    log_mel = torch.randn(2, 40, 60)
    other = log_mel.clone()
    other[:, :, 40:] += 1
    with torch.no_grad():
        known, changed = network.along(log_mel), network.along(other)
    assert known.shape == (2, 32, 60)
    assert torch.allclose(known[:, :, :40], changed[:, :, :40], atol=1e-6) == causal
    assert not torch.allclose(known[:, :, 40:], changed[:, :, 40:], atol=1e-6)


def test_a_causal_network_sees_116_frames_back():
    network = BCResNet(40, 12, tau=1, causal=True).double().eval()
    log_mel = torch.randn(1, 40, 300, dtype=torch.float64, requires_grad=True)
    network.along(log_mel)[:, :, 250].sum().backward()
    seen = log_mel.grad[0].abs().sum(dim=0).nonzero()[:, 0]
    assert seen.min() >= 250 - 116
    assert seen.max() == 250


def test_a_causal_network_has_the_weights_of_the_one_that_sees_both_sides():
    both, causal = BCResNet(40, 12, tau=1), BCResNet(40, 12, tau=1, causal=True)
    assert {name: one.shape for name, one in both.state_dict().items()} == {
        name: one.shape for name, one in causal.state_dict().items()
    }


def test_a_causal_model_takes_no_frames_that_mirror_the_end_of_a_clip():
    with pytest.raises(ConfigError, match="center must be False"):
        RunConfig(model=ModelConfig(name="bcresnet-1-causal"))
