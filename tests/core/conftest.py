"""Data small enough to train on in a second: every word is a tone of its own, with some noise."""

import functools
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.config import LABELS, SAMPLE_RATE, TWELVE, RunConfig, TrainingConfig
from core.data import noises
from core.data.pack import Pack, open_data
from core.data.source import labels_of
from core.inference.classifier import Classifier
from core.training import loop
from core.training.presets import preset_config

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"

COUNTS = {"train": 6, "validation": 3, "official": 3, "testing-list": 3}
"""Clips of each label in each split."""


def tone(frequency_hz, n_samples=SAMPLE_RATE, amplitude=0.3):
    """A sine as float32, -1 to 1."""
    time_s = np.arange(n_samples) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def label_pitch_hz(label):
    """The pitch that stands for a label: 400 Hz to 5 kHz."""
    return 400 * 1.26 ** int(label)


def tones(words, pitch_hz, counts=COUNTS, vocabulary=TWELVE):
    """A pack in memory: each of the words a tone, so many clips of it in each split."""
    random = np.random.default_rng(0)
    clips, spoken, splits = [], [], []
    for split, count in counts.items():
        for number, word in enumerate(words):
            for _ in range(count):
                pitch = pitch_hz(number) * random.uniform(0.97, 1.03)
                sound = tone(pitch, amplitude=random.uniform(0.05, 0.5)) + 0.01 * random.standard_normal(SAMPLE_RATE)
                clips.append(np.round(sound * 32767).astype(np.int16))
                spoken.append(word)
                splits.append(split)
    n = len(clips)
    noise = np.round(1000 * random.standard_normal(3 * SAMPLE_RATE)).astype(np.int16)
    return Pack(
        folder=Path("tones"),
        key="0" * 64,
        content="0" * 64,
        name="tones",
        title="Tones",
        synthetic=True,
        clips=np.stack(clips),
        words=np.array(spoken),
        labels=labels_of(np.array(spoken), vocabulary),
        splits=np.array(splits),
        speakers=np.array([f"speaker{row % 7}" for row in range(n)]),
        files=np.array([f"{spoken[row]}/{row}.wav" for row in range(n)]),
        noise={"hiss": noise},
        problems=(),
        vocabulary=vocabulary,
    )


@pytest.fixture(scope="session")
def tone_pack():
    """A pack in memory: 12 labels, each a tone; see ``COUNTS``."""
    return tones(LABELS, label_pitch_hz)


@pytest.fixture(scope="session")
def few_tones():
    """The same with three clips of each label to train on, and one in each other split."""
    return tones(LABELS, label_pitch_hz, {"train": 3, "validation": 1, "official": 1, "testing-list": 1})


@pytest.fixture(scope="session")
def tone_root(tone_pack, tmp_path_factory):
    """The same tones as a dataset folder in the official layout, for programs that take a path."""
    root = tmp_path_factory.mktemp("tone-root")
    words = root / "SpeechCommands" / "speech_commands_v0.02"
    lists = {"validation": [], "testing-list": []}
    for row, (label, split) in enumerate(zip(tone_pack.labels, tone_pack.splits, strict=True)):
        word = {"_silence_": None, "_unknown_": "marvin"}.get(LABELS[label], LABELS[label])
        if word is None or split == "official":
            continue
        file = f"{word}/{row:08x}_nohash_0.wav"
        (words / word).mkdir(parents=True, exist_ok=True)
        soundfile.write(words / file, tone_pack.clips[row], SAMPLE_RATE, subtype="PCM_16")
        if split in lists:
            lists[split].append(file)
    (words / "validation_list.txt").write_text("\n".join(lists["validation"]) + "\n")
    (words / "testing_list.txt").write_text("\n".join(lists["testing-list"]) + "\n")
    (words / "_background_noise_").mkdir()
    random = np.random.default_rng(1)
    for name in ("white_noise", "running_tap"):
        samples = np.round(2000 * random.standard_normal(4 * SAMPLE_RATE)).astype(np.int16)
        soundfile.write(words / "_background_noise_" / f"{name}.wav", samples, SAMPLE_RATE, subtype="PCM_16")
    return root


@pytest.fixture(scope="session")
def words(speech_commands_root):
    """Real recordings where there are some, else the demo words: a pack of spoken clips."""
    return open_data(speech_commands_root)


@pytest.fixture(scope="session")
def tiny_config() -> RunConfig:
    """The linear model with everything trainable, three short epochs."""
    config = preset_config("linear", setting="D", epochs=3, seed=7)
    training = TrainingConfig(epochs=3, batch_size=24, seed=7, learning_rate=1e-2, snapshots=2)
    return RunConfig(preset="linear", front_end=config.front_end, model=config.model, training=training)


@pytest.fixture
def runs_here(tmp_path, monkeypatch):
    """An empty folder of runs, and a pack cache of its own."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("KWS_RUNS", str(folder))
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    return folder


@pytest.fixture
def ctrl_c_as_before():
    """What a command that trains does with Ctrl-C and SIGTERM, for good, ends with the test."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in handlers.items():
        signal.signal(one, handler)


@pytest.fixture(scope="session")
def shipped():
    """A function from the name of a shipped run, without ``shipped-``, to its classifier on the CPU."""
    return functools.cache(lambda name: Classifier(CHECKPOINTS / f"shipped-{name}", "cpu"))


@pytest.fixture(scope="session")
def noises_made():
    """What ``noise_made_once`` keeps, with the clips that it was made of."""
    return {}


@pytest.fixture
def noise_made_once(noises_made, monkeypatch):
    """Noise and talk of the same clips and seed are made once: that takes longer than an epoch of a few steps."""

    def once(make):
        def kept(*arguments):
            key = (make, *(id(one) if isinstance(one, Pack) else one for one in arguments))
            if key not in noises_made:
                noises_made[key] = make(*arguments), arguments
            return noises_made[key][0]

        return kept

    monkeypatch.setattr(noises, "recordings", once(noises.recordings))
    monkeypatch.setattr(loop, "talk", once(loop.talk))


@pytest.fixture
def hiss():
    """A function from seconds and a level in dB of full scale to white noise."""

    def noise(seconds, level_db, seed=0):
        samples = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
        return (samples * 10 ** (level_db / 20)).astype(np.float32)

    return noise
