"""From an engine's waveform to a one-second clip, as a microphone might have caught it."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfiltfilt

SAMPLE_RATE = 16_000
CLIP_SAMPLES = SAMPLE_RATE
LONGEST_WORD_S = 0.9
_FRAME = SAMPLE_RATE // 100


def frame_levels(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """RMS of each 10 ms, shape (n_samples // 160,), full scale 1."""
    n_frames = len(waveform) // _FRAME
    return np.sqrt(np.mean(waveform[: n_frames * _FRAME].reshape(n_frames, _FRAME).astype(np.float64) ** 2, axis=1))


def trim(waveform: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """The word alone, at 16 kHz: silence around it cut off, ends faded over 8 ms.

    A breath or click that stands more than a quarter of a second away and far below the word is cut off too.

    Args:
        waveform: What the engine said, shape (n_samples,).
        sample_rate: Its samples per second (Hz).

    Returns:
        Waveform at 16 kHz with 20 to 40 ms of margin, shape (n_samples,). Empty if nothing was said.
    """
    divisor = np.gcd(sample_rate, SAMPLE_RATE)
    resampled = resample_poly(waveform.astype(np.float64), SAMPLE_RATE // divisor, sample_rate // divisor)
    padded = np.pad(resampled, SAMPLE_RATE // 10)
    clean = sosfiltfilt(butter(2, 50, "highpass", fs=SAMPLE_RATE, output="sos"), padded)
    levels = frame_levels(clean)
    if levels.max() < 1e-4:
        return np.zeros(0, np.float32)
    loud = np.flatnonzero(levels > levels.max() * 10 ** (-38 / 20))
    pieces = np.split(loud, np.flatnonzero(np.diff(loud) > 25) + 1)
    energies = np.array([np.sum(levels[piece] ** 2) for piece in pieces])
    main = energies > 0.02 * energies.max()
    kept = np.concatenate([piece for piece, wanted in zip(pieces, main, strict=True) if wanted])
    start = max(kept[0] * _FRAME - 3 * _FRAME, 0)
    stop = min((kept[-1] + 1) * _FRAME + 3 * _FRAME, len(clean))
    word = clean[start:stop].copy()
    fade = np.linspace(0, 1, 128)
    word[:128] *= fade
    word[-128:] *= fade[::-1]
    return word.astype(np.float32)


def place(word: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Put a trimmed word somewhere near the middle of one second, at a loudness somebody might use.

    The quiet hiss under it keeps the clip from digital silence, which no microphone gives.

    Args:
        word: From :func:`trim`, at most 16,000 samples.
        rng: Draws the place (up to ±150 ms where there is room), the loudness and the hiss.

    Returns:
        Clip, shape (16000,), peak at most 0.9.
    """
    levels = frame_levels(word)
    active = np.sqrt(np.mean(levels[levels > levels.max() * 0.1] ** 2))
    level_db = np.clip(rng.normal(-22, 3.5), -30, -14)
    gain = min(10 ** (level_db / 20) / active, 0.85 / np.abs(word).max())
    room = CLIP_SAMPLES - len(word)
    shift = int(rng.uniform(-1, 1) * min(0.15 * SAMPLE_RATE, room / 2))
    start = room // 2 + shift
    clip = hiss(CLIP_SAMPLES, rng) * 10 ** (rng.uniform(-70, -56) / 20)
    clip[start : start + len(word)] += gain * word
    return clip.astype(np.float32)


def hiss(n_samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise whose power falls with 1/f, as in a quiet room; RMS 1, shape (n_samples,)."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    frequency = np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency, 60)), n_samples)
    return noise / np.sqrt(np.mean(noise**2))
