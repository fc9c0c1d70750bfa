"""A pack of tones whose silence is named after recordings, as real datasets have it, and a model that knows them."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import SAMPLE_RATE, AugmentConfig, ListeningConfig
from core.inference.classifier import Classifier
from core.studies.listening.measure import stream_test
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.loop import Training
from core.training.presets import preset_config

SILENCE = "_silence_"


def name_silence(pack, split, name, hop_s=1.0):
    """The pack with the silence of a split called windows of one recording, ``hop_s`` apart."""
    files = pack.files.astype("U60")
    for number, row in enumerate(np.flatnonzero((pack.splits == split) & (pack.words == SILENCE))):
        files[row] = f"_background_noise_/{name}.wav@{hop_s * number:g}s"
    return replace(pack, files=files)


@pytest.fixture(scope="session")
def tap_pack(tone_pack):
    """Tones of half a second, "marvin" among them; validation silence is one recording, test silence is nameless."""
    words = tone_pack.words.astype("U12")
    words[words == "_unknown_"] = "marvin"
    clips = tone_pack.clips.copy()
    random = np.random.default_rng(3)
    for row in range(len(clips)):
        start, end = 160 * random.integers((10, 60), (40, 90))
        clips[row, :start] = clips[row, end:] = 0
    silence = np.flatnonzero(words == SILENCE)
    clips[silence] = random.normal(0, 1, (len(silence), SAMPLE_RATE)) * np.geomspace(1, 800, len(silence))[:, None]
    return name_silence(replace(tone_pack, words=words, clips=clips), "validation", "running_tap")


@pytest.fixture(scope="session")
def tone_run(tap_pack, tmp_path_factory):
    """The folder of a small model that has learned the tones."""
    config = preset_config("linear", setting="A", epochs=40)
    config = replace(config, augment=AugmentConfig(time_shift_ms=400), training=replace(config.training, batch_size=24))
    training = Training(config, tap_pack, "cpu")
    list(training.epochs())
    folder = tmp_path_factory.mktemp("stream-runs") / "tones"
    folder.mkdir()
    checkpoint = checkpoint_of(training.model, config, epoch=40, validation_accuracy=0.9, dataset="Tones")
    save_checkpoint(folder / "best.pt", checkpoint)
    return folder


@pytest.fixture(scope="session")
def tone_classifier(tone_run):
    return Classifier(tone_run, "cpu")


@pytest.fixture(scope="session")
def report(tone_classifier, tap_pack):
    """A stream test of that model on short tracks."""
    return stream_test(
        tone_classifier,
        tap_pack,
        ListeningConfig(),
        name="tones",
        protocols=("validation", "official"),
        snrs_db=(None, 10.0),
        minutes=2,
        seed=5,
    )
