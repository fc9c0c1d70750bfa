"""What the filters hear, made audible and held to physics: tones that pass, tones that die, silence."""

import librosa
import numpy as np
import pytest
import torch

from core.config import FrontEndConfig
from core.frontend.mel import TrainableMel
from core.frontend.mel_scale import filter_centres
from core.frontend.resynthesis import (
    analysis_response,
    compare,
    loudness_matched,
    mel_power,
    nearest_spectrum,
    resynthesised,
    share_outside,
    sound_with,
    spectrum_basis,
    through_filter,
)
from core.sound.levels import to_db
from tests.core.conftest import tone

NUMBER = 20


@pytest.fixture(scope="module")
def front_end():
    """A front end of which filter 20 became three times as loud, and learned to listen an octave higher as well."""
    front_end = TrainableMel(FrontEndConfig(setting="D")).eval()
    with torch.no_grad():
        basis = front_end.layer.mel_basis
        basis[NUMBER] = 3 * basis[NUMBER] + basis[NUMBER + 9]
        front_end.layer.stft.wcos[100] *= 1.5
    return front_end


@pytest.fixture(scope="module")
def filters(front_end):
    return front_end.filters(1)


@pytest.fixture(scope="module")
def centre_hz(filters):
    return filter_centres(filters.initial.mel_basis, filters.sample_rate)


@pytest.fixture(scope="module")
def untrained():
    return TrainableMel(FrontEndConfig(setting="A")).eval()


def power_of(front_end, clip):
    with torch.inference_mode():
        return front_end.mel_power(torch.from_numpy(clip)[None])[0].numpy()


def level_db(sound):
    return float(to_db(np.mean(np.square(sound, dtype=np.float64))))


def pitch_hz(sound):
    return float(np.argmax(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))))) * 16_000 / len(sound)


def test_a_tone_inside_the_filter_passes_and_one_outside_dies(filters, centre_hz):
    for which in ("initial", "learned"):
        inside = tone(centre_hz[NUMBER], amplitude=0.3)
        assert level_db(through_filter(inside, filters, which, NUMBER)) == pytest.approx(level_db(inside), abs=0.5)
        for other in (centre_hz[NUMBER - 8], centre_hz[NUMBER + 16]):
            outside = tone(other, amplitude=0.3)
            assert level_db(through_filter(outside, filters, which, NUMBER)) < level_db(outside) - 50


def test_what_was_learned_is_heard_and_its_gain_is_not(filters, centre_hz):
    above = tone(centre_hz[NUMBER + 9], amplitude=0.3)
    initial, learned = (through_filter(above, filters, which, NUMBER) for which in ("initial", "learned"))
    assert level_db(initial) < level_db(above) - 50
    # It weighs the octave a third of its own band, each triangle being as high as it is narrow.
    weights = filters.learned.mel_basis[NUMBER]
    lower, higher = (weights[round(hz / (16_000 / 480))] for hz in (centre_hz[NUMBER], centre_hz[NUMBER + 9]))
    assert level_db(learned) - level_db(above) == pytest.approx(10 * np.log10(higher / lower), abs=2.0)
    both = above + tone(centre_hz[NUMBER], amplitude=0.3)
    initial, learned = (through_filter(both, filters, which, NUMBER) for which in ("initial", "learned"))
    assert share_outside(initial, filters, NUMBER) < 1e-3
    assert share_outside(learned, filters, NUMBER) == pytest.approx(higher / (lower + higher), rel=0.4)


def test_the_response_is_the_power_that_the_front_end_gives_a_tone(front_end, filters):
    response = {which: analysis_response(filters, which) for which in ("initial", "learned")}
    time_s = np.arange(16_000) / 16_000
    for bin_number in (30, 100):
        hz = bin_number * 16_000 / 480
        phases = [np.cos(2 * np.pi * hz * time_s + phase).astype(np.float32) for phase in np.arange(8) * np.pi / 4]
        measured = np.mean([power_of(front_end, clip)[:, 10:90] for clip in phases], axis=(0, 2))
        loud = measured > 1e-3 * measured.max()
        np.testing.assert_allclose(response["learned"][loud, bin_number], measured[loud], rtol=2e-3)


@pytest.mark.parametrize("hz", [440.0, 1000.0, 2500.0])
def test_sound_made_again_keeps_the_pitch_of_a_tone(untrained, filters, centre_hz, hz):
    clip = tone(hz, amplitude=0.3)
    again = resynthesised(power_of(untrained, clip), untrained.filters(0), "initial", len(clip))
    spacing = np.diff(centre_hz)[np.searchsorted(centre_hz, hz)]
    assert abs(pitch_hz(again) - hz) < spacing, "a filter cannot tell tones apart that lie closer than its neighbour"
    assert level_db(again) == pytest.approx(level_db(clip), abs=2)


def test_sound_made_again_through_learned_filters_keeps_the_pitch_too(front_end, filters, centre_hz):
    clip = tone(1000, amplitude=0.3)
    again = resynthesised(power_of(front_end, clip), filters, "learned", len(clip))
    assert abs(pitch_hz(again) - 1000) < np.diff(centre_hz)[np.searchsorted(centre_hz, 1000)]


