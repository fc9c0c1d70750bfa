"""Every usual kind of sound file becomes the same waveform; everything else a clear error."""

import io
import struct

import av
import numpy as np
import pytest
import soundfile

from core.config import SAMPLE_RATE
from core.errors import AudioError
from core.sound.reading import read_audio

PITCH_HZ = 1000


def tone(rate, seconds=1.0, channels=1):
    mono = 0.5 * np.sin(2 * np.pi * PITCH_HZ * np.arange(int(rate * seconds)) / rate)
    return np.stack([mono] * channels, axis=1).astype(np.float32)


def by_soundfile(rate, channels, **kind):
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(rate, channels=channels), rate, **kind)
    return buffer.getvalue()


def by_av(container_format, codec, rate=48_000):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        samples = tone(rate)[:, 0]
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate, frame_size=960)
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.rate = rate
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def pitch_hz(waveform):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return spectrum.argmax() * SAMPLE_RATE / len(waveform)


FILES = {
    "wav 16 kHz": lambda: by_soundfile(16_000, 1, format="WAV", subtype="PCM_16"),
    "wav 44.1 kHz stereo float": lambda: by_soundfile(44_100, 2, format="WAV", subtype="FLOAT"),
    "wav 8 kHz 8 bit": lambda: by_soundfile(8_000, 1, format="WAV", subtype="PCM_U8"),
    "wav 48 kHz 24 bit": lambda: by_soundfile(48_000, 2, format="WAV", subtype="PCM_24"),
    "flac": lambda: by_soundfile(22_050, 1, format="FLAC"),
    "ogg vorbis": lambda: by_soundfile(44_100, 2, format="OGG", subtype="VORBIS"),
    "ogg opus": lambda: by_soundfile(48_000, 1, format="OGG", subtype="OPUS"),
    "mp3": lambda: by_soundfile(44_100, 1, format="MP3"),
    "webm": lambda: by_av("webm", "libopus"),
    "m4a": lambda: by_av("ipod", "aac"),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_usual_file_becomes_one_channel_at_16_khz(kind):
    waveform = read_audio(FILES[kind]()).waveform
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert abs(len(waveform) - SAMPLE_RATE) < 0.15 * SAMPLE_RATE  # lossy formats pad
    assert pitch_hz(waveform) == pytest.approx(PITCH_HZ, abs=3)
    middle = waveform[SAMPLE_RATE // 4 : SAMPLE_RATE // 2]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_16_bit_wav_at_16_khz_is_read_exactly(tmp_path):
    samples = np.array([0, 1, -1, 32767, -32768, 1234], np.int16)
    soundfile.write(tmp_path / "a.wav", samples, SAMPLE_RATE, subtype="PCM_16")
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav").waveform, samples.astype(np.float32) / 32768)


def test_the_name_does_not_decide_the_format(tmp_path):
    (tmp_path / "really-flac.wav").write_bytes(FILES["flac"]())
    assert len(read_audio(tmp_path / "really-flac.wav").waveform) == SAMPLE_RATE


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello, I am no sound " * 50, "no sound file"),
        (np.random.default_rng(0).bytes(20_000), "no sound file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "no sound file"),
    ],
)
def test_what_is_no_sound_is_refused_by_name(content, words):
    with pytest.raises(AudioError, match=words) as caught:
        read_audio(content, name="my file.wav")
    assert "my file.wav" in str(caught.value)


@pytest.mark.parametrize("kind", ["flac", "webm", "m4a", "mp3"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_file_cut_short_gives_its_beginning_or_an_error(kind, share):
    content = FILES[kind]()
    try:
        waveform = read_audio(content[: int(len(content) * share)]).waveform
    except AudioError:
        return
    assert 0 < len(waveform) <= 1.15 * SAMPLE_RATE


def test_a_header_without_samples_is_refused():
    with pytest.raises(AudioError, match="not one sample"):
        read_audio(by_soundfile(16_000, 1, format="WAV")[:44])


def test_a_header_that_claims_four_gigabytes_is_harmless():
    content = bytearray(by_soundfile(16_000, 1, format="WAV", subtype="PCM_16"))
    content[40:44] = struct.pack("<I", 0xFFFFFFF0)
    assert len(read_audio(bytes(content)).waveform) <= SAMPLE_RATE


@pytest.mark.parametrize("kind", ["wav 16 kHz", "webm"])
def test_a_longer_file_than_allowed_is_refused_not_cut(kind):
    with pytest.raises(AudioError, match=r"longer than 0.5 s"):
        read_audio(FILES[kind](), longest_s=0.5)


def test_samples_that_are_no_numbers_are_refused():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.array([0.0, np.nan, 0.5]), SAMPLE_RATE, format="WAV", subtype="FLOAT")
    with pytest.raises(AudioError, match="no numbers"):
        read_audio(buffer.getvalue())


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(AudioError, match="There is no file"):
        read_audio(tmp_path / "nothing.wav")
    with pytest.raises(AudioError, match="cannot be opened"):
        read_audio(tmp_path)
