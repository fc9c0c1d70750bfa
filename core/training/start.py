"""A training that begins with the weights of a trained model, and not from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.config import CAUSAL, ENROLMENT, MODELS, ROOM, ModelConfig, RunConfig, Setting, StartConfig, Vocabulary
from core.errors import CheckpointError, ConfigError
from core.models import KeywordSpotter
from core.runs import keep
from core.text import printable_name
from core.training.checkpoint import Checkpoint, load_checkpoint
from core.training.presets import FINE_TUNING, adapted, enrolled, preset_config, tuned

ANSWERS = "network.classify"
"""Name of the last layer, which has a row of weights for each label."""


def config_from(
    run: Path,
    *,
    preset: str | None = None,
    setting: Setting | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    vocabulary: Vocabulary | None = None,
    **front_end: Any,
) -> RunConfig:
    """Settings of a training that begins with a trained model.

    Network, spectrogram and normalisation are that model's, or those of its causal twin if the preset says so: its
    weights are of the same shapes, and its frames alone are no longer centred. What of the spectrogram is trained can
    be chosen anew, and so can the words: what tells a new one from the rest begins anew, all before it keeps what it
    knows.

    Args:
        run: The trained model: run folder or checkpoint file.
        preset: Whose steps, and changes to clips, are taken; None for ``FINE_TUNING``, short and careful;
            ``ENROLMENT`` for a new last layer alone, ``ROOM`` for what is fitted to a room alone.
        setting: What is trained; None for what was trained in that model.
        epochs: None for as many as the preset has.
        seed: Of all random numbers; None for 0.
        vocabulary: What is told apart; None for what that model tells apart.
        front_end: Further settings of the spectrogram, which must be that model's.

    Raises:
        CheckpointError: If the model cannot be read.
        ConfigError: If a setting does not fit that model.
    """
    checkpoint, model = keep.model_hash(run), load_checkpoint(run)
    known = model.config
    words = vocabulary or known.vocabulary
    wished = setting or known.front_end.setting
    if preset == ROOM:
        config, wished = adapted(known, seed=seed), "A"
    elif preset == ENROLMENT:
        config, wished = enrolled(known, words, seed=seed), "A"
    elif preset in (None, FINE_TUNING):
        config = tuned(known, epochs=epochs, seed=seed, vocabulary=words)
    else:
        config = preset_config(preset, epochs=epochs, seed=seed, vocabulary=words)
        if config.model not in (known.model, _causal(known)):
            raise ConfigError(
                f"The preset {preset} does not fit {run.name}: it trains {_network(config)}, and {run.name} is "
                f"{_network(known)}. Leave the preset out, or choose one of the same network."
            )
    pcen = config.front_end.pcen if preset == ROOM else known.front_end.pcen
    for name, value in front_end.items():
        has = getattr(known.front_end, name)
        if name == "pcen" and "off" not in (value, has):
            # Whether its numbers learn is chosen anew, as that of the filters is.
            pcen = value
        elif value != has:
            raise ConfigError(
                f"{name} is {value}, and that of {run.name} is {has}: whoever begins with its weights keeps its "
                "spectrogram, apart from what of it is trained. Leave it out, or train from scratch."
            )
    # Filters that were not trained have the shape of the textbook, whatever the settings say.
    shape = known.front_end.mel_shape if known.front_end.trains_mel else "free"
    return replace(
        config,
        front_end=replace(known.front_end, setting=wished, mel_shape=shape, pcen=pcen, center=config.front_end.center),
        start=StartConfig(
            name=printable_name(run.resolve().name if run.is_dir() else run.stem),
            checkpoint=checkpoint,
            setting=_either(known.start.setting, known.front_end.setting),
            datasets=model.datasets,
        ),
    )


def begin_with(model: KeywordSpotter, start: Checkpoint, vocabulary: Vocabulary) -> None:
    """Give a new model the weights of a trained one; its filters are the initial ones from now on.

    A label that the trained model does not know keeps the new model's random weights.

    Args:
        model: Made from what ``config_from`` answered, on any device.
        start: The trained model.
        vocabulary: What the new model tells apart.

    Raises:
        CheckpointError: If the weights do not fit.
    """
    own = model.state_dict()
    try:
        # Filters that kept a shape, and are fixed now, have only their weights left.
        weights = {name: start.weights[name] for name in own}
        if vocabulary != start.config.vocabulary:
            for name in (f"{ANSWERS}.weight", f"{ANSWERS}.bias"):
                weights[name] = _by_label(weights[name], own[name], start.config.vocabulary, vocabulary)
        model.load_state_dict(weights)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"The weights to begin with do not fit this run's settings ({error}).") from error
    model.front_end.begin_here()


def _by_label(known: Tensor, new: Tensor, vocabulary: Vocabulary, wished: Vocabulary) -> Tensor:
    """A row for each label of ``wished``: that of the trained model where it has the label, else the new one."""
    labels, rows = vocabulary.labels, new.clone()
    for number, label in enumerate(wished.labels):
        if label in labels:
            rows[number] = known[labels.index(label)].to(rows)
    return rows


def what_is_pulled(model: KeywordSpotter) -> dict[str, Tensor]:
    """A copy of all numbers of a model, running statistics included."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items() if tensor.is_floating_point()}


@torch.no_grad()
def pull_back(model: KeywordSpotter, begun: Mapping[str, Tensor], part: float) -> None:
    """Move what ``what_is_pulled`` copied a part of the way back to that copy."""
    now = model.state_dict()
    for name, tensor in begun.items():
        now[name].lerp_(tensor, part)
    model.project()


def _causal(config: RunConfig) -> ModelConfig | None:
    """The network whose frames see none behind them, of those that do; None where there is none."""
    name = config.model.name + CAUSAL
    return replace(config.model, name=name) if name in MODELS else None


def _network(config: RunConfig) -> str:
    return f"{config.model.name} {'with' if config.model.normalise else 'without'} normalisation"


def _either(one: Setting, other: Setting) -> Setting:
    """What is trained by either of two settings."""
    trains_mel, trains_stft = ({one, other} & set(pair) for pair in ("BD", "CD"))
    return ("D" if trains_stft else "B") if trains_mel else "C" if trains_stft else "A"
