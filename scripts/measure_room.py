"""What fitting a model to a room gains on test clips, over seeds: by ``adapt`` itself, on the official test set.

    python scripts/measure_room.py RUN [RUN ...] --rooms FILE [FILE ...] --data ROOT [--seeds 3]

Each file is the noise of one room: every other second is learned from, the rest is what the test clips are heard in.
One JSON object for each model, room, seed and condition: accuracy before and after, and the difference with Bonett and
Price's interval for the same clips.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.noises import recordings_of
from core.data.pack import open_data
from core.jobs.room import CONDITIONS
from core.models import KeywordSpotter
from core.statistics import pairs_of
from core.training import room as rooms
from core.training.batches import Clips
from core.training.checkpoint import load_checkpoint


def main(runs: list[Path], files: list[Path], root: Path, seeds: int) -> None:
    """Measure and print."""
    device = torch.device("cpu")
    for run in runs:
        checkpoint = load_checkpoint(run)
        data = open_data(root, vocabulary=checkpoint.config.vocabulary)
        clips, rows = Clips(data, device), torch.from_numpy(data.indices("official"))
        truth = data.labels[rows.numpy()]
        for file in files:
            room = rooms.room_of(recordings_of([file])[0], clips, data)

            def right(model: KeywordSpotter, room: rooms.Room = room) -> dict[str, NDArray[np.bool_]]:
                return {
                    name: rooms.answers(model, rooms.in_room(clips, rows, room, snr_db)) == truth  # noqa: B023
                    for name, snr_db in CONDITIONS.items()
                }

            before = right(checkpoint.model(device))
            for seed in range(seeds):
                model = checkpoint.model(device)
                rooms.adapt(model, clips, data, room, seed=seed)
                for name, after in right(model).items():
                    pairs = pairs_of(before[name], after)
                    low, high = pairs.interval
                    said = {"run": run.name, "room": file.stem, "seed": seed, "condition": name}
                    found = {"before": float(before[name].mean()), "after": float(after.mean())}
                    print(json.dumps({**said, **found, "low": low, "high": high}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--rooms", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--data", type=Path, required=True, metavar="ROOT")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    main(options.runs, options.rooms, options.data, options.seeds)
