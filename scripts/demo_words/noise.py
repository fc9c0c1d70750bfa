"""Eight background noises, all computed: five to train with, one to validate with, two that only the test hears.

They imitate the kinds in Speech Commands' ``_background_noise_``. Every noise breathes: its loudness wanders by a few
decibels, so a one-second cut is now quieter, now louder.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from clip import SAMPLE_RATE, hiss
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfiltfilt
from voices import TEST, TRAIN, VALIDATION

Waveform = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """One recording that never was."""

    name: str
    split: str
    rms: float
    """Loudness, full scale 1."""
    seconds: int
    make: Callable[[int, np.random.Generator], Waveform] | None
    """From a number of samples and a random generator to a waveform; none for babble, which needs the words."""


def render(noise: Noise, words: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    """One noise at its loudness, peaks held under 0.9.

    Args:
        noise: Which one.
        words: Trimmed words of training voices at 16 kHz, for the babble.
        rng: Draws everything random in it.

    Returns:
        Waveform at 16 kHz, shape (16000 * noise.seconds,).
    """
    n_samples = noise.seconds * SAMPLE_RATE
    raw = babble(n_samples, words, rng) if noise.make is None else noise.make(n_samples, rng)
    breathing = raw * 10 ** (2.5 * wander(n_samples, 0.3, rng) / 20)
    scaled = breathing * noise.rms / np.sqrt(np.mean(breathing**2))
    return (0.85 * np.tanh(scaled / 0.85)).astype(np.float32)


def wander(n_samples: int, rate_hz: float, rng: np.random.Generator) -> Waveform:
    """A slow random curve of mean 0 and standard deviation 1, moving about ``rate_hz`` times a second."""
    n_points = max(int(n_samples / SAMPLE_RATE * rate_hz * 4), 8)
    coarse = np.convolve(rng.standard_normal(n_points + 4), np.ones(5) / 5, "valid")
    curve = np.interp(np.linspace(0, n_points - 1, n_samples), np.arange(n_points), coarse)
    return (curve - curve.mean()) / curve.std()


def band(waveform: Waveform, low_hz: float, high_hz: float) -> Waveform:
    """What is left between two frequencies."""
    return sosfiltfilt(butter(2, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE, output="sos"), waveform)


def white(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Equal power at every frequency."""
    return rng.standard_normal(n_samples)


