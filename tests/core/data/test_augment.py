"""Augmentation does what it says, to whole batches, from its generator alone."""

import numpy as np
import pytest
import torch

from core.config import LABELS, AugmentConfig
from core.data.augment import (
    Noise,
    add_noise,
    augment_waveform,
    mask_spectrogram,
    put_noise,
    put_talk,
    shift_in_time,
    spoken_power,
    vary_gain,
    vary_silence,
)
from core.sound.levels import active_span

N = 400

SILENCE, UNKNOWN = LABELS.index("_silence_"), LABELS.index("_unknown_")


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


def spoken_like(n, seed=0):
    """Clips with a swelling tone for a word, 0.2 to 0.6 s long, somewhere in a quiet hiss; (n, 16000)."""
    rng = np.random.default_rng(seed)
    clips = 0.001 * rng.standard_normal((n, 16_000))
    for clip in clips:
        length, first = int(rng.integers(3_200, 9_600)), int(rng.integers(0, 6_000))
        clip[first : first + length] += 0.2 * np.hanning(length) * np.sin(np.arange(length) * rng.uniform(0.05, 1))
    return torch.from_numpy(clips.astype(np.float32))


def test_the_power_of_a_word_is_that_of_its_active_span():
    """The span that the rest of the project measures by, clip by clip."""
    clips = spoken_like(60)
    spans = [active_span(clip) for clip in clips.numpy()]
    expected = [clip[start:end].square().mean() for clip, (start, end) in zip(clips, spans, strict=True)]
    torch.testing.assert_close(spoken_power(clips), torch.stack(expected), rtol=1e-4, atol=0)
    assert len({end - start for start, end in spans}) > 10


@pytest.fixture
def hiss_noise(hiss):
    return Noise({"hiss": np.int16(hiss(4, -30) * 32768)}, torch.device("cpu"), n_samples=16_000)


@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 25.0])
def test_noise_stands_at_the_asked_ratio_to_the_word(hiss_noise, snr_db):
    config = AugmentConfig(noise_probability=1.0, noise_snr_db=(snr_db, snr_db), noise_against="word")
    clips = 0.1 * spoken_like(40)
    mixed = add_noise(clips, hiss_noise, config, generator())
    for clip, mix in zip(clips.double().numpy(), mixed.double().numpy(), strict=True):
        start, end = active_span(clip)
        ratio_db = 10 * np.log10(np.mean(clip[start:end] ** 2) / np.mean((mix - clip) ** 2))
        assert ratio_db == pytest.approx(snr_db, abs=0.01)


def test_a_mixture_beyond_full_scale_is_turned_down_and_keeps_its_ratio(hiss_noise):
    config = AugmentConfig(noise_probability=1.0, noise_snr_db=(-5.0, 5.0), noise_against="word")
    quiet, loud = (add_noise(gain * spoken_like(40), hiss_noise, config, generator()) for gain in (0.01, 10.0))
    assert float(loud.abs().max()) <= 1
    torch.testing.assert_close(loud, quiet / quiet.abs().amax(dim=1, keepdim=True), rtol=1e-3, atol=1e-5)


def test_ratios_cover_the_asked_range(hiss_noise):
    config = AugmentConfig(noise_probability=1.0, noise_snr_db=(-5.0, 25.0), noise_against="word")
    clips = 0.1 * spoken_like(300)
    added = add_noise(clips, hiss_noise, config, generator()) - clips
    ratio_db = 10 * torch.log10(spoken_power(clips) / added.square().mean(dim=1))
    share_below = torch.sort(ratio_db).values.sub(-5).div(30)
    # Evenly spread: Kolmogorov and Smirnov's distance stays below what 300 fair draws exceed once in a thousand.
    assert float((share_below - torch.arange(0.5, 300) / 300).abs().max()) < 1.95 / 300**0.5


