"""Answers along a stream, hop by hop: those of a model, and those of its streaming file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES
from core.export.compared import BATCH, Logits
from core.export.model import LOGITS, NEXT_STATE, SOUND, STATE
from core.inference.classifier import SETTLED_SAMPLES
from core.inference.frames import FramePlan
from core.models import KeywordSpotter
from core.models.bcresnet import BCResNet
from core.records.arrays import Waveform


def track_of(clips: Waveform, hop: int) -> Waveform:
    """Clips (n, 16000) in a row, with silence between them that lets each end with a hop, (n_samples,)."""
    between = -CLIP_SAMPLES % hop
    return np.pad(clips, ((0, 0), (between, 0))).reshape(-1)


def of_model(model: KeywordSpotter, track: Waveform, plan: FramePlan) -> Iterator[Logits]:
    """The model's logits at the end of each hop of a track that follows long silence, some rows at a time.

    A causal network sees all frames of the track at once, which is what ``along`` is: it needs no memory.
    """
    network = model.network
    padded = torch.from_numpy(np.pad(track, (SETTLED_SAMPLES, 0)))
    n_hops = len(track) // plan.hop_samples
    with torch.inference_mode():
        if isinstance(network, BCResNet) and network.causal:
            known = network.along(model.features(model.front_end(padded[None])))
            last = known.unfold(2, plan.n_frames, plan.n_new).mean(dim=3)[0].t()[-n_hops:]
            yield network.classify(last).numpy()
            return
        begin = SETTLED_SAMPLES + plan.hop_samples - CLIP_SAMPLES
        windows = padded[begin:].unfold(0, CLIP_SAMPLES, plan.hop_samples)[:n_hops]
        for some in windows.split(BATCH):
            yield model(some).numpy()


def of_file(session: onnxruntime.InferenceSession, track: Waveform, hop: int) -> Logits:
    """The logits of a streaming file at the end of each hop of a track that follows long silence."""
    n_settling = -(-SETTLED_SAMPLES // hop)
    hops = np.concatenate([np.zeros((n_settling, hop), np.float32), track[: len(track) // hop * hop].reshape(-1, hop)])
    state = first_state(session)
    answers = []
    for each in hops:
        answer, state = session.run([LOGITS, NEXT_STATE], {SOUND: each[None], STATE: state})
        answers.append(answer[0])
    return np.stack(answers[n_settling:])


def first_state(session: onnxruntime.InferenceSession) -> NDArray[np.float32]:
    """What a stream begins with."""
    return np.zeros((1, next(one for one in session.get_inputs() if one.name == STATE).shape[1]), np.float32)
