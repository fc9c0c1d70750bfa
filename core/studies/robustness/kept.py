"""Measurements kept beside their run, so that a page draws them at once; and as a table for other programs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast, get_args

import numpy as np

from core.config import LABELS, PROTOCOLS
from core.errors import DataError, RunError
from core.files.strict import read_arrays
from core.files.writing import write_arrays
from core.runs.results_folder import make_room, results_folder
from core.studies.robustness.changes import Kind, Robustness, noise_title

FORMAT, VERSION = "earshot-robustness", 1

ARRAYS = {
    "format": "U", "version": "i", "run": "U", "checkpoint": "U", "dataset": "U", "data_key": "U", "protocol": "U",
    "kind": "U", "seed": "i", "n_all": "i", "values": "F values", "rows": "i n", "truth": "i n", "noises": "U noises",
    "noise": "i n", "answers": "i values n", "scores": "f values n", "truth_scores": "f values n",
}  # fmt: skip
"""What the file of a measurement holds (see ``core.files.strict.arrays_of``)."""

COLUMNS = (
    "model", "checkpoint", "dataset", "protocol", "change", "value", "noise", "clips", "right", "accuracy", "low",
    "high", "clips_of_protocol", "seed",
)  # fmt: skip


def kept_path(run: Path, dataset: str, protocol: str, kind: Kind, *, n_clips: int | None, seed: int = 0) -> Path:
    """Where a measurement is kept.

    >>> kept_path(Path(), "Demo words", "official", "noise", n_clips=600).name
    'robustness-noise-demo-words-official-600-0.npz'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")
    name = f"robustness-{kind}-{slug}-{protocol}-{n_clips or 'all'}-{seed}.npz"
    return results_folder(run) / name


def save(path: Path, record: Robustness) -> None:
    """Keep a measurement, whole or not at all.

    Raises:
        RunError: If nothing can be written there.
    """
    try:
        make_room(path)
        write_arrays(
            path,
            {
                "format": FORMAT, "version": VERSION, "run": record.run, "checkpoint": record.checkpoint,
                "dataset": record.dataset, "data_key": record.data_key, "protocol": record.protocol,
                "kind": record.kind, "seed": record.seed, "n_all": record.n_all,
                "values": [np.nan if value is None else value for value in record.values],
                "rows": record.rows, "truth": record.truth.astype(np.int8), "noises": np.array(record.noises, np.str_),
                "noise": record.noise.astype(np.int8), "answers": record.answers.astype(np.int8),
                "scores": record.scores.astype(np.float16), "truth_scores": record.truth_scores.astype(np.float16),
            },
        )  # fmt: skip
    except OSError as error:
        raise RunError(
            f"The measurement cannot be kept in {path.parent} ({error.strerror}). Make the folder writable."
        ) from error


def load(path: Path) -> Robustness:
    """Read a measurement back.

    Raises:
        DataError: If the file is missing, damaged or of another version.
    """
    try:
        kept = read_arrays(path, ARRAYS)
        if (str(kept["format"]), int(kept["version"])) != (FORMAT, VERSION):
            raise ValueError(f"it is {kept['format']!s} version {kept['version']!s}, not {FORMAT} version {VERSION}")
        record = Robustness(
            run=str(kept["run"]),
            checkpoint=str(kept["checkpoint"]),
            dataset=str(kept["dataset"]),
            data_key=str(kept["data_key"]),
            protocol=str(kept["protocol"]),
            kind=cast(Kind, str(kept["kind"])),
            seed=int(kept["seed"]),
            n_all=int(kept["n_all"]),
            values=tuple(None if np.isnan(value) else float(value) for value in kept["values"]),
            rows=kept["rows"].astype(np.int64),
            truth=kept["truth"].astype(np.int64),
            noises=tuple(map(str, kept["noises"].tolist())),
            noise=kept["noise"].astype(np.int64),
            answers=kept["answers"].astype(np.int64),
            scores=kept["scores"].astype(np.float32),
            truth_scores=kept["truth_scores"].astype(np.float32),
        )
        _check(record)
    except ValueError as error:
        raise DataError(f"The measurement {path.name} cannot be read ({error}). Measure again.") from error
    return record


def _check(record: Robustness) -> None:
    """A ValueError where a number points at nothing."""
    labels, noises = len(LABELS), max(1, len(record.noises))
    if not (record.values and record.n):
        raise ValueError("it holds no answers")
    if record.kind not in get_args(Kind) or record.protocol not in PROTOCOLS:
        raise ValueError(f"there is no change {record.kind!r:.40} or no protocol {record.protocol!r:.40}")
    for numbers, most in ((record.truth, labels), (record.answers, labels), (record.noise, noises)):
        if numbers.min() < 0 or numbers.max() >= most:
            raise ValueError(f"it has a number that does not lie between 0 and {most - 1}")


def as_csv(records: Sequence[Robustness]) -> str:
    """Measurements as a table: a row for each model and value, and for each noise apart."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        writer.writerows(_rows(record))
    return file.getvalue()


def _rows(record: Robustness) -> Iterator[list[object]]:
    groups = [("all" if record.noises else "", np.ones(record.n, bool))]
    groups += [(noise_title(name), record.noise == number) for number, name in enumerate(record.noises)]
    for title, clips in groups:
        n = int(clips.sum())
        accuracy, low, high = record.accuracy(clips)
        for step, value in enumerate(record.values):
            if n:
                yield [
                    record.run, record.checkpoint[:12], record.dataset, record.protocol, record.kind,
                    "clean" if value is None else f"{value:g}", title, n, int(record.right[step, clips].sum()),
                    f"{accuracy[step]:.4f}", f"{low[step]:.4f}", f"{high[step]:.4f}", record.n_all, record.seed,
                ]  # fmt: skip
