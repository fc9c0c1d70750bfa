"""What a front end hears of a sound: initial against learned, as numbers and as sound again.

Nothing here imports torch: filters come as arrays, log-mels as a model gave them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.signal import ShortTimeFFT, istft, stft

from core.frontend.kernel_facts import pair_power
from core.records.arrays import FloatArray
from core.records.filters import Filters
from core.sound.levels import QUIETEST_DB

Which = Literal["initial", "learned"]

Array = NDArray[np.float64]

DB_PER_NAT = float(10 / np.log(10))
"""Decibels in one unit of the natural logarithm of power."""

LOUDNESS_DB = -23.0
"""Level that sounds are brought to before they are compared by ear (RMS, dB of full scale): speech at this level
leaves room for its peaks."""

PEAK = 0.95
"""Largest sample of a sound made to be listened to."""

FINER = 4
"""How many times finer than the front end's bins the band-pass is drawn: its kernels answer between bins as well."""

BAND_DB = -40.0
"""What answers more strongly than this, relative to the peak, belongs to a filter's band: a Hann window lets nothing
through beyond that, but trained weights may."""

SOLVER_STEPS = 50
"""Steps of the search for a spectrum. Ordinary filters need fewer; random kernels would take half a minute for a mel
power that is met a tenth more closely."""

ITERATIONS = 32
"""Rounds of Griffin-Lim: the phases hardly change after."""

