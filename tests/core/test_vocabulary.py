"""What a model tells apart goes with it, from training to listening: 3 words, the twelve usual labels, 35 words."""

import numpy as np
import pytest
import torch

from core.config import (
    ALL_35,
    LABELS,
    TWELVE,
    AugmentConfig,
    FrontEndConfig,
    ListeningConfig,
    RunConfig,
    TrainingConfig,
    Vocabulary,
    from_dict,
    to_dict,
)
from core.data.augment import Noise, augment_waveform
from core.errors import CheckpointError, ConfigError, DataError
from core.inference.classifier import Classifier
from core.inference.detector import Detector
from core.inference.whole import words_along
from core.models import build_model
from core.runs import keep
from core.sound.speech import Utterance
from core.studies.comparison import compare
from core.studies.evaluation import STUDY, evaluate, scores
from core.studies.listening.choose import choose_thresholds, occasions_of_tracks
from core.studies.listening.measure import stream_test
from core.studies.robustness import kept as robustness_kept
from core.studies.robustness.measure import measure
from core.studies.word_length import word_lengths
from core.training.batches import draw_weights
from core.training.checkpoint import checkpoint_of, load_checkpoint, read_weights, save_checkpoint
from core.training.loop import Training
from core.training.presets import PRESETS, preset_config
from core.training.start import config_from
from tests.core.conftest import tones

THREE = Vocabulary(words=("no", "stop", "yes"))
VOCABULARIES = {"three": THREE, "twelve": TWELVE, "all": ALL_35}


@pytest.fixture(scope="module")
def tones_35():
    """The 35 words, each a tone 2 % apart or more, without silence and without an official test set."""
    counts = {"train": 4, "validation": 2, "testing-list": 2}
    return tones(ALL_35.words, lambda number: 300 * 1.09**number, counts)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tone_pack, tones_35):
    """A function from the name of a vocabulary to the file of a model trained for it, and the clips."""
    found = {}

    def train(name):
        if name not in found:
            vocabulary, pack = VOCABULARIES[name], tones_35 if name == "all" else tone_pack
            config = RunConfig(
                vocabulary=vocabulary,
                front_end=FrontEndConfig(setting="B", log_offset=1e-6),
                training=TrainingConfig(epochs=6, batch_size=24, learning_rate=1e-2, snapshots=1),
            )
            training = Training(config, pack, "cpu")
            *_, last = training.epochs()
            file = tmp_path_factory.mktemp("runs") / f"{name}.pt"
            accuracy = last.validation_accuracy
            save_checkpoint(
                file,
                checkpoint_of(training.model, config, epoch=6, validation_accuracy=accuracy, dataset=pack.title),
            )
            found[name] = file, pack
        return found[name]

    return train


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_model_answers_with_its_own_words_wherever_it_is_used(trained, name, tmp_path):
    file, pack = trained(name)
    vocabulary = VOCABULARIES[name]
    protocol = vocabulary.protocols[0]

    evaluation = evaluate(file, pack, protocol, device="cpu")
    assert evaluation.labels == vocabulary.labels
    assert evaluation.probabilities.shape == (evaluation.n, len(vocabulary.labels))
    # Every word has its own pitch: hardly a model that learned is wrong, and none that mixes labels up is right.
    assert scores(evaluation).accuracy > 0.8
    keep.write(STUDY, tmp_path / "evaluation.npz", evaluation)
    again = keep.load(STUDY, tmp_path / "evaluation.npz")
    assert again.labels == vocabulary.labels
    np.testing.assert_array_equal(again.confusion, evaluation.confusion)

    classifier = Classifier(file, "cpu")
    row = int(np.flatnonzero((pack.splits == protocol) & (pack.words == "stop"))[0])
    prediction = classifier.classify(pack.clip(row))
    assert {label for label, _ in prediction.ranking} == set(vocabulary.labels)
    assert prediction.label == "stop"

    config = ListeningConfig(threshold=0.3, minimum_count=1)
    silent, sound = np.zeros(8000, np.float32), pack.clip(row)
    along = words_along(classifier, np.concatenate([silent, sound, sound, silent]), config)
    assert along.labels == vocabulary.labels
    # Where the second that is heard is full of the tone; half of one may sound like another.
    inside = (along.end_s > 1.6) & (along.end_s < 2.4)
    assert set(along.probabilities[inside].argmax(axis=1).tolist()) == {vocabulary.labels.index("stop")}
    assert along.detections
    assert {one.word for one in along.detections} <= set(vocabulary.words)

    report = stream_test(classifier, pack, config, name=name, protocols=[protocol], snrs_db=[None], minutes=0.5)
    assert report.labels == vocabulary.labels
    (track,) = report.tracks
    assert track.as_set.n_keywords > 0
    assert track.as_set.hits + track.as_set.wrong_words > 0
    if name == "all":
        assert track.n_words == track.as_set.n_keywords, "no word is unknown, so none is said that is none of them"

    occasions = occasions_of_tracks(classifier, pack, config, snrs_db=[None], minutes=0.5)
    choice = choose_thresholds(occasions, config, 60.0, (0.5, 0.9))
    assert [word for word, _ in choice.listening.word_thresholds] == list(vocabulary.words)

    (changed,) = measure([file], pack, protocol, "gain", values=[0.0], n_clips=None, device="cpu")
    assert changed.labels == vocabulary.labels
    np.testing.assert_array_equal(changed.truth, evaluation.truth)
    keep.write(robustness_kept.STUDY, tmp_path / "robustness.npz", changed)
    assert keep.load(robustness_kept.STUDY, tmp_path / "robustness.npz").labels == vocabulary.labels
    assert word_lengths(evaluation, pack).labels == vocabulary.labels


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_detector_detects_each_word_of_its_vocabulary_and_nothing_else(name):
    vocabulary = VOCABULARIES[name]
    found = []
    for number, label in enumerate(vocabulary.labels):
        detector = Detector(ListeningConfig(minimum_count=2, average_s=0.0), vocabulary)
        sure = np.eye(len(vocabulary.labels), dtype=np.float32)[number]
        sounds = [Utterance(0.0, 1.0, 1.0)]
        answers = [detector.update(end_s, sure, sounds)[1] for end_s in (0.9, 1.0)]
        found += [one.word for one in answers if one]
        quiet, _ = detector.update(1.1, sure, [])
        assert quiet.tolist() == [float(one == "_silence_") for one in vocabulary.labels], label
    assert found == list(vocabulary.words)


