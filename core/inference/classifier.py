"""A trained model at work on sound: the second of a recording that holds its word, or one log-mel after another."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from core.config import CLIP_SAMPLES, SAMPLE_RATE, SILENCE_LABEL, UNKNOWN_LABEL, Vocabulary
from core.device import choose_device
from core.errors import AudioError
from core.fast import choose
from core.frontend.mel import TrainableMel
from core.models import probabilities_of
from core.records.answers import Prediction
from core.records.arrays import FloatArray, Waveform
from core.sound.word_second import second_at, word_seconds
from core.training.checkpoint import Checkpoint, load_checkpoint

SETTLED_SAMPLES = 3 * CLIP_SAMPLES
"""Silence after which a stream of silence changes nothing any more: a causal BC-ResNet sees 116 frames back, and its
answer is about a second."""


class Classifier:
    """A loaded model that several pages may share: one use at a time, never changed.

    Args:
        path: Run folder or checkpoint file.
        device: "cpu" or "cuda"; None for the fastest.

    Raises:
        CheckpointError: If the model cannot be loaded.
    """

    def __init__(self, path: Path, device: str | None = None) -> None:
        self.checkpoint: Checkpoint = load_checkpoint(path)
        self.device = choose_device(device)
        self._model = self.checkpoint.model(self.device)
        self._front_end: TrainableMel = self._model.front_end
        self._initial: TrainableMel | None = None
        self._network = choose.network_for_answers(self._model, self.device)
        self._lock = threading.Lock()

    @property
    def vocabulary(self) -> Vocabulary:
        """What the model tells apart."""
        return self.checkpoint.config.vocabulary

    def put_back(self) -> Classifier:
        """The same network behind the filters that its first training began with; nothing else of it is changed.

        The network and its normalisation grew up with the learned filters, so its answers tell how much it relies on
        them, not what a network trained behind these would say.
        """
        other = copy.copy(self)
        other._front_end = self.checkpoint.textbook_front_end(self.device)
        return other

    def classify(self, waveform: Waveform) -> Prediction:
        """The answer to the second of a recording that holds its word (16 kHz, -1 to 1, shape (n,)).

        ``core.sound.word_second`` names the few seconds in which a voice may be heard, by the sound alone. The model
        answers each, and the answer given is the one in which it is surest of anything but silence. So a cough or a
        knock beside the word is not taken for it; and of several words, the one that is heard most clearly is named.
        Where silence has no label, a second without a word is unknown: one with a word goes first.
        """
        waveform = _checked(waveform)
        starts = word_seconds(waveform)
        answers = self._predict([second_at(waveform, start) for start in starts], starts)
        return max(answers, key=partial(_sureness, has_silence=self.vocabulary.silence))

    def classify_at(self, waveform: Waveform, start: int) -> Prediction:
        """The answer to the second that begins at a sample, or to the first or last one where that is outside."""
        waveform = _checked(waveform)
        start = max(0, min(start, len(waveform) - CLIP_SAMPLES))
        return self._predict([second_at(waveform, start)], [start])[0]

    def log_mel(self, clips: Waveform) -> Tensor:
        """What the front end makes of clips of one length, (n_clips, n_samples): (n_clips, n_mels, n_frames)."""
        with self._lock, torch.inference_mode():
            return cast(Tensor, self._front_end(torch.from_numpy(clips).to(self.device)))

    def initial_log_mel(self, clips: Waveform) -> Tensor:
        """The same through the filters as they were before training."""
        with self._lock, torch.inference_mode():
            if self._initial is None:
                self._initial = self.checkpoint.initial_front_end(self.device)
            return cast(Tensor, self._initial(torch.from_numpy(clips).to(self.device)))

    def probabilities(self, log_mel: Tensor) -> FloatArray:
        """The network's answers to one-second log-mels, (n_clips, n_labels)."""
        with self._lock, torch.inference_mode():
            answers: FloatArray = probabilities_of(self._network(self._model.features(log_mel))).cpu().numpy()
        return answers

    def stream(self) -> Callable[[Tensor], FloatArray] | None:
        """A causal model along a stream that begins after long silence; None where the model is not causal.

        It takes the next frames that lie whole in the stream, (1, n_mels, n_new), in their order, and gives the answer
        to the last second, (n_labels,). What it remembers of earlier sound belongs to this one stream.
        """
        config = self.checkpoint.config
        if not config.model.causal:
            return None
        with self._lock, torch.inference_mode():
            along = choose.stream(self._model, config.front_end.n_frames())

        level: Tensor | None = None

        def advance(log_mel: Tensor) -> FloatArray:
            nonlocal level
            with self._lock, torch.inference_mode():
                features, level = self._model.features_after(log_mel, level)
                answer: FloatArray = probabilities_of(along.advance(features.cpu()))[0].numpy()
            return answer

        advance(self.log_mel(np.zeros((1, SETTLED_SAMPLES), np.float32)))
        return advance

    def _predict(self, clips: Sequence[Waveform], starts: Sequence[int]) -> list[Prediction]:
        log_mel = self.log_mel(np.stack(clips))
        probabilities = self.probabilities(log_mel)
        labels = self.checkpoint.labels
        predictions = []
        for start, mel, row in zip(starts, log_mel.cpu().numpy(), probabilities.tolist(), strict=True):
            ranking = sorted(zip(labels, row, strict=True), key=lambda pair: -pair[1])
            begin = start / SAMPLE_RATE
            predictions.append(Prediction(begin, begin + CLIP_SAMPLES / SAMPLE_RATE, tuple(ranking), mel))
        return predictions


def _sureness(prediction: Prediction, has_silence: bool) -> tuple[bool, float]:
    """Whether it is a word, where that matters, and the probability of the most probable label that is not silence."""
    label, score = next(pair for pair in prediction.ranking if pair[0] != SILENCE_LABEL)
    return has_silence or label != UNKNOWN_LABEL, score


def _checked(waveform: Waveform) -> Waveform:
    if waveform.ndim != 1 or len(waveform) == 0:
        raise AudioError(f"A recording must be a row of samples, not an array of shape {waveform.shape}.")
    return np.ascontiguousarray(waveform, dtype=np.float32)
