"""What happens to a voice before it is samples: another tempo, a room's reverberation, a microphone's band.

Whole batches of training clips on the model's device. Every function draws from the generator it is given and from
nothing else, so a seed repeats a run exactly.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.config import SAMPLE_RATE
from core.data.draws import chosen, even, whole

N_ROOMS = 256
"""Rooms of a training run."""

LONGEST_S = 0.5
"""Longest impulse response (s); what a room still says after it is cut off."""

DELAY_S = (0.001, 0.01)
"""From the direct sound to the first of its echoes (s): a detour of 0.3 to 3 m."""

DIRECT_DB = (-3.0, 12.0)
"""How much stronger the direct sound is than all echoes together (dB): across a room, and close to the mouth."""

LOW_CUT_HZ, HIGH_CUT_HZ = (40.0, 400.0), (2500.0, 8000.0)
"""Where a microphone begins and ends to hear (-3 dB): from a good one to a telephone's."""

TILT_DB = (-3.0, 3.0)
"""By how much it prefers high frequencies (dB an octave, even at 1 kHz)."""


def rooms(seconds: tuple[float, float], seed: int, device: torch.device) -> Tensor:
    """Impulse responses, (``N_ROOMS``, n): a direct sound of 1 and noise that decays exponentially (Polack, 1988).

    Args:
        seconds: Shortest and longest reverberation time, in which the echoes fall by 60 dB (s).
        seed: The rooms follow from it.
        device: Where the batches are.
    """
    rng = np.random.default_rng((seed, 0x300A))
    n = round(LONGEST_S * SAMPLE_RATE)
    time_s = np.arange(n) / SAMPLE_RATE
    decay_s, delay_s, direct_db = (rng.uniform(*span, (N_ROOMS, 1)) for span in (seconds, DELAY_S, DIRECT_DB))
    echoes = rng.standard_normal((N_ROOMS, n)) * 10 ** (-3 * time_s / decay_s) * (time_s >= delay_s)
    echoes *= 10 ** (-direct_db / 20) / np.sqrt(np.square(echoes).sum(axis=1, keepdims=True))
    echoes[:, 0] = 1
    return torch.from_numpy(echoes.astype(np.float32)).to(device)


def reverberate(waveform: Tensor, rooms: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """A share of the clips heard in a random room each, as loud as before; (B, n_samples)."""
    n, n_samples = waveform.shape
    room = rooms[whole(n, 0, len(rooms), generator)]
    size = n_samples + rooms.shape[1]
    echoed = torch.fft.irfft(torch.fft.rfft(waveform, size) * torch.fft.rfft(room, size), size)[:, :n_samples]
    return torch.where(chosen(n, probability, generator)[:, None], _as_loud(echoed, waveform), waveform)


def limit_band(waveform: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """A share of the clips heard by a random microphone each, as loud as before; (B, n_samples).

    Its response falls by 12 dB an octave beyond both ends of its band (the magnitude of Butterworth filters of second
    order) and tilts between them.
    """
    n, n_samples = waveform.shape

    def drawn(low: float, high: float) -> Tensor:
        return even(n, low, high, generator)[:, None]

    hz = torch.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE, device=waveform.device).clamp_min(1.0)
    low_hz, high_hz = (drawn(*np.log(span)).exp() for span in (LOW_CUT_HZ, HIGH_CUT_HZ))
    power = 1 / ((1 + (low_hz / hz) ** 4) * (1 + (hz / high_hz) ** 4))
    gain = power.sqrt() * 10 ** (drawn(*TILT_DB) * torch.log2(hz / 1000) / 20)
    heard = torch.fft.irfft(torch.fft.rfft(waveform) * gain, n_samples)
    return torch.where(chosen(n, probability, generator)[:, None], _as_loud(heard, waveform), waveform)


def vary_tempo(waveform: Tensor, tempo: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Each clip spoken up to so much slower or faster, and deeper or higher with it; its middle stays in the middle.

    Args:
        waveform: Clips, (B, n_samples).
        tempo: Slowest and fastest, 1 as it is.
        generator: What is drawn from.

    >>> clip = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0]])
    >>> vary_tempo(clip, (0.5, 0.5), torch.Generator()).tolist()
    [[0.0, 0.5, 1.0, 0.5, 0.0]]
    """
    n, n_samples = waveform.shape
    low, high = tempo
    factor = even(n, low, high, generator)[:, None]
    middle = (n_samples - 1) / 2
    at = middle + (torch.arange(n_samples, device=waveform.device) - middle) * factor
    inside = (at >= 0) & (at <= n_samples - 1)
    left = at.floor().clamp(0, n_samples - 2)
    share = (at - left).clamp(0, 1)
    place = left.long()
    between = torch.lerp(waveform.gather(1, place), waveform.gather(1, place + 1), share)
    return between * inside


def _as_loud(changed: Tensor, before: Tensor) -> Tensor:
    """Each clip with the mean power that it had; what then exceeds full scale is turned down as a whole."""
    power, wanted = (sound.square().mean(dim=1, keepdim=True) for sound in (changed, before))
    changed = changed * (wanted / power.clamp_min(1e-12)).sqrt()
    return changed / changed.abs().amax(dim=1, keepdim=True).clamp_min(1)
