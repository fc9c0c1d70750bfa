"""The sound behind an evaluation: it names its clips, and a dataset on this computer may still hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import OWN
from core.data.pack import Pack
from core.errors import DataError
from core.metrics import file_speakers
from core.records.arrays import Waveform
from core.records.evaluation import Evaluation
from dashboard.shared import cache, clip_choice, state
from dashboard.shared.wording import plain


@dataclass(frozen=True, eq=False)
class ClipSource:
    """Where each clip of an evaluation lies in a pack: ``rows``, (n,), with -1 for one that is not there any more."""

    pack: Pack
    rows: NDArray[np.int64]

    def sound(self, number: int) -> Waveform | None:
        """A clip of the evaluation as a waveform; None if the dataset has lost it."""
        return self.pack.clip(int(self.rows[number])) if self.rows[number] >= 0 else None

    @property
    def found(self) -> NDArray[np.int64]:
        """Numbers of the clips of the evaluation that are there."""
        return np.flatnonzero(self.rows >= 0)


def find(evaluation: Evaluation) -> ClipSource | None:
    """The clips of an evaluation, if their dataset is prepared on this computer: the chosen one, or one known of."""
    if len(evaluation.clip_files) != len(evaluation.truth):
        return None
    for pack in _packs(evaluation.protocol):
        if pack.title == evaluation.dataset:
            rows = np.flatnonzero(pack.splits == evaluation.protocol)
            row_of = dict(zip(pack.files[rows].tolist(), rows.tolist(), strict=True))
            found = np.array([row_of.get(file, -1) for file in evaluation.clip_files], dtype=np.int64)
            return ClipSource(pack, found) if (found >= 0).any() else None
    return None


def _packs(protocol: str) -> Iterator[Pack]:
    if protocol == OWN:
        try:
            yield cache.own_recordings()
        except DataError:
            return
        return
    seen: set[Path | None] = set()
    for find_root in (state.data_root, state.environment_root, lambda: None):
        try:
            root = find_root()
            pack = None if root in seen else cache.data(root)
        except DataError:
            continue
        seen.add(root)
        if pack is not None:
            yield pack


def speakers(evaluation: Evaluation, source: ClipSource | None) -> tuple[str, ...]:
    """Who speaks in each clip, from the dataset or else from the names of the files; empty where nobody is known."""
    if source is None:
        return file_speakers(evaluation.clip_files)
    return tuple(str(source.pack.speakers[row]) if row >= 0 else "" for row in source.rows)


def say_what_is_missing(evaluation: Evaluation, why: str) -> None:
    """In place of what needs the sound: how to get it. ``why`` completes "To …"."""
    if not evaluation.clip_files:
        st.info("This evaluation is older and does not name its clips. Evaluate again.", icon=":material/update:")
        return
    if evaluation.protocol == OWN:
        st.info(f"To {why}, the recordings have to be there; they were deleted.", icon=":material/volume_off:")
        return
    clip_choice.need_dataset(
        f"To {why}, the sound itself is needed, and {plain(evaluation.dataset)} is not ready on this computer. Choose "
        "and prepare it under Train, Data; everything that needs only the answers is shown without.",
        icon=":material/volume_off:",
    )
