"""The kinds of training noise: as long as asked, different from each other, and the same again for a seed."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from core.config import NOISE_KINDS, SAMPLE_RATE, AugmentConfig, RunConfig, TrainingConfig
from core.data.demo import demo_noises
from core.data.noises import LEVEL, MADE_S, N_MADE, recordings, recordings_in, training_noise
from core.data.packed import Pack
from core.errors import ConfigError, DataError
from core.sound.levels import rms

MADE = ("coloured", "babble")


def as_sound(samples):
    return samples.astype(np.float32) / 32768


@pytest.mark.parametrize("kind", MADE)
def test_what_is_made_has_its_length_and_level_and_follows_the_seed(words, kind):
    first, again, other = (recordings(kind, words, seed) for seed in (3, 3, 4))
    assert len(first) == N_MADE
    for name, samples in first.items():
        assert len(samples) == MADE_S * SAMPLE_RATE
        # A few peaks may be cut off.
        assert rms(as_sound(samples)) == pytest.approx(LEVEL, rel=0.03)
        assert np.array_equal(samples, again[name])
        assert not np.array_equal(samples, other[name])


def test_coloured_hisses_differ_in_their_slope(words):
    slopes = []
    for samples in recordings("coloured", words, 0).values():
        power = np.abs(np.fft.rfft(as_sound(samples))) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
        bands = [power[(hz >= low) & (hz < 2 * low)].mean() for low in (100, 200, 400, 800, 1600, 3200)]
        slopes.append(np.polyfit(np.arange(6), 10 * np.log10(bands), 1)[0])
    # Brown falls by 6 dB an octave, white does not.
    assert min(slopes) < -5
    assert max(slopes) > -1
    assert np.std(slopes) > 1.5


def test_babble_is_made_of_training_clips_alone_backwards(tone_pack):
    """A dataset whose training words are ramps up in pitch gives ramps down; nothing of the other splits is in it."""
    time_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    rising = np.int16(8_000 * np.sin(2 * np.pi * (500 + 500 * time_s) * time_s))
    held_out = np.int16(8_000 * np.sin(2 * np.pi * 5_000 * time_s))
    train = tone_pack.splits == "train"
    pack = Pack(**{**vars(tone_pack), "clips": np.where(train[:, None], rising, held_out)})
    for samples in list(recordings("babble", pack, 0).values())[:4]:
        power = np.abs(np.fft.rfft(as_sound(samples))) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
        assert power[hz > 3_000].sum() < 0.01 * power.sum()
        assert power[(hz > 450) & (hz < 1_550)].sum() > 0.95 * power.sum()


def test_computed_noises_are_the_training_noises_of_the_demo_words():
    noises = demo_noises()
    assert sorted(noises) == ["babble", "dishes", "mains_hum", "pink", "white"]
    assert all(len(samples) >= 30 * SAMPLE_RATE for samples in noises.values())


def test_a_run_gets_the_kinds_that_it_names(tone_pack):
    config = RunConfig(training=TrainingConfig(seed=5))
    one = training_noise(config, tone_pack, torch.device("cpu"))
    assert len(one) == len(tone_pack.noise["hiss"]) - SAMPLE_RATE + 1
    augment = AugmentConfig(noise_probability=0.5, noise_kinds=tuple(NOISE_KINDS))
    every = training_noise(replace(config, augment=augment), tone_pack, torch.device("cpu"))
    made_s = 2 * N_MADE * MADE_S + sum(len(samples) for samples in demo_noises().values()) / SAMPLE_RATE
    assert len(every.samples) == len(one.samples) + made_s * SAMPLE_RATE
    # Without noise on the clips nothing is made.
    quiet = replace(config, augment=replace(augment, noise_probability=0.0))
    assert len(training_noise(quiet, tone_pack, torch.device("cpu"))) == len(one)


@pytest.mark.parametrize("kinds", [(), ("recorded", "recorded"), ("thunder",)])
def test_kinds_that_are_none_are_refused(kinds):
    with pytest.raises(ConfigError, match="noise_kinds"):
        AugmentConfig(noise_kinds=kinds)


def test_a_folder_of_noise_is_read_whole_and_what_is_no_sound_left_out(tmp_path, hiss):
    (tmp_path / "deeper").mkdir()
    soundfile.write(tmp_path / "b.wav", hiss(2.5, -20), SAMPLE_RATE, subtype="PCM_16")
    soundfile.write(tmp_path / "deeper" / "a.flac", hiss(1.5, -20), SAMPLE_RATE)
    soundfile.write(tmp_path / "click.wav", hiss(0.2, -20), SAMPLE_RATE)
    (tmp_path / "table.csv").write_text("file,seconds")
    found = recordings_in(tmp_path)
    assert {name: len(samples) for name, samples in found.items()} == {"b.wav": 40_000, "deeper/a.flac": 24_000}
    assert np.array_equal(found["b.wav"], soundfile.read(tmp_path / "b.wav", dtype="int16")[0])


def test_a_named_folder_is_one_more_kind(tone_pack):
    named = {"loud": np.full(2 * SAMPLE_RATE, 30_000, np.int16)}
    config = RunConfig(augment=AugmentConfig(noise_probability=0.5))
    drawn = training_noise(config, tone_pack, torch.device("cpu"), named).draw(400, torch.Generator().manual_seed(0))
    assert float((drawn[:, 0] > 0.9).float().mean()) == pytest.approx(0.5, abs=0.1)


def test_folders_without_noise_or_with_too_much_are_refused(tmp_path, hiss, monkeypatch):
    with pytest.raises(DataError, match="no folder"):
        recordings_in(tmp_path / "nowhere")
    (tmp_path / "table.csv").write_text("file,seconds")
    with pytest.raises(DataError, match="no recording of a second"):
        recordings_in(tmp_path)
    soundfile.write(tmp_path / "b.wav", hiss(2.5, -20), SAMPLE_RATE)
    monkeypatch.setattr("core.data.noises.MOST_S", 2.0)
    with pytest.raises(DataError, match="Give a part of it"):
        recordings_in(tmp_path)
    monkeypatch.setattr("core.data.noises.MOST_FILES", 1)
    with pytest.raises(DataError, match="more than 1 files"):
        recordings_in(tmp_path)
