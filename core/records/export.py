"""What an exported file says about itself, and the card that tells how well it does what the model did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.config import ListeningConfig, to_dict
from core.statistics import Interval, share_interval

LARGEST_DIFFERENCE = 1e-4
"""Logits of an exported file may differ from the model's by as much as rounding makes them differ."""

N_CLIPS = 400
"""Clips that a file is compared on unless another number is asked for."""

MOST_LOST = 0.005
"""Share of the clips that computing in int8 may cost."""


Takes = Literal["sound", "features"]


@dataclass(frozen=True, kw_only=True)
class About:
    """The metadata of an exported file: all that a program needs that listens with it."""

    format: int
    """Number of this format."""
    labels: tuple[str, ...]
    """What the outputs stand for, in their order."""
    sample_rate: int
    """Samples per second (Hz) of the waveforms it takes."""
    clip_samples: int
    """Samples of a waveform."""
    hop_samples: int
    """Samples from one decision to the next, where it listens to a stream."""
    listening: ListeningConfig
    """How answers become detections, with the thresholds kept with the run."""
    run: str
    """Name of the run."""
    model_hash: str
    """SHA-256 of the file of weights that it was made from."""
    earshot: str
    """Version of the program that made it."""
    torch: str
    """Version of PyTorch that it was compared with."""
    kind: str
    """Name of the network, one of ``config.MODELS``."""
    setting: str
    """What of its spectrogram was trained, one of ``config.SETTINGS``."""
    streaming: bool = False
    """Whether it takes a stream hop by hop and remembers what came before, instead of a whole second each time."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A file beside the model on sounds of one kind."""

    sound: str
    """Which sounds."""
    n: int
    """How many clips of a second, or hops of a stream."""
    largest_difference: float
    """Largest difference of any logit."""
    same: int
    """Clips that both answer alike."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How one form of the model does: the original, the file in float32, the file in int8."""

    form: str
    right: int
    """Clips answered right, of those that have a label."""
    n: int
    """Clips that have a label."""
    one_clip_ms: float
    """Time of one clip in one thread (median, ms)."""
    n_bytes: int | None
    """Size of the file; None for the original."""

    @property
    def accuracy(self) -> float | None:
        """Share answered right; None without clips that have a label."""
        return self.right / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval."""
        return share_interval(self.right, self.n) if self.n else None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**to_dict(self), "accuracy": self.accuracy, "interval": self.interval}


@dataclass(frozen=True, kw_only=True)
class ParityCard:
    """How an exported file compares with the model it was made from, measured when it was made."""

    file: str
    """Name of the file."""
    sha256: str
    """Of its content."""
    run: str
    checkpoint: str
    """SHA-256 of the model's file."""
    clips: str
    """Which real clips it was measured on."""
    data_key: str
    """``Pack.content`` of the clips."""
    compared: tuple[Compared, ...]
    """The file in float32 beside the model."""
    original: Measured
    float32: Measured
    int8: Measured | None
    """None where it was not asked for."""
    same_in_int8: int
    """Real clips that both files answer alike."""
    calibration: str
    """Which clips the ranges of int8 were found on; empty where weights alone are rounded, which need none."""
    streaming: bool = False
    """Whether it takes a stream: then clips follow each other, answers are those at the end of each hop, a clip is
    right if its last one is, and times are those of a hop."""
    takes: Takes = "sound"
    """What goes into it. Where that is features, which are computed elsewhere, times are those of the network alone."""
    flow_bits: int | None = None
    """Bits of what flows between layers in int8, where that is rounded everywhere; its weights always have 8."""

    @property
    def largest_difference(self) -> float:
        """Largest difference of any logit, over all sounds."""
        return float(np.max([one.largest_difference for one in self.compared]))

    @property
    def n(self) -> int:
        """Clips compared, over all sounds."""
        return sum(one.n for one in self.compared)

    @property
    def same(self) -> int:
        """Clips that both answer alike, over all sounds."""
        return sum(one.same for one in self.compared)

    @property
    def lost(self) -> float:
        """Share of the clips that int8 costs: right ones, or, where no clip has a label, those answered otherwise."""
        if self.int8 is None:
            return 0.0
        if self.float32.n:
            return (self.float32.right - self.int8.right) / self.float32.n
        n_real = self.compared[0].n
        return (n_real - self.same_in_int8) / n_real

    @property
    def misses(self) -> tuple[str, ...]:
        """What the file fails to keep of the model, in words; nothing where it is good."""
        found = []
        # Written so that NaN, which is neither above nor below anything, is a miss too.
        if not self.largest_difference <= LARGEST_DIFFERENCE:
            worst = self.compared[int(np.argmax([one.largest_difference for one in self.compared]))]
            found.append(
                f"its logits differ by up to {worst.largest_difference:.2g} on {worst.sound}, "
                f"more than {LARGEST_DIFFERENCE:g}"
            )
        if self.same < self.n:
            found.append(
                f"{self.n - self.same} of {self.n} {'hops' if self.streaming else 'clips'} are answered otherwise"
            )
        if self.int8 is not None:
            if self.lost > MOST_LOST:
                found.append(f"int8 loses {self.lost:.1%} of the clips, more than {MOST_LOST:.1%}")
            # What takes features runs where there is no arithmetic but int8: size is not what it is for.
            if self.takes == "sound" and (self.int8.n_bytes or 0) >= (self.float32.n_bytes or 0):
                found.append(f"in int8 it has {self.int8.n_bytes:,} bytes, and {self.float32.n_bytes:,} in float32")
        return tuple(found)

    @property
    def finding(self) -> str:
        """How the file compares, in a sentence or two."""
        same = f"all {self.n:,}" if self.same == self.n else f"{self.same:,} of {self.n:,}"
        what = "hops of a stream" if self.streaming else "sounds"
        said = (
            f"It answers {same} {what} as the model does, and its logits differ by at most "
            f"{self.largest_difference:.0e}. Compared on {self.clips}, and on silence, full scale and noise."
        )
        if self.int8 is None:
            return said
        n = self.compared[0].n
        real = "hops" if self.streaming else "real clips"
        return f"{said} In int8, {self.same_in_int8:,} of {n:,} {real} are answered as before."

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        forms = {"original": self.original, "float32": self.float32, "int8": self.int8}
        return {
            **to_dict(self),
            **{name: form and form.to_dict() for name, form in forms.items()},
            "largest_difference": self.largest_difference,
            "n": self.n,
            "same": self.same,
            "lost": self.lost,
            "misses": self.misses,
        }
