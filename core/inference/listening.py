"""Several models on one stream, with a bounded memory of what was heard."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SAMPLE_RATE, ListeningConfig
from core.errors import AudioError, ConfigError
from core.inference.classifier import Classifier
from core.inference.engine import DEFAULT_CONFIG, Engine
from core.inference.tape import Tape
from core.records.answers import Decision, Detection
from core.records.arrays import Waveform
from core.sound.resampling import Resampler

LONGEST_KEPT_S = 3600.0


@dataclass(frozen=True, eq=False)
class _KeptDetection:
    """A detection as it is kept."""

    number: int
    name: str
    detection: Detection
    clip: Waveform


class Listening:
    """Several models on one stream. One thread may feed it while others read.

    Args:
        classifiers: The models by name.
        configs: How the answers of each become detections; a name that is missing gets the defaults.
        keep_audio_s: Seconds of sound that are kept.
        keep_decisions_s: Seconds for which decisions are kept.
        keep_detections: Number of detections that are kept, with their sound.

    Raises:
        ConfigError: If there is no model, a config is for none of them, or more is to be kept than an hour.
    """

    def __init__(
        self,
        classifiers: Mapping[str, Classifier],
        configs: Mapping[str, ListeningConfig] | None = None,
        *,
        keep_audio_s: float = 60.0,
        keep_decisions_s: float = 30.0,
        keep_detections: int = 100,
    ) -> None:
        configs = configs or {}
        if not classifiers or set(configs) - set(classifiers):
            raise ConfigError(f"There are models {sorted(classifiers)}, and settings for {sorted(configs)}.")
        for name, seconds in (("keep_audio_s", keep_audio_s), ("keep_decisions_s", keep_decisions_s)):
            if not 0 <= seconds <= LONGEST_KEPT_S:
                raise ConfigError(f"{name} is {seconds}; it must lie between 0 and {LONGEST_KEPT_S:g} s.")
        self._engines = {
            name: Engine(classifier, configs.get(name, DEFAULT_CONFIG)) for name, classifier in classifiers.items()
        }
        self._keep_audio_s, self._keep_decisions_s = keep_audio_s, keep_decisions_s
        self._heard: deque[_KeptDetection] = deque(maxlen=keep_detections)
        self._n_detections = 0
        # Two locks, so that reading waits for no model: one for what feeds the stream, one for what is remembered.
        self._feeding, self._reading = threading.Lock(), threading.Lock()
        self._forget()

    @property
    def seconds(self) -> float:
        """Seconds of sound heard since the stream began."""
        with self._reading:
            return self._tape.end / SAMPLE_RATE

    def feed(self, samples: NDArray[Any], rate: int = SAMPLE_RATE) -> None:
        """Hear more of the stream (see ``Engine.feed``)."""
        with self._feeding:
            self._hear(self._resampler.push(samples, rate))

    def configure(self, name: str, config: ListeningConfig) -> None:
        """Change the knobs of one model at once, without losing what was heard."""
        with self._feeding:
            self._engine(name).configure(config)

    def reset(self) -> None:
        """Forget the stream and begin another one; the numbers of detections go on."""
        with self._feeding:
            for engine in self._engines.values():
                engine.reset()
            self._forget()

    def decisions(self, name: str, after_s: float = -1.0) -> list[Decision]:
        """The kept decisions of one model that end after ``after_s``, oldest first."""
        self._engine(name)
        with self._reading:
            return [decision for decision in self._decisions[name] if decision.end_s > after_s]

    def detections(self) -> list[tuple[int, str, Detection]]:
        """Number, model and detection, oldest first. Numbers grow by one and are never used again."""
        with self._reading:
            return [(heard.number, heard.name, heard.detection) for heard in self._heard]

    def sound(self, start_s: float, end_s: float) -> Waveform:
        """The sound between two times, as far as it exists (16 kHz, -1 to 1).

        Raises:
            AudioError: If it begins before what is still kept.
        """
        with self._reading:
            end = min(max(0, round(end_s * SAMPLE_RATE)), self._tape.end)
            start = min(max(0, round(start_s * SAMPLE_RATE)), end)
            if start < self._tape.start:
                raise AudioError(
                    f"The sound from {start_s:.1f} s on is no longer kept; it begins at "
                    f"{self._tape.start / SAMPLE_RATE:.1f} s now."
                )
            return self._tape.between(start, end)

    def clip_of(self, number: int) -> Waveform:
        """The second of sound on which a detection was decided, (16000,).

        Raises:
            AudioError: If that detection is no longer kept.
        """
        with self._reading:
            for heard in self._heard:
                if heard.number == number:
                    return heard.clip.copy()
        raise AudioError(f"Detection {number} is no longer kept; the last {self._heard.maxlen} are.")

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            raise ConfigError(f"No model is called {name!r} here; there are {', '.join(self._engines)}.")
        return self._engines[name]

    def _forget(self) -> None:
        with self._reading:
            self._resampler = Resampler()
            # Two seconds at least: the one that is heard at once (see _hear), and the one before it that decides.
            self._tape = Tape(max(round(self._keep_audio_s * SAMPLE_RATE), 2 * CLIP_SAMPLES))
            self._decisions: dict[str, deque[Decision]] = {name: deque() for name in self._engines}
            self._heard.clear()

    def _hear(self, samples: Waveform) -> None:
        """More sound at 16 kHz, at most a second at a time, so that the tape still holds what was detected."""
        for first in range(0, len(samples), CLIP_SAMPLES):
            some = samples[first : first + CLIP_SAMPLES]
            decisions = {name: engine.feed(some) for name, engine in self._engines.items()}
            with self._reading:
                self._tape.append(some)
                for name, new in decisions.items():
                    self._remember(name, new)
                found = [
                    (decision.detection, name)
                    for name, new in decisions.items()
                    for decision in new
                    if decision.detection is not None
                ]
                for detection, name in sorted(found, key=lambda pair: pair[0].heard_s):
                    end = round(detection.heard_s * SAMPLE_RATE)
                    clip = self._tape.between(end - CLIP_SAMPLES, end)
                    self._n_detections += 1
                    self._heard.append(_KeptDetection(self._n_detections, name, detection, clip))

    def _remember(self, name: str, new: list[Decision]) -> None:
        kept = self._decisions[name]
        kept.extend(new)
        while kept and kept[0].end_s < self._tape.end / SAMPLE_RATE - self._keep_decisions_s:
            kept.popleft()
