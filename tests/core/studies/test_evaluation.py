"""Scores are checked by hand and against scikit-learn and statsmodels' published formula."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from core.data.pack import Pack
from core.errors import ConfigError, DataError
from core.studies.evaluation import evaluate, scores
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.loop import Training
from tests import evaluations
from tests.kept import evaluation_path, load_evaluation, save_evaluation, saved_evaluations


def evaluation_of(truth, answers):
    """An evaluation in which every clip was answered with full certainty."""
    return replace(evaluations.evaluation_of(truth, np.eye(12)[answers]), clip_words=(), clip_files=())


@pytest.fixture(scope="module")
def trained(tone_pack, tmp_path_factory):
    from core.training.presets import preset_config

    config = preset_config("linear", setting="B", epochs=2)
    config = replace(config, training=replace(config.training, batch_size=24))
    training = Training(config, tone_pack, "cpu")
    list(training.epochs())
    folder = tmp_path_factory.mktemp("run")
    checkpoint = checkpoint_of(training.model, config, epoch=2, validation_accuracy=0.9, dataset="Tones")
    save_checkpoint(folder / "best.pt", checkpoint)
    return folder, training


def test_a_hand_made_case_gives_the_scores_worked_out_by_hand():
    result = scores(evaluation_of([0, 0, 0, 1, 1, 11], [0, 0, 1, 1, 1, 0]))
    assert result.n == 6
    assert result.accuracy == pytest.approx(4 / 6)
    assert (result.baseline, result.baseline_label) == (0.5, "down")
    down, go, unknown = result.by_class[0], result.by_class[1], result.by_class[11]
    assert (down.precision, down.recall, down.n) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (go.precision, go.recall, go.f1) == (pytest.approx(2 / 3), 1.0, pytest.approx(0.8))
    assert (unknown.precision, unknown.recall, unknown.f1, unknown.n) == (0.0, 0.0, 0.0, 1)
    # Averages leave out the nine labels without clips.
    assert result.macro_f1 == pytest.approx((2 / 3 + 0.8 + 0) / 3)
    assert result.weighted_recall == pytest.approx(4 / 6)
    assert result.micro_f1 == pytest.approx(4 / 6)


def test_the_interval_is_wilsons():
    result = scores(evaluation_of([0] * 100, [0] * 90 + [1] * 10))
    z, n, p = 1.959964, 100, 0.9
    middle = (p + z * z / 2 / n) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    assert result.interval == (pytest.approx(middle - half, abs=1e-6), pytest.approx(middle + half, abs=1e-6))


def test_a_perfect_score_has_an_interval_that_ends_at_one():
    low, high = scores(evaluation_of([3] * 50, [3] * 50)).interval
    assert 0.9 < low < 1
    assert high == pytest.approx(1.0)


def test_random_answers_score_as_scikit_learn_says():
    random = np.random.default_rng(0)
    truth, answers = random.integers(0, 12, 500), random.integers(0, 12, 500)
    result = scores(evaluation_of(truth, answers))
    assert result.accuracy == pytest.approx(accuracy_score(truth, answers))
    for kind in ("micro", "macro", "weighted"):
        assert getattr(result, f"{kind}_f1") == pytest.approx(f1_score(truth, answers, average=kind))


def test_the_confusion_matrix_has_truth_in_its_rows(trained, tone_pack):
    folder, _ = trained
    result = evaluate(folder, tone_pack, "official", device="cpu")
    answers = result.probabilities.argmax(axis=1)
    for truth, answer in zip(result.truth, answers, strict=True):
        assert result.confusion[truth, answer] > 0
    np.testing.assert_array_equal(result.confusion.sum(axis=1), np.bincount(result.truth, minlength=12))
    np.testing.assert_array_equal(result.truth, tone_pack.labels[tone_pack.indices("official")])


def test_validation_scores_are_those_that_training_saw(trained, tone_pack):
    folder, training = trained
    result = evaluate(folder, tone_pack, "validation", device="cpu")
    loss, accuracy = training.validate()
    assert scores(result).accuracy == pytest.approx(accuracy)
    assert result.loss == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("protocol", ["official", "testing-list", "validation"])
def test_no_score_is_given_on_silence_alone(trained, tone_pack, protocol):
    folder, _ = trained
    kept = (tone_pack.splits != protocol) | (tone_pack.words == "_silence_")
    rows = {
        name: getattr(tone_pack, name)[kept] for name in ("clips", "words", "labels", "splits", "speakers", "files")
    }
    if protocol not in rows["splits"]:
        rows["splits"][np.flatnonzero(rows["words"] == "_silence_")[0]] = protocol
    with pytest.raises(DataError, match=r"no words for .* only silence"):
        evaluate(folder, replace(tone_pack, **rows), protocol, device="cpu")


def test_an_evaluation_comes_back_as_it_was_saved(trained, tone_pack, tmp_path):
    folder, _ = trained
    told = []
    result = evaluate(folder, tone_pack, "official", device="cpu", progress=lambda *values: told.append(values))
    assert told[-1][:2] == (result.n, result.n)
    path = evaluation_path(tmp_path, result.dataset, result.protocol)
    save_evaluation(path, result)
    again = load_evaluation(path)
    assert saved_evaluations(tmp_path) == [path]
    for name in ("run", "dataset", "protocol", "labels", "clip_words", "clip_files", "data_key", "n"):
        assert getattr(again, name) == getattr(result, name)
    assert scores(again) == scores(result)


def test_a_damaged_evaluation_is_refused(tmp_path):
    for content in (b"", b"PK\x03\x04 damaged", b"x" * 100):
        (tmp_path / "evaluation-x.npz").write_bytes(content)
        with pytest.raises(DataError, match="Evaluate again"):
            load_evaluation(tmp_path / "evaluation-x.npz")


def test_an_unknown_protocol_lists_the_known_ones(trained, tone_pack):
    with pytest.raises(ConfigError, match="official, testing-list"):
        evaluate(trained[0], tone_pack, "best", device="cpu")


def test_a_protocol_without_clips_is_an_error(trained, tone_pack):
    empty = Pack(**{**vars(tone_pack), "splits": np.full(len(tone_pack.splits), "train")})
    with pytest.raises(DataError, match="official"):
        evaluate(trained[0], empty, "official", device="cpu")
