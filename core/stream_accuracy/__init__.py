"""How well a model listens: words laid out on a long track, and what it detects of them."""

from core.stream_accuracy.kept import load_report, report_path, save_report
from core.stream_accuracy.measure import THRESHOLDS, stream_test
from core.stream_accuracy.scoring import score
from core.stream_accuracy.track import Track, build_track

__all__ = [
    "THRESHOLDS", "Track", "build_track", "load_report", "report_path", "save_report", "score", "stream_test",
]  # fmt: skip
