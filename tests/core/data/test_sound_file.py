import os

import numpy as np
import pytest
import soundfile

from core.config import SAMPLE_RATE
from core.data.sound_file import LEFT_OUT, read_sound


@pytest.fixture
def clip(tmp_path):
    return tmp_path / "clip.wav"


def read(path, **options):
    return read_sound(str(path), "yes/clip.wav", **options)


def assert_left_out(path, what):
    samples, problem = read(path)
    assert samples is None
    assert (problem.file, problem.action) == ("yes/clip.wav", LEFT_OUT)
    assert what in problem.what


def loudest_hz(samples):
    return np.argmax(np.abs(np.fft.rfft(samples))) * SAMPLE_RATE / len(samples)


def test_sixteen_bit_sound_is_read_exactly(clip, wav_bytes):
    samples = np.random.default_rng(0).integers(-32768, 32768, SAMPLE_RATE).astype(np.int16)
    clip.write_bytes(wav_bytes(samples))
    got, problem = read(clip)
    assert problem is None
    np.testing.assert_array_equal(got, samples)


def test_a_header_with_extra_chunks_gives_the_same_samples(clip, tone):
    # soundfile writes a PEAK or LIST chunk for these, so the quick way does not apply.
    samples = tone(440)
    soundfile.write(clip, samples, SAMPLE_RATE, subtype="PCM_16", format="WAVEX")
    got, problem = read(clip)
    assert problem is None
    np.testing.assert_array_equal(got, samples)


def test_a_short_clip_stays_short_and_is_no_problem(clip, wav_bytes, tone):
    clip.write_bytes(wav_bytes(tone(440, 9000)))
    got, problem = read(clip)
    assert problem is None
    assert len(got) == 9000


@pytest.mark.parametrize("extra", [1, 3 * SAMPLE_RATE])
def test_of_a_long_clip_the_first_second_is_used_and_this_is_said(clip, wav_bytes, tone, extra):
    samples = tone(440, SAMPLE_RATE + extra)
    clip.write_bytes(wav_bytes(samples))
    got, problem = read(clip)
    np.testing.assert_array_equal(got, samples[:SAMPLE_RATE])
    assert problem.action == "first second used"


def test_channels_are_averaged(clip, wav_bytes, tone):
    left, right = tone(440), tone(880)
    clip.write_bytes(wav_bytes(np.stack([left, right], axis=1).reshape(-1), channels=2))
    got, problem = read(clip)
    np.testing.assert_allclose(got, (left.astype(float) + right) / 2, atol=0.5)
    assert (problem.what, problem.action) == ("it has 2 channels", "channels averaged")


def test_of_channels_that_cancel_each_other_one_is_used_and_this_is_said(clip, wav_bytes, tone):
    samples = tone(440)
    clip.write_bytes(wav_bytes(np.stack([samples, -samples], axis=1).reshape(-1), channels=2))
    got, problem = read(clip)
    np.testing.assert_array_equal(got, samples)
    assert (problem.what, problem.action) == ("its 2 channels cancel each other", "channel 1 was used")


def test_whole_numbers_in_floating_point_are_scaled_and_this_is_said(clip, tone):
    soundfile.write(clip, tone(440).astype(np.float32), SAMPLE_RATE, subtype="FLOAT")
    got, problem = read(clip)
    np.testing.assert_array_equal(got, tone(440))
    assert problem.action == "they were read as 16-bit values"


def test_a_range_without_a_sensible_reading_is_left_out(clip, tone):
    soundfile.write(clip, tone(440) / 100.0, SAMPLE_RATE, subtype="FLOAT")
    assert_left_out(clip, "it holds floating-point samples up to")


def test_a_header_that_says_it_is_empty_is_read_to_the_end_and_this_is_said(clip, wav_bytes, tone):
    content = bytearray(wav_bytes(tone(440)))
    content[40:44] = bytes(4)
    clip.write_bytes(bytes(content))
    got, problem = read(clip)
    np.testing.assert_array_equal(got, tone(440))
    assert problem.action == "all behind it was read"


