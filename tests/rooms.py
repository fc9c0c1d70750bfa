"""Records of models that were fitted to a room, made by hand."""

from core.records.room import QUIET, Adaptation, RoomScore
from core.statistics import Pairs


def adaptation(*, quiet=(900, 40, 10, 50), at_10=(550, 60, 270, 120), at_0=(230, 20, 300, 450), **changes):
    """A model that hears far better in noise, and loses a little in quiet; (both, only before, only after, neither)."""
    scores = {QUIET: quiet, "10 dB": at_10, "0 dB": at_0}
    values = {
        "run": "mine",
        "start": "shipped-bcresnet-1-A",
        "fitted": "bands",
        "dataset": "Tones",
        "synthetic": False,
        "room_s": 61.0,
        "scores": tuple(RoomScore(name, Pairs(*pairs)) for name, pairs in scores.items()),
    }
    return Adaptation(**{**values, **changes})
