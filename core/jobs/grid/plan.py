"""Which trainings a grid has."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.config import PCENS, SETTINGS, TWELVE, RunConfig, Setting, Vocabulary, from_dict, to_dict
from core.errors import ConfigError
from core.studies.grid_table import BASES, Factors
from core.training.presets import PRESETS, preset_config

MOST_CELLS = 5000
"""A longer queue is a mistake in typing more often than a plan."""


@dataclass(frozen=True)
class Cell:
    """One training of a grid."""

    factors: Factors
    seed: int
    config: RunConfig

    @property
    def name(self) -> str:
        """Name of its folder, such as ``linear-mel-40-D-0``."""
        factors = self.factors
        pcen = {"off": "", "fixed": "-pcen", "learned": "-learned-pcen"}[factors.pcen]
        return f"{factors.model}-{factors.basis}-{factors.n_mels}{pcen}-{factors.setting}-{self.seed}"


@dataclass(frozen=True, kw_only=True)
class GridPlan:
    """Everything that is crossed. Combinations that would repeat another one are left out."""

    models: tuple[str, ...] = ("linear",)
    """Names of presets."""
    settings: tuple[str, ...] = tuple(SETTINGS)
    """What is trained (see ``core.config.SETTINGS``)."""
    n_mels: tuple[int, ...] = (40,)
    bases: tuple[str, ...] = ("mel",)
    """Names of ``BASES``."""
    pcens: tuple[str, ...] = ("off",)
    """What follows the mel filters (see ``core.config.PCENS``)."""
    seeds: int = 3
    """Trainings of each combination, with the seeds 0, 1, 2 …"""
    vocabulary: Vocabulary = TWELVE
    """What all of them tell apart."""
    epochs: tuple[tuple[str, int], ...] = ()
    """Epochs of a model's trainings; a model that is not named takes its preset's."""

    def __post_init__(self) -> None:
        choices: dict[str, Collection[str]] = {"models": PRESETS, "settings": SETTINGS, "bases": BASES, "pcens": PCENS}
        for name, allowed in choices.items():
            values = getattr(self, name)
            unknown = [value for value in values if value not in allowed]
            if unknown or not values:
                raise ConfigError(f"{name} is {', '.join(values) or 'empty'}; choose from {', '.join(allowed)}.")
        if not self.n_mels:
            raise ConfigError("n_mels is empty; give at least one number of mel filters, such as 40.")
        if not 1 <= self.seeds <= 100:
            raise ConfigError(f"seeds is {self.seeds}; it must lie between 1 and 100.")
        if any(model not in self.models for model, _ in self.epochs):
            raise ConfigError(f"epochs names a model that is not among {', '.join(self.models)}.")
        factors = (self.models, self.settings, self.n_mels, self.bases, self.pcens)
        crossed = self.seeds * math.prod(map(len, factors))
        n = len(self.cells()) if crossed <= 10 * MOST_CELLS else crossed
        if not 1 <= n <= MOST_CELLS:
            raise ConfigError(f"That makes {n} trainings; a grid has 1 to {MOST_CELLS}.")

    def cells(self) -> tuple[Cell, ...]:
        """Every training, one seed after the other. Those that share something go on together, wherever they stand.

        Raises:
            ConfigError: If a combination is impossible.
        """
        return _cells(self)


@functools.lru_cache(maxsize=16)
def _cells(plan: GridPlan) -> tuple[Cell, ...]:
    crossed = itertools.product(range(plan.seeds), plan.models, plan.bases, plan.n_mels, plan.settings, plan.pcens)
    wanted = dict.fromkeys((seed, Factors(*factors).plain) for seed, *factors in cast(Any, crossed))
    return tuple(
        _cell(factors, seed, dict(plan.epochs).get(factors.model), plan.vocabulary) for seed, factors in wanted
    )


def config_of(factors: Factors, seed: int, epochs: int | None = None, vocabulary: Vocabulary = TWELVE) -> RunConfig:
    """The settings of one training: of its preset, with what is varied. ``epochs`` None takes the preset's."""
    return preset_config(
        factors.model,
        setting=cast(Setting, factors.setting),
        epochs=epochs,
        seed=seed,
        vocabulary=vocabulary,
        n_mels=factors.n_mels,
        pcen=factors.pcen,
        **BASES[factors.basis][1],
    )


def _cell(factors: Factors, seed: int, epochs: int | None, vocabulary: Vocabulary) -> Cell:
    config = config_of(factors, seed, epochs, vocabulary)
    # A grid keeps the filters at the start and the end of each training, not how they evolved.
    return Cell(factors, seed, dataclasses.replace(config, training=dataclasses.replace(config.training, snapshots=1)))


PLANS: dict[str, tuple[str, GridPlan]] = {
    "mels": (
        "How much training the spectrogram gains with few and with many mel filters, for the linear model.",
        GridPlan(n_mels=(10, 20, 30, 40)),
    ),
    "random": (
        "Whether training finds good mel filters from random ones, and how far the fixed random ones carry.",
        GridPlan(bases=("mel", "random")),
    ),
    "masked": (
        "What training makes of a spectrogram in which STFT bins 25 to 49 (833 to 1,633 Hz) are never heard.",
        GridPlan(bases=("mel", "masked")),
    ),
    "shapes": (
        "Filters that learn every weight against ones that learn a centre and a width alone.",
        GridPlan(settings=("A", "B", "D"), bases=("mel", "triangle", "bell")),
    ),
    "pays": (
        "Where a learned spectrogram may pay: few and many mel filters, trained in noise, with and without PCEN. "
        "An hour or two for the linear model on two cores.",
        GridPlan(models=("linear-in-noise",), settings=("A", "B"), n_mels=(10, 40), pcens=tuple(PCENS), seeds=10),
    ),
    "map": (
        "The whole map: 5 to 40 mel filters, textbook and random ones, all settings, with and without PCEN, trained "
        "clean and in noise, a linear model and the smallest BC-ResNet. Days on a GPU.",
        GridPlan(
            models=("linear", "linear-in-noise", "bcresnet-1", "bcresnet-1-in-noise"),
            n_mels=(5, 8, 10, 20, 40),
            bases=("mel", "random"),
            pcens=tuple(PCENS),
            seeds=10,
            epochs=(("bcresnet-1", 30), ("bcresnet-1-in-noise", 30)),
        ),
    ),
    "paper": (
        "The experiments of Heung, Cheuk and Herremans (2022) on keyword spotting: 10 to 40 mel filters, textbook and "
        "random ones, a linear model and the smallest BC-ResNet. Days on a laptop's processor.",
        GridPlan(models=("linear", "bcresnet-1"), n_mels=(10, 20, 30, 40), bases=("mel", "random")),
    ),
}
"""Named plans: what they ask, and what they train."""


def plan_named(name: str, changes: Mapping[str, Any]) -> GridPlan:
    """A named plan with other values for some of its fields.

    Raises:
        ConfigError: If there is no such plan, or a value cannot work.

    >>> len(plan_named("random", {"seeds": 1}).cells())
    8
    """
    if name not in PLANS:
        raise ConfigError(f"There is no plan {name!r}; choose one of {', '.join(PLANS)}.")
    return from_dict(GridPlan, {**to_dict(PLANS[name][1]), **changes})
