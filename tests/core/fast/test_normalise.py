"""Normalisation by band is PyTorch's batch normalisation, and its fast twin the same, only faster."""

import pytest
import torch
from torch import nn

from core.fast.normalise import FastBandNorm
from core.models.normalise import BandNorm


def log_mels(*shape, transposed=False, seed=0):
    """As the front end gives them: far from zero, each band with a level of its own, perhaps stored frame by frame."""
    generator = torch.Generator().manual_seed(seed)
    values = 3 * torch.randn(*shape, dtype=torch.float64, generator=generator)
    values = values - 14 + torch.arange(shape[1], dtype=torch.float64)[:, None]
    return values.transpose(1, 2).contiguous().transpose(1, 2) if transposed else values


BOTH = pytest.mark.parametrize("norm_class", [BandNorm, FastBandNorm])


@BOTH
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_values_gradients_and_running_statistics_are_pytorchs(norm_class, training, transposed):
    results = []
    for layer in (norm_class(5).double(), nn.BatchNorm1d(5, affine=False).double()):
        layer.train()
        for seed in (1, 2):  # running statistics that are worth something
            layer(log_mels(4, 5, 9, seed=seed))
        layer.train(training)
        log_mel = log_mels(6, 5, 7, transposed=transposed).requires_grad_()
        normalised = layer(log_mel)
        weights = torch.rand(6, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
        (normalised * weights).sum().backward()
        results.append([normalised.detach(), log_mel.grad, *layer.state_dict().values()])
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)


@BOTH
def test_the_names_of_its_state_are_pytorchs(norm_class):
    assert list(norm_class(3).state_dict()) == list(nn.BatchNorm1d(3, affine=False).state_dict())


@BOTH
def test_a_band_that_never_changes_stays_finite(norm_class):
    log_mel = torch.full((2, 3, 4), -13.8, requires_grad=True)
    normalised = norm_class(3)(log_mel)
    normalised.sum().backward()
    assert torch.isfinite(normalised).all()
    assert torch.isfinite(log_mel.grad).all()


@BOTH
def test_the_input_is_left_as_it_was(norm_class):
    log_mel = log_mels(2, 3, 4)
    before = log_mel.clone()
    norm_class(3).double()(log_mel)
    assert torch.equal(log_mel, before)
