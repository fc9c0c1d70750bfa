"""Networks: published sizes, shapes, and that clips of a batch do not touch each other."""

import pytest
import torch

from core.config import MODELS, FrontEndConfig, ModelConfig, RunConfig, TrainingConfig
from core.errors import ConfigError
from core.models import NETWORKS, build_model
from core.models.bcresnet import BCResNet
from core.models.normalise import clip_moments

PUBLISHED_PARAMETERS = {
    "linear": 48_492,
    "bcresnet-1": 9_232,
    "bcresnet-1.5": 17_154,
    "bcresnet-2": 27_284,
    "bcresnet-3": 54_168,
    "bcresnet-6": 187_812,
    "bcresnet-8": 321_068,
}


@pytest.mark.parametrize("name", MODELS)
def test_each_network_has_the_published_number_of_parameters(name):
    network = NETWORKS[name](FrontEndConfig())
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED_PARAMETERS[name]


@pytest.mark.parametrize("name", MODELS)
def test_each_model_answers_every_clip_of_a_batch_on_its_own(name):
    model = build_model(RunConfig(model=ModelConfig(name=name))).eval()
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
    features = model.features(0.1 * torch.randn(50, 16_000))
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
    torch.testing.assert_close(network.plain(log_mel), network.channel_major(log_mel), rtol=1e-4, atol=1e-4)
    assert seen == [rows]


@pytest.mark.parametrize("by_frame", [False, True])
@pytest.mark.parametrize("moments_known", [False, True])
def test_the_linear_model_answers_raw_log_mels_as_it_answers_normalised_ones(moments_known, by_frame):
    """Training's short cut: logits, all gradients and running statistics are the same."""
    generator = torch.Generator().manual_seed(0)
    log_mel = 3 * torch.randn(7, 40, 101, dtype=torch.float64, generator=generator) - 14
    log_mel += torch.arange(40)[:, None]  # each band has a level of its own
    if by_frame:
        log_mel = log_mel.transpose(1, 2).contiguous().transpose(1, 2)
    results = []
    for short in (False, True):
        model = build_model(RunConfig()).double().train()
        assert model.takes_raw(torch.device("cpu"))
        sound = log_mel.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        if short:
            logits = model.logits_of_raw(sound, clip_moments(log_mel) if moments_known else None)
        else:
            logits = model.network(model.normalise(sound))
        (
            logits.square() * torch.rand(7, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        ).sum().backward()
        weights = model.network.classify
        norm = model.normalise
        results.append(
            [logits, weights.weight.grad, weights.bias.grad, sound.grad, norm.running_mean, norm.running_var,
             norm.num_batches_tracked]
        )  # fmt: skip
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_raw_log_mels_of_digital_silence_leave_all_gradients_finite():
    model = build_model(RunConfig()).train()
    log_mel = torch.full((4, 40, 101), -13.8, requires_grad=True)
    model.logits_of_raw(log_mel).square().sum().backward()
    for gradient in (log_mel.grad, model.network.classify.weight.grad):
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("device", "name", "normalise"), [("cuda", "linear", True), ("cpu", "bcresnet-1", True), ("cpu", "linear", False)]
)
def test_only_a_normalised_linear_model_on_a_cpu_takes_raw_log_mels(device, name, normalise):
    model = build_model(RunConfig(model=ModelConfig(name=name, normalise=normalise)))
    assert not model.takes_raw(torch.device(device))
