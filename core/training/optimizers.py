"""How large each step is, and what takes it: SGD for the network, Adam for the filters."""

from __future__ import annotations

from math import cos, pi
from typing import Any

import torch
from torch import Tensor, nn

from core.config import TrainingConfig
from core.models import KeywordSpotter


def rate_factor(progress: float, training: TrainingConfig) -> float:
    """Share of the peak step size after ``progress`` epochs: linear warm-up, then constant or a cosine to 0.

    >>> rate_factor(10, TrainingConfig(epochs=20, schedule="cosine"))
    0.5
    """
    if progress < training.warmup_epochs:
        return progress / training.warmup_epochs
    if training.schedule == "constant":
        return 1.0
    share = (progress - training.warmup_epochs) / (training.epochs - training.warmup_epochs)
    return 0.5 * (1 + cos(pi * share))


def build_optimizers(model: KeywordSpotter, training: TrainingConfig) -> list[torch.optim.Optimizer]:
    """SGD for the network; for the filters and PCEN Adam, with a step size matched to the scale of each group.

    An Adam step moves every weight by about the learning rate, whatever the size of its gradient; so a rate given
    as a share of the typical initial weight (root mean square of those that are not zero) moves each group of filters
    by that share. Filters get no weight decay: it would shrink them without any word from the data. In the regime
    "tutorial" all parameters share one SGD with weight decay, as there.
    """
    if training.regime == "tutorial":
        return [_sgd(list(model.parameters()), training)]
    optimizers = [_sgd(list(model.network.parameters()), training)]
    rates = [
        (parameter, training.stft_rate if name.startswith("layer.stft") else training.mel_rate)
        for name, parameter in model.front_end.named_parameters()
    ]
    if model.pcen is not None:
        rates += [(parameter, training.pcen_rate) for parameter in model.pcen.parameters()]
    groups = []
    for parameter, rate in rates:
        peak = rate * _typical_size(parameter)
        groups.append({"params": [parameter], "lr": peak, "peak": peak})
    if groups:
        # Gradients of the filters are far below Adam's usual epsilon on quiet data.
        on_gpu = rates[0][0].is_cuda
        optimizers.append(torch.optim.Adam(groups, eps=1e-12, fused=True, capturable=on_gpu))
    return optimizers


def with_plain_rates(state: dict[str, Any]) -> dict[str, Any]:
    """The state of an optimiser with step sizes as numbers, which a CUDA graph keeps as tensors."""
    return {**state, "param_groups": [{**group, "lr": float(group["lr"])} for group in state["param_groups"]]}


def _sgd(parameters: list[nn.Parameter], training: TrainingConfig) -> torch.optim.Optimizer:
    rate = training.learning_rate
    groups = [{"params": parameters, "lr": rate, "peak": rate}]
    return torch.optim.SGD(groups, momentum=training.momentum, weight_decay=training.weight_decay, fused=True)


def _typical_size(parameter: Tensor) -> float:
    weights = parameter.detach()
    return float(weights[weights != 0].square().mean().sqrt())
