"""How well a model listens: words laid out on a long track, and what it detects of them."""

from core.stream_accuracy.scoring import score
from core.stream_accuracy.track import Track, build_track

__all__ = ["Track", "build_track", "score"]
