"""A model's answers to every clip of a protocol, the scores that follow from them, and how they are kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.config import PROTOCOLS, protocol_title
from core.data.pack import Pack
from core.data.source import Progress
from core.device import choose_device
from core.errors import ConfigError
from core.fast.mel import FastMel
from core.fast.shared import Shared
from core.models import probabilities_of
from core.records.evaluation import ClassScores, Evaluation, Scores
from core.runs import keep
from core.statistics import share_interval
from core.studies.enrolment import require_unheard
from core.training.batches import BATCH, Clips
from core.training.checkpoint import load_checkpoint


def evaluate(
    path: Path,
    data: Pack,
    protocol: str,
    *,
    device: str | None = None,
    progress: Progress | None = None,
    shared: Shared | None = None,
) -> Evaluation:
    """Answer every clip of a protocol that has a label in the model's vocabulary.

    Args:
        path: Run folder or checkpoint file.
        data: The clips.
        protocol: One of ``config.PROTOCOLS``.
        device: "cpu" or "cuda"; None for the fastest.
        progress: Called with clips done, clips in all, and what is being done.
        shared: Where log-mels are kept for models whose spectrogram did not learn either, and is the same.

    Raises:
        CheckpointError: If the model cannot be loaded.
        DataError: If the data have no clips of that protocol, or none of the model's words among them, or clips that
            the model was enrolled with.
        RunError: If the model was replaced meanwhile.
    """
    from sklearn.metrics import confusion_matrix  # takes half a second, which no training shall wait to begin

    if protocol not in PROTOCOLS:
        raise ConfigError(f"There is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    place = choose_device(device)
    logits = []
    with keep.unchanged(path) as checkpoint, torch.inference_mode():
        loaded = load_checkpoint(path)
        vocabulary = loaded.config.vocabulary
        data = data.with_words(vocabulary)
        rows = data.indices(protocol)
        require_unheard(path, data, rows)
        model, clips = loaded.model(place), Clips(data, place)
        front_end = cast(FastMel, model.front_end)
        kept = shared if loaded.config.front_end.setting == "A" else None
        decides = kept and (front_end.decides_log_mels(), kept.number(data))
        for part in torch.from_numpy(rows).split(BATCH):
            log_mels = partial(_log_mels, front_end, clips, part)
            log_mel = kept.once((decides, part.numpy().tobytes()), log_mels) if kept else log_mels()
            logits.append(model.classify(log_mel).float().cpu())
            if progress:
                progress(sum(map(len, logits)), len(rows), f"Evaluating on the {protocol_title(protocol, vocabulary)}")
    answers = torch.cat(logits)
    truth = data.labels[rows]
    return Evaluation(
        run=keep.name_of(path),
        dataset=data.title,
        protocol=protocol,
        labels=vocabulary.labels,
        confusion=confusion_matrix(truth, answers.argmax(dim=1).numpy(), labels=range(len(vocabulary.labels))),
        loss=float(functional.cross_entropy(answers, torch.from_numpy(truth))),
        probabilities=probabilities_of(answers).numpy(),
        truth=truth,
        clip_words=tuple(data.words[rows].tolist()),
        clip_files=tuple(data.files[rows].tolist()),
        checkpoint=checkpoint,
        data_key=data.content,
    )


def _log_mels(front_end: FastMel, clips: Clips, rows: Tensor) -> Tensor:
    return cast(Tensor, front_end(clips.waveforms(rows)))


def scores(evaluation: Evaluation) -> Scores:
    """Accuracy with its 95 % Wilson interval, the trivial baseline, and precision, recall and F1 (scikit-learn).

    The interval takes clips as independent; clips of one speaker are not quite, so the truth is a little wider.
    """
    from sklearn.metrics import precision_recall_fscore_support

    truth, answers = evaluation.truth, evaluation.answers
    present = np.flatnonzero(evaluation.confusion.sum(axis=1))
    correct = int(np.trace(evaluation.confusion))
    most = int(evaluation.confusion.sum(axis=1).argmax())

    numbers = range(len(evaluation.labels))
    every = precision_recall_fscore_support(truth, answers, labels=numbers, zero_division=0)
    averages: dict[str, Any] = {}
    for kind in ("micro", "macro", "weighted"):
        labels = numbers if kind == "micro" else present
        values = precision_recall_fscore_support(truth, answers, labels=labels, average=kind, zero_division=0)
        averages |= {f"{kind}_precision": values[0], f"{kind}_recall": values[1], f"{kind}_f1": values[2]}
    return Scores(
        n=evaluation.n,
        loss=evaluation.loss,
        accuracy=correct / evaluation.n,
        interval=share_interval(correct, evaluation.n),
        baseline=float(evaluation.confusion.sum(axis=1)[most] / evaluation.n),
        baseline_label=evaluation.labels[most],
        by_class=tuple(
            ClassScores(label, float(precision), float(recall), float(f1), int(n))
            for label, precision, recall, f1, n in zip(evaluation.labels, *every, strict=True)
        ),
        **{name: float(value) for name, value in averages.items()},
    )


def _arrays(evaluation: Evaluation) -> dict[str, Any]:
    return vars(evaluation) | {"probabilities": evaluation.probabilities.astype(np.float32)}


def _evaluation(saved: dict[str, Any]) -> Evaluation:
    texts = ("run", "dataset", "protocol", "checkpoint", "data_key")
    values = saved | {name: str(saved.get(name, "")) for name in texts}
    values |= {name: tuple(saved[name].tolist()) for name in ("labels", "clip_words", "clip_files")}
    evaluation = Evaluation(**values | {"loss": float(saved["loss"])})
    _check(evaluation)
    return evaluation


def _check(evaluation: Evaluation) -> None:
    """A ValueError where the parts of an evaluation contradict each other, or its scores could not be drawn."""
    truth, shares = evaluation.truth, evaluation.probabilities
    n_labels = len(evaluation.vocabulary.labels)
    if evaluation.protocol not in PROTOCOLS:
        raise ValueError("its protocol is not among those of this program")
    if len(truth) == 0 or truth.min() < 0 or truth.max() >= n_labels:
        raise ValueError("it has no clips, or clips of a label that does not exist")
    if len(evaluation.clip_words) not in (0, len(truth)):
        raise ValueError(f"it names {len(evaluation.clip_words)} of {len(truth)} clips")
    if shares.min() < 0 or not np.allclose(shares.sum(axis=1), 1, atol=0.01) or evaluation.loss < 0:
        raise ValueError("its probabilities are none")
    counts = np.bincount(truth, minlength=n_labels)
    if evaluation.confusion.min() < 0 or not np.array_equal(evaluation.confusion.sum(axis=1), counts):
        raise ValueError("its confusions are not those of its clips")


STUDY = keep.Study(
    name="evaluation",
    title="evaluation",
    again="Evaluate again.",
    version=1,
    write=_arrays,
    read=_evaluation,
    arrays={
        "run": "U",
        "dataset": "U",
        "protocol": "U",
        "labels": "U labels",
        "confusion": "i labels labels",
        "loss": "f",
        "probabilities": "f n labels",
        "truth": "i n",
        "clip_words": "U named",
        "clip_files": "U named",
        "checkpoint?": "U",
        "data_key?": "U",
    },
)