def test_the_title_of_a_run_and_of_a_score_says_which_words(trained):
    assert load_checkpoint(trained("three")[0]).config.title.endswith("(B), 3 words")
    file, pack = trained("all")
    assert evaluate(file, pack, "testing-list", device="cpu").clips_title == "testing list, 35-word protocol"


def test_the_official_test_set_is_none_of_a_model_without_silence(trained):
    file, pack = trained("all")
    with pytest.raises(DataError, match="Test on the testing list"):
        evaluate(file, pack, "official")


def test_words_that_a_dataset_lacks_cannot_be_trained_or_tested(trained, tone_pack):
    config = RunConfig(vocabulary=Vocabulary(words=("yes", "marvin", "alexa")))
    with pytest.raises(DataError, match=r"no clips to train marvin, alexa with. It has _unknown_, down"):
        Training(config, tone_pack, "cpu")
    other = tone_pack.with_words(Vocabulary(words=("marvin", "alexa")))
    with pytest.raises(DataError, match="none of the words marvin, alexa for official test set"):
        other.indices("official")


def test_labels_follow_from_the_words_and_clips_without_one_are_left_out(tone_pack):
    pack = tone_pack.with_words(Vocabulary(words=("yes", "no"), silence=False, unknown=False))
    rows = pack.indices("train")
    assert set(pack.words[rows].tolist()) == {"yes", "no"}
    np.testing.assert_array_equal(pack.labels[rows], pack.words[rows] == "no")
    assert pack.summary().label_counts[:, 0].tolist() == [6, 6]
    assert pack.with_words(TWELVE).labels.tolist() == tone_pack.labels.tolist()
    assert len(pack.indices("testing-list")) == 6


def test_scores_of_models_that_tell_other_words_apart_are_not_compared(trained):
    (three, pack), (twelve, _) = trained("three"), trained("twelve")
    both = [evaluate(file, pack, "official", device="cpu") for file in (three, twelve)]
    with pytest.raises(DataError, match=r"three tells no, stop, yes apart and twelve 10 words"):
        compare(both)
    with pytest.raises(ConfigError, match="do not tell the same words apart"):
        measure([three, twelve], pack, "official", "gain", values=[0.0], device="cpu")


