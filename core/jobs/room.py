"""Fitting a model to a room: joins ``core.training.room`` (memory) with the folder of a run (files)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.config import RunConfig
from core.data.noises import recordings_of
from core.data.pack import open_data
from core.data.source import Progress
from core.device import choose_device
from core.fast import choose
from core.records.room import QUIET, Adaptation, RoomScore
from core.runs import BEST, keep
from core.sound.wav import FULL_SCALE
from core.statistics import pairs_of, sample
from core.studies.room import STUDY, Example, write_examples
from core.training import room as rooms
from core.training.batches import BATCH, Clips
from core.training.checkpoint import Checkpoint, checkpoint_of, save_checkpoint
from core.training.start import begin_with

CONDITIONS: dict[str, float] = {QUIET: float("inf"), "10 dB": 10.0, "0 dB": 0.0}
"""What is measured, and how far words of usual loudness stand out of the noise there (dB)."""

SHOWN = "10 dB"
"""The condition that sounds are kept of."""

N_CLIPS = 1_000
"""Clips of the validation split that are measured, at most."""

MADE_RIGHT, MADE_WRONG = 6, 3
"""Sounds that are kept at most: those that only the fitted model answers right, and those that only the other did."""


@dataclass(frozen=True, eq=False)
class Adapted:
    """What came of it, nothing of it kept yet."""

    checkpoint: Checkpoint
    report: Adaptation
    examples: list[Example]


def adapt(
    folder: Path,
    config: RunConfig,
    start: Checkpoint,
    root: Path | None,
    background: tuple[Path, ...],
    device: str | None,
    progress: Progress | None = None,
) -> Adapted:
    """Fit a model to a room, and measure it before and after.

    Args:
        folder: Of the run.
        config: Its settings.
        start: The model.
        root: Words to learn from and to measure with; None for the demo words.
        background: Recordings of the room, or folders of them.
        device: "cpu" or "cuda"; None for the fastest.
        progress: Called with what is done; raising in it cancels.

    Raises:
        DataError: If there is too little noise, or the data have no such words.
        ConfigError: If the model has nothing to fit.
    """
    where = choose_device(device)
    recordings, _ = recordings_of(background)
    data = open_data(root, vocabulary=config.vocabulary, progress=progress)
    data.summary().require_trainable()
    clips = Clips(data, where)
    room = rooms.room_of(recordings, clips, data)
    model = choose.model(config, where)
    begin_with(model, start, config.vocabulary)
    model.eval()
    every = data.indices("validation")
    rows = torch.from_numpy(every[sample(data.labels[every], N_CLIPS)])
    done, total = 0, 2 * len(CONDITIONS) * len(rows) + rooms.STEPS * BATCH

    def tell(n: int) -> None:
        nonlocal done
        done += n
        if progress:
            progress(done, total, "Fitting to the room (clips)")

    def answer() -> dict[str, NDArray[np.int64]]:
        return {
            name: rooms.answers(model, rooms.in_room(clips, rows, room, snr_db), tell)
            for name, snr_db in CONDITIONS.items()
        }

    before = answer()
    rooms.adapt(model, clips, data, room, seed=config.training.seed, on_step=lambda _step, _steps: tell(BATCH))
    after = answer()
    truth = data.labels[rows.numpy()]
    scores = tuple(RoomScore(name, pairs_of(before[name] == truth, after[name] == truth)) for name in CONDITIONS)
    report = Adaptation(
        run=folder.name,
        start=config.start.name,
        fitted="bands" if model.pcen is None else "pcen",
        dataset=data.title,
        synthetic=data.synthetic,
        room_s=sum(map(len, recordings.values())) / config.front_end.sample_rate,
        scores=scores,
        data_key=data.content,
    )
    chosen = _changed(before[SHOWN] == truth, after[SHOWN] == truth)
    labels = config.vocabulary.labels
    sounds = torch.cat([one.cpu() for one in rooms.in_room(clips, rows, room, CONDITIONS[SHOWN])])
    examples = [
        Example(
            (sounds[place] * (FULL_SCALE - 1)).round().to(torch.int16).numpy(),
            *(labels[int(which[place])] for which in (truth, before[SHOWN], after[SHOWN])),
        )
        for place in chosen
    ]
    quiet = next(one for one in scores if one.condition == QUIET)
    checkpoint = checkpoint_of(model, config, epoch=1, validation_accuracy=quiet.after, dataset=data.title)
    return Adapted(checkpoint, report, examples)


def keep_adapted(folder: Path, adapted: Adapted) -> None:
    """Keep the model, what is known of it and what can be heard, in the folder of its run."""
    save_checkpoint(folder / BEST, adapted.checkpoint)
    write_examples(folder, adapted.examples)
    keep.save(STUDY, folder, STUDY.file(), replace(adapted.report, checkpoint=keep.model_hash(folder)))


def _changed(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> list[int]:
    """Places of some clips whose answer became right, and of some whose became wrong."""
    random = np.random.default_rng(0)
    made = [(~before & after, MADE_RIGHT), (before & ~after, MADE_WRONG)]
    return [int(place) for which, n in made for place in random.permutation(np.flatnonzero(which))[:n]]
