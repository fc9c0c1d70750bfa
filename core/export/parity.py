"""The card of an exported file: the file beside the model it was made from, on the same sounds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.source import Progress
from core.export.session import BATCH, logits, open_session
from core.export.sounds import Clips, extreme_sounds
from core.inference.classifier import Classifier
from core.models import KeywordSpotter
from core.records.arrays import Waveform
from core.records.export import About, Compared, Measured, ParityCard

Logits = NDArray[np.float32]

N_TIMED, N_WARM = 30, 5
"""Answers to one clip that are timed, and those before them that are not."""


def parity(
    file: str,
    says: About,
    classifier: Classifier,
    clips: Clips,
    forms: Mapping[str, bytes],
    progress: Progress | None = None,
    *,
    calibration: str = "",
) -> ParityCard:
    """Measure an exported file. Times are those of the threads that it may take here.

    Args:
        file: What it will be called.
        says: What it says about itself.
        classifier: The model that it was made from, on the CPU.
        clips: Real clips.
        forms: The file in "float32", and in "int8" if that was asked for.
        progress: Called with clips done, clips in all, and what is being done.
        calibration: Which clips the ranges of int8 were found on, if any were needed.

    Raises:
        ExportError: If ONNX Runtime cannot open a file.
    """
    model = classifier.checkpoint.model("cpu")
    exact = open_session(forms["float32"])
    sounds = {"clips": clips.waveforms, **extreme_sounds(clips.waveforms)}
    pairs = {name: (_answers(model, one, progress), logits(exact, one)) for name, one in sounds.items()}
    original, float32 = pairs["clips"]
    answers = {"float32": float32}
    if "int8" in forms:
        answers["int8"] = logits(open_session(forms["int8"]), clips.waveforms)
    one = clips.waveforms[:1]
    original_ms = _median_ms(lambda: classifier.probabilities(classifier.log_mel(one)))
    measured = {
        form: _measured(form, answers[form], clips, _time(content, one), len(content))
        for form, content in forms.items()
    }
    return ParityCard(
        file=file,
        sha256=hashlib.sha256(forms.get("int8", forms["float32"])).hexdigest(),
        run=says.run,
        checkpoint=says.model_hash,
        clips=clips.title,
        data_key=clips.data_key,
        compared=tuple(_compared(name, *pair) for name, pair in pairs.items()),
        original=_measured("original", original, clips, original_ms, None),
        float32=measured["float32"],
        int8=measured.get("int8"),
        same_in_int8=int((float32.argmax(axis=1) == answers.get("int8", float32).argmax(axis=1)).sum()),
        calibration=calibration,
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


def _time(content: bytes, clip: Waveform) -> float:
    session = open_session(content)
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
