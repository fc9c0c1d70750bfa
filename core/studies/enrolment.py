"""How well enrolled words fare: the record beside the model, and what its recordings may not be used for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.kept_clips import Clip, key_of
from core.data.pack import Pack
from core.errors import DataError
from core.records.enrolment import Enrolment
from core.runs import keep
from core.text import printable_name

STUDY = keep.json_study(Enrolment, "enrolment", "record of enrolled words", again="Enrol them again.")


def kept(run: Path) -> Enrolment | None:
    """What is known of the words that a run enrolled; None where it enrolled none.

    Raises:
        DataError: If the record is damaged.
    """
    return keep.load_beside(STUDY, run)


def content_of(clip: Clip) -> str:
    """What names the sound of a clip (16000,) in a record."""
    return key_of(clip)[:16]


def require_unheard(run: Path, data: Pack, rows: NDArray[np.int64]) -> None:
    """Refuse to test a model on recordings that it was enrolled with.

    Raises:
        DataError: If one of the clips, sample by sample, is one of those.
    """
    record = kept(run)
    if record is None:
        return
    heard = frozenset(record.heard)
    for row in rows:
        if content_of(data.clips[row]) in heard:
            raise DataError(
                f"{printable_name(data.files[row])} is one of the recordings that {run.name} was enrolled with: a "
                "score on it would flatter. Give other recordings with --data, or name those to test with in a "
                "testing_list.txt and enrol again."
            )
