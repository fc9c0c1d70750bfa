"""Changes to whole batches of training clips, on the model's device: shift, noise, masks.

Every function draws from the generator it is given and from nothing else, so a seed repeats a run exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.config import SAMPLE_RATE, SILENCE_LABEL, TWELVE, UNKNOWN_LABEL, AugmentConfig, Vocabulary
from core.data.acoustics import limit_band, reverberate, vary_tempo
from core.data.draws import chosen, even, whole
from core.sound.levels import ABOVE_FLOOR_DB, ACTIVE_DB, STEP_SAMPLES

RECORDED_RMS = 10 ** (-50 / 20)
"""Level of the noise recordings of Speech Commands, full scale 1: -45 to -53 dB, its white and pink noise -49.6."""


class Noise:
    """Background recordings laid end to end on a device, from which random seconds are cut.

    Args:
        recordings: Name to int16 samples at 16 kHz; those shorter than a clip are left out.
        device: Where the batches are.
        n_samples: Samples of a clip.
        more: Recordings of further kinds; each kind that has any is drawn alike often.
    """

    def __init__(
        self,
        recordings: Mapping[str, NDArray[np.int16]],
        device: torch.device,
        n_samples: int,
        more: Sequence[Mapping[str, NDArray[np.int16]]] = (),
    ) -> None:
        self.n_samples = n_samples
        kinds = [[samples for samples in kind.values() if len(samples) >= n_samples] for kind in (recordings, *more)]
        kinds = [kind for kind in kinds if kind]
        usable = [samples for kind in kinds for samples in kind]
        joined = np.concatenate(usable) if usable else np.zeros(0, np.int16)
        self.samples = torch.from_numpy(joined).to(device)
        ends = np.cumsum([len(samples) for samples in usable], dtype=np.int64)
        starts = [np.arange(end - len(samples), end - n_samples + 1) for samples, end in zip(usable, ends, strict=True)]
        # Every position from which a whole clip lies inside one recording.
        self.starts = torch.from_numpy(np.concatenate(starts) if starts else np.zeros(0, np.int64)).to(device)
        # Of each kind, how many such positions there are, and how many before its first.
        sizes = np.array([sum(len(samples) - n_samples + 1 for samples in kind) for kind in kinds], np.int64)
        self._sizes = torch.from_numpy(sizes).to(device)
        self._firsts = torch.from_numpy(np.cumsum(sizes) - sizes).to(device)

    def __len__(self) -> int:
        return len(self.starts)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """``n`` random seconds, (n, n_samples), -1 to 1."""
        if len(self._sizes) == 1:
            place = whole(n, 0, len(self.starts), generator)
        else:
            kind = whole(n, 0, len(self._sizes), generator)
            # In float64: a float32 has fewer steps than an hour has samples.
            share = even(n, 0.0, 1.0, generator, torch.float64)
            place = self._firsts[kind] + (share * self._sizes[kind]).long()
        return self.samples.unfold(0, self.n_samples, 1)[self.starts[place]].float() / 32768


def shift_in_time(waveform: Tensor, largest_samples: int, generator: torch.Generator) -> Tensor:
    """Each clip moved by up to ``largest_samples`` to either side; silence fills the gap.

    >>> shift_in_time(torch.ones(1, 4), 0, torch.Generator()).tolist()
    [[1.0, 1.0, 1.0, 1.0]]
    """
    n, n_samples = waveform.shape
    # A clip is a window of itself with silence on both sides; where the window begins is the shift.
    padded = functional.pad(waveform, (largest_samples, largest_samples))
    first = whole(n, 0, 2 * largest_samples + 1, generator)
    return padded.unfold(1, n_samples, 1)[torch.arange(n, device=first.device), first]


def spoken_power(waveform: Tensor) -> Tensor:
    """Mean square of each clip while its word is spoken, (n,): from end to end of ``levels.active_span``, in a batch.

    A clip without a word has one too: of what stands out in it, or of all of it if nothing does.

    >>> clip = torch.cat([torch.zeros(1, 8000), torch.full((1, 8000), 0.5)], dim=1)
    >>> spoken_power(clip).tolist()
    [0.25]
    """
    n_steps = waveform.shape[1] // STEP_SAMPLES
    power = waveform[:, : n_steps * STEP_SAMPLES].unflatten(1, (n_steps, STEP_SAMPLES)).square().mean(dim=2)
    level_db = 10 * torch.log10(power + 1e-12)
    loudest_db = level_db.amax(dim=1, keepdim=True)
    floor_db = torch.quantile(level_db, 0.1, dim=1, keepdim=True)
    active = level_db >= loudest_db - (loudest_db - floor_db - ABOVE_FLOOR_DB).clamp(*ACTIVE_DB)
    inside = (active.cumsum(dim=1) > 0) & (active.flip(1).cumsum(dim=1).flip(1) > 0)
    spoken: Tensor = (power * inside).sum(dim=1) / inside.sum(dim=1)
    return spoken


def add_noise(waveform: Tensor, noise: Noise, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Background noise on a share of the clips, at an amplitude or at a signal-to-noise ratio.

    The ratio compares the noise's mean power over the whole second with the clip's, or with its word's while it is
    spoken (``noise_against``). A digitally silent clip has no ratio and gets no noise from it. What is louder than
    full scale is cut off, and where the ratio is to the word's turned down as a whole, so that the ratio stays.
    """
    n = len(waveform)
    background = noise.draw(n, generator)
    among = chosen(n, config.noise_probability, generator)
    against_word = config.noise_snr_db is not None and config.noise_against == "word"
    if config.noise_snr_db is None:
        gain = even(n, 0.0, config.noise_amplitude, generator)
    else:
        snr_db = even(n, *config.noise_snr_db, generator)
        signal = spoken_power(waveform) if against_word else waveform.square().mean(dim=1)
        loudness = background.square().mean(dim=1)
        gain = torch.sqrt(signal / loudness.clamp_min(1e-12) / 10 ** (snr_db / 10))
    mix = waveform + background * (gain * among)[:, None]
    return _within_full_scale(mix) if against_word else mix.clamp(-1, 1)


