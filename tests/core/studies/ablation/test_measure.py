"""Experiments carried out: an unchanged basis is the plain evaluation, and what is counted is counted right."""

import numpy as np
import pytest
import torch

from core.config import LABELS
from core.errors import ConfigError, DataError
from core.records.ablation import KINDS, Experiment
from core.studies.ablation.measure import run_experiment
from core.studies.evaluation import evaluate, scores
from core.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from core.training.loop import Training
from core.training.presets import preset_config

MASK = {"mask": {"bins": tuple(range(25, 50))}}


def ask(path, data, kind, normalisation="as-trained", protocol="official", **options):
    experiment = Experiment(kind=kind, normalisation=normalisation, **MASK.get(kind, {}), **options)
    return run_experiment(path, data, protocol, experiment, device="cpu")


@pytest.fixture(scope="module")
def plain(model_d, tone_pack):
    return evaluate(model_d, tone_pack, "official", device="cpu")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("normalisation", ["as-trained", "recomputed"])
def test_the_untouched_model_scores_what_the_evaluation_says(kind, normalisation, model_d, tone_pack, plain):
    found = ask(model_d, tone_pack, kind, normalisation)
    assert found.untouched.accuracy == scores(plain).accuracy
    assert found.untouched.interval == pytest.approx(scores(plain).interval)
    assert (found.n, found.n_all) == (36, 36)
    assert found.n_validation == (36 if normalisation == "recomputed" else 0)
    if normalisation == "as-trained":
        assert found.reference.correct == found.untouched.correct
    assert (found.baseline, found.baseline_label) == (pytest.approx(1 / 12), LABELS[0])


@pytest.mark.parametrize("normalisation", ["as-trained", "recomputed"])
def test_what_stands_between_filters_and_normalisation_stays_in_place(normalisation, tone_pack, tmp_path):
    config = preset_config("linear", setting="B", epochs=1, pcen="learned")
    training = Training(config, tone_pack, "cpu")
    list(training.epochs())
    made = checkpoint_of(training.model, config, epoch=1, validation_accuracy=None, dataset="Tones")
    save_checkpoint(tmp_path / "m.pt", made)
    whole = scores(evaluate(tmp_path / "m.pt", tone_pack, "official", device="cpu"))
    for kind in ("swap", "occlusion"):
        found = ask(tmp_path / "m.pt", tone_pack, kind, normalisation)
        assert found.untouched.accuracy == whole.accuracy
    assert whole.accuracy > 0.2


def test_the_way_ends_at_the_learned_and_begins_at_the_initial_basis(model_d, tone_pack, plain):
    found = ask(model_d, tone_pack, "interpolation")
    first, last = found.outcomes[0], found.outcomes[-1]
    assert [one.place for one in found.outcomes] == pytest.approx(np.linspace(0, 1, 11))
    assert last.accuracy == scores(plain).accuracy
    assert (last.won, last.lost) == (0, 0)
    both = ask(model_d, tone_pack, "swap").outcomes[-1]
    assert (first.correct, first.won, first.lost) == (both.correct, both.won, both.lost)


def test_silenced_bands_are_counted_as_by_hand(model_d, tone_pack, plain):
    checkpoint = load_checkpoint(model_d)
    model = checkpoint.model()
    with torch.no_grad():
        for kernels in (model.front_end.layer.stft.wcos, model.front_end.layer.stft.wsin):
            kernels[25:50] = 0
        rows = tone_pack.indices("official")
        answers = model(torch.from_numpy(tone_pack.clips[rows]).float() / 32768).argmax(dim=1).numpy()
    right, before = answers == tone_pack.labels[rows], plain.probabilities.argmax(axis=1) == plain.truth
    (found,) = ask(model_d, tone_pack, "mask").outcomes
    assert (found.correct, found.won, found.lost) == (right.sum(), (right & ~before).sum(), (~right & before).sum())
    assert found.difference == pytest.approx(right.mean() - before.mean())