def test_a_model_that_is_trained_further_keeps_its_words_unless_others_are_asked_for(trained):
    file, _ = trained("three")
    assert config_from(file).vocabulary == THREE
    assert (
        config_from(file, preset="linear", epochs=1).vocabulary == THREE
        if load_checkpoint(file).config.model.normalise
        else True
    )
    assert config_from(file, vocabulary=TWELVE).vocabulary == TWELVE


def test_settings_and_checkpoints_from_before_there_were_words_are_the_twelve(trained, tmp_path):
    settings = to_dict(RunConfig())
    del settings["vocabulary"]
    assert from_dict(RunConfig, settings) == RunConfig()
    content = read_weights(trained("twelve")[0])
    del content["config"]["vocabulary"]
    torch.save(content, tmp_path / "old.pt")
    assert load_checkpoint(tmp_path / "old.pt").labels == LABELS


def test_labels_that_are_not_those_of_the_settings_are_refused(trained, tmp_path):
    content = read_weights(trained("three")[0])
    torch.save(content | {"labels": ["no", "stop", "go", *LABELS[10:]]}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="answers with other labels"):
        load_checkpoint(tmp_path / "other.pt")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "1 to 50 words"),
        (tuple(map(str, range(51))), "1 to 50 words"),
        (("yes", "Yes"), "twice"),
        (("yes", "../up"), "letters and digits"),
        (("yes", "_silence_"), "letters and digits"),
        (("yes", "=1+1"), "letters and digits"),
        (("yes", 3), "must be text"),
        (("yes", ""), "letters and digits"),
        (("yes", "x" * 61), "at most 60"),
        (("yes", "a<b>"), "letters and digits"),
        (("yes", "no,up"), "letters and digits"),
    ],
)
def test_words_that_cannot_be_a_vocabulary_are_refused(words, said):
    with pytest.raises(ConfigError, match=said):
        Vocabulary(words=words)
    with pytest.raises(ConfigError, match=said):
        from_dict(Vocabulary, {"words": list(words)})


def test_one_word_is_enough_where_everything_else_is_unknown():
    assert Vocabulary(words=("yes",), silence=False).labels == ("yes", "_unknown_")
    assert Vocabulary(words=("yes",)).title == "yes"
    with pytest.raises(ConfigError, match="2 to 50 words"):
        Vocabulary(words=("yes",), unknown=False)


@pytest.mark.parametrize("word", ["hey computer", "schalt-ein", "नमस्ते", "на́чать", "7", "l'été", "hey_jarvis"])
def test_words_of_all_languages_are_words(word):
    assert Vocabulary(words=("yes", word)).label_of(word) == 1


def test_what_is_done_to_silence_and_to_unknown_clips_is_off_where_they_have_no_label():
    config = AugmentConfig(silence_gain_db=(-30, 0), silence_from_noise=1.0, talk_share=1.0)
    noise = Noise({"hiss": np.full(600, 100, np.int16)}, torch.device("cpu"), 200)
    clips, labels = torch.rand(35, 200), torch.arange(35)
    changed = augment_waveform(clips, labels, noise, config, torch.Generator(), noise, ALL_35)
    assert torch.equal(changed, clips)
    changed = augment_waveform(clips, labels % 5, noise, config, torch.Generator(), noise, THREE)
    assert [bool((changed[row] == clips[row]).all()) for row in range(5)] == [True, True, True, False, False]


def test_only_unknown_clips_get_the_weight_of_unknown_clips():
    labels = np.array([0, 1, 2, 3, 4])
    assert draw_weights(labels, "none", 2.0, THREE).tolist() == [1, 1, 1, 1, 2]
    assert draw_weights(labels, "none", 2.0, ALL_35).tolist() == [1, 1, 1, 1, 1]


def test_every_preset_can_be_trained_for_other_words():
    for preset in PRESETS:
        config = preset_config(preset, vocabulary=THREE)
        assert config.vocabulary == THREE
        if config.model.name in ("linear", "bcresnet-1"):
            assert build_model(config).eval()(torch.zeros(1, 16_000)).shape == (1, 5)
