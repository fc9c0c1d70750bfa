"""Which clips are measured, and how they sound when they are changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.config import SILENCE_LABEL
from core.data.pack import Pack
from core.errors import ConfigError
from core.records.arrays import FloatArray
from core.records.robustness import Change
from core.sound.levels import active_span
from core.sound.wav import as_recorded
from core.studies.robustness import changes
from core.studies.robustness.noises import Background, background

RANGES: dict[Change, tuple[float, float]] = {
    "noise": (-30.0, 60.0),
    "shift": (-1000.0, 1000.0),
    "gain": (-90.0, 60.0),
    "speed": (0.25, 4.0),
}
"""Values that make sense, by kind, in the units of ``VALUES``."""


class Changer:
    """Clips of one protocol, changed; the same seed changes them the same way.

    Args:
        pack: The clips.
        protocol: Which of them.
        kind: What happens to them.
        seed: What noise is drawn from.
        dataset: Where recordings of one's own get their noise from.
    """

    def __init__(self, pack: Pack, protocol: str, kind: Change, seed: int = 0, dataset: Pack | None = None) -> None:
        self.pack = pack
        self.kind: Change = kind
        noisy = kind == "noise"
        self.background: Background | None = background(pack, protocol, seed, dataset=dataset) if noisy else None

    @property
    def noises(self) -> tuple[str, ...]:
        """Kinds of noise; empty where there is none."""
        return self.background.names if self.background else ()

    def noise_of(self, row: int) -> int:
        """Number of the noise that a clip gets; 0 where there is none."""
        return self.background.choose(row) if self.background else 0

    def sounds(self, row: int, values: tuple[float | None, ...]) -> list[NDArray[np.int16]]:
        """One clip at several values, as 16-bit samples: exactly what a model is given, and can be listened to."""
        clip = self.pack.clip(row)
        noise = self.background.second(row) if self.background and any(v is not None for v in values) else None
        span = active_span(clip) if self.kind in ("noise", "speed") else (0, 0)
        return [self._sound(row, clip, value, span, noise) for value in values]

    def _sound(
        self, row: int, clip: FloatArray, value: float | None, span: tuple[int, int], noise: FloatArray | None
    ) -> NDArray[np.int16]:
        if value is None or value == changes.UNCHANGED[self.kind]:
            return np.array(self.pack.clips[row])
        if self.kind == "shift":
            changed = changes.shifted(clip, value)
        elif self.kind == "gain":
            changed = changes.amplified(clip, value)
        elif self.kind == "speed":
            changed = changes.at_speed(clip, value, sum(span) // 2)
        else:
            assert noise is not None
            assert self.background is not None
            if self.pack.words[row] == SILENCE_LABEL:
                # Where nobody speaks, the noise is as loud as beside a word of usual loudness.
                changed = changes.with_noise(clip, noise, value, (0, len(clip)), self.background.speech_rms)
            else:
                changed = changes.with_noise(clip, noise, value, span)
        return as_recorded(changed)


def check(kind: str, values: tuple[float | None, ...]) -> None:
    """Refuse what cannot be measured.

    Raises:
        ConfigError: If there is no such kind, or a value is out of range.
    """
    if kind not in changes.VALUES:
        raise ConfigError(f"There is no kind of change {kind!r}; choose one of {', '.join(changes.VALUES)}.")
    low, high = RANGES[kind]
    for value in values:
        if value is None and kind == "noise":
            continue
        if value is None or not low <= value <= high:
            raise ConfigError(f"{value!r} is no value for {kind}; it must lie between {low:g} and {high:g}.")
    if not values:
        raise ConfigError("Nothing to measure: give at least one value.")
