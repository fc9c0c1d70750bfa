"""Listening to a whole track at once is listening to it as the engine does."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import LABELS, ListeningConfig
from core.inference import Engine
from core.inference.classifier import Classifier
from core.inference.whole import WINDOWS_AT_ONCE, at_threshold, detect, hear
from core.models import build_model
from core.studies.listening.track import build_track
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config


@pytest.fixture(scope="module")
def track(tap_pack):
    return build_track(tap_pack, protocol="official", snr_db=10.0, seconds=30, seed=2)


@pytest.fixture(scope="module")
def bcresnet(tmp_path_factory):
    """A BC-ResNet as it comes: its answers are arbitrary, but they are answers."""
    return fresh("bcresnet-1", tmp_path_factory.mktemp("bcresnet"))


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    """One that goes along the stream."""
    return fresh("bcresnet-1-causal", tmp_path_factory.mktemp("causal"))


def fresh(preset, folder):
    config = preset_config(preset, setting="D")
    path = folder / "fresh.pt"
    save_checkpoint(path, checkpoint_of(build_model(config), config, epoch=0, validation_accuracy=None, dataset=""))
    return Classifier(path, "cpu")


@pytest.mark.parametrize(
    ("model", "hop_s"), [("tone_classifier", 0.1), ("tone_classifier", 0.13), ("bcresnet", 0.13), ("causal", 0.1)]
)
def test_answers_and_detections_are_the_engines(model, hop_s, track, request):
    classifier = request.getfixturevalue(model)
    config = ListeningConfig(hop_s=hop_s, threshold=0.3)
    heard = hear(classifier, track.waveform, config)
    decisions = Engine(classifier, config).feed(track.waveform)
    assert sum(each.speaking for each in decisions) > 2 * WINDOWS_AT_ONCE
    assert heard.end_s == pytest.approx([each.end_s for each in decisions])
    speaking = [each.speaking for each in decisions]
    assert [bool(each) for each in heard.utterances] == speaking
    live_answers = np.array([each.probabilities for each in decisions])
    np.testing.assert_allclose(heard.probabilities[speaking], live_answers[speaking], atol=1e-4)
    assert (heard.probabilities[~np.array(speaking)].argmax(axis=1) == LABELS.index("_silence_")).all()
    live = [each.detection for each in decisions if each.detection is not None]
    again = detect(heard, config)
    assert [(each.word, each.start_s, each.end_s, each.heard_s) for each in again] == [
        (each.word, each.start_s, each.end_s, each.heard_s) for each in live
    ]
    assert [each.score for each in again] == pytest.approx([each.score for each in live], abs=1e-4)
    if model == "tone_classifier":
        assert len(live) > 3, "there is nothing to compare"


def test_a_track_is_heard_once_and_detected_in_with_any_settings(tone_classifier, track):
    heard = hear(tone_classifier, track.waveform, ListeningConfig())
    for threshold in (0.2, 0.9):
        config = ListeningConfig(threshold=threshold)
        live = [each.detection for each in Engine(tone_classifier, config).feed(track.waveform)]
        assert [each.word for each in detect(heard, config)] == [each.word for each in live if each is not None]
    assert detect(heard, ListeningConfig(threshold=1.0)) == []


def test_one_threshold_holds_for_all_words():
    config = ListeningConfig(word_thresholds=(("go", 0.9),), average_s=0.5)
    assert at_threshold(config, 0.3) == replace(config, threshold=0.3, word_thresholds=())


def test_progress_is_told_in_seconds_and_can_cancel(tone_classifier, track):
    told = []
    hear(tone_classifier, track.waveform, ListeningConfig(), progress=told.append)
    assert told == sorted(told)
    assert 25 < told[-1] <= 30

    def cancel(_):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        hear(tone_classifier, track.waveform, ListeningConfig(), progress=cancel)
