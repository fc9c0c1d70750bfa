"""How loud a clip is, and how far its word stands out of the noise around it: estimated from the sound alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.signal import get_window

from core.config import SAMPLE_RATE
from core.sound.levels import to_db

FRAME_SAMPLES = 320
"""Samples that a level is measured over: 20 ms."""

LOWEST_HZ = 150.0
"""Hum and rumble below say nothing about a word, and would count as noise."""

QUIETEST_SHARE = 0.2
"""Share of the frames that count as noise: in the quietest fifth of a second hardly any word is still going on."""

ABOVE_NOISE_DB, BELOW_LOUDEST_DB = 3.0, 20.0
"""A frame belongs to the word if it stands out of the noise by the one, and is at most the other below the loudest."""

LOWEST_SNR_DB, HIGHEST_SNR_DB = -10.0, 80.0
"""What lies beyond is not told apart from the bounds."""

AT_ONCE = 50
"""Clips measured at once: 3 MB, which stay in the cache."""


@dataclass(frozen=True, eq=False)
class ClipLevels:
    """Levels of clips, each of shape (n,)."""

    rms_db: NDArray[np.float64]
    """Root mean square of the whole clip (dB of full scale), at least −100."""
    snr_db: NDArray[np.float64]
    """Estimated power of the word over that of the noise (dB); NaN for digital silence."""


def clip_levels(clips: NDArray[np.int16], rows: NDArray[np.int64] | None = None) -> ClipLevels:
    """Level and estimated signal-to-noise ratio of clips.

    Noise is the mean power of the quietest fifth of the frames of 20 ms, the word that of the frames that stand out,
    less the noise. Frames without any sound, such as the zeros behind a short recording, are left out. Noise that
    comes and goes, and words that fill the whole second, are taken for what they are not: good for telling quarters of
    many clips apart, not for one clip.

    Args:
        clips: Samples, (n, n_samples), such as those of a pack.
        rows: Which of them; None takes all.
    """
    rows = np.arange(len(clips)) if rows is None else rows
    parts = [_levels(clips[rows[start : start + AT_ONCE]]) for start in range(0, len(rows), AT_ONCE)]
    rms, snr = (np.concatenate([part[which] for part in parts] or [np.zeros(0)]) for which in (0, 1))
    return ClipLevels(rms_db=rms, snr_db=snr)


def _levels(clips: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sounds = clips.astype(np.float32) / np.float32(32768)
    rms_db = to_db(np.square(sounds).mean(axis=1, dtype=np.float64))
    n_frames = sounds.shape[1] // FRAME_SAMPLES
    frames = sounds[:, : n_frames * FRAME_SAMPLES].reshape(len(sounds), n_frames, FRAME_SAMPLES)
    # A frame of equal samples holds no sound.
    sounding = frames.max(axis=2) > frames.min(axis=2)
    window = get_window("hann", FRAME_SAMPLES).astype(np.float32)
    spectra = rfft((frames - frames.mean(axis=2, keepdims=True)) * window, axis=2)
    spectra = spectra[:, :, round(LOWEST_HZ * FRAME_SAMPLES / SAMPLE_RATE) :]
    powers = (np.square(spectra.real) + np.square(spectra.imag)).sum(axis=2, dtype=np.float64)
    snr = [_snr_db(power[heard]) for power, heard in zip(powers, sounding, strict=True)]
    return rms_db, np.array(snr, dtype=np.float64)


def _snr_db(powers: NDArray[np.float64]) -> float:
    """Signal-to-noise ratio (dB) from the powers of the frames of one clip."""
    if not len(powers) or powers.max() <= 0:
        return float("nan")
    powers = np.sort(powers)
    noise = float(powers[: max(1, int(QUIETEST_SHARE * len(powers)))].mean())
    least = max(noise * 10 ** (ABOVE_NOISE_DB / 10), powers[-1] * 10 ** (-BELOW_LOUDEST_DB / 10))
    word = powers[powers >= least]
    if not len(word):
        return LOWEST_SNR_DB
    ratio = (float(word.mean()) - noise) / max(noise, 1e-20)
    return float(np.clip(10 * np.log10(ratio), LOWEST_SNR_DB, HIGHEST_SNR_DB))