def test_what_stands_behind_a_sound_without_a_length_is_no_sound(clip, wav_bytes, tone):
    content = bytearray(wav_bytes(tone(440, 9_000)))
    content[40:44] = b"\xff" * 4
    clip.write_bytes(bytes(content) + b"LIST\x0a\0\0\0INFOISFT\0\0")
    got, problem = read(clip)
    assert problem is None
    np.testing.assert_array_equal(got, tone(440, 9_000))


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes have paths on POSIX systems alone")
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_a_device_or_pipe_is_left_out_at_once(clip, kind, whole):
    clip.symlink_to("/dev/zero") if kind == "device" else os.mkfifo(clip)
    samples, problem = read(clip, whole=whole)
    assert samples is None
    assert "it is a device or a pipe" in problem.what


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_another_rate_is_resampled_and_a_tone_keeps_its_pitch_and_loudness(clip, wav_bytes, tone, rate):
    clip.write_bytes(wav_bytes(tone(1000, rate, rate), rate))
    got, problem = read(clip)
    assert len(got) == SAMPLE_RATE
    assert loudest_hz(got) == 1000
    assert np.abs(got[2000:14000]).max() == pytest.approx(8000, rel=0.01)
    assert problem.action == "resampled"
    assert str(rate) in problem.what


def test_several_faults_of_one_file_are_told_together(clip, wav_bytes, tone):
    samples = tone(1000, 96_000, 48_000)
    clip.write_bytes(wav_bytes(np.stack([samples, samples], axis=1).reshape(-1), 48_000, channels=2))
    got, problem = read(clip)
    assert len(got) == SAMPLE_RATE
    assert problem.action == "channels averaged; resampled; first second used"


@pytest.mark.parametrize("subtype", ["PCM_24", "PCM_32", "FLOAT", "DOUBLE", "PCM_U8"])
def test_other_sample_formats_keep_their_loudness(clip, tone, subtype):
    samples = tone(500)
    soundfile.write(clip, samples / 32768, SAMPLE_RATE, subtype=subtype)
    got, problem = read(clip)
    assert problem is None
    np.testing.assert_allclose(got, samples, atol=300 if subtype == "PCM_U8" else 1)


def test_float_samples_beyond_full_scale_are_clipped_not_wrapped(clip):
    soundfile.write(clip, np.array([2.0, -2.0, 0.5]), SAMPLE_RATE, subtype="FLOAT")
    got, _ = read(clip)
    assert got.tolist() == [32767, -32768, 16384]


def test_an_empty_file_is_left_out(clip):
    clip.touch()
    assert_left_out(clip, "0 bytes")


def test_a_header_without_samples_is_left_out(clip, wav_bytes):
    clip.write_bytes(wav_bytes([]))
    assert_left_out(clip, "no samples")


@pytest.mark.parametrize("n_bytes", [46, 1044, 32_042])
def test_a_file_cut_off_in_its_sound_is_left_out(clip, wav_bytes, tone, n_bytes):
    clip.write_bytes(wav_bytes(tone(440))[:n_bytes])
    assert_left_out(clip, f"{32_044 - n_bytes:,} bytes")


@pytest.mark.parametrize("n_bytes", [3, 20, 43])
def test_a_file_cut_off_in_its_header_is_left_out(clip, wav_bytes, tone, n_bytes):
    clip.write_bytes(wav_bytes(tone(440))[:n_bytes])
    assert_left_out(clip, "")


def test_a_flac_cut_off_in_its_sound_is_left_out(clip):
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE)
    soundfile.write(clip, noise, SAMPLE_RATE, format="FLAC")
    clip.write_bytes(clip.read_bytes()[:8000])
    assert_left_out(clip, "")


def test_a_file_that_is_no_sound_is_left_out(clip):
    clip.write_text("This is not sound. " * 100)
    assert_left_out(clip, "cannot be read as sound")


def test_samples_that_are_not_numbers_are_left_out(clip):
    soundfile.write(clip, np.array([0.0, np.nan, 0.0]), SAMPLE_RATE, subtype="FLOAT")
    assert_left_out(clip, "not numbers")


@pytest.mark.parametrize("rate", [1, 2_000_000_000])
def test_a_senseless_rate_is_left_out(clip, wav_bytes, tone, rate):
    clip.write_bytes(wav_bytes(tone(440), rate))
    assert_left_out(clip, "")


def test_a_file_that_is_gone_is_left_out(clip):
    assert_left_out(clip, "it is gone")


def test_a_length_left_open_by_a_pipe_is_no_fault(clip, wav_bytes, tone):
    content = bytearray(wav_bytes(tone(440)))
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    clip.write_bytes(bytes(content))
    got, problem = read(clip)
    assert problem is None
    np.testing.assert_array_equal(got, tone(440))


def test_a_whole_recording_is_read_beyond_its_first_second(clip, wav_bytes, tone):
    samples = tone(440, 5 * SAMPLE_RATE)
    clip.write_bytes(wav_bytes(samples))
    got, problem = read(clip, whole=True)
    assert problem is None
    np.testing.assert_array_equal(got, samples)
