"""Rooms, microphones and tempo do to a clip what physics says, from their generator alone."""

import numpy as np
import pytest
import torch
from scipy.signal import butter, fftconvolve, freqs

from core.config import SAMPLE_RATE, AugmentConfig
from core.data import acoustics
from core.data.acoustics import limit_band, reverberate, rooms, vary_tempo
from core.data.augment import Noise, augment_waveform
from core.errors import ConfigError

CPU = torch.device("cpu")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def voices(n=6):
    """Bursts of noise with silence around them, (n, 16000)."""
    clip = torch.zeros(n, SAMPLE_RATE)
    clip[:, 4000:8000] = 0.05 * torch.randn(n, 4000, generator=generator(1))
    return clip


def rms(waveform):
    return waveform.square().mean(dim=-1).sqrt()


@pytest.mark.parametrize("decay_s", [0.2, 0.4])
def test_the_echoes_of_a_room_fall_by_60_db_in_its_reverberation_time(decay_s):
    response = rooms((decay_s, decay_s), 0, CPU).numpy().astype(float)
    assert (response[:, 0] == 1).all(), "the direct sound comes first"
    # Schroeder (1965): what is still to come, averaged over rooms, falls along a straight line; from -5 to -25 dB.
    left = np.square(response[:, 1:])[:, ::-1].cumsum(axis=1)[:, ::-1].mean(axis=0)
    level_db = 10 * np.log10(left / left[0])
    start, end = np.argmax(level_db < -5), np.argmax(level_db < -25)
    assert (end - start) / SAMPLE_RATE * 60 / 20 == pytest.approx(decay_s, rel=0.05)


def test_the_direct_sound_is_as_much_stronger_than_the_echoes_as_is_asked_for():
    response = rooms((0.1, 0.6), 3, CPU)
    ratio_db = -10 * torch.log10(response[:, 1:].square().sum(dim=1))
    low, high = acoustics.DIRECT_DB
    assert low - 0.01 <= float(ratio_db.min()) < low + 1 < high - 1 < float(ratio_db.max()) <= high + 0.01


def test_a_clip_in_a_room_is_its_convolution_with_the_room_and_as_loud_as_before():
    clips, one = voices(), rooms((0.3, 0.3), 0, CPU)[:1]
    heard = reverberate(clips, one, 1.0, generator())
    for clip, there in zip(clips, heard, strict=True):
        expected = fftconvolve(clip.numpy(), one[0].numpy())[:SAMPLE_RATE]
        expected *= float(rms(clip)) / np.sqrt(np.square(expected).mean())
        np.testing.assert_allclose(there.numpy(), expected, atol=1e-5)


def test_only_the_asked_share_of_clips_stands_in_a_room():
    clips = voices(150)
    heard = reverberate(clips, rooms((0.1, 0.6), 0, CPU), 0.3, generator())
    changed = (heard != clips).any(dim=1).float().mean()
    assert 0.18 < float(changed) < 0.42


def test_a_microphone_has_the_response_of_butterworth_filters(monkeypatch):
    monkeypatch.setattr(acoustics, "LOW_CUT_HZ", (300.0, 300.0))
    monkeypatch.setattr(acoustics, "HIGH_CUT_HZ", (3000.0, 3000.0))
    monkeypatch.setattr(acoustics, "TILT_DB", (0.0, 0.0))
    click = torch.zeros(1, SAMPLE_RATE)
    click[0, 8000] = 0.1
    response = torch.fft.rfft(limit_band(click, 1.0, generator())).abs()[0].numpy()
    hz = np.array([100, 300, 1000, 3000, 4000])
    # Analogue filters, at the frequencies themselves.
    analogue = [butter(2, 2 * np.pi * edge, kind, analog=True) for edge, kind in ((300, "high"), (3000, "low"))]
    expected = np.prod([np.abs(freqs(*one, 2 * np.pi * hz)[1]) for one in analogue], axis=0)
    np.testing.assert_allclose(response[hz] / response[1000], expected / expected[2], rtol=1e-3)


def test_a_clip_keeps_its_loudness_whatever_microphone_hears_it():
    clips = voices(8)
    torch.testing.assert_close(rms(limit_band(clips, 1.0, generator())), rms(clips), rtol=1e-3, atol=0)


def test_what_would_exceed_full_scale_is_turned_down():
    click = torch.zeros(1, SAMPLE_RATE)
    click[0, 100] = 1.0
    assert float(reverberate(click, rooms((0.6, 0.6), 0, CPU), 1.0, generator()).abs().max()) <= 1


def test_silence_stays_silent():
    silent = torch.zeros(3, SAMPLE_RATE)
    assert torch.equal(reverberate(silent, rooms((0.1, 0.6), 0, CPU), 1.0, generator()), silent)
    assert torch.equal(limit_band(silent, 1.0, generator()), silent)


@pytest.mark.parametrize("tempo", [0.8, 1.25])
def test_a_faster_clip_is_shorter_and_higher(tempo):
    time_s = (torch.arange(SAMPLE_RATE) - SAMPLE_RATE / 2) / SAMPLE_RATE
    tone = torch.where(time_s.abs() < 0.25, torch.sin(2 * torch.pi * 500 * time_s), torch.zeros(()))[None]
    played = vary_tempo(tone, (tempo, tempo), generator())[0]
    spectrum = torch.fft.rfft(played).abs()
    assert int(spectrum.argmax()) == pytest.approx(500 * tempo, abs=2)
    assert float((played.abs() > 0.01).float().mean()) == pytest.approx(0.5 / tempo, rel=0.03)


def test_tempos_cover_the_asked_range():
    clip = torch.zeros(200, 1001)
    clip[:, 600] = 1.0
    places = vary_tempo(clip, (0.8, 1.25), generator()).argmax(dim=1) - 500
    assert 78 <= int(places.min()) <= 85
    assert 120 <= int(places.max()) <= 126


def test_a_training_step_asks_for_all_of_them():
    settings = {"reverb_probability": 1.0, "band_probability": 1.0, "tempo": (0.9, 1.1)}
    clips, none = voices(), Noise({}, CPU, SAMPLE_RATE)
    for name, value in settings.items():
        config = AugmentConfig(**{name: value})
        assert config.changes_waveforms
        room = rooms(config.reverb_s, 0, CPU) if config.reverb_probability else None
        first, again, other = (
            augment_waveform(clips, torch.zeros(6), none, config, generator(seed), rooms=room) for seed in (3, 3, 4)
        )
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
        assert not torch.equal(first, clips)


@pytest.mark.parametrize(
    "settings", [{"tempo": (1.2, 0.8)}, {"tempo": (0.0, 1.0)}, {"reverb_s": (0.0, 1.0)}, {"band_probability": 1.5}]
)
def test_what_makes_no_sense_is_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        AugmentConfig(**settings)
