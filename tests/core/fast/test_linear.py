"""The linear model answers and learns the same in one step with its normalisation."""

import pytest
import torch

from core.config import RunConfig
from core.fast import choose
from core.fast.linear import with_moments
from core.models import build_model
from core.models.normalise import clip_moments


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
        model = (choose.model if short else build_model)(RunConfig()).double().train()
        sound = log_mel.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        logits = model.classify(with_moments(sound, clip_moments(log_mel)) if short and moments_known else sound)
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
    model = choose.model(RunConfig()).train()
    log_mel = torch.full((4, 40, 101), -13.8, requires_grad=True)
    model.classify(log_mel).square().sum().backward()
    for gradient in (log_mel.grad, model.network.classify.weight.grad):
        assert torch.isfinite(gradient).all()