MOMENTUM = 0.99
"""How far a round goes on in the direction of the last one (Perraudin et al., 2013)."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """One clip through the initial and the learned filters: mel power in decibels, (n_mels, n_frames)."""

    initial: FloatArray
    learned: FloatArray
    gain_db: FloatArray
    """How much louder each band is through the learned filters, over the frames that are loud in it, (n_mels,)."""
    rest_db: FloatArray
    """What differs beyond that gain, (n_mels, n_frames)."""


def compare(initial: FloatArray, learned: FloatArray) -> Comparison:
    """Take the difference of two log-mels apart: a gain for each band, and the rest.

    The gain is the mean difference over the louder half of a band's frames, since quiet frames may lie at the floor
    that is added before the logarithm, which no gain moves.

    Args:
        initial: Natural logarithm of mel power, (n_mels, n_frames).
        learned: The same through the learned filters.

    >>> one = compare(np.float32([[5.0, 5.0, 0.0]]), np.float32([[6.0, 8.0, 0.0]]))
    >>> (one.gain_db / DB_PER_NAT).tolist(), (one.rest_db / DB_PER_NAT).tolist()
    ([2.0], [[-1.0, 1.0, -2.0]])
    """
    before, after = (np.asarray(side, dtype=np.float32) * np.float32(DB_PER_NAT) for side in (initial, learned))
    loud = before >= np.median(before, axis=1, keepdims=True)
    gain = np.where(loud, after - before, 0).sum(axis=1) / loud.sum(axis=1)
    return Comparison(initial=before, learned=after, gain_db=gain, rest_db=after - before - gain[:, None])


def analysis_response(filters: Filters, which: Which, *, padding: int = 1) -> Array:
    """Power that each mel filter gives for a tone of amplitude 1, averaged over the tone's phase, kernels included.

    A tone of frequency f makes kernel pair k answer with the power ``(|C_k(f)|² + |S_k(f)|²) / 2``, where C and S are
    the frequency responses of its cosine and its sine kernel; a mel filter adds these up with its weights.

    Args:
        filters: Both sets of filters.
        which: Which of them.
        padding: Frequency steps a bin.

    Returns:
        Response at ``bin_frequencies(padding * n_fft, …)``, (n_mels, padding * n_fft // 2 + 1); never negative.
    """
    snapshot = getattr(filters, which)
    return np.asarray(np.maximum(snapshot.mel_basis.astype(np.float64) @ _kernel_power(filters, which, padding), 0))


def through_filter(clip: FloatArray, filters: Filters, which: Which, number: int) -> FloatArray:
    """What one mel filter lets through of a clip: its spectrum weighted by the filter's response, as sound.

    The response is one of power, so amplitudes are weighted by its square root, the loudest frequency by 1.

    Args:
        clip: The sound, -1 to 1, (n,).
        filters: Both sets of filters.
        which: Which of them.
        number: The filter, from 0.

    Returns:
        The sound, (n,), at its own level.
    """
    response = analysis_response(filters, which, padding=FINER)[number]
    weights = np.sqrt(response / max(float(response.max()), 1e-30))
    n_fft = filters.n_fft
    window = np.hanning(n_fft + 1)[:-1]
    # Longer transforms than windows: what the filter rings on has room, and does not come back at the other end.
    transform = ShortTimeFFT(window, hop=n_fft // 4, fs=filters.sample_rate, mfft=FINER * n_fft, phase_shift=None)
    padded = np.pad(clip.astype(np.float64), (n_fft, n_fft))
    shaped = transform.istft(transform.stft(padded) * weights[:, None], k1=len(padded))
    return np.asarray(shaped[n_fft : n_fft + len(clip)], dtype=np.float32)


def share_outside(sound: FloatArray, filters: Filters, number: int) -> float | None:
    """Share of a sound's power that lies outside the band of an initial filter, 0 to 1; None for silence.

    Args:
        sound: What a filter let through, (n,).
        filters: Both sets of filters.
        number: The filter, from 0.
    """
    response = analysis_response(filters, "initial", padding=FINER)[number]
    inside = np.flatnonzero(response > 10 ** (BAND_DB / 10) * response.max())
    power = np.square(np.abs(np.fft.rfft(sound)))
    if power.sum() <= 0 or not len(inside):
        return None
    hz = np.fft.rfftfreq(len(sound), 1 / filters.sample_rate)
    step = filters.sample_rate / (FINER * filters.n_fft)
    return float(power[(hz < inside[0] * step) | (hz > inside[-1] * step)].sum() / power.sum())


def mel_power(
    log_mel: FloatArray, filters: Filters, which: Which, *, log_offset: float, power_offset: float
) -> FloatArray:
    """Power in each mel filter from a log-mel, without what the front end adds against zeros; (n_mels, n_frames).

    Args:
        log_mel: Natural logarithm, (n_mels, n_frames).
        filters: Both sets of filters.
        which: Those that gave ``log_mel``.
        log_offset: Added to mel power before the logarithm.
        power_offset: Added to the power of each bin.
    """
    added = log_offset + power_offset * getattr(filters, which).mel_basis.sum(axis=1, dtype=np.float64)[:, None]
    power = np.exp(log_mel.astype(np.float64)) - added
    # What rounding leaves of silence is silence.
    return np.where(power > 1e-4 * added, power, 0).astype(np.float32)


def resynthesised(
    mel_power: FloatArray, filters: Filters, which: Which, n_samples: int, *, seed: int = 0
) -> FloatArray:
    """A sound that looks to the front end as the clip did, made from its mel power alone.

    First the spectrum whose mel power comes closest, without negative power; then phases that fit it (Griffin and Lim,
    1984). What is lost is what the front end does not pass on: pitch between filters, and phase.

    Args:
        mel_power: Power in each filter, (n_mels, n_frames), without offsets.
        filters: Both sets of filters.
        which: Those that gave ``mel_power``.
        n_samples: Length of the sound.
        seed: What the first phases are drawn from.

    Returns:
        The sound, (n_samples,), at about its own level.
    """
    loudest = float(np.max(mel_power, initial=0.0))
    if loudest <= 0:
        return np.zeros(n_samples, np.float32)
    basis = spectrum_basis(filters, which)
    # Brought to the same scale, since the solver stops at an absolute change.
    scale = float(np.abs(basis).max())
    target = np.asarray(mel_power, dtype=np.float64) / loudest
    power = nearest_spectrum(basis / scale, target) * (loudest / scale)
    sound = sound_with(np.sqrt(power), filters.n_fft, filters.hop_length, seed=seed)
    return np.pad(sound, (0, max(0, n_samples - len(sound))))[:n_samples].astype(np.float32)


def nearest_spectrum(basis: Array, mel_power: Array) -> Array:
    """The spectrum without negative power whose mel power comes closest, by L-BFGS-B from the smallest one that fits.

    The same as ``librosa.util.nnls``. librosa compiles itself when it is first used after it was installed, which
    takes most of a minute, and somebody would wait for it.

    Args:
        basis: From spectrum to mel power, (n_mels, n_bins), about 1.
        mel_power: What is to be met, (n_mels, n_frames), about 1.

    Returns:
        The spectrum, (n_bins, n_frames).
    """
    begin = np.maximum(np.linalg.pinv(basis) @ mel_power, 0)

    def squares(spectrum: Array) -> tuple[float, Array]:
        missed = basis @ spectrum.reshape(begin.shape) - mel_power
        return 0.5 * float(np.mean(np.square(missed))), (basis.T @ missed / missed.size).ravel()

    options = {"maxiter": SOLVER_STEPS, "maxcor": basis.shape[1]}
    bounds = [(0, None)] * begin.size
    found = minimize(squares, begin.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x.reshape(begin.shape))


def sound_with(magnitude: Array, n_fft: int, hop_length: int, *, seed: int = 0) -> Array:
    """A sound whose spectrogram (periodic Hann window, centred frames) has these magnitudes, by fast Griffin-Lim.

    Args:
        magnitude: (n_bins, n_frames).
        n_fft: Length of the window.
        hop_length: Samples from one frame to the next.
        seed: What the first phases are drawn from.

    Returns:
        The sound, (hop_length * (n_frames - 1),).
    """
    frames = {"window": "hann", "nperseg": n_fft, "noverlap": n_fft - hop_length}
    # scipy's spectra are divided by the sum of the window.
    wanted = magnitude / (n_fft / 2)
    spectrum = wanted * np.exp(2j * np.pi * np.random.default_rng(seed).random(wanted.shape))
    before = np.zeros_like(spectrum)
    for _ in range(ITERATIONS):
        sound = istft(spectrum, **frames)[1]
        heard = stft(sound, **frames)[2][:, : wanted.shape[1]]
        towards = heard - MOMENTUM / (1 + MOMENTUM) * before
        spectrum = wanted * towards / np.maximum(np.abs(towards), np.finfo(np.float64).tiny)
        before = heard
    return np.asarray(istft(spectrum, **frames)[1])


def spectrum_basis(filters: Filters, which: Which) -> Array:
    """The matrix from an ordinary power spectrum (Hann window) to mel power, (n_mels, n_bins).

    With Fourier kernels it is the mel basis itself. Trained kernels answer the same tone differently; the matrix
    between the two answers to tones at the bins' frequencies stands for that.
    """
    basis = getattr(filters, which).mel_basis.astype(np.float64)
    ordinary = _fourier_power(filters.n_fft)
    found = _kernel_power(filters, which, 1)
    if np.allclose(found, ordinary, rtol=0, atol=1e-4 * ordinary.max()):
        return np.asarray(basis)
    return np.asarray(basis @ np.linalg.solve(ordinary.T, found.T).T)


def loudness_matched(sound: FloatArray) -> FloatArray:
    """A sound at the level at which sounds are compared by ear, or below if its peaks would be cut off.

    >>> quiet = np.float32(0.001) * np.sin(np.arange(1600, dtype=np.float32))
    >>> round(float(20 * np.log10(np.sqrt(np.mean(loudness_matched(quiet) ** 2)))))
    -23
    """
    level = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0
    if level < 10 ** (QUIETEST_DB / 20):
        # There is nothing to bring to a level.
        return np.zeros_like(sound)
    gain = min(10 ** (LOUDNESS_DB / 20) / level, PEAK / float(np.abs(sound).max()))
    return np.asarray(sound * np.float32(gain), dtype=np.float32)


def _kernel_power(filters: Filters, which: Which, padding: int) -> Array:
    """Power with which each kernel pair answers a tone, (n_bins, padding * n_fft // 2 + 1)."""
    snapshot = getattr(filters, which)
    return pair_power(snapshot.stft_cos, snapshot.stft_sin, padding)


def _fourier_power(n_fft: int) -> Array:
    """The same for Fourier kernels under a Hann window, at the bins' frequencies, (n_bins, n_bins)."""
    turns = 2 * np.pi * np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) / n_fft
    window = np.hanning(n_fft + 1)[:-1]
    return pair_power(np.cos(turns) * window, np.sin(turns) * window, padding=1)
