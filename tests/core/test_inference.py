"""A classifier answers single words and long recordings alike, from several threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.checkpoint import checkpoint_of, save_checkpoint
from core.config import CLIP_SAMPLES, LABELS, SAMPLE_RATE
from core.device import choose_device
from core.errors import AudioError, ConfigError
from core.inference import Classifier
from core.models import build_model
from core.presets import preset_config


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    config = preset_config("linear", setting="D")
    path = tmp_path_factory.mktemp("run") / "best.pt"
    save_checkpoint(path, checkpoint_of(build_model(config), config, epoch=0, validation_accuracy=None, dataset=""))
    return Classifier(path, "cpu")


def sound(seconds, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(int(seconds * SAMPLE_RATE))).astype(np.float32)


def test_a_prediction_ranks_all_labels_and_sums_to_one(classifier):
    prediction = classifier.classify(sound(1))
    assert sorted(label for label, _ in prediction.ranking) == sorted(LABELS)
    chances = [score for _, score in prediction.ranking]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1, abs=1e-5)
    assert (prediction.label, prediction.score) == prediction.ranking[0]
    assert prediction.log_mel.shape == (40, 101)


def test_a_long_recording_is_answered_window_by_window_to_its_end(classifier):
    waveform = sound(20.1)
    predictions = classifier.classify_along(waveform, hop_s=0.25)
    starts = [prediction.start_s for prediction in predictions]
    assert starts[:3] == [0, 0.25, 0.5]
    assert predictions[-1].end_s == pytest.approx(20.1, abs=1e-3)
    seventh = waveform[6 * 4000 : 6 * 4000 + CLIP_SAMPLES]
    assert predictions[6].label == classifier.classify(seventh).label
    assert predictions[6].score == pytest.approx(classifier.classify(seventh).score, abs=1e-4)


def test_a_short_recording_is_padded(classifier):
    assert len(classifier.classify_along(sound(0.3))) == 1
    assert classifier.classify(sound(0.3)).start_s == 0


def test_the_loudest_second_of_a_long_recording_is_classified(classifier):
    waveform = np.concatenate([np.zeros(30_000, np.float32), sound(1), np.zeros(30_000, np.float32)])
    assert classifier.classify(waveform).start_s == pytest.approx(30_000 / SAMPLE_RATE, abs=0.01)


def test_threads_get_the_same_answers(classifier):
    clips = [sound(1, seed) for seed in range(16)]
    alone = [classifier.classify(clip).ranking for clip in clips]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda clip: classifier.classify(clip).ranking, clips))
    assert together == alone


@pytest.mark.parametrize("shape", [(0,), (2, 16_000)])
def test_no_recording_is_refused(classifier, shape):
    with pytest.raises(AudioError, match="row of samples"):
        classifier.classify(np.zeros(shape, np.float32))


def test_an_unknown_device_is_refused():
    with pytest.raises(ConfigError, match="choose one of"):
        choose_device("abacus")
