"""Is it only the loudness of each band that learned mel filters bring into shape? The linear model, band by band.

    python scripts/measure_gain_match.py --data ROOT [--n-mels 10 40] [--seeds 5] [--starts mel random]

Without normalisation a network sees how loud each band is, and a learned filter may help by nothing but its gain. For
each start and seed three trainings, all else alike: the filters fixed (A), learned (B), and fixed again, but each with
the gain of its learned filter (G): mean power over the clips to train on. What G gains over A is conditioning; what B
gains over G is the filters' shape. A fourth, N, is A behind the usual normalisation, which makes every gain alike.
One JSON object a training, with the share of the official test set that its best epoch answers right.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
from pathlib import Path

import torch
from torch import Tensor

from core.config import RunConfig
from core.data.pack import open_data
from core.data.packed import Pack
from core.fast.malloc import keep_freed_memory
from core.training.batches import BATCH, Clips
from core.training.loop import Training
from core.training.presets import preset_config

UNMOVED = 1e-12
"""A step size that changes no weight: filters which are fixed, but not the textbook's."""

GAIN_CLIPS = 2_000
"""Clips to train on that a gain is measured with."""


def settings(start: str, n_mels: int, seed: int, setting: str, *, normalise: bool, mel_rate: float) -> RunConfig:
    """The linear model's preset with what is varied."""
    config = preset_config("linear", setting=setting, seed=seed, n_mels=n_mels, mel_start=start)
    return dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, normalise=normalise),
        training=dataclasses.replace(config.training, mel_rate=mel_rate),
    )


def band_power(training: Training, basis: Tensor) -> Tensor:
    """Mean power that filters (n_mels, n_bins) let through, (n_mels,)."""
    front_end = training.model.front_end
    rows = torch.from_numpy(training.rows[:GAIN_CLIPS])
    with torch.inference_mode():
        total = sum(
            front_end.power_by_frame(training.clips.waveforms(part)).mean(dim=(0, 1)) * len(part)
            for part in rows.split(BATCH)
        )
    return basis @ (total / len(rows))


def best_model(training: Training) -> tuple[dict[str, Tensor], float]:
    """Weights of the epoch that validates best, and its accuracy there."""
    best: dict[str, Tensor] = {}
    for report in training.epochs():
        if report.is_best:
            best = copy.deepcopy(training.model.state_dict())
    return best, training.best_accuracy


def test_accuracy(training: Training, weights: dict[str, Tensor], pack: Pack) -> float:
    """Share of the official test set answered right."""
    training.model.load_state_dict(weights)
    model = training.model.eval()
    rows, clips = torch.from_numpy(pack.indices("official")), Clips(pack, training.device)
    with torch.inference_mode():
        right = [(model(clips.waveforms(part)).argmax(dim=1) == clips.labels[part]).sum() for part in rows.split(BATCH)]
    return float(sum(right)) / len(rows)


def main(root: Path, n_mels: list[int], seeds: int, starts: list[str]) -> None:
    """Train, test and print."""
    keep_freed_memory()
    pack = open_data(root)
    rate = preset_config("linear").training.mel_rate
    for seed in range(seeds):
        for start in starts:
            for n in n_mels:
                gains: Tensor | None = None
                for name, setting, mel_rate in (
                    ("A", "A", rate),
                    ("B", "B", rate),
                    ("G", "B", UNMOVED),
                    ("N", "A", rate),
                ):
                    config = settings(start, n, seed, setting, normalise=name == "N", mel_rate=mel_rate)
                    training = Training(config, pack, "cpu")
                    basis = training.model.front_end.layer.mel_basis
                    if name == "G":
                        assert gains is not None
                        with torch.no_grad():
                            basis.mul_(gains[:, None])
                    begun = basis.detach().clone()
                    weights, validation = best_model(training)
                    if name == "B":
                        learned = weights["front_end.layer.mel_basis"]
                        gains = band_power(training, learned) / band_power(training, begun)
                    accuracy = test_accuracy(training, weights, pack)
                    said = {"start": start, "n_mels": n, "seed": seed, "way": name}
                    spread = {} if gains is None else {"gain_spread_db": float(10 * gains.log10().std())}
                    print(json.dumps({**said, "accuracy": accuracy, "validation": validation, **spread}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="ROOT")
    parser.add_argument("--n-mels", type=int, nargs="+", default=[10, 40])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--starts", nargs="+", default=["mel", "random"])
    options = parser.parse_args()
    main(options.data, options.n_mels, options.seeds, options.starts)
