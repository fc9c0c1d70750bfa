"""How a model that was fitted to a room fares: the record beside it, and sounds in which its answer changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES
from core.errors import CheckpointError
from core.files.strict import read_arrays
from core.files.writing import write_arrays
from core.records.room import Adaptation
from core.runs import keep

STUDY = keep.json_study(Adaptation, "room", "record of a room", again="Fit it to the room again.")

EXAMPLES = "room-examples.npz"
"""Sounds in which the answer changed, beside the model."""

_LABELS = ("truth", "before", "after")

_ARRAYS = {"sounds": f"i n {CLIP_SAMPLES}", **dict.fromkeys(_LABELS, "U n")}


@dataclass(frozen=True)
class Example:
    """A clip in the room's noise that one of both models answers right."""

    sound: NDArray[np.int16]
    """(16000,)"""
    truth: str
    before: str
    after: str


def kept(run: Path) -> Adaptation | None:
    """What is known of the room that a run was fitted to; None where it was fitted to none.

    Raises:
        DataError: If the record is damaged.
    """
    return keep.load_beside(STUDY, run)


def write_examples(run: Path, examples: list[Example]) -> None:
    """Keep sounds beside the model."""
    sounds = np.array([one.sound for one in examples], np.int16).reshape(len(examples), CLIP_SAMPLES)
    labels = {name: np.array([getattr(one, name) for one in examples], np.str_) for name in _LABELS}
    write_arrays(run / EXAMPLES, {"sounds": sounds, **labels})


def read_examples(run: Path) -> list[Example]:
    """These sounds; none where none were kept.

    Raises:
        CheckpointError: If they are damaged.
    """
    path = run / EXAMPLES
    if not path.exists():
        return []
    try:
        saved = read_arrays(path, _ARRAYS)
    except ValueError as error:
        raise CheckpointError(
            f"{EXAMPLES} of {run.name} cannot be used: {error}. Fit the model to the room again."
        ) from error
    labels = zip(*(saved[name].tolist() for name in _LABELS), strict=True)
    return [Example(sound, *said) for sound, said in zip(saved["sounds"].astype(np.int16), labels, strict=True)]
