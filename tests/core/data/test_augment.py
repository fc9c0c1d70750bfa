"""Augmentation does what it says, to whole batches, from its generator alone."""

import numpy as np
import pytest
import torch

from core.config import AugmentConfig
from core.data.augment import (
    SILENCE,
    Noise,
    add_noise,
    augment_waveform,
    mask_spectrogram,
    shift_in_time,
    vary_silence,
)

N = 400


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def noise():
    recordings = {
        "low": np.full(300, 100, np.int16),
        "high": np.full(500, 10_000, np.int16),
        "short": np.full(50, 30_000, np.int16),
    }
    return Noise(recordings, torch.device("cpu"), n_samples=200)


def test_a_shift_moves_the_whole_clip_and_fills_with_silence():
    ramp = torch.arange(1.0, 101.0).repeat(N, 1)
    shifted = shift_in_time(ramp, 10, generator())
    seen = set()
    for row in shifted:
        (inside,) = torch.nonzero(row, as_tuple=True)
        shift = int(inside[0]) if int(inside[0]) > 0 else int(inside[-1]) - 99
        seen.add(shift)
        expected = torch.zeros(100)
        if shift >= 0:
            expected[shift:] = ramp[0, : 100 - shift]
        else:
            expected[:shift] = ramp[0, -shift:]
        assert torch.equal(row, expected)
    assert seen == set(range(-10, 11))


def test_noise_is_cut_from_inside_one_recording(noise):
    drawn = noise.draw(N, generator()) * 32768
    assert drawn.shape == (N, 200)
    assert set(drawn.unique().tolist()) == {100.0, 10_000.0}
    assert all(len(row.unique()) == 1 for row in drawn)


def test_noise_reaches_about_the_asked_share_of_clips_at_most_at_the_asked_amplitude(noise):
    config = AugmentConfig(noise_probability=0.8, noise_amplitude=0.1)
    noisy = add_noise(torch.zeros(N, 200), noise, config, generator())
    share = float((noisy.abs().sum(dim=1) > 0).float().mean())
    assert 0.72 < share < 0.88
    assert float(noisy.max()) <= 0.1 * 10_000 / 32768


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_noise_stands_at_the_asked_ratio(noise, snr_db):
    config = AugmentConfig(noise_probability=1.0, noise_snr_db=(snr_db, snr_db))
    clip = 0.1 * torch.randn(N, 200, generator=generator(1))
    added = add_noise(clip, noise, config, generator()) - clip
    ratio_db = 10 * torch.log10(clip.square().mean(dim=1) / added.square().mean(dim=1))
    torch.testing.assert_close(ratio_db, torch.full((N,), snr_db), atol=0.01, rtol=0)


def test_noise_at_a_ratio_leaves_digital_silence_silent(noise):
    config = AugmentConfig(noise_probability=1.0, noise_snr_db=(0.0, 0.0))
    assert not add_noise(torch.zeros(3, 200), noise, config, generator()).any()


def test_only_silence_changes_its_volume_and_within_the_range():
    labels = torch.tensor([SILENCE, 0] * (N // 2))
    clip = torch.ones(N, 5)
    changed = vary_silence(clip, labels, AugmentConfig(silence_gain_db=(-30, 0)), generator())
    assert torch.equal(changed[labels == 0], clip[labels == 0])
    gain_db = 20 * torch.log10(changed[labels == SILENCE, 0])
    assert -30 <= float(gain_db.min()) < -25
    assert -5 < float(gain_db.max()) <= 0


def test_masks_have_at_most_the_asked_width_and_number():
    config = AugmentConfig(frequency_masks=2, frequency_mask_bins=5, time_masks=1, time_mask_frames=20)
    masked = mask_spectrogram(torch.ones(N, 40, 101), config, generator())
    bands = (masked.sum(dim=2) == 0).sum(dim=1)
    frames = (masked.sum(dim=1) == 0).sum(dim=1)
    assert 5 < int(bands.max()) <= 10
    assert int(bands.min()) == 0
    assert int(frames.max()) == 20
    # Masked cells are whole bands and whole frames, nothing else.
    assert torch.equal((masked == 0).sum(dim=(1, 2)), bands * 101 + frames * 40 - bands * frames)


def test_nothing_is_changed_where_nothing_is_asked_for(noise):
    clip = torch.randn(4, 200)
    assert augment_waveform(clip, torch.zeros(4), noise, AugmentConfig(), generator()) is clip
    features = torch.randn(4, 40, 101)
    assert mask_spectrogram(features, AugmentConfig(), generator()) is features


def test_the_generator_alone_decides(noise):
    config = AugmentConfig(time_shift_ms=5, noise_probability=0.5, silence_gain_db=(-10, 0))
    clip, labels = torch.randn(8, 200), torch.full((8,), SILENCE)
    torch.manual_seed(1)
    first = augment_waveform(clip, labels, noise, config, generator(3))
    torch.manual_seed(2)
    assert torch.equal(first, augment_waveform(clip, labels, noise, config, generator(3)))
    assert not torch.equal(first, augment_waveform(clip, labels, noise, config, generator(4)))


def test_training_without_noise_recordings_goes_on():
    none = Noise({"short": np.ones(10, np.int16)}, torch.device("cpu"), n_samples=200)
    clip = torch.randn(4, 200)
    config = AugmentConfig(noise_probability=1.0)
    assert torch.equal(augment_waveform(clip, torch.zeros(4), none, config, generator()), clip)
