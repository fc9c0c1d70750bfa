"""What a run has done so far: a report an epoch, the filters on their way, and its log."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from core.config import from_dict
from core.errors import WriteError
from core.files.strict import parse_json, read_arrays, read_bytes, to_json
from core.files.writing import write_arrays
from core.records.arrays import FloatArray
from core.records.filters import FilterSnapshot
from core.records.training import EpochReport
from core.runs.layout import KERNELS, LOG, MEL_EVOLUTION, MOVING, PROGRESS

LONGEST_PROGRESS = 2**23
"""Bytes of the reports that are read (8 MB); those of ten thousand epochs have half of it."""


def read_progress(folder: Path) -> list[EpochReport]:
    """The reports of the epochs so far; a line cut short by a crash is left out."""
    try:
        lines = read_bytes(folder / PROGRESS, LONGEST_PROGRESS).splitlines()
    except (OSError, ValueError):
        return []
    reports: dict[int, EpochReport] = {}
    for line in lines:
        try:
            report = from_dict(EpochReport, parse_json(line))
        except ValueError:
            continue
        if 0 <= report.epoch <= report.epochs <= 10_000:
            reports[report.epoch] = report  # an epoch repeated after a crash counts once
    return [reports[epoch] for epoch in sorted(reports)]


def append_progress(folder: Path, report: EpochReport) -> None:
    """Add one epoch's report, on a line of its own also behind one that was cut short.

    Raises:
        WriteError: If it cannot be written.
    """
    path = folder / PROGRESS
    try:
        with path.open("ab+") as file:
            file.seek(max(0, file.tell() - 1))
            end = b"" if file.read() in (b"", b"\n") else b"\n"
            file.write(end + to_json(dataclasses.asdict(report)).encode() + b"\n")
    except OSError as error:
        raise WriteError(error, path) from error


def read_log(folder: Path, last_bytes: int = 20_000) -> str:
    """The end of what the worker printed."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, (folder / LOG).stat().st_size - last_bytes))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def snapshot_epochs(epochs: int, snapshots: int) -> set[int]:
    """Epochs whose filters are kept: the start, the end, and some between, denser early on, where more moves.

    >>> sorted(snapshot_epochs(20, 4))
    [0, 1, 5, 11, 20]
    """
    share = np.linspace(0, 1, snapshots + 1)[1:] ** 2
    return {0, 1, *(max(1, round(float(epochs * part))) for part in share)} if snapshots > 1 else {0, epochs}


def keep_filters(folder: Path, snapshot: FilterSnapshot, *, kernels: bool) -> None:
    """Add the filters of an epoch to the run's evolution; the kernels only where they are trained."""
    kept = {one.epoch: one.mel_basis for one in evolution(folder)} | {snapshot.epoch: snapshot.mel_basis}
    epochs = sorted(kept)
    mel = np.stack([kept[epoch] for epoch in epochs])
    write_arrays(folder / MEL_EVOLUTION, {"epochs": np.array(epochs), "mel_basis": mel})
    if kernels:
        path = folder / KERNELS.format(epoch=snapshot.epoch)
        # Half precision keeps three digits, enough to draw a kernel by.
        arrays = {"cos": snapshot.stft_cos.astype(np.float16), "sin": snapshot.stft_sin.astype(np.float16)}
        write_arrays(path, arrays)


def evolution(folder: Path) -> list[FilterSnapshot]:
    """Filters at the kept epochs, earliest first; kernels are empty arrays where none were kept."""
    try:
        saved = read_arrays(folder / MEL_EVOLUTION, {"epochs": "i n", "mel_basis": "f n mels bins"})
    except ValueError:
        return []
    epochs, mels = saved["epochs"].tolist(), saved["mel_basis"].astype(np.float32, copy=False)
    if epochs != sorted(set(epochs)) or mels.size == 0 or not 0 <= epochs[0] <= epochs[-1] <= 10_000:
        return []
    return [FilterSnapshot(epoch, mel, *_kernels(folder, epoch)) for epoch, mel in zip(epochs, mels, strict=True)]


def keep_moving(folder: Path, epoch: int, mel_basis: FloatArray) -> None:
    """Show the mel filters as they are within an epoch, over what was shown before; where nothing can be written, not.

    Args:
        folder: Of the run.
        epoch: The epoch that goes on, from 1.
        mel_basis: (n_mels, n_bins).
    """
    with suppress(WriteError):
        write_arrays(folder / MOVING, {"epoch": epoch, "mel_basis": mel_basis})


def forget_moving(folder: Path) -> None:
    """Remove what ``keep_moving`` shows: nothing moves in a run that has ended."""
    with suppress(OSError):
        (folder / MOVING).unlink()


def moving_filters(folder: Path) -> FilterSnapshot | None:
    """The mel filters as a run that is training last showed them, without kernels; None where it has not."""
    try:
        saved = read_arrays(folder / MOVING, {"epoch": "i", "mel_basis": "f mels bins"})
    except ValueError:
        return None
    empty = np.zeros((0, 0), np.float32)
    return FilterSnapshot(int(saved["epoch"]), saved["mel_basis"].astype(np.float32, copy=False), empty, empty)


def _kernels(folder: Path, epoch: int) -> tuple[Any, Any]:
    try:
        saved = read_arrays(folder / KERNELS.format(epoch=epoch), {"cos": "f bins fft", "sin": "f bins fft"})
        return saved["cos"].astype(np.float32), saved["sin"].astype(np.float32)
    except ValueError:
        return np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
