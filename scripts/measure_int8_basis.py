"""Which bases survive int8: every shipped model with its mel filters, its STFT kernels and its log-mels rounded.

    python scripts/measure_int8_basis.py RUN [RUN ...] --data ROOT

Weights are rounded to 255 steps, of each filter or kernel by its own largest weight, or of all by the largest of all.
Log-mels are rounded to 256 steps between the lowest and the highest value that training clips reach, of all bands
together. Everything else stays float32. One JSON object for each model and rounding: accuracy on the official test set,
and the difference to the model as it is (Bonett and Price's interval for the same clips).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.pack import open_data
from core.data.packed import Pack
from core.models import KeywordSpotter, build_model
from core.statistics import pairs_of
from core.training.batches import BATCH, Clips
from core.training.checkpoint import load_checkpoint

STEPS = 127
RANGE_CLIPS = 1_000


def rounded(weights: Tensor, *, each: bool) -> Tensor:
    """Weights (n, ...) as int8 would hold them, with a scale for each of the n or one for all."""
    largest = weights.flatten(1).abs().amax(dim=1) if each else weights.abs().max().expand(len(weights))
    scale = (largest / STEPS).clamp_min(1e-30).view(-1, *[1] * (weights.ndim - 1))
    return torch.round(weights / scale) * scale


def right(
    model: KeywordSpotter, pack: Pack, change: Callable[[Tensor], Tensor] = lambda log_mel: log_mel
) -> NDArray[np.bool_]:
    """Which clips of the official test set are answered right, (n,)."""
    rows, clips = torch.from_numpy(pack.indices("official")), Clips(pack, torch.device("cpu"))
    with torch.inference_mode():
        found = [
            model.classify(change(model.front_end(clips.waveforms(part)))).argmax(dim=1) == clips.labels[part]
            for part in rows.split(BATCH)
        ]
    return torch.cat(found).numpy()


def eight_bits(model: KeywordSpotter, pack: Pack) -> Callable[[Tensor], Tensor]:
    """Rounds log-mels to 256 steps over what training clips reach."""
    rows, clips = torch.from_numpy(pack.indices("train")[:RANGE_CLIPS]), Clips(pack, torch.device("cpu"))
    with torch.inference_mode():
        log_mels = torch.cat([model.front_end(clips.waveforms(part)) for part in rows.split(BATCH)])
    low, high = float(log_mels.min()), float(log_mels.max())
    step = (high - low) / 255
    return lambda log_mel: torch.round((log_mel.clamp(low, high) - low) / step) * step + low


def ways(path: Path, pack: Pack) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Every rounding by name, and which clips are answered right with it."""
    checkpoint = load_checkpoint(path)

    def fresh() -> KeywordSpotter:
        model = build_model(checkpoint.config)
        model.load_state_dict(checkpoint.weights)
        return model.eval()

    yield "as it is", right(fresh(), pack)
    for mel, kernels, each in ((1, 0, 1), (1, 0, 0), (0, 1, 1), (0, 1, 0), (1, 1, 1)):
        model = fresh()
        layer = model.front_end.layer
        chosen = [layer.mel_basis] * mel + [layer.stft.wcos, layer.stft.wsin] * kernels
        with torch.no_grad():
            for weights in chosen:
                weights.copy_(rounded(weights, each=bool(each)))
        what = " and ".join(["mel filters"] * mel + ["kernels"] * kernels)
        yield f"{what}, a scale for {'each' if each else 'all'}", right(model, pack)
    model = fresh()
    yield "log-mels", right(model, pack, eight_bits(model, pack))


def main(runs: list[Path], root: Path) -> None:
    """Measure and print."""
    pack = open_data(root)
    for run in runs:
        as_it_is: NDArray[np.bool_] | None = None
        for name, answered in ways(run, pack):
            as_it_is = answered if as_it_is is None else as_it_is
            pairs = pairs_of(as_it_is, answered)
            low, high = pairs.interval
            found = {"accuracy": float(answered.mean()), "difference": pairs.gain, "low": low, "high": high}
            print(json.dumps({"run": run.name, "rounded": name, **found, "p": pairs.p}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--data", type=Path, required=True, metavar="ROOT")
    options = parser.parse_args()
    main(options.runs, options.data)