def test_every_kind_of_noise_is_drawn_alike_often_however_long_it_is():
    kinds = [{"long": np.full(90_000, 1, np.int16)}, {"a": np.full(300, 2, np.int16), "b": np.full(200, 3, np.int16)}]
    noise = Noise(kinds[0], torch.device("cpu"), 200, [*kinds[1:], {"too short": np.full(20, 4, np.int16)}])
    drawn = noise.draw(3_000, generator())[:, 0] * 32768
    shares = [float((drawn == value).float().mean()) for value in (1, 2, 3, 4)]
    # Of the second kind 101 places lie in the first recording, and a single one in the second.
    assert shares[0] == pytest.approx(0.5, abs=0.03)
    assert shares[1:3] == pytest.approx([0.5 * 101 / 102, 0.5 / 102], abs=0.03)
    assert shares[2] > 0
    assert shares[3] == 0
    assert all(len(row.unique()) == 1 for row in noise.draw(500, generator()))


def test_noise_at_a_ratio_leaves_digital_silence_silent(noise):
    config = AugmentConfig(noise_probability=1.0, noise_snr_db=(0.0, 0.0))
    assert not add_noise(torch.zeros(3, 200), noise, config, generator()).any()


def test_only_silence_changes_its_volume_and_within_the_range():
    labels = torch.tensor([SILENCE, 0] * (N // 2))
    clip = torch.ones(N, 5)
    changed = vary_silence(clip, labels == SILENCE, AugmentConfig(silence_gain_db=(-30, 0)), generator())
    assert torch.equal(changed[labels == 0], clip[labels == 0])
    gain_db = 20 * torch.log10(changed[labels == SILENCE, 0])
    assert -30 <= float(gain_db.min()) < -25
    assert -5 < float(gain_db.max()) <= 0


def test_the_loudest_silence_is_cut_off_at_full_scale():
    clip = torch.full((3, 5), -0.5)
    config = AugmentConfig(silence_gain_db=(20, 20))
    assert vary_silence(clip, torch.ones(3, dtype=torch.bool), config, generator()).tolist() == [[-1.0] * 5] * 3


def test_noise_takes_the_place_of_a_share_of_silence_as_loud_as_recorded_silence(noise):
    labels = torch.tensor([SILENCE, 0, UNKNOWN, SILENCE] * (N // 4))
    clips = torch.randn(N, 200)
    changed = put_noise(clips, labels == SILENCE, noise, AugmentConfig(silence_from_noise=0.5), generator())
    assert torch.equal(changed[labels != SILENCE], clips[labels != SILENCE])
    replaced = (changed != clips).any(dim=1)
    assert replaced[labels == SILENCE].float().mean() == pytest.approx(0.5, abs=0.1)
    level_db = 10 * torch.log10(changed[replaced].square().mean(dim=1))
    torch.testing.assert_close(level_db, torch.full_like(level_db, -50.0))


def test_only_words_change_their_gain_and_stay_within_full_scale():
    labels = torch.tensor([SILENCE, 0] * (N // 2))
    clip = torch.full((N, 5), 0.25)
    clip[:, 0] = 0.5
    changed = vary_gain(clip, labels == SILENCE, AugmentConfig(gain_db=(-20, 20)), generator())
    assert torch.equal(changed[labels == SILENCE], clip[labels == SILENCE])
    assert float(changed.max()) == 1.0
    torch.testing.assert_close(changed[:, 0], 2 * changed[:, 1])
    gain_db = 20 * torch.log10(changed[labels == 0, 0] / 0.5)
    assert -20 <= float(gain_db.min()) < -18


def test_talk_takes_the_place_of_a_share_of_unknown_clips_and_of_nothing_else(noise):
    labels = torch.tensor([UNKNOWN, 0, SILENCE, UNKNOWN] * (N // 4))
    clips = torch.randn(N, 200)
    changed = put_talk(clips, labels == UNKNOWN, noise, AugmentConfig(talk_share=0.6), generator())
    same = (changed == clips).all(dim=1)
    assert bool(same[labels != UNKNOWN].all())
    assert float(same[labels == UNKNOWN].float().mean()) == pytest.approx(0.4, abs=0.1)
    assert set((changed[~same] * 32768).unique().tolist()) == {100.0, 10_000.0}


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
    config = AugmentConfig(time_shift_ms=5, noise_probability=0.5, gain_db=(-6, 6), silence_gain_db=(-10, 0))
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
