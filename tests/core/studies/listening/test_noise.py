"""Which noise a track gets, and that it is the recordings' own sound."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import SAMPLE_RATE
from core.data.pack import open_data
from core.studies.listening.noise import noise_bed, unheard_noise
from tests.core.studies.listening.conftest import name_silence

RATE = SAMPLE_RATE


def silence_of(pack, split):
    return np.flatnonzero((pack.splits == split) & (pack.words == "_silence_"))


def with_ramp(pack, split, hop_s):
    """The pack with the windows of a split cut from one ramp, ``hop_s`` apart, named after "ramp"."""
    rows = silence_of(pack, split)
    hop = round(hop_s * RATE)
    ramp = np.arange(hop * len(rows) + RATE, dtype=np.int64) % 30_000
    clips = pack.clips.copy()
    for number, row in enumerate(rows):
        clips[row] = ramp[hop * number : hop * number + RATE]
    return name_silence(replace(pack, clips=clips), split, "ramp", hop_s), ramp / 32768


@pytest.mark.parametrize("hop_s", [0.5, 1.0])
def test_windows_that_overlap_or_touch_are_put_together_to_the_recording_they_came_from(tap_pack, hop_s):
    pack, ramp = with_ramp(tap_pack, "official", hop_s)
    (piece,) = unheard_noise(pack, "official")["ramp"]
    n = len(silence_of(pack, "official"))
    assert len(piece) == round(((n - 1) * hop_s + 1) * RATE)
    np.testing.assert_allclose(piece, ramp[: len(piece)], atol=1e-6)


def test_windows_with_a_hole_between_them_stay_apart(tap_pack):
    pack, _ = with_ramp(tap_pack, "official", 1.5)
    assert [len(piece) for piece in unheard_noise(pack, "official")["ramp"]] == [RATE] * 3


def test_a_test_set_with_recordings_of_its_own_uses_them_and_leaves_validation_whole(tap_pack):
    pack = name_silence(tap_pack, "official", "wind")
    assert list(unheard_noise(pack, "official")) == ["wind"]
    assert [len(piece) for piece in unheard_noise(pack, "validation")["running_tap"]] == [3 * RATE]


def test_a_test_set_without_shares_the_validation_recording_and_no_sample_of_it(tap_pack):
    # Two-second halves need four seconds: the pack gets a second more of the recording.
    rows = silence_of(tap_pack, "validation")
    extra = silence_of(tap_pack, "official")[:1]
    splits, files = tap_pack.splits.copy(), tap_pack.files.copy()
    splits[extra], files[extra] = "validation", "_background_noise_/running_tap.wav@3s"
    pack = replace(tap_pack, splits=splits, files=files)
    (first,), (second,) = (unheard_noise(pack, protocol)["running_tap"] for protocol in ("validation", "official"))
    whole = np.concatenate([pack.clip(row) for row in [*sorted(rows), *extra]])
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)
    assert len(first) == len(second) == 2 * RATE


def test_training_noise_is_never_used(tap_pack):
    pack = name_silence(tap_pack, "train", "white_noise")
    for protocol in ("validation", "official", "testing-list"):
        assert "white_noise" not in unheard_noise(pack, protocol)
        assert "hiss" not in unheard_noise(pack, protocol)


def test_without_named_recordings_there_is_none(tone_pack):
    assert unheard_noise(tone_pack, "official") == {}


def test_a_bed_of_noise_has_unit_power_everywhere_and_no_gaps():
    rng = np.random.default_rng(0)
    loud, quiet = rng.normal(0, 0.3, 9 * RATE), rng.normal(0, 0.001, 2 * RATE)
    noise = {"loud": [loud.astype(np.float32)], "quiet": [quiet.astype(np.float32)]}
    bed = noise_bed(noise, 60 * RATE, np.random.default_rng(1))
    assert bed.shape == (60 * RATE,)
    level = np.sqrt(np.mean(bed.reshape(-1, RATE // 100) ** 2, axis=1))
    # White noise of 160 samples has an RMS within 6 % of its deviation (one sigma); the fades hold the power, but for
    # the first one, which has nothing to fade from.
    assert level[5:].min() > 0.7
    assert level.max() < 1.4
    assert np.sqrt(np.mean(bed**2)) == pytest.approx(1, abs=0.02)


def test_a_recording_of_zeros_gives_a_silent_bed_and_no_nan():
    bed = noise_bed({"nothing": [np.zeros(2 * RATE, np.float32)]}, 3 * RATE, np.random.default_rng(0))
    assert not bed.any()


def test_the_demo_words_give_both_tracks_noise_that_training_did_not_hear():
    pack = open_data(None)
    validation, official = (set(unheard_noise(pack, protocol)) for protocol in ("validation", "official"))
    assert validation == {"running_water"}
    assert official == {"wind", "typing"}
    assert not (validation | official) & set(pack.noise)


@pytest.mark.parametrize("protocol", ["validation", "official", "testing-list"])
def test_there_is_enough_noise_that_training_did_not_hear(speech_commands_root, protocol):
    pack = open_data(speech_commands_root)
    noise = unheard_noise(pack, protocol)
    assert sum(len(piece) for pieces in noise.values() for piece in pieces) > 20 * RATE
    if speech_commands_root is not None:
        # Speech Commands has one recording that we keep out of training, and all tracks share it.
        assert list(noise) == ["running_tap"]
