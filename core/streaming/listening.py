"""Several models on one stream, with a bounded memory of what was heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from core.audio import Waveform
from core.config import SAMPLE_RATE, ListeningConfig
from core.inference import Classifier
from core.results import Decision, Detection, FloatArray


class Listening:
    """Several models on one stream. One thread may feed it while others read.

    Args:
        classifiers: The models by name.
        configs: How the answers of each become detections; a name that is missing gets the defaults.
        keep_audio_s: Seconds of sound that are kept.
        keep_decisions_s: Seconds for which decisions are kept.
        keep_detections: Number of detections that are kept, with their sound.
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
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """Seconds of sound heard since the stream began."""
        raise NotImplementedError

    def feed(self, samples: NDArray[Any], rate: int = SAMPLE_RATE) -> None:
        """Hear more of the stream (see ``Engine.feed``)."""
        raise NotImplementedError

    def configure(self, name: str, config: ListeningConfig) -> None:
        """Change the knobs of one model at once, without losing what was heard."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget the stream and begin another one; the numbers of detections go on."""
        raise NotImplementedError

    def decisions(self, name: str, after_s: float = -1.0) -> list[Decision]:
        """The kept decisions of one model that end after ``after_s``, oldest first."""
        raise NotImplementedError

    def initial_log_mel(self, name: str, after_s: float) -> list[FloatArray]:
        """``log_mel`` of the same decisions through the filters as they were before training."""
        raise NotImplementedError

    def detections(self) -> list[tuple[int, str, Detection]]:
        """Number, model and detection, oldest first. Numbers grow by one and are never used again."""
        raise NotImplementedError

    def sound(self, start_s: float, end_s: float) -> Waveform:
        """The sound between two times, as far as it exists (16 kHz, -1 to 1).

        Raises:
            AudioError: If it begins before what is still kept.
        """
        raise NotImplementedError

    def clip_of(self, number: int) -> Waveform:
        """The second of sound on which a detection was decided, (16000,).

        Raises:
            AudioError: If that detection is no longer kept.
        """
        raise NotImplementedError