def _within_full_scale(waveform: Tensor) -> Tensor:
    """Clips that exceed -1 to 1 turned down as a whole, as an automatic recording level does."""
    return waveform / waveform.abs().amax(dim=1, keepdim=True).clamp_min(1)


def vary_silence(waveform: Tensor, is_silence: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Silence clips at a random volume: they are cut from a few recordings of one volume each.

    What is louder than full scale is cut off, as the loudest silence of the official test set is.
    """
    gain = 10 ** (even(len(waveform), *config.silence_gain_db, generator) / 20)
    return torch.where(is_silence[:, None], (waveform * gain[:, None]).clamp(-1, 1), waveform)


def put_noise(
    waveform: Tensor, is_silence: Tensor, noise: Noise, config: AugmentConfig, generator: torch.Generator
) -> Tensor:
    """A share of the silence clips replaced by noise, as loud as Speech Commands' own noise recordings."""
    n = len(waveform)
    among = chosen(n, config.silence_from_noise, generator)
    drawn = noise.draw(n, generator)
    loudness = drawn.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-6)
    return torch.where((among & is_silence)[:, None], drawn * (RECORDED_RMS / loudness), waveform)


def vary_gain(waveform: Tensor, is_silence: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Clips of words at a random volume; what would exceed full scale is turned down to it."""
    gain = 10 ** (even(len(waveform), *config.gain_db, generator) / 20)
    louder = _within_full_scale(waveform * gain[:, None])
    return torch.where(is_silence[:, None], waveform, louder)


def put_talk(
    waveform: Tensor, is_unknown: Tensor, talk: Noise, config: AugmentConfig, generator: torch.Generator
) -> Tensor:
    """A share of the unknown clips replaced by seconds of talk."""
    n = len(waveform)
    among = chosen(n, config.talk_share, generator)
    return torch.where((among & is_unknown)[:, None], talk.draw(n, generator), waveform)


def augment_waveform(
    waveform: Tensor,
    labels: Tensor,
    noise: Noise,
    config: AugmentConfig,
    generator: torch.Generator,
    talk: Noise | None = None,
    vocabulary: Vocabulary = TWELVE,
    rooms: Tensor | None = None,
) -> Tensor:
    """All changes to the sound itself that ``config`` asks for; (B, n_samples) to the same shape.

    What is done to silence, or to unknown words, is left out where they have no label.

    Args:
        waveform: Clips, (B, n_samples).
        labels: Their labels in ``vocabulary``, (B,).
        noise: What background noise, and some silence, is cut from.
        config: Which changes.
        generator: What is drawn from.
        talk: What some unknown clips are cut from.
        vocabulary: What is told apart.
        rooms: Impulse responses (``core.data.acoustics.rooms``); without any there is no reverberation.
    """
    silence, unknown = vocabulary.label_of(SILENCE_LABEL), vocabulary.label_of(UNKNOWN_LABEL)
    if talk is not None and config.talk_share > 0:
        waveform = put_talk(waveform, labels == unknown, talk, config, generator)
    if vocabulary.silence and config.silence_from_noise > 0 and len(noise):
        waveform = put_noise(waveform, labels == silence, noise, config, generator)
    if vocabulary.silence and config.silence_gain_db != (0.0, 0.0):
        waveform = vary_silence(waveform, labels == silence, config, generator)
    if config.time_shift_ms > 0:
        waveform = shift_in_time(waveform, round(config.time_shift_ms * SAMPLE_RATE / 1000), generator)
    if config.tempo != (1.0, 1.0):
        waveform = vary_tempo(waveform, config.tempo, generator)
    if rooms is not None:
        waveform = reverberate(waveform, rooms, config.reverb_probability, generator)
    if config.noise_probability > 0 and len(noise):
        waveform = add_noise(waveform, noise, config, generator)
    if config.band_probability > 0:
        waveform = limit_band(waveform, config.band_probability, generator)
    if config.gain_db != (0.0, 0.0):
        waveform = vary_gain(waveform, labels == silence, config, generator)
    return waveform


def _keep(n: int, size: int, widest: int, generator: torch.Generator) -> Tensor:
    """(n, size) of ones with one random run of at most ``widest`` zeros in each row."""
    width = whole(n, 0, min(widest, size) + 1, generator)
    start = (even(n, 0.0, 1.0, generator) * (size - width + 1)).long()
    position = torch.arange(size, device=width.device)
    masked = (position >= start[:, None]) & (position < (start + width)[:, None])
    return (~masked).float()


def mask_spectrogram(features: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """SpecAugment (Park et al., 2019): random bands and spans of the features set to 0, (B, n_mels, frames)."""
    n, n_mels, n_frames = features.shape
    for _ in range(config.frequency_masks):
        features = features * _keep(n, n_mels, config.frequency_mask_bins, generator)[:, :, None]
    for _ in range(config.time_masks):
        features = features * _keep(n, n_frames, config.time_mask_frames, generator)[:, None, :]
    return features