@pytest.mark.parametrize("normalisation", ["as-trained", "recomputed"])
def test_an_occluded_filter_says_its_mean(normalisation, model_d, tone_pack):
    model = load_checkpoint(model_d).model()
    found = ask(model_d, tone_pack, "occlusion", normalisation).outcomes
    assert [one.place for one in found] == list(range(40))
    rows = tone_pack.indices("official")
    with torch.no_grad():
        if normalisation == "recomputed":
            heard = model.front_end(torch.from_numpy(tone_pack.clips[tone_pack.indices("validation")]).float() / 32768)
            model.normalise.running_mean.copy_(heard.mean(dim=(0, 2)))
            model.normalise.running_var.copy_(heard.var(dim=(0, 2), unbiased=False))
        log_mel = model.front_end(torch.from_numpy(tone_pack.clips[rows]).float() / 32768)
        for number in (3, 20):
            changed = log_mel.clone()
            changed[:, number] = model.normalise.running_mean[number]
            answers = model.network(model.normalise(changed)).argmax(dim=1).numpy()
            assert found[number].correct == (answers == tone_pack.labels[rows]).sum()


def test_a_normalisation_measured_anew_makes_a_mere_gain_worth_nothing(model_d, tone_pack):
    by_name = {one.name: one for one in ask(model_d, tone_pack, "gain-shape", "recomputed").outcomes}
    # Only the floor of the logarithm tells a louder filter from a quieter one.
    assert abs(by_name["mel: only the shape"].difference) <= 1 / 36
    swapped = {one.name: one for one in ask(model_d, tone_pack, "swap", "recomputed").outcomes}
    gap = by_name["mel: only the gain"].correct - swapped["mel filters back to initial"].correct
    assert abs(gap) <= 1


def test_the_normalisation_never_sees_test_clips(model_d, tone_pack, monkeypatch):
    asked = []
    indices = type(tone_pack).indices
    monkeypatch.setattr(type(tone_pack), "indices", lambda self, split: asked.append(split) or indices(self, split))
    ask(model_d, tone_pack, "swap", "recomputed", protocol="testing-list")
    assert asked == ["testing-list", "validation"]


def test_a_model_without_normalisation_can_be_asked_too(plain_model, tone_pack):
    untouched = scores(evaluate(plain_model, tone_pack, "official", device="cpu")).accuracy
    for kind in KINDS:
        found = ask(plain_model, tone_pack, kind, "recomputed")
        assert found.untouched.accuracy == found.reference.accuracy == untouched


def test_a_model_that_trained_nothing_can_be_masked_and_occluded(model_a, tone_pack):
    for kind in ("mask", "occlusion"):
        assert ask(model_a, tone_pack, kind).setting == "A"
    with pytest.raises(ConfigError, match="setting A"):
        ask(model_a, tone_pack, "swap")


def test_a_quick_answer_asks_a_seeded_sample(model_d, tone_pack, monkeypatch):
    monkeypatch.setattr("core.studies.ablation.measure.n_quick", lambda *_: 24)
    first, again = (ask(model_d, tone_pack, "swap") for _ in range(2))
    assert (first.n, first.n_all, first.is_sample) == (24, 36, True)
    assert first.outcomes == again.outcomes
    assert ask(model_d, tone_pack, "swap", quick=False).n == 36


def test_progress_ends_at_its_end_and_can_cancel(model_d, tone_pack):
    seen = []
    experiment = Experiment(kind="swap")
    run_experiment(model_d, tone_pack, "official", experiment, progress=lambda *step: seen.append(step[:2]))
    assert seen[-1] == (36 + 4 * 36, 36 + 4 * 36)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_experiment(model_d, tone_pack, "official", experiment, progress=stop)


def test_unknown_clips_are_refused(model_d, tone_pack):
    with pytest.raises(ConfigError, match="no protocol"):
        ask(model_d, tone_pack, "swap", protocol="exam")
    with pytest.raises(DataError):
        ask(model_d, tone_pack, "swap", protocol="own")
