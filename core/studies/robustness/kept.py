"""Measurements kept beside their run, so that a page draws them at once."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from core.config import LABELS, PROTOCOLS, Vocabulary
from core.records.robustness import Change, Robustness
from core.runs import keep

_WHOLE = ("rows", "truth", "noise", "answers")
_TEXTS = ("run", "checkpoint", "dataset", "data_key", "protocol")


def file_of(dataset: str, protocol: str, kind: Change, n_clips: int | None, seed: int = 0) -> str:
    """The name under which a measurement is kept with a run.

    >>> file_of("Demo words", "official", "noise", 600)
    'robustness-noise-demo-words-official-600-0.npz'
    """
    return STUDY.file(kind, dataset, protocol, n_clips or "all", seed)


def _arrays(record: Robustness) -> dict[str, Any]:
    return vars(record) | {
        "values": [np.nan if value is None else value for value in record.values],
        "noises": np.array(record.noises, np.str_),
        "labels": np.array(record.labels, np.str_),
        **{name: getattr(record, name).astype(np.int8) for name in ("truth", "noise", "answers")},
        **{name: getattr(record, name).astype(np.float16) for name in ("scores", "truth_scores")},
    }


def _record(kept: dict[str, Any]) -> Robustness:
    values: dict[str, Any] = {name: str(kept[name]) for name in (*_TEXTS, "kind")}
    values |= {name: kept[name].astype(np.int64) for name in _WHOLE}
    values |= {name: kept[name].astype(np.float32) for name in ("scores", "truth_scores")}
    values |= {name: int(kept[name]) for name in ("seed", "n_all")}
    values["values"] = tuple(None if np.isnan(value) else float(value) for value in kept["values"])
    values["noises"] = tuple(map(str, kept["noises"].tolist()))
    # Those kept before models had words of their own do not name them.
    values["labels"] = tuple(map(str, kept["labels"].tolist())) if "labels" in kept else LABELS
    record = Robustness(**values)
    _check(record)
    return record


def _check(record: Robustness) -> None:
    """A ValueError where a number points at nothing."""
    labels, noises = len(Vocabulary.of_labels(record.labels).labels), max(1, len(record.noises))
    if not (record.values and record.n):
        raise ValueError("it holds no answers")
    if record.kind not in get_args(Change) or record.protocol not in PROTOCOLS:
        raise ValueError(f"there is no change {record.kind!r:.40} or no protocol {record.protocol!r:.40}")
    for numbers, most in ((record.truth, labels), (record.answers, labels), (record.noise, noises)):
        if numbers.min() < 0 or numbers.max() >= most:
            raise ValueError(f"it has a number that does not lie between 0 and {most - 1}")


STUDY = keep.Study(
    name="robustness",
    title="measurement",
    again="Measure again.",
    version=1,
    write=_arrays,
    read=_record,
    arrays={
        **dict.fromkeys((*_TEXTS, "kind"), "U"),
        "seed": "i",
        "n_all": "i",
        "values": "F values",
        "noises": "U noises",
        "labels?": "U labels",
        "rows": "i n",
        "truth": "i n",
        "noise": "i n",
        "answers": "i values n",
        "scores": "f values n",
        "truth_scores": "f values n",
    },
)
