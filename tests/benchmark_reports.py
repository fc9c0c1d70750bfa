"""Reports as a run of the benchmark leaves them, with times that a small computer could have."""

from __future__ import annotations

from core.records.benchmark import BenchmarkReport, MachineLimits, Spread, Timing

REPEATS = (0.97, 0.98, 0.99, 1.0, 1.0, 1.01, 1.02, 1.03, 1.05, 1.12)
"""How the repeats scatter around a time."""


def timing(task, variant, seconds, *, setting="", device="cpu", n_clips=100, beside=None, parts=None, floor_s=None):
    """A timing whose repeats scatter around ``seconds``; ``beside`` gives a reference's time by name."""
    ratios = {
        name: Spread(other / seconds, 0.95 * other / seconds, 1.06 * other / seconds)
        for name, other in (beside or {}).items()
    }
    repeats = tuple(seconds * one for one in REPEATS)
    return Timing(task, variant, setting, device, n_clips, repeats, ratios, dict(parts or {}), floor_s)


def cpu_timings():
    """All tasks on a CPU; the last one is where Earshot is not faster."""
    yield timing(
        "forward",
        "Earshot",
        0.0061,
        beside={"nnAudio": 0.048, "librosa": 0.131},
        parts={"features": 0.0060},
        floor_s=0.0021,
    )
    yield timing("forward", "nnAudio", 0.048, beside={"librosa": 0.131})
    yield timing("forward", "librosa, one call for all clips", 0.131)
    yield timing("forward", "librosa, clip by clip, 1 thread", 0.19)
    for setting, ours, theirs in (("B", 0.019, 0.081), ("C", 0.034, 0.118), ("D", 0.036, 0.121)):
        yield timing("gradient", "Earshot", ours, setting=setting, beside={"nnAudio": theirs}, floor_s=ours / 2.6)
        yield timing("gradient", "nnAudio", theirs, setting=setting)
    for setting, ours, theirs in (("A", 1.4, 12.9), ("B", 2.2, 13.8), ("C", 6.4, 19.1), ("D", 7.1, 19.6)):
        shares = {"loading": 0.06 * ours, "features": 0.7 * ours, "model": 0.22 * ours}
        others = {"loading": 0.4 * theirs, "features": 0.5 * theirs, "model": 0.1 * theirs}
        yield timing(
            "epoch-linear",
            "Earshot",
            ours,
            setting=setting,
            n_clips=8999,
            beside={"nnAudio": theirs},
            parts=shares,
            floor_s=0.3 * ours,
        )
        yield timing("epoch-linear", "the tutorial's loop", theirs, setting=setting, n_clips=8999, parts=others)
    for setting, ours, theirs in (("A", 41.0, 74.0), ("D", 52.0, 88.0)):
        yield timing(
            "epoch-bcresnet-1",
            "Earshot",
            ours,
            setting=setting,
            n_clips=8999,
            beside={"public recipe": theirs, "nnAudio": 1.1 * ours},
            parts={"loading": 0.4, "features": 5.0, "model": ours - 6},
        )
        yield timing("epoch-bcresnet-1", "BC-ResNet's public recipe", theirs, setting=setting, n_clips=8999)
    yield timing("one-clip", "Earshot", 0.0021, n_clips=1, beside={"nnAudio": 0.0021}, floor_s=0.0004)
    yield timing("one-clip", "nnAudio", 0.0021, n_clips=1)
    yield timing("recording", "Earshot", 0.5, n_clips=60, beside={"nnAudio": 3.1})
    yield timing("recording", "nnAudio, each second anew", 3.1, n_clips=60)


def gpu_timings():
    """Two tasks on a GPU."""
    yield timing("forward", "Earshot", 0.00021, device="cuda", n_clips=100, beside={"nnAudio": 0.0009}, floor_s=0.0001)
    yield timing("forward", "nnAudio", 0.0009, device="cuda", n_clips=100)
    parts = {"loading": 0.01, "transfer": 0.02, "features": 0.09, "model": 0.21}
    yield timing(
        "epoch-linear", "Earshot", 0.3, setting="D", device="cuda", n_clips=8999, beside={"nnAudio": 9.4}, parts=parts
    )
    yield timing("epoch-linear", "the tutorial's loop", 9.4, setting="D", device="cuda", n_clips=8999)


def report(moment="2026-11-20T10:30:00+00:00", *, gpu=False, quick=False, timings=None, notes=()):
    """A report of a small computer, with a GPU if asked for."""
    if timings is None:
        timings = (*cpu_timings(), *(gpu_timings() if gpu else ()))
    limits = (MachineLimits("cpu", 118.4, 13.6), *((MachineLimits("cuda", 51_000.0, 2_900.0),) if gpu else ()))
    return BenchmarkReport(
        moment=moment,
        quick=quick,
        threads=2,
        machine={
            "processor": "Example CPU @ 2.60 GHz",
            "cores": "2",
            "memory": "7.8 GB",
            "gpu": "Example GPU" if gpu else "",
            "system": "Linux 6.18",
        },
        versions={
            "earshot": "0.1.0",
            "python": "3.12.3",
            "torch": "2.13.0",
            "nnAudio": "0.3.4",
            "librosa": "0.11.0",
            "numpy": "2.3.1",
        },
        limits=limits,
        timings=tuple(timings),
        notes=tuple(notes),
    )
