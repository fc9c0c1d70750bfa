"""What happens to clips, held to physics: levels, delays, pitches."""

import io

import numpy as np
import pytest
import soundfile
import torch
from scipy.stats import binomtest

from core.config import FrontEndConfig
from core.frontend.mel import TrainableMel
from core.records.robustness import Robustness
from core.sound.levels import rms
from core.sound.wav import as_recorded, as_wav
from core.studies.robustness.changes import VALUES, amplified, at_speed, shifted, with_noise
from tests.changed_clips import robustness
from tests.core.conftest import tone

SPAN = (4000, 9600)


@pytest.fixture(scope="module")
def word():
    """A tone that lasts as long as a word, in silence."""
    clip = np.zeros(16_000, np.float32)
    clip[slice(*SPAN)] = tone(700, 5600, amplitude=0.2)
    return clip


@pytest.fixture(scope="module")
def hiss():
    return np.random.default_rng(0).standard_normal(16_000).astype(np.float32)


@pytest.fixture(scope="module")
def log_mel():
    front_end = TrainableMel(FrontEndConfig()).eval()

    def of(clip):
        with torch.inference_mode():
            return front_end(torch.from_numpy(np.ascontiguousarray(clip))[None])[0].numpy()

    return of


def level_db(sound):
    return 20 * np.log10(rms(sound))


@pytest.mark.parametrize("snr_db", [value for value in VALUES["noise"] if value is not None])
def test_a_mix_has_the_ratio_that_was_asked_for_over_the_active_speech(word, hiss, snr_db):
    mix = as_recorded(with_noise(word, hiss, snr_db, SPAN)) / 32768
    # The mix may have been turned down: its scale shows where the tone, which the noise is blind to, is found in it.
    scale = float(mix @ word / (word @ word))
    noise = mix - scale * word
    measured = level_db(scale * word[slice(*SPAN)]) - level_db(noise[slice(*SPAN)])
    assert measured == pytest.approx(snr_db, abs=0.15), "the estimate of the scale errs by chance"
    exact = with_noise(word, hiss, snr_db, SPAN)
    if np.abs(exact).max() < 0.999:
        noise = (exact - word)[slice(*SPAN)]
        assert level_db(word[slice(*SPAN)]) - level_db(noise) == pytest.approx(snr_db, abs=0.001)


def test_a_mix_beyond_full_scale_is_turned_down_as_a_whole(word, hiss):
    loud = 4 * word
    mix = with_noise(loud, hiss, 0.0, SPAN)
    assert np.abs(mix).max() == pytest.approx(1.0)
    quiet = with_noise(word, hiss, 0.0, SPAN)
    np.testing.assert_allclose(mix / np.abs(mix).max(), quiet / np.abs(quiet).max(), atol=1e-5)


def test_noise_that_pauses_during_the_word_does_not_deafen(word):
    click = np.zeros(16_000, np.float32)
    click[12_000:] = 1.0
    noise = with_noise(word, click, 30.0, SPAN) - word
    louder_db = level_db(noise) - (level_db(word[slice(*SPAN)]) - 30.0)
    assert louder_db == pytest.approx(12.0, abs=0.1), "over the whole second at most 12 dB louder than was asked"


def test_silence_gets_noise_at_the_level_of_speech_that_is_given(hiss):
    mix = with_noise(np.zeros(16_000, np.float32), hiss, 10.0, (0, 16_000), speech_rms=0.1)
    assert level_db(mix) == pytest.approx(-30.0, abs=0.01)


@pytest.mark.parametrize("shift_ms", [value for value in VALUES["shift"] if value])
def test_a_shift_by_whole_frames_shifts_the_spectrogram_by_as_many(word, log_mel, shift_ms):
    frames = round(shift_ms / 10)
    before, after = log_mel(word), log_mel(shifted(word, shift_ms))
    inner = slice(35, 65)
    moved = slice(inner.start + frames, inner.stop + frames)
    if moved.start >= 2 and moved.stop <= before.shape[1] - 2:
        np.testing.assert_allclose(after[:, moved], before[:, inner], atol=1e-4)
    lost = shifted(word, shift_ms)
    gap = lost[: frames * 160] if frames > 0 else lost[frames * 160 :]
    assert not gap.any()


def test_what_leaves_the_second_is_lost_and_nothing_comes_back_at_the_other_end():
    clip = np.ones(16_000, np.float32)
    assert shifted(clip, 250).sum() == shifted(clip, -250).sum() == 12_000
    assert not shifted(clip, 1000).any()


@pytest.mark.parametrize("gain_db", [-30.0, -10.0, 10.0])
def test_a_gain_moves_every_loud_band_by_as_many_decibels(log_mel, hiss, gain_db):
    clip = 0.05 * hiss
    change = (log_mel(amplified(clip, gain_db)) - log_mel(clip)) * 10 / np.log(10)
    np.testing.assert_allclose(change, gain_db, atol=0.1)


def test_too_much_gain_cuts_off_at_full_scale():
    loud = amplified(tone(440, amplitude=0.5), 20.0)
    assert np.abs(loud).max() == 1.0
    assert (np.abs(loud) == 1.0).mean() > 0.5


@pytest.mark.parametrize("speed", [0.8, 0.9, 1.1, 1.25])
def test_speed_moves_the_pitch_and_the_length_and_keeps_the_middle_in_its_place(word, speed):
    played = at_speed(word, speed, sum(SPAN) // 2)
    spectrum = np.abs(np.fft.rfft(played, 64_000))
    assert np.argmax(spectrum) / 4 == pytest.approx(700 * speed, abs=1.0)
    heard = np.flatnonzero(np.abs(played) > 0.02)
    assert (heard[0] + heard[-1]) / 2 == pytest.approx(sum(SPAN) / 2, abs=40)
    assert heard[-1] - heard[0] == pytest.approx((SPAN[1] - SPAN[0]) / speed, rel=0.02)


def test_a_player_gets_the_very_samples(hiss):
    samples = as_recorded(0.1 * hiss)
    back, rate = soundfile.read(io.BytesIO(as_wav(samples)), dtype="int16")
    assert rate == 16_000
    np.testing.assert_array_equal(back, samples)


def test_what_was_recorded_in_16_bits_stays_as_it_is():
    samples = np.arange(-32768, 32768, 7, dtype=np.int16)
    np.testing.assert_array_equal(as_recorded(samples.astype(np.float32) / np.float32(32768)), samples)


def test_accuracies_have_the_interval_that_scipy_gives():
    record = robustness(right=(120, 100, 90, 60, 20, 5, 0))
    accuracy, low, high = record.accuracy()
    for step, hits in enumerate((120, 100, 90, 60, 20, 5, 0)):
        expected = binomtest(hits, 120).proportion_ci(0.95, method="wilson")
        assert (accuracy[step], low[step], high[step]) == pytest.approx((hits / 120, expected.low, expected.high))
    part, _, _ = record.accuracy(record.noise == 1)
    assert part[0] == 1.0
    assert record.baseline == (pytest.approx(1 / 12), "down")


def test_no_clips_have_no_accuracy():
    record: Robustness = robustness()
    accuracy, low, _ = record.accuracy(np.zeros(record.n, bool))
    assert np.isnan(accuracy).all()
    assert np.isnan(low).all()
