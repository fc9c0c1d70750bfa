"""Noises that no model of this project was trained with: recordings, and three kinds made from a pack's own speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, OWN, SAMPLE_RATE, SILENCE_LABEL
from core.data.pack import Pack
from core.records.arrays import FloatArray
from core.sound.levels import active_span, rms
from core.studies.listening.noise import FADE_S, Noise, noise_bed, unheard_noise

BABBLE, SPEECH_SHAPED, RUMBLE = "babble", "speech-shaped hiss", "rumble"

VOICES = 8
"""Voices that talk at once in babble: enough that no word can be understood, few enough that it still flickers."""

SHAPING_CLIPS = 200
"""Clips whose average spectrum shapes the hiss."""

LOWEST_HZ = 40.0
"""Rumble begins here: what is lower no laptop's microphone hears."""

LOUDNESS_CLIPS = 200
"""Clips whose median level counts as that of speech where there is none."""


@dataclass(frozen=True, eq=False)
class Background:
    """Noises for the clips of one protocol; which noise a clip gets, and which second of it, follows from its row."""

    pack: Pack
    """Where the voices of babble come from."""
    names: tuple[str, ...]
    """Kinds of noise, recordings first."""
    recordings: Noise
    talk: NDArray[np.int64]
    """Rows of the clips that babble is made of; none of them is tested on."""
    spectrum: FloatArray
    """Average amplitude of speech at the frequencies of a second, (8001,)."""
    speech_rms: float
    """Median level of the protocol's words while they are spoken."""
    seed: int

    def choose(self, row: int) -> int:
        """Number of the noise that a clip gets."""
        return int(self._rng(row).integers(len(self.names)))

    def second(self, row: int) -> FloatArray:
        """The second of noise for a clip, at any level, (16000,)."""
        rng = self._rng(row)
        name = self.names[int(rng.integers(len(self.names)))]
        if name == BABBLE:
            return self._babble(rng)
        if name == SPEECH_SHAPED:
            return _shaped(self.spectrum, rng)
        if name == RUMBLE:
            return _shaped(_rumble_spectrum(), rng)
        # The bed fades in.
        fade = round(FADE_S * SAMPLE_RATE)
        return noise_bed({name: self.recordings[name]}, CLIP_SAMPLES + fade, rng)[fade:]

    def _rng(self, row: int) -> np.random.Generator:
        """The same clip meets the same noise whichever others are measured, and at every level of it."""
        return np.random.default_rng((self.seed, row))

    def _babble(self, rng: np.random.Generator) -> FloatArray:
        """Voices that speak without a pause, all equally loud."""
        mix = np.zeros(CLIP_SAMPLES, np.float32)
        for _ in range(VOICES):
            at = -int(rng.integers(CLIP_SAMPLES // 2))
            while at < CLIP_SAMPLES:
                clip = self.pack.clip(int(rng.choice(self.talk)))
                start, end = active_span(clip)
                word = clip[start:end] / max(rms(clip[start:end]), 1e-5)
                first, last = max(at, 0), min(at + len(word), CLIP_SAMPLES)
                if last > first:
                    mix[first:last] += word[first - at : last - at]
                at += len(word)
        return mix


def background(pack: Pack, protocol: str, seed: int = 0, *, dataset: Pack | None = None) -> Background:
    """The noises for one protocol.

    Recordings are those that training did not hear (``unheard_noise``). Babble, hiss with the spectrum of speech and
    rumble are made here; what the dataset has a training noise of the same name for is left out. A user's own
    recordings come without noise and without other people: those of ``dataset``'s official test stand in.

    Raises:
        DataError: If the pack has no clips of that protocol.
    """
    rows = _words(pack, protocol)
    if protocol == OWN and dataset is not None:
        source, test = dataset, "official"
    else:
        source, test = pack, protocol
    recordings = unheard_noise(source, test) if test != OWN else {}
    talk = _talk(source, test)
    heard = " ".join(source.noise).lower()
    made = [name for name in (BABBLE, SPEECH_SHAPED, RUMBLE) if name.split()[0] not in heard]
    if not len(talk):
        made = [name for name in made if name == RUMBLE]
    return Background(
        pack=source,
        names=(*recordings, *made),
        recordings=recordings,
        talk=talk,
        spectrum=_speech_spectrum(source, _spread(talk, SHAPING_CLIPS)),
        speech_rms=_speech_rms(pack, _spread(rows, LOUDNESS_CLIPS)),
        seed=seed,
    )


def _words(pack: Pack, split: str) -> NDArray[np.int64]:
    """Rows of a split in which a word is spoken."""
    return np.flatnonzero((pack.splits == split) & (pack.words != SILENCE_LABEL))


def _talk(pack: Pack, protocol: str) -> NDArray[np.int64]:
    """Words to make babble and hiss of: of people that neither the model was trained on nor is tested on here."""
    for split in ("validation", "testing-list") if protocol != "validation" else ("testing-list", "train"):
        if split != protocol and len(rows := _words(pack, split)):
            return rows
    return np.zeros(0, np.int64)


def _spread(rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """At most ``n`` of the rows, evenly over all of them."""
    return rows[:: max(1, len(rows) // n)][:n]


def _speech_rms(pack: Pack, rows: NDArray[np.int64]) -> float:
    levels = []
    for row in rows.tolist():
        clip = pack.clip(row)
        levels.append(rms(clip[slice(*active_span(clip))]))
    return float(np.median(levels)) if levels else 0.1


def _speech_spectrum(pack: Pack, rows: NDArray[np.int64]) -> FloatArray:
    """Average amplitude of words at the frequencies of a second, smoothed over 50 Hz."""
    power = np.zeros(CLIP_SAMPLES // 2 + 1)
    for row in rows.tolist():
        clip = pack.clip(row)
        clip = clip / max(rms(clip), 1e-5)
        power += np.square(np.abs(np.fft.rfft(clip)))
    width = 50
    return np.sqrt(np.convolve(power, np.ones(width) / width, mode="same")).astype(np.float32)


def _rumble_spectrum() -> FloatArray:
    """Amplitude falling with the square of frequency above 40 Hz: 12 dB an octave, far away traffic."""
    hz = np.arange(CLIP_SAMPLES // 2 + 1) * (SAMPLE_RATE / CLIP_SAMPLES)
    return np.where(hz < LOWEST_HZ, 0, (LOWEST_HZ / np.maximum(hz, LOWEST_HZ)) ** 2).astype(np.float32)


def _shaped(spectrum: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Gaussian noise with that spectrum."""
    white = np.fft.rfft(rng.standard_normal(CLIP_SAMPLES))
    return np.fft.irfft(white * spectrum, CLIP_SAMPLES).astype(np.float32)
