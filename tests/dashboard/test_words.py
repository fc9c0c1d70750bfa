"""Pages of models with other words than the usual ones: three of them, and all 35 of Speech Commands."""

from __future__ import annotations

import numpy as np
import pytest

from core import runs
from core.config import ALL_35, Vocabulary
from core.models import build_model
from core.records.evaluation import Evaluation
from core.runs import keep
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config
from tests.dashboard.conftest import assert_calm, charts, chip, open_fold, texts, tone, wav
from tests.kept import evaluation_path, save_evaluation

THREE = Vocabulary(words=("bed", "no", "yes"))
EACH = 6
"""Clips of each label."""

both = pytest.mark.parametrize("vocabulary", [THREE, ALL_35], ids=["three", "all"])


def answers_of(vocabulary, folder, dataset):
    """Made-up answers, most of them right; the second label is often taken for the first."""
    random = np.random.default_rng(0)
    labels = vocabulary.labels
    truth = np.repeat(np.arange(len(labels)), EACH)
    logits = random.normal(0, 1, (len(truth), len(labels)))
    logits[np.arange(len(truth)), truth] += 4
    logits[truth == 1, 0] += 5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (truth, shares.argmax(axis=1)), 1)
    words = [{"_unknown_": "cat"}.get(labels[label], labels[label]) for label in truth]
    return Evaluation(
        run=folder.name,
        dataset=dataset,
        protocol=vocabulary.protocols[0],
        labels=labels,
        confusion=confusion,
        loss=0.5,
        probabilities=shares.astype(np.float32),
        truth=truth,
        clip_words=tuple(words),
        clip_files=tuple(f"{word}/{row % 7:08x}_nohash_{row}.wav" for row, word in enumerate(words)),
        checkpoint=keep.model_hash(folder),
        data_key="of clips that are not here",
    )


@pytest.fixture
def made(tmp_path):
    """A function from a vocabulary to a finished run of its words with one evaluation, the only model."""

    def make(vocabulary, name="words"):
        config = preset_config("linear", setting="B", epochs=2, vocabulary=vocabulary)
        folder = runs.new_run(config, None, name=name)
        dataset = "Speech Commands v2 (105,829 clips)"
        checkpoint = checkpoint_of(build_model(config), config, epoch=2, validation_accuracy=0.5, dataset=dataset)
        save_checkpoint(folder / runs.BEST, checkpoint)
        about = {"epoch": 2, "epochs": 2, "best_epoch": 2, "best_accuracy": 0.5, "trained_seconds": 3.0}
        runs.write_status(folder, state="done", message="", dataset=dataset, device="cpu", **about)
        protocol = vocabulary.protocols[0]
        save_evaluation(evaluation_path(folder, dataset, protocol), answers_of(vocabulary, folder, dataset))
        return folder

    return make


@both
def test_score_says_which_words_and_what_others_published(open_page, made, vocabulary):
    made(vocabulary)
    app = open_page("evaluation")
    assert_calm(app)
    n = EACH * len(vocabulary.labels)
    title = {THREE: "Official test set, 3 words", ALL_35: "Testing list, 35-word protocol"}[vocabulary]
    assert app.header[0].value == f"{title}: {n} clips of Speech Commands v2 (105,829 clips)"
    assert f"{len(vocabulary.words)} words" in chip(app)
    assert ("KWT-1 to KWT-3 97.0 to 97.7 %" in texts(app)) == (vocabulary == ALL_35)
    for view in ("Calibration", "Speakers", "By word"):
        app.segmented_control("scores").set_value(view).run()
        assert_calm(app)
        assert charts(app) > 0


@both
def test_mistakes_shows_every_mix_up_of_these_words(open_page, made, vocabulary):
    made(vocabulary)
    app = open_page("mistakes")
    assert_calm(app)
    first, second = vocabulary.words[:2]
    assert any(box.label == "Cell" and f"{second} heard as {first}" in box.options[0] for box in app.selectbox)
    for order in ("labels", "confusion"):
        app.segmented_control("order").set_value(order).run()
        assert_calm(app)
    app.segmented_control("mistakes").set_value("Behind “unknown”").run()
    assert_calm(app)
    assert ("This model calls no word “unknown”." in texts(app)) == (vocabulary == ALL_35)


@both
def test_thresholds_are_offered_for_these_words(open_page, made, vocabulary):
    made(vocabulary)
    app = open_page("thresholds")
    assert_calm(app)
    choice = app.segmented_control("word") if vocabulary == THREE else app.selectbox("word")
    assert choice.options == list(vocabulary.words)
    choice.set_value("yes").run()
    assert_calm(app)
    assert "Threshold for “yes”: its least probability (%)" in [slider.label for slider in app.slider]
    open_fold(app, "evaluation.curves")


@both
def test_try_names_the_words_and_answers_with_one(open_page, made, vocabulary):
    made(vocabulary)
    app = open_page("live")
    assert_calm(app)
    assert app.title[0].value == {THREE: "Say one of three words", ALL_35: "Say one of 35 words"}[vocabulary]
    assert f"**{' · '.join(vocabulary.words)}**" in texts(app)
    app.segmented_control("live.source").set_value("upload").run()
    app.file_uploader("live.file").upload("word.wav", wav(tone(440)), "audio/wav").run()
    assert_calm(app)
    heard = next(one.value for one in app.subheader if one.value.startswith("I hear"))
    assert heard.removeprefix("I hear: ").partition(" (")[0] in [label.strip("_") for label in vocabulary.labels]


def test_models_of_other_words_are_not_compared(open_page, made):
    made(THREE, "three")
    made(ALL_35, "all")
    app = open_page("compare")
    assert not app.exception
    assert "do not tell the same words apart" in texts(app)


@pytest.mark.usefixtures("use_tiny_data", "own_run")
def test_a_run_of_some_words_is_started_from_the_form(open_page, monkeypatch):
    started = []
    monkeypatch.setattr(runs, "start_run", lambda config, *_, **__: started.append(config) or runs.runs_folder() / "x")
    page = open_page("training")
    page.segmented_control("training.begin").set_value("scratch").run()
    assert_calm(page)
    page.radio("training.words").set_value("some").run()
    assert page.button("training.start").disabled
    words = page.multiselect("training.words.chosen")
    assert "bed" in words.options
    words.set_value(["yes", "bed", "no"]).run()
    assert_calm(page)
    page.button("training.start").click().run()
    assert [config.vocabulary for config in started] == [THREE]
    page.radio("training.words").set_value("every").run()
    page.button("training.start").click().run()
    assert len(started[-1].vocabulary.words) == 12
    assert not started[-1].vocabulary.unknown
