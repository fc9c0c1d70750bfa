"""BC-ResNet's layers with channels first are PyTorch's layers: values, gradients, statistics and random draws."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.fast import channel_major as cm
from core.fast import choose
from core.fast.bcresnet import ChannelMajorBCResNet
from core.models.bcresnet import BCResNet
from core.training.checkpoint import load_model

SHIPPED = sorted(Path("checkpoints").glob("shipped-bcresnet-?-[AD]"))
EXACT = {"rtol": 1e-9, "atol": 1e-9}


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def first(x):
    """(N, C, ...) to (C, ..., N, W): channels first, clips next to last."""
    return x.movedim(0, -2).contiguous()


def assert_same(pytorchs, ours, x, layer):
    """Values of both ways, and the gradients of the input and of the layer's weights."""
    results = []
    for way in (pytorchs, ours):
        given = x.clone().requires_grad_()
        layer.zero_grad()
        out = way(given)
        weights = torch.rand(out.shape, dtype=out.dtype, generator=torch.Generator().manual_seed(1))
        (out * weights).sum().backward()
        results.append([out.detach(), given.grad, *(parameter.grad.clone() for parameter in layer.parameters())])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, **EXACT)


def test_pointwise_is_a_1_by_1_convolution():
    conv = nn.Conv2d(6, 4, 1, bias=False).double()
    assert_same(lambda x: first(conv(x)), lambda x: cm.pointwise(first(x), conv), randn(3, 6, 5, 7), conv)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bands", [5, 10, 20])
def test_along_bands_is_a_depthwise_convolution(stride, bands):
    conv = nn.Conv2d(4, 4, (3, 1), (stride, 1), padding=(1, 0), groups=4, bias=False).double()
    assert_same(lambda x: first(conv(x)), lambda x: cm.along_bands(first(x), conv), randn(3, 4, bands, 7), conv)


@pytest.mark.parametrize("dilation", [1, 2, 4, 8])
def test_along_frames_is_a_dilated_depthwise_convolution(dilation):
    conv = nn.Conv2d(4, 4, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=4, bias=False).double()
    x = randn(3, 4, 1, 21)
    assert_same(lambda x: first(conv(x))[:, 0], lambda x: cm.along_frames(first(x)[:, 0], conv), x, conv)


@pytest.mark.parametrize("bands", [40, 41, 80])
def test_the_first_convolution_is_pytorchs(bands):
    conv = nn.Conv2d(1, 6, 5, stride=(2, 1), padding=2, bias=False).double()
    x = randn(3, 1, bands, 11)
    assert_same(lambda x: first(conv(x)), lambda x: cm.first_convolution(x[:, 0].transpose(0, 1), conv), x, conv)


@pytest.mark.parametrize("bands", [5, 10])
def test_the_last_convolution_is_pytorchs(bands):
    conv = nn.Conv2d(4, 4, 5, padding=(0, 2), groups=4, bias=False).double()
    assert_same(lambda x: first(conv(x)), lambda x: cm.last_convolution(first(x), conv), randn(3, 4, bands, 11), conv)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("rectified", [True, False])
def test_batch_norm_is_pytorchs_with_its_running_statistics(training, rectified):
    norm = nn.BatchNorm2d(4).double()
    with torch.no_grad():
        norm.weight.copy_(randn(4, seed=2))
        norm.bias.copy_(randn(4, seed=3))
    for seed in (4, 5):
        norm(2 + 3 * randn(3, 4, 5, 7, seed=seed))
    norm.train(training)
    state, states = copy.deepcopy(norm.state_dict()), []

    def pytorchs(x):
        norm.load_state_dict(state)
        out = norm(x)
        states.append(copy.deepcopy(norm.state_dict()))
        return first(out.relu() if rectified else out)

    def ours(x):
        norm.load_state_dict(state)
        out = cm.batch_norm(first(x), norm, rectified=rectified)
        states.append(copy.deepcopy(norm.state_dict()))
        return out

    assert_same(pytorchs, ours, 1 + randn(3, 4, 5, 7, seed=6), norm)
    for name, expected in states[0].items():
        torch.testing.assert_close(states[1][name], expected, **EXACT)


def test_a_mean_far_from_zero_costs_no_digits():
    x = (1000 + 0.01 * randn(2, 50_000)).float()
    norm = nn.BatchNorm2d(2)
    ours = cm.batch_norm(x, norm)
    truth = x.double()
    expected = (truth - truth.mean(1, keepdim=True)) / (truth.var(1, keepdim=True, correction=0) + norm.eps).sqrt()
    assert float((ours.double() - expected).abs().max()) < 0.05
    assert float((norm.running_var - (0.9 + 0.1 * truth.var(1))).abs().max()) < 1e-5


@pytest.mark.parametrize(("tau", "causal"), [(1, False), (1, True), (1.5, False), (3, True)])
@pytest.mark.parametrize("training", [True, False])
def test_the_whole_network_is_the_plain_one(tau, causal, training):
    torch.manual_seed(0)
    plain = BCResNet(40, 12, tau, causal=causal).double().train(training)
    results = []
    for network in (plain, choose.faster(copy.deepcopy(plain))):
        torch.manual_seed(5)  # the same channels are dropped
        log_mel = randn(4, 40, 101, seed=7).requires_grad_()
        logits = network(log_mel)
        logits.square().sum().backward()
        gradients = [parameter.grad for parameter in network.parameters()]
        results.append([logits.detach(), log_mel.grad, *gradients, *network.buffers(), torch.rand(1)])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, **EXACT)


@pytest.mark.parametrize(("bands", "frames", "clips"), [(80, 101, 2), (40, 30, 2), (40, 101, 1)])
def test_other_sizes_are_the_plain_ones_too(bands, frames, clips):
    plain = BCResNet(bands, 12, 1).double().eval()
    log_mel = randn(clips, bands, frames)
    torch.testing.assert_close(choose.faster(copy.deepcopy(plain))(log_mel), plain(log_mel), **EXACT)


def test_an_input_that_needs_no_gradient_gets_none():
    network, log_mel = ChannelMajorBCResNet(40, 12, 1), torch.randn(2, 40, 101)
    network(log_mel).sum().backward()
    assert log_mel.grad is None
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("run", SHIPPED, ids=lambda path: path.name)
def test_shipped_models_answer_as_through_pytorchs_layers(run, words):
    model = load_model(run)
    rows = words.indices("validation")[:20]
    waveform = torch.from_numpy(np.stack([words.clip(row) for row in rows]))
    with torch.inference_mode():
        features = model.normalise(model.front_end(waveform))
        torch.testing.assert_close(
            model.network(features), BCResNet.forward(model.network, features), rtol=1e-3, atol=1e-3
        )


def test_there_are_shipped_models_to_test():
    assert len(SHIPPED) == 4


def test_a_network_can_be_trained_after_another_was_used_in_inference_mode():
    """What is cached between uses was once made in inference mode, and training then failed."""
    cm._places.cache_clear()
    with torch.inference_mode():
        ChannelMajorBCResNet(40, 12, 1).eval()(torch.randn(1, 40, 101))
    network = ChannelMajorBCResNet(40, 12, 1)
    network(torch.randn(2, 40, 101)).sum().backward()
    assert network.classify.weight.grad is not None
