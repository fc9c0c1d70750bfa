"""The card of an exported file: the file beside the model it was made from, on the same sounds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from core.data.source import Progress
from core.export.session import logits, open_session
from core.export.sounds import Clips, extreme_sounds
from core.inference.classifier import Classifier
from core.inference.one_thread import in_one_thread
from core.models import KeywordSpotter
from core.records.arrays import Waveform
from core.records.export import Compared, Measured, ParityCard
from core.training.batches import BATCH

Logits = NDArray[np.float32]

N_TIMED, N_WARM = 30, 5
"""Answers to one clip that are timed, and those before them that are not."""


def parity(
    run: Path,
    file: Path,
    model: KeywordSpotter,
    clips: Clips,
    float32: bytes,
    int8: bytes | None,
    *,
    name: str,
    checkpoint: str,
    progress: Progress | None = None,
) -> ParityCard:
    """Measure an exported file.

    Args:
        run: Run folder or checkpoint file, for the time of one clip.
        file: What the file will be called.
        model: The model itself, on the CPU.
        clips: Real clips.
        float32: The file in float32.
        int8: The file in int8, if there is one.
        name: What people call the run.
        checkpoint: SHA-256 of the model's file.
        progress: Called with clips done, clips in all, and what is being done.

    Raises:
        ExportError: If ONNX Runtime cannot open a file.
    """
    exact = open_session(float32)
    sounds = {"clips": clips.waveforms, **extreme_sounds(clips.waveforms)}
    compared, answers = [], {}
    for sound, waveforms in sounds.items():
        theirs = _answers(model, waveforms, progress)
        ours = logits(exact, waveforms)
        answers.setdefault("original", theirs)
        answers.setdefault("float32", ours)
        compared.append(_compared(sound, theirs, ours))
    one = clips.waveforms[:1]
    rounded = None
    if int8 is not None:
        session = open_session(int8)
        answers["int8"] = logits(session, clips.waveforms)
        rounded = _measured("int8", answers["int8"], clips, _time(session, one), len(int8))
    classifier = Classifier(run, "cpu")
    with in_one_thread():
        original_ms = _median_ms(lambda: classifier.probabilities(classifier.log_mel(one)))
    return ParityCard(
        file=file.name,
        sha256=hashlib.sha256(float32 if int8 is None else int8).hexdigest(),
        run=name,
        checkpoint=checkpoint,
        clips=clips.title,
        data_key=clips.data_key,
        compared=tuple(compared),
        original=_measured("original", answers["original"], clips, original_ms, None),
        float32=_measured("float32", answers["float32"], clips, _time(exact, one), len(float32)),
        int8=rounded,
        same_in_int8=int((answers["float32"].argmax(1) == answers.get("int8", answers["float32"]).argmax(1)).sum()),
        calibration=clips.calibration_title if int8 is not None else "",
    )


def _answers(model: KeywordSpotter, waveforms: Waveform, progress: Progress | None) -> Logits:
    """The model's own logits, (n, n_labels)."""
    parts = []
    with torch.inference_mode():
        for part in torch.from_numpy(waveforms).split(BATCH):
            parts.append(model(part).numpy())
            if progress:
                progress(sum(map(len, parts)), len(waveforms), "Comparing with the model")
    return np.concatenate(parts)


def _compared(sound: str, theirs: Logits, ours: Logits) -> Compared:
    same = (theirs.argmax(axis=1) == ours.argmax(axis=1)) & np.isfinite(ours).all(axis=1)
    return Compared(
        sound=sound, n=len(ours), largest_difference=float(np.abs(theirs - ours).max()), same=int(same.sum())
    )


def _measured(form: str, answers: Logits, clips: Clips, one_clip_ms: float, n_bytes: int | None) -> Measured:
    labelled = clips.truth >= 0
    right = (answers.argmax(axis=1) == clips.truth) & labelled
    return Measured(form=form, right=int(right.sum()), n=int(labelled.sum()), one_clip_ms=one_clip_ms, n_bytes=n_bytes)


def _time(session: onnxruntime.InferenceSession, clip: Waveform) -> float:
    return _median_ms(lambda: session.run(["probabilities"], {"waveform": clip}))


def _median_ms(answer: Callable[[], object]) -> float:
    """Median time of an answer (ms)."""
    times = []
    for number in range(N_WARM + N_TIMED):
        started = time.perf_counter()
        answer()
        if number >= N_WARM:
            times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))
