"""What training noise is cut from: recordings of several kinds (``config.NOISE_KINDS``), some made as training begins.

How loud they are here means nothing: they are mixed at a signal-to-noise ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, NOISE_KINDS, SAMPLE_RATE, SILENCE_LABEL, NoiseKind, RunConfig
from core.data.augment import Noise
from core.data.demo import demo_noises
from core.data.pack import Pack
from core.data.sound_file import read_sound
from core.errors import DataError
from core.records.arrays import Waveform
from core.records.data import Problem
from core.sound.folders import files_below
from core.sound.levels import active_span, rms
from core.text import printable

Recordings = dict[str, NDArray[np.int16]]
"""Name to samples at 16 kHz."""

N_MADE, MADE_S = 24, 10
"""Recordings that are made of a kind, and how long each is (s)."""

LEVEL = 0.1
"""RMS of what is made, full scale 1: far above the steps of 16 bits, and far below full scale."""

MOST_S = 2 * 3600.0
"""Noise that a folder may hold (s): it lies in memory."""

MOST_FILES = 20_000
"""Files that it may hold; a folder with more was hardly meant."""

SLOPES = (-2.5, 0.5)
"""Power of a coloured hiss goes with the frequency to a power between these: below brown, to a little above white."""

SWELL_DB = 8.0
"""Most that a hiss swells and fades (dB, one standard deviation)."""

SWELL_HZ = (0.2, 8.0)
"""How often it does so in a second: from a passing car to a machine."""

LOWEST_HZ = 50.0
"""Below, a hiss has no more power: a microphone hears little there."""

TALKERS = (4, 10)
"""Fewest voices of a babble, and the first number that is too many."""


def training_noise(config: RunConfig, data: Pack, device: torch.device, named: Recordings | None = None) -> Noise:
    """The noise that a run's settings ask for, on its device; the run's seed decides what is made.

    Args:
        config: The settings.
        data: The dataset.
        device: Where the batches are.
        named: Recordings that are one more kind.

    Raises:
        DataError: If the demo words' noises are asked for and cannot be read.
    """
    kinds, seed = decides_noise(config)
    first, *more = (recordings(kind, data, seed) for kind in kinds)
    if named is not None:
        more.append(named)
    return Noise(first, device, data.clips.shape[1], more)


def decides_noise(config: RunConfig) -> tuple[tuple[NoiseKind, ...], int]:
    """What of a run's settings decides its noise: the kinds, and the seed where something is made (else 0)."""
    kinds = config.augment.noise_kinds if config.augment.noise_probability > 0 else ("recorded",)
    return kinds, config.training.seed if {"coloured", "babble"} & set(kinds) else 0


def recordings_in(folder: Path) -> Recordings:
    """The recordings in a folder and those below it, in order of name; what is no sound is left out.

    Raises:
        DataError: If there is no such folder, no recording of a second or more in it, or more than ``MOST_S`` or
            ``MOST_FILES``.
    """
    found: Recordings = {}
    left_s = MOST_S
    for path in files_below(folder, "noise", MOST_FILES):
        file = path.relative_to(folder).as_posix()
        samples = read_sound(str(path), file, whole=True).samples
        if samples is not None and len(samples) >= CLIP_SAMPLES:
            found[file] = samples
            left_s -= len(samples) / SAMPLE_RATE
        if left_s < 0:
            raise DataError(f"{printable(folder)} holds more than {MOST_S / 3600:g} hours of noise. Give a part of it.")
    if not found:
        raise DataError(f"{printable(folder)} holds no recording of a second or more. Give a folder with noise.")
    return found


def recordings_of(paths: Sequence[Path]) -> tuple[Recordings, list[Problem]]:
    """The recordings given, and those in folders given; and what was done to files given so that they can be used.

    Raises:
        DataError: If one is no sound, or a folder holds none (see ``recordings_in``).
    """
    found: Recordings = {}
    problems = []
    for path in dict.fromkeys(path.resolve() for path in paths):
        if path.is_dir():
            found |= {f"{path}/{name}": samples for name, samples in recordings_in(path).items()}
            continue
        read = read_sound(str(path), path.name, whole=True)
        if read.samples is None:
            why = read.problem.what if read.problem else "nothing is in it"
            raise DataError(f"{printable(path)} cannot be used: {why}. Give a recording.")
        if read.problem:
            problems.append(read.problem)
        found[str(path)] = read.samples
    return found, problems


def recordings(kind: NoiseKind, data: Pack, seed: int) -> Recordings:
    """All recordings of one kind.

    Args:
        kind: One of ``config.NOISE_KINDS``.
        data: The dataset: it has recordings of its own, and training clips to make babble of.
        seed: What is made is drawn from it.

    Raises:
        DataError: If the demo words' noises are asked for and cannot be read.
    """
    if kind == "recorded":
        return data.noise
    if kind == "computed":
        return demo_noises()
    rng = np.random.default_rng((seed, list(NOISE_KINDS).index(kind)))
    if kind == "coloured":
        return {f"coloured {number}": _samples(_coloured(rng)) for number in range(N_MADE)}
    words = data.indices("train")
    words = words[data.words[words] != SILENCE_LABEL]
    return {f"babble {number}": _samples(_babble(data, words, rng)) for number in range(N_MADE)}


def _coloured(rng: np.random.Generator) -> Waveform:
    """Hiss of one colour, steady or swelling, (n,)."""
    n = MADE_S * SAMPLE_RATE
    hz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    spectrum = rng.standard_normal((2, len(hz))).T.copy().view(np.complex128)[:, 0]
    spectrum *= np.maximum(hz, LOWEST_HZ) ** (rng.uniform(*SLOPES) / 2)
    hiss = np.fft.irfft(spectrum, n)
    # A slow random curve: points at the rate of the swelling, joined by lines.
    points = rng.standard_normal(max(2, round(MADE_S * float(np.exp(rng.uniform(*np.log(SWELL_HZ)))))))
    swell_db = rng.uniform(0, SWELL_DB) * np.interp(np.linspace(0, len(points) - 1, n), np.arange(len(points)), points)
    return np.asarray(hiss * 10 ** (swell_db / 20), dtype=np.float32)


def _babble(data: Pack, rows: NDArray[np.int64], rng: np.random.Generator) -> Waveform:
    """Several voices at once, none to be understood: training clips one after another, each played backwards."""
    n = MADE_S * SAMPLE_RATE
    crowd = np.zeros(n, np.float32)
    for _ in range(rng.integers(*TALKERS)):
        at = -int(rng.integers(SAMPLE_RATE))
        while at < n:
            clip = data.clip(int(rng.choice(rows)))
            start, end = active_span(clip)
            word = clip[start:end][::-1]
            word = word / max(rms(word), 1e-4)
            from_, to = max(0, -at), min(len(word), n - at)
            if from_ < to:
                crowd[at + from_ : at + to] += word[from_:to]
            at += len(word) + int(rng.exponential(0.1) * SAMPLE_RATE)
    return crowd


def _samples(sound: Waveform) -> NDArray[np.int16]:
    """As 16 bits at ``LEVEL``; the rare peak beyond full scale is cut off."""
    scaled = sound * (LEVEL / max(rms(sound), 1e-9))
    return np.asarray(np.clip(np.rint(scaled * 32768), -32768, 32767), dtype=np.int16)