def pink(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Power that falls with 1/f."""
    return hiss(n_samples, rng)


def mains_hum(n_samples: int, rng: np.random.Generator) -> Waveform:
    """50 Hz and its overtones, as from a transformer, over a fan's breath."""
    time_s = np.arange(n_samples) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(50 + 0.05 * wander(n_samples, 0.2, rng)) / SAMPLE_RATE
    overtones = sum(
        rng.uniform(0.3, 1) * order**-0.7 * np.cos(order * phase + rng.uniform(0, 6)) for order in range(1, 25)
    )
    beat = 1 + 0.2 * np.sin(2 * np.pi * 0.7 * time_s)
    return overtones * beat + 0.35 * hiss(n_samples, rng)


def dishes(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Plates and cutlery: ringing knocks in bursts over a kitchen's murmur."""
    scene = 0.04 * hiss(n_samples, rng)
    busy = wander(n_samples, 0.3, rng)
    for start in np.sort(rng.integers(0, n_samples - 1, n_samples // SAMPLE_RATE * 7)):
        if busy[start] > rng.normal(-0.2, 0.5):
            knock = _knock(rng.uniform(700, 4500), rng.uniform(0.02, 0.25), rng)
            stop = min(start + len(knock), n_samples)
            scene[start:stop] += rng.lognormal(-1.2, 0.7) * knock[: stop - start]
    return scene


def _knock(pitch_hz: float, decay_s: float, rng: np.random.Generator) -> Waveform:
    """One hard thing on another: six inharmonic partials that die away, and the click of the touch."""
    time_s = np.arange(int(min(6 * decay_s, 0.6) * SAMPLE_RATE)) / SAMPLE_RATE
    ring = np.zeros_like(time_s)
    for order in range(6):
        partial_hz = pitch_hz * (1 + order * rng.uniform(0.4, 0.9))
        if partial_hz < 7_500:
            decay = np.exp(-time_s * (1 + 0.6 * order) / decay_s)
            ring += rng.uniform(0.2, 1) * decay * np.sin(2 * np.pi * partial_hz * time_s + rng.uniform(0, 6))
    click = rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.002)
    return ring + 0.7 * click


def babble(n_samples: int, words: list[NDArray[np.float32]], rng: np.random.Generator) -> Waveform:
    """A crowd: words played backwards, at other speeds, nine talkers at once, none to be understood."""
    scene = 0.02 * hiss(n_samples, rng)
    for _ in range(9):
        talker_gain = rng.uniform(0.4, 1)
        position = int(rng.integers(0, SAMPLE_RATE))
        while position < n_samples:
            word = words[rng.integers(len(words))][::-1].astype(np.float64)
            n_stretched = int(len(word) * rng.uniform(0.8, 1.3))
            stretched = np.interp(np.linspace(0, len(word) - 1, n_stretched), np.arange(len(word)), word)
            stop = min(position + n_stretched, n_samples)
            scene[position:stop] += talker_gain * stretched[: stop - position] / np.sqrt(np.mean(stretched**2))
            position = stop + int(rng.exponential(0.08) * SAMPLE_RATE)
    return scene


def running_water(n_samples: int, rng: np.random.Generator) -> Waveform:
    """A tap: a bright rush, a dull splash, and many small bubbles, each a short rising chirp."""
    rush = band(rng.standard_normal(n_samples), 800, 7_000) * (1 + 0.25 * wander(n_samples, 6, rng))
    splash = 1.5 * band(rng.standard_normal(n_samples), 150, 900) * (1 + 0.3 * wander(n_samples, 3, rng))
    bubbles = np.zeros(n_samples)
    for start in rng.integers(0, n_samples - 1, n_samples // SAMPLE_RATE * 90):
        time_s = np.arange(int(rng.uniform(0.008, 0.04) * SAMPLE_RATE)) / SAMPLE_RATE
        pitch_hz = rng.uniform(400, 3_000)
        chirp = np.sin(2 * np.pi * (pitch_hz + pitch_hz * 4 * time_s) * time_s) * np.exp(-time_s * 120)
        stop = min(start + len(time_s), n_samples)
        bubbles[start:stop] += rng.lognormal(-0.3, 0.6) * chirp[: stop - start]
    return rush + splash + bubbles


def wind(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Gusts: deep noise whose strength and brightness rise together, with a whistle at the strongest."""
    gust = 1 / (1 + np.exp(-1.5 * wander(n_samples, 0.4, rng)))
    deep = band(rng.standard_normal(n_samples), 40, 250)
    high = band(rng.standard_normal(n_samples), 250, 1_400)
    whistle = band(rng.standard_normal(n_samples), 1_450, 1_600)
    air = 0.02 * hiss(n_samples, rng)
    return (0.2 + gust) * deep + gust**2 * high + 0.8 * gust**3 * whistle + air


def typing(n_samples: int, rng: np.random.Generator) -> Waveform:
    """A keyboard: dull clicks in runs, down and up, with pauses to think."""
    scene = 0.03 * hiss(n_samples, rng)
    position = 0
    while True:
        position += int((rng.gamma(4, 0.03) + (rng.random() < 0.08) * rng.uniform(0.3, 1.0)) * SAMPLE_RATE)
        if position + SAMPLE_RATE // 5 > n_samples:
            return scene
        for delay_s, gain in ((0.0, 1.0), (rng.uniform(0.06, 0.11), 0.4)):
            time_s = np.arange(int(0.03 * SAMPLE_RATE)) / SAMPLE_RATE
            thud = np.sin(2 * np.pi * rng.uniform(180, 320) * time_s) * np.exp(-time_s / 0.006)
            click = sosfilt(
                butter(1, (1_500, 6_000), "bandpass", fs=SAMPLE_RATE, output="sos"),
                rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.003),
            )
            start = position + int(delay_s * SAMPLE_RATE)
            scene[start : start + len(time_s)] += gain * rng.uniform(0.5, 1) * (0.6 * thud + click)


NOISES = (
    Noise("white", TRAIN, 0.10, 40, white),
    Noise("pink", TRAIN, 0.16, 40, pink),
    Noise("dishes", TRAIN, 0.05, 50, dishes),
    Noise("mains_hum", TRAIN, 0.04, 30, mains_hum),
    Noise("babble", TRAIN, 0.07, 50, None),
    Noise("running_water", VALIDATION, 0.08, 45, running_water),
    Noise("wind", TEST, 0.06, 45, wind),
    Noise("typing", TEST, 0.03, 45, typing),
)