@pytest.fixture(scope="module")
def spoken_like():
    """Three tones that come one after the other, with some noise: (16_000,)."""
    sounds = [tone(hz, 16_000 // 3 + 1, amplitude=0.3) for hz in (300, 900, 2500)]
    return np.concatenate(sounds)[:16_000] + 0.01 * np.random.default_rng(0).standard_normal(16_000)


def test_the_nearest_spectrum_is_as_near_as_that_of_librosa(spoken_like):
    basis = librosa.filters.mel(sr=16_000, n_fft=480, n_mels=40, dtype=np.float64)
    power = np.abs(librosa.stft(spoken_like, n_fft=480, hop_length=160)) ** 2
    basis, target = basis / basis.max(), basis @ power / (basis @ power).max()
    missed = {}
    for name, solve in (("ours", nearest_spectrum), ("theirs", lambda *both: librosa.util.nnls(*both, maxiter=50))):
        found = solve(basis, target)
        assert found.min() >= 0
        missed[name] = np.square(basis @ found - target).sum()
    assert missed["ours"] <= 1.01 * missed["theirs"] + 1e-12


def test_the_phases_fit_as_well_as_those_of_librosa(spoken_like):
    """How far the spectrogram of the sound stays from the one that it was made for, from several first phases."""
    frames = {"n_fft": 480, "hop_length": 160}
    wanted = np.abs(librosa.stft(spoken_like, **frames)).astype(np.float64)

    def apart(sound):
        return np.linalg.norm(np.abs(librosa.stft(sound, **frames)) - wanted) / np.linalg.norm(wanted)

    seeds = range(7)
    ours = [sound_with(wanted, 480, 160, seed=seed) for seed in seeds]
    theirs = [librosa.griffinlim(wanted, n_iter=32, random_state=seed, length=16_000, **frames) for seed in seeds]
    assert ours[0].shape == (16_000,)
    assert np.median([apart(sound) for sound in ours]) < 1.2 * np.median([apart(sound) for sound in theirs])


def test_the_same_seed_makes_the_same_sound(untrained):
    power = power_of(untrained, tone(700))
    filters = untrained.filters(0)
    first, again = (resynthesised(power, filters, "initial", 16_000) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_fourier_kernels_leave_the_mel_basis_as_it_is_and_trained_ones_change_it(filters):
    np.testing.assert_array_equal(spectrum_basis(filters, "initial"), filters.initial.mel_basis)
    changed = spectrum_basis(filters, "learned") - filters.learned.mel_basis
    assert np.abs(changed[:, 98:103]).max() > 0
    np.testing.assert_allclose(changed[:, :80], 0, atol=1e-6)


def test_silence_gives_silence(untrained, filters):
    silence = np.zeros(16_000, np.float32)
    assert not through_filter(silence, filters, "learned", NUMBER).any()
    with torch.inference_mode():
        log_mel = untrained(torch.from_numpy(silence)[None])[0].numpy()
    config = untrained.config
    power = mel_power(
        log_mel, untrained.filters(0), "initial", log_offset=config.log_offset, power_offset=config.power_offset
    )
    assert not power.any()
    assert not resynthesised(power, filters, "initial", 16_000).any()
    assert not loudness_matched(silence).any()
    assert share_outside(silence, filters, NUMBER) is None


@pytest.mark.parametrize("offset", [0.0, 1e-8])
def test_mel_power_is_what_the_logarithm_was_taken_of(offset):
    front_end = TrainableMel(FrontEndConfig(setting="A", power_offset=offset)).eval()
    clip = tone(1000, amplitude=0.3)
    with torch.inference_mode():
        log_mel = front_end(torch.from_numpy(clip)[None])[0].numpy()
    found = mel_power(
        log_mel, front_end.filters(0), "initial", log_offset=front_end.config.log_offset, power_offset=offset
    )
    np.testing.assert_allclose(found, power_of(front_end, clip), rtol=1e-3, atol=2e-6)


@pytest.mark.parametrize("amplitude", [0.001, 0.1, 1.0])
def test_sounds_are_matched_in_loudness_and_never_clip(amplitude):
    spoken = tone(500, amplitude=amplitude)
    assert level_db(loudness_matched(spoken)) == pytest.approx(-23, abs=0.01)
    click = np.zeros(16_000, np.float32)
    click[100:110] = amplitude
    assert np.abs(loudness_matched(click)).max() == pytest.approx(0.95)


def test_a_filter_that_was_only_scaled_differs_by_its_gain_alone(untrained):
    with torch.inference_mode():
        initial = untrained(torch.from_numpy(tone(1000))[None])[0].numpy()
    learned = initial.copy()
    learned[7] += np.log(4)
    one = compare(initial, learned)
    assert one.gain_db[7] == pytest.approx(6.02, abs=0.01)
    np.testing.assert_allclose(np.delete(one.gain_db, 7), 0, atol=1e-5)
    np.testing.assert_allclose(one.rest_db, 0, atol=1e-4)
