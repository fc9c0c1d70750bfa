"""A classifier answers single words and long recordings alike, from several threads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from core.config import LABELS, SAMPLE_RATE, Vocabulary
from core.device import choose_device
from core.errors import AudioError, ConfigError
from core.inference.classifier import Classifier
from core.models import build_model
from core.records.answers import Prediction
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config
from core.training.start import begin_with, config_from
from tests.core.sound.disturbances import BESIDE, recording, spoken

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"


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


def test_a_model_trained_on_is_put_back_to_before_its_first_training(shipped, words, tmp_path):
    clips = np.stack([words.clip(0)])
    first = shipped("bcresnet-1-D")
    config = config_from(CHECKPOINTS / "shipped-bcresnet-1-D")
    model = build_model(config)
    begin_with(model, first.checkpoint, config.vocabulary)
    with torch.no_grad():
        model.front_end.layer.mel_basis.mul_(1.5)
    file = tmp_path / "second.pt"
    save_checkpoint(file, checkpoint_of(model, config, epoch=1, validation_accuracy=0.9, dataset="Words"))
    second = Classifier(file, "cpu")
    assert second.checkpoint.config.start.setting == "D"
    np.testing.assert_allclose(second.put_back().log_mel(clips), first.put_back().log_mel(clips), atol=1e-4)
    assert not np.allclose(second.initial_log_mel(clips), first.put_back().log_mel(clips), atol=0.01)


def test_filters_put_back_leave_the_network_and_the_model_itself_as_they_are(shipped, words):
    model = shipped("bcresnet-3-D")
    clips = np.stack([clip for clip, _, _ in spoken(words, 4)])
    learned = model.log_mel(clips)
    back = model.put_back()
    np.testing.assert_array_equal(back.log_mel(clips), model.initial_log_mel(clips))
    assert np.abs((back.log_mel(clips) - learned).numpy()).max() > 0.05
    np.testing.assert_array_equal(model.log_mel(clips), learned)
    np.testing.assert_array_equal(back.probabilities(learned), model.probabilities(learned))


def test_a_short_recording_is_padded(classifier):
    assert classifier.classify(sound(0.3)).start_s == 0


def test_the_second_of_a_long_recording_with_its_sound_is_classified(classifier):
    waveform = np.concatenate([np.zeros(30_000, np.float32), sound(1), np.zeros(30_000, np.float32)])
    assert classifier.classify(waveform).start_s == pytest.approx(30_000 / SAMPLE_RATE, abs=0.01)


@pytest.fixture(scope="module")
def answers(shipped, words):
    """A function from what disturbs words to the answers to each of 24, with it before and behind the word."""

    def labels(**disturbed):
        return [
            shipped("bcresnet-3-A")
            .classify(recording(clip, 3 * SAMPLE_RATE, SAMPLE_RATE, seed=number, where=where, **disturbed))
            .label
            for number, (clip, _, _) in enumerate(spoken(words, 24))
            for where in ("before", "behind")
        ]

    return labels


@pytest.fixture(scope="module")
def answers_alone(answers):
    return answers()


@pytest.mark.parametrize("disturbed", [{"beside": kind} for kind in BESIDE] + [{"throughout": "rumble"}], ids=str)
def test_a_word_gets_the_answer_it_has_alone_whatever_is_beside_it(answers, answers_alone, disturbed):
    same = [beside == alone for beside, alone in zip(answers(**disturbed), answers_alone, strict=True)]
    assert np.mean(same) >= 0.95


def test_a_cough_that_sounds_as_loud_as_the_word_is_not_taken_for_it(shipped, words):
    model = shipped("bcresnet-3-A")
    same = []
    for number, (clip, _, _) in enumerate(spoken(words, 24)):
        sound = recording(clip, 3 * SAMPLE_RATE, SAMPLE_RATE, seed=number)
        alone = model.classify(sound).label
        random = np.random.default_rng(number)
        cough = random.standard_normal(4_000) * np.exp(-np.arange(4_000) / 1_280) * np.abs(clip).max() / 2
        sound[1_000:5_000] += sosfilt(butter(2, (300, 3_000), "bandpass", fs=SAMPLE_RATE, output="sos"), cough)
        same.append(model.classify(sound).label == alone)
    assert np.mean(same) >= 0.9


def test_where_silence_has_no_label_a_second_with_a_word_goes_before_one_without(classifier, monkeypatch):
    """A model of own words calls a quiet second unknown, and is surer of that than of any word."""
    quiet, word = (
        Prediction(start_s, start_s + 1, ranking, np.zeros((40, 101), np.float32))
        for start_s, ranking in (
            (0.0, (("_unknown_", 0.99), ("computer", 0.01))),
            (1.0, (("computer", 0.8), ("_unknown_", 0.2))),
        )
    )
    monkeypatch.setattr(classifier, "_predict", lambda _clips, _starts: [quiet, word])
    monkeypatch.setattr(Classifier, "vocabulary", Vocabulary(words=("computer",), silence=False))
    assert classifier.classify(sound(3)) is word
    monkeypatch.setattr(Classifier, "vocabulary", Vocabulary(words=("computer",)))
    assert classifier.classify(sound(3)) is quiet, "here it is another word, since silence has a label"


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
