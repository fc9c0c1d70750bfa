"""One model listening to one stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SAMPLE_RATE, ListeningConfig
from core.errors import AudioError
from core.inference.classifier import Classifier
from core.inference.detector import Detector
from core.inference.frames import FramePlan, RollingLogMel
from core.inference.one_thread import in_one_thread
from core.records.answers import Decision
from core.records.arrays import Waveform
from core.sound.levels import to_db
from core.sound.resampling import Resampler
from core.sound.speech import Speech

DEFAULT_CONFIG = ListeningConfig()

LISTENED_ON_S = 1.0
"""Silence that is heard after the end of a stream, so that its last word is decided."""


class Engine:
    """One model listening to one stream: no clock, no sound card; the same sound gives the same decisions.

    How the sound is cut into chunks makes no difference. A decision is made at the end of every hop, on the last
    second (a causal model goes along the stream, and remembers a little more); what came before the stream counts as
    silence. Not for use by several threads at once (see ``Listening``).

    Args:
        classifier: The model; other engines may share it.
        config: How answers become detections.
    """

    def __init__(self, classifier: Classifier, config: ListeningConfig = DEFAULT_CONFIG) -> None:
        self.classifier = classifier
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget the stream and begin another one."""
        self._finished = False
        self._n_heard = 0
        self._resampler = Resampler()
        self._speech = Speech()
        self._detector = Detector(self.config, self.classifier.vocabulary)
        self._log_mel = RollingLogMel(self.classifier.log_mel, self._plan())
        self._stream = self.classifier.stream()
        self._window = np.zeros(CLIP_SAMPLES, np.float32)
        self._window_end = 0
        self._waiting = np.zeros(0, np.float32)

    @property
    def seconds(self) -> float:
        """Seconds of sound heard since the stream began."""
        return self._n_heard / SAMPLE_RATE

    def feed(self, samples: NDArray[Any], rate: int = SAMPLE_RATE) -> list[Decision]:
        """Hear more of the stream, and give the decisions that it completes.

        Args:
            samples: (n,) or (n, channels), floating point in -1 to 1 or int16; n may be 0.
            rate: Samples per second, 4,000 to 384,000, the same for the whole stream.

        Raises:
            AudioError: If the rate changed, or the samples are of another shape or kind or no numbers. Nothing was
                heard then.
        """
        if self._finished:
            raise AudioError("This stream has ended. Begin another one first (reset).")
        heard = self._resampler.push(samples, rate)
        self._n_heard += len(heard)
        return self._hear(heard)

    def finish(self) -> list[Decision]:
        """End the stream: decide about the last word as if silence followed. ``reset`` begins the next stream."""
        if self._finished:
            return []
        self._finished = True
        rest = self._resampler.finish()
        self._n_heard += len(rest)
        hop = self._log_mel.plan.hop_samples
        n_hops = -(-round(LISTENED_ON_S * SAMPLE_RATE) // hop)
        return self._hear(np.concatenate([rest, np.zeros(n_hops * hop, np.float32)]))

    def configure(self, config: ListeningConfig) -> None:
        """Change the knobs at once, without losing what was heard."""
        self.config = self._detector.config = config
        plan = self._plan()
        if plan != self._log_mel.plan:
            self._log_mel = RollingLogMel(self.classifier.log_mel, plan)

    def _plan(self) -> FramePlan:
        return FramePlan.of_hop(self.classifier.checkpoint.config.front_end, self.config.hop_s)

    def _hear(self, samples: Waveform) -> list[Decision]:
        """More sound at 16 kHz, cut into hops."""
        hop = self._log_mel.plan.hop_samples
        waiting = np.concatenate([self._waiting, samples])
        n_whole = len(waiting) - len(waiting) % hop
        self._waiting = waiting[n_whole:]
        with in_one_thread():
            return [self._decide(waiting[first : first + hop]) for first in range(0, n_whole, hop)]

    def _decide(self, newest: Waveform) -> Decision:
        """The decision at the end of one more hop, (hop_samples,)."""
        self._window = np.concatenate([self._window, newest])[-CLIP_SAMPLES:]
        self._window_end += len(newest)
        end_s = self._window_end / SAMPLE_RATE
        self._speech.hear(newest)
        speaking = self._speech.speaking()
        with torch.inference_mode():
            log_mel = self._log_mel.advance(self._window)
            newest_frames = self._log_mel.plan.final(log_mel)
            columns = newest_frames[0].cpu().numpy().copy()
        probabilities = self._stream(newest_frames) if self._stream else self.classifier.probabilities(log_mel)[0]
        utterances = self._speech.utterances() if speaking else []
        smoothed, detection = self._detector.update(end_s, probabilities, utterances)
        if detection is not None:
            detection = replace(detection, end_s=min(detection.end_s, self.seconds))
        return Decision(
            end_s=end_s,
            probabilities=probabilities,
            smoothed=smoothed,
            level_db=float(to_db(np.square(newest, dtype=np.float64).mean())),
            speaking=speaking,
            log_mel=columns,
            detection=detection,
        )
