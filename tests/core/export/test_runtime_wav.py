"""The runtime's own reader of WAV files does what the project's does: the same samples, or a sentence."""

import struct
from contextlib import suppress

import numpy as np
import pytest
import soundfile

from core.errors import AudioError
from core.export import read
from core.export.runtime import earshot_runtime as runtime
from core.export.runtime.earshot_runtime import EarshotError, read_wav
from core.sound import headers, mixing, resampling
from core.sound.reading import read_audio
from tests.conftest import PROJECT
from tests.core.sound.sounds import TITLE, by_soundfile, chunk, wav

CASES = sorted((PROJECT.parent / "shared" / "cases").glob("*.wav"))

RANDOM = np.random.default_rng(3)
VOICE = (0.4 * np.sin(np.arange(24_321) * 0.2) * np.sin(np.arange(24_321) * 0.0007)).astype(np.float32)
WHOLE = np.round(32767 * VOICE).astype("<i2")
STEREO = np.stack([VOICE, 0.5 * VOICE], axis=1)
HALF_OPPOSITE = np.stack([VOICE, np.where(np.arange(len(VOICE)) < 9_000, 1, -0.9) * VOICE], axis=1).astype(np.float32)

EXTENSIBLE = struct.pack(
    "<HHIIHHHHIH14s", 0xFFFE, 1, 16_000, 32_000, 2, 16, 22, 16, 4, 1, b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
)


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


SOUNDS = {
    **{
        f"{kind}, {name}": by_soundfile(sound, format="WAV", subtype=kind)
        for kind in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW")
        for name, sound in {"mono": VOICE, "stereo": STEREO}.items()
    },
    "extensible": by_soundfile(np.repeat(STEREO, 3, axis=1), format="WAVEX", subtype="PCM_24"),
    "extensible by hand": riff(chunk(b"fmt ", EXTENSIBLE), chunk(b"data", WHOLE.tobytes())),
    "RF64": by_soundfile(VOICE, format="RF64", subtype="PCM_16"),
    "every byte of A-law": wav(bytes(range(256)) * 40, code=6, bits=8),
    "every byte of mu-law": wav(bytes(range(256)) * 40, code=7, bits=8),
    "channels that cancel": by_soundfile(np.stack([VOICE, -VOICE], axis=1), format="WAV", subtype="FLOAT"),
    "channels that begin to cancel": by_soundfile(HALF_OPPOSITE, format="WAV", subtype="FLOAT"),
    "many channels": by_soundfile(RANDOM.uniform(-1, 1, (9_999, 7)) * VOICE[:9_999, None], format="WAV"),
    "too much gain": by_soundfile(5 * VOICE, format="WAV", subtype="FLOAT"),
    "24 bits in floating point": by_soundfile(2.0**23 * VOICE, format="WAV", subtype="FLOAT"),
    "no sensible range": by_soundfile(50 * VOICE, format="WAV", subtype="FLOAT"),
    "no numbers": by_soundfile(np.where(np.arange(9_000) == 500, np.nan, 0.1), format="WAV", subtype="FLOAT"),
    "said to be empty": wav(WHOLE.tobytes(), said=0),
    "said to be empty, with a title": wav(WHOLE.tobytes(), said=0, behind=TITLE),
    "left open": wav(WHOLE.tobytes(), said=0xFFFF_FFFF),
    "left open, with titles": wav(WHOLE.tobytes(), said=0xFFFF_FFFF, behind=TITLE + chunk(b"id3 ", b"abc")),
    "an odd chunk before": riff(
        chunk(b"junk", b"abc"),
        chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)),
        chunk(b"data", WHOLE.tobytes()),
    ),
    "no sound": wav(b""),
    "no sound, but a title": wav(b"", said=0, behind=TITLE),
    "half a sample": wav(b"\1"),
    "a chunk that is sound": wav(WHOLE.tobytes() + TITLE),
    "a rate of nothing": wav(WHOLE.tobytes(), rate=1),
    "too many channels": wav(WHOLE.tobytes(), channels=200),
}


def ours(path):
    return np.concatenate(list(read_wav(path)))


def assert_read_alike(path):
    try:
        expected = read_audio(path).waveform
    except AudioError:
        with pytest.raises(EarshotError, match=r"^[^\n]+\.$"):
            ours(path)
        return
    found = ours(path)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", SOUNDS)
def test_it_reads_what_the_project_reads(name, tmp_path):
    (tmp_path / "sound.wav").write_bytes(SOUNDS[name])
    assert_read_alike(tmp_path / "sound.wav")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_it_reads_what_went_wrong_before(path):
    assert_read_alike(path)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_other_rates_are_mixed_alike_before_they_are_changed(rate, tmp_path):
    soundfile.write(tmp_path / "sound.wav", HALF_OPPOSITE, rate, subtype="FLOAT")
    found, expected = ours(tmp_path / "sound.wav"), read_audio(tmp_path / "sound.wav").waveform
    assert abs(len(found) - len(expected)) <= 1
    n = min(len(found), len(expected))
    assert np.abs(found[:n] - expected[:n]).max() < 0.02


def test_what_is_there_of_a_sound_that_was_cut_off_is_heard_before_it_is_said(tmp_path):
    (tmp_path / "sound.wav").write_bytes(wav(WHOLE.tobytes(), said=10 * len(WHOLE)))
    heard = []
    with pytest.raises(EarshotError, match=r"is cut off: 1.5 s of its 7.6 s are there"):
        heard.extend(read_wav(tmp_path / "sound.wav"))
    np.testing.assert_allclose(np.concatenate(heard), read_audio(tmp_path / "sound.wav").waveform, atol=1e-4)


def test_a_header_with_any_wrong_byte_is_read_or_a_sentence(tmp_path):
    path, good = tmp_path / "sound.wav", wav(WHOLE[:2_000].tobytes(), behind=TITLE)
    for place in range(44):
        for value in (0, 1, 127, 255):
            path.write_bytes(good[:place] + bytes([value]) + good[place + 1 :])
            with suppress(EarshotError):
                ours(path)
    for size in range(46):
        path.write_bytes(good[:size])
        with pytest.raises(EarshotError):
            ours(path)


def test_its_limits_are_the_project_s():
    assert runtime.LARGEST_FILE_BYTES == read.LARGEST_BYTES
    assert runtime.CHUNKS_BEHIND.pattern in headers._CHUNKS_BEHIND.pattern
    for name in ("BLOCKS_A_SECOND", "COMPARED_HZ", "CANCELLED", "KEPT", "STILL", "MOST_OVER", "MOST_CHANNELS"):
        assert getattr(runtime, name) == getattr(mixing, name), name
    assert runtime.LEFT_OPEN == headers.LEFT_OPEN
    assert resampling.LOWEST_RATE == 4_000
    assert resampling.HIGHEST_RATE == 384_000
