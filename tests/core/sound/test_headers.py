"""A header's length is not believed: what is there is read, and what is no sound is not."""

import io
import re
import struct

import numpy as np
import pytest
import soundfile

from core.errors import AudioError
from core.sound.headers import mended
from core.sound.reading import read_audio
from tests.core.sound.sounds import TITLE, by_soundfile, chunk, wav

SAMPLES = (8_000 * np.sin(np.arange(16_000) * 0.1) + 1).astype(np.int16)
CONTENT = SAMPLES.tobytes()
HEARD = SAMPLES.astype(np.float32) / 32_768

LENGTHS_LEFT_OPEN = [0, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFE0, 0x7FFF_F000]
BEHIND = {
    "nothing": b"",
    "a title": TITLE,
    "several chunks": chunk(b"fact", bytes(4)) + chunk(b"bext", bytes(603)) + TITLE,
    "an odd chunk without its padding": TITLE + chunk(b"id3 ", bytes(7))[:-1],
}


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("said", LENGTHS_LEFT_OPEN)
def test_a_length_that_was_never_written_gives_the_sound_and_nothing_behind_it(said, behind):
    sound = read_audio(wav(CONTENT, said=said, behind=BEHIND[behind]))
    np.testing.assert_array_equal(sound.waveform, HEARD)
    assert any("crash" in note for note in sound.notes) == (said == 0)


@pytest.mark.parametrize("behind", [b"", TITLE])
@pytest.mark.parametrize("said", [0, 0xFFFF_FFFF])
def test_a_header_without_a_sound_holds_none_whatever_it_says(said, behind):
    with pytest.raises(AudioError, match="not one sample"):
        read_audio(wav(b"", said=said, behind=behind))


def test_a_length_that_is_right_is_believed_although_the_sound_looks_like_a_chunk():
    looks = CONTENT[: -len(TITLE)] + TITLE
    np.testing.assert_array_equal(
        read_audio(wav(looks)).waveform * 32_768, np.frombuffer(looks, np.int16).astype(np.float32)
    )


@pytest.mark.parametrize("padded", [True, False])
def test_an_odd_chunk_before_the_sound_is_passed_with_and_without_its_padding(padded):
    odd = chunk(b"bext", bytes(9))
    content = wav(CONTENT, said=0)
    assert len(odd) == 18
    with_odd = content[:36] + (odd if padded else odd[:-1]) + content[36:]
    length = mended(io.BytesIO(with_odd))
    assert length.said_empty
    assert length.missing_bytes == 0


def test_a_sound_that_was_cut_off_is_read_as_far_as_it_goes_and_this_is_said():
    sound = read_audio(wav(CONTENT)[: 44 + 20_000])
    np.testing.assert_array_equal(sound.waveform, HEARD[:10_000])
    assert sound.notes == (
        "it is cut off: 12,000 bytes of the sound its header announces are missing; what is there was read",
    )


@pytest.mark.parametrize("kind", ["FLAC", "W64", "AIFF", "AU"])
def test_other_formats_that_were_cut_off_give_their_beginning_and_say_so(kind):
    noise = np.random.default_rng(0).normal(0, 0.1, 64_000)
    content = by_soundfile(noise, format=kind, subtype="PCM_16")
    sound = read_audio(content[: len(content) * 3 // 4])
    assert 0 < len(sound.waveform) < 64_000
    np.testing.assert_allclose(sound.waveform[:8_000], noise[:8_000], atol=1e-4)
    assert re.search("cut off|damaged after", sound.notes[0])


def changed(content, found, code, number):
    content = bytearray(content)
    struct.pack_into(code, content, content.find(found[0]) + found[1], number)
    return bytes(content)


@pytest.mark.parametrize(
    ("kind", "found", "code", "number"),
    [
        ("RF64", (b"ds64", 16), "<Q", 0),
        ("RF64", (b"ds64", 16), "<Q", 2**64 - 1),
        ("RF64", (b"ds64", 16), "<Q", 2**63),
        ("W64", (b"data", 16), "<Q", 0),
        ("W64", (b"data", 16), "<Q", 24),
        ("W64", (b"data", 16), "<Q", 2**63 - 1),
        ("AIFF", (b"SSND", 4), ">I", 0),
        ("AIFF", (b"SSND", 4), ">I", 8),
        ("AIFF", (b"SSND", 4), ">I", 2**32 - 1),
        ("AU", (b".snd", 8), ">I", 0),
        ("AU", (b".snd", 8), ">I", 2**32 - 1),
        ("CAF", (b"data", 4), ">q", 0),
        ("CAF", (b"data", 4), ">q", -1),
        ("FLAC", (b"fLaC", 18), ">Q", (16_000 << 44) | (15 << 36)),
    ],
)
def test_other_formats_with_a_length_that_was_never_written_are_read_whole(kind, found, code, number):
    content = changed(by_soundfile(SAMPLES, format=kind, subtype="PCM_16"), found, code, number)
    np.testing.assert_allclose(read_audio(content).waveform, HEARD, atol=1e-6)


@pytest.mark.parametrize("kind", ["WAV", "RF64", "W64", "AIFF", "AU"])
def test_a_header_that_ends_anywhere_is_looked_at_without_harm(kind):
    content = by_soundfile(SAMPLES, format=kind, subtype="PCM_16")
    for n_bytes in range(140):
        assert mended(io.BytesIO(content[:n_bytes])).missing_bytes >= 0


def test_whatever_the_length_a_plain_file_is_handed_on_as_it_is():
    stream = io.BytesIO(wav(CONTENT))
    assert mended(stream).stream is stream


def test_thousands_of_chunks_end():
    content = b"RIFF\xff\xff\xff\x7fWAVE" + chunk(b"LIST", b"") * 50_000
    with pytest.raises(AudioError, match="no sound file"):
        read_audio(content)


@pytest.mark.parametrize("size", [1, 7, 44, 100, 1_000])
def test_the_mended_file_reads_alike_in_pieces_of_any_size(size):
    view = mended(io.BytesIO(wav(CONTENT, said=0, behind=TITLE))).stream
    pieces = b"".join(iter(lambda: view.read(size), b""))
    assert pieces == wav(CONTENT)[:4] + struct.pack("<I", 36 + 32_000 + len(TITLE)) + wav(CONTENT)[8:]
    assert soundfile.info(io.BytesIO(pieces)).frames == 16_000
