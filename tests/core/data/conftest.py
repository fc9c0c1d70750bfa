"""Datasets for the tests: a small one made of tones, and the real recordings where they are at hand."""

import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest

from core.config import KEYWORDS, SAMPLE_RATE
from core.data.build import build_pack
from core.data.speech_commands import TRAINING_NOISES, VALIDATION_NOISES, WORDS, speech_commands
from core.data.splits import split_by_hash

SPEAKERS = ("0a1b2c3d", "026290a7", "0c540988", "1aed7c6d", "a6f2fd71", "0b09edd3")
"""Two official speakers each of validation and testing, and two whose hash makes them train."""


def wav_bytes(samples, rate=SAMPLE_RATE, channels=1):
    """A plain 16-bit WAV; ``samples`` int16, interleaved when there are more channels."""
    data = np.asarray(samples, dtype="<i2").tobytes()
    form = struct.pack("<IHHIIHH", 16, 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    chunks = b"WAVEfmt " + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def tone(frequency_hz, n_samples=SAMPLE_RATE, rate=SAMPLE_RATE, amplitude=8000):
    """An int16 sine."""
    return np.rint(amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(n_samples) / rate)).astype(np.int16)


def make_tree(root, words=WORDS):
    """Write a dataset of tones in the official layout; every file has a frequency and a length of its own."""
    tree = root / "SpeechCommands" / "speech_commands_v0.02"
    test_set = root / "SpeechCommands" / "speech_commands_test_set_v0.02"
    lists = {"validation": [], "testing-list": []}
    number = 0
    for word in words:
        (tree / word).mkdir(parents=True)
        for speaker in SPEAKERS:
            number += 1
            file = f"{word}/{speaker}_nohash_{number % 3}.wav"
            content = wav_bytes(tone(200 + 10 * number, SAMPLE_RATE - 40 * (number % 9)))
            (tree / file).write_bytes(content)
            split = split_by_hash(file)
            if split in lists:
                lists[split].append(file)
            if split == "testing-list":
                label = word if word in KEYWORDS else "_unknown_"
                name = Path(file).name if word in KEYWORDS else file.replace("/", "_")
                (test_set / label).mkdir(parents=True, exist_ok=True)
                (test_set / label / name).write_bytes(content)
    (test_set / "_silence_").mkdir(parents=True)
    for number in range(3):
        (test_set / "_silence_" / f"{10 * number}.wav").write_bytes(wav_bytes(tone(50 + number)))
    # The official lists are sorted; here they are not, so that keeping their order can be seen.
    (tree / "validation_list.txt").write_text("".join(f"{line}\n" for line in reversed(lists["validation"])))
    (tree / "testing_list.txt").write_text("".join(f"{line}\n" for line in reversed(lists["testing-list"])))
    (tree / "_background_noise_").mkdir()
    for number, name in enumerate((*TRAINING_NOISES, *VALIDATION_NOISES)):
        samples = tone(60 + 7 * number, 3 * SAMPLE_RATE + 8000 * (number % 3) + (number == 4))
        (tree / "_background_noise_" / name).write_bytes(wav_bytes(samples))
    (tree / "_background_noise_" / "README.md").write_text("About the noises.")
    (tree / "README.md").write_text("About the dataset.")
    return root


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    """No test sees the user's packs or dataset."""
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    monkeypatch.delenv("KWS_DATA", raising=False)


@pytest.fixture
def tree(tmp_path):
    """Root of a fresh dataset of tones with four words, to be damaged at will."""
    return make_tree(tmp_path / "root", ("bed", "no", "tree", "yes"))


@pytest.fixture(scope="session", params=["tones", "recordings"])
def whole_root(request, tmp_path_factory, speech_commands_root):
    """Root of a dataset with all 35 words: tones, then the real recordings (tones again where there are none)."""
    if request.param == "recordings" and speech_commands_root is not None:
        return speech_commands_root
    return make_tree(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="session")
def whole_pack(whole_root):
    """The pack of ``whole_root``, gone again after the tests: half a gigabyte."""
    with tempfile.TemporaryDirectory() as folder:
        yield build_pack(speech_commands(whole_root), Path(folder) / "pack")


@pytest.fixture(scope="session", name="wav_bytes")
def _wav_bytes():
    return wav_bytes


@pytest.fixture(scope="session", name="tone")
def _tone():
    return tone


@pytest.fixture
def words_folder(tree):
    """The folder of the word folders in ``tree``."""
    return tree / "SpeechCommands" / "speech_commands_v0.02"


@pytest.fixture
def test_set_folder(tree):
    """The folder of the official test set in ``tree``."""
    return tree / "SpeechCommands" / "speech_commands_test_set_v0.02"
