"""One model listening to one stream."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from core.config import SAMPLE_RATE, ListeningConfig
from core.inference import Classifier
from core.results import Decision

DEFAULT_CONFIG = ListeningConfig()


class Engine:
    """One model listening to one stream: no clock, no sound card; the same sound gives the same decisions.

    How the sound is cut into chunks makes no difference. A decision is made at the end of every hop, on the last
    second; what came before the stream counts as silence. Not for use by several threads at once (see ``Listening``).

    Args:
        classifier: The model; other engines may share it.
        config: How answers become detections.
    """

    def __init__(self, classifier: Classifier, config: ListeningConfig = DEFAULT_CONFIG) -> None:
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """Seconds of sound heard since the stream began."""
        raise NotImplementedError

    def feed(self, samples: NDArray[Any], rate: int = SAMPLE_RATE) -> list[Decision]:
        """Hear more of the stream, and give the decisions that it completes.

        Args:
            samples: (n,) or (n, channels), floating point in -1 to 1 or int16; n may be 0.
            rate: Samples per second, 8,000 to 192,000, the same for the whole stream.

        Raises:
            AudioError: If the rate changed, or the samples are of another shape or kind or no numbers. Nothing was
                heard then.
        """
        raise NotImplementedError

    def finish(self) -> list[Decision]:
        """End the stream: decide about the last word as if silence followed. ``reset`` begins the next stream."""
        raise NotImplementedError

    def configure(self, config: ListeningConfig) -> None:
        """Change the knobs at once, without losing what was heard."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget the stream and begin another one."""
        raise NotImplementedError
