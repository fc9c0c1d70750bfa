"""Damaged sound files by the thousand: each gives samples or a sentence, never a traceback or the end of Python.

``KWS_FUZZ_SECONDS`` is how long each test goes on, and ``KWS_FUZZ_SEED`` where its random numbers begin.
"""

import faulthandler
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.data.sound_file import read_sound
from core.errors import AudioError
from core.sound.reading import read_audio
from tests.core.sound.sounds import TITLE, by_av, by_soundfile, constant_flac, wav

SECONDS = float(os.environ.get("KWS_FUZZ_SECONDS", "8"))
SEED = int(os.environ.get("KWS_FUZZ_SEED", "5"))
LONGEST_S = 20.0

ODD_NUMBERS = (0, 1, 2, 4, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def good_files():
    sound = 0.2 * np.random.default_rng(0).standard_normal(4_000)
    pair = np.stack([sound, -sound], axis=1)
    long = np.repeat(sound, 3)
    return {
        "wav": by_soundfile(sound, format="WAV", subtype="PCM_16"),
        "wav float": by_soundfile(pair, 44_100, format="WAV", subtype="FLOAT"),
        "wav double": by_soundfile(sound, 8_000, format="WAVEX", subtype="DOUBLE"),
        "wav adpcm": by_soundfile(sound, format="WAV", subtype="IMA_ADPCM"),
        "wav without a length": wav((sound * 8_000).astype(np.int16).tobytes(), said=0, behind=TITLE),
        "rf64": by_soundfile(sound, format="RF64", subtype="PCM_16"),
        "w64": by_soundfile(pair, format="W64", subtype="PCM_24"),
        "aiff": by_soundfile(sound, format="AIFF", subtype="PCM_16"),
        "au": by_soundfile(sound, format="AU", subtype="FLOAT"),
        "caf": by_soundfile(sound, format="CAF", subtype="ALAC_16"),
        "flac": by_soundfile(pair, 44_100, format="FLAC"),
        "flac, constant": constant_flac(96_000, 8, 4),
        "ogg": by_soundfile(pair, 44_100, format="OGG", subtype="VORBIS"),
        "opus": by_soundfile(sound, format="OGG", subtype="OPUS"),
        "mp3": by_soundfile(sound, 44_100, format="MP3"),
        "webm": by_av(long, "webm", "libopus"),
        "m4a": by_av(long, "ipod", "aac"),
        "mov": by_av(long, "mov", "pcm_f32le"),
        "matroska": by_av(long, "matroska", "pcm_s16le"),
        "adts": by_av(long, "adts", "aac"),
        "avi": by_av(long, "avi", "pcm_s16le"),
    }


def damaged(content, others, dice):
    """A copy with one to a few kinds of damage, most of it near the header, where it hurts."""
    content = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 4))):
        if not content:
            break
        reach = len(content) if dice.random() < 0.3 else min(len(content), 200)
        place = dice.randrange(reach)
        kind = dice.randrange(7)
        if kind == 0:
            content[place] ^= 1 << dice.randrange(8)
        elif kind == 1:
            content[place] = dice.randrange(256)
        elif kind == 2:
            width = dice.choice((1, 2, 4, 8))
            number = dice.choice(ODD_NUMBERS) % 256**width
            content[place : place + width] = number.to_bytes(width, dice.choice(("little", "big")))
        elif kind == 3:
            del content[place : place + dice.choice((1, 4, 100, len(content)))]
        elif kind == 4:
            content[place:place] = dice.randbytes(dice.choice((1, 4, 100)))
        elif kind == 5:
            content[place:place] = content[place : place + dice.randrange(1, 300)]
        else:
            other = dice.choice(others)
            content[place:] = other[dice.randrange(len(other)) :]
    return bytes(content)


def rounds(seed):
    """Damaged files until the time is over, and which they are."""
    dice = random.Random(seed)
    files = good_files()
    everything = list(files.values())
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end:
        for name, content in files.items():
            yield f"{name}, round {number} of seed {seed}", damaged(content, everything, dice)
        number += 1


def check_files():
    """Files and recordings, as the pages and commands read them."""
    read = refused = 0
    for which, content in rounds(SEED):
        try:
            sound = read_audio(content, name="damaged", longest_s=LONGEST_S)
        except AudioError as error:
            refused += 1
            if not str(error).startswith("damaged"):
                raise
            continue
        read += 1
        assert sound.waveform.dtype == np.float32, which
        assert 0 < len(sound.waveform) <= LONGEST_S * 16_000 + 1, which
        assert np.isfinite(sound.waveform).all(), which
        assert np.abs(sound.waveform).max() <= 1, which
        assert all(note.isprintable() for note in sound.notes), which
    return read, refused


def check_dataset(folder):
    """Clips of a dataset."""
    read = refused = 0
    path = folder / "clip.wav"
    for which, content in rounds(SEED + 1):
        path.write_bytes(content)
        samples, problem = read_sound(str(path), "yes/clip.wav", whole=bool(len(content) % 2))
        if samples is None:
            refused += 1
            assert problem is not None, which
            assert problem.what.isprintable(), which
        else:
            read += 1
            assert samples.dtype == np.int16, which
            assert len(samples) > 0, which
    return read, refused


@pytest.mark.slow
@pytest.mark.timeout(120 + 4 * SECONDS)
@pytest.mark.parametrize("reader", ["files", "dataset"])
def test_every_damaged_file_gives_samples_or_a_sentence(reader, tmp_path):
    """In a process of its own: a decoder that crashes takes that one along, and its name is told."""
    command = [sys.executable, "-m", "tests.fuzz.test_sound", reader, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert run.returncode == 0, run.stderr[-4_000:]
    assert "Traceback" not in run.stderr, run.stderr[-4_000:]
    read, refused = map(int, run.stdout.split())
    # Damage of many kinds: were all of one outcome, nothing would have been tried.
    assert read > 20
    assert refused > 20


if __name__ == "__main__":
    faulthandler.enable()
    print(*(check_files() if sys.argv[1] == "files" else check_dataset(Path(sys.argv[2]))))
