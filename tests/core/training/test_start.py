"""A training that begins with a trained model: its weights, its filters, its spectrogram, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core import runs
from core.commands import main
from core.config import RunConfig, StartConfig, Vocabulary, from_dict, to_dict
from core.data.demo import has_synthetic_voices
from core.errors import ConfigError, RunError
from core.frontend.mel import TrainableMel
from core.inference.classifier import Classifier
from core.jobs import worker
from core.runs import keep
from core.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from core.training.loop import Training
from core.training.presets import preset_config
from core.training.start import ANSWERS, config_from

SHIPPED = Path(__file__).parents[3] / "checkpoints"


def shortly(config, **training):
    return replace(config, training=replace(config.training, batch_size=24, snapshots=1, **training))


@pytest.fixture
def trained(tone_pack, tiny_config, tmp_path):
    """A function from a setting, and further settings of the front end, to the file of a model trained on tones."""

    def make(setting, model="linear", **front_end):
        config = shortly(preset_config(model, setting=setting, epochs=1, **front_end))
        training = Training(config, tone_pack, "cpu")
        list(training.epochs())
        file = tmp_path / f"{model}-{setting}.pt"
        made = checkpoint_of(training.model, config, epoch=1, validation_accuracy=0.5, dataset="Tones")
        save_checkpoint(file, made)
        return file

    return make


@pytest.mark.parametrize("model", ["linear", "bcresnet-1"])
def test_with_other_words_it_keeps_what_it_knows_of_each_label_and_learns_the_rest(trained, few_tones, model):
    start = load_checkpoint(file := trained("B", model))
    wished = Vocabulary(words=("stop", "marvin", "yes"))
    config = config_from(file, vocabulary=wished)
    assert config.vocabulary == wished
    assert config.training.epochs > config_from(file).training.epochs
    called = np.where(few_tones.words == "_unknown_", "marvin", few_tones.words)
    training = Training(config, replace(few_tones, words=called), "cpu", start=start)
    clips = torch.from_numpy(few_tones.clips[:20]).float() / 32768
    with torch.no_grad():
        answers = training.model.eval()(clips)
        before = start.model()(clips)
    for label in ("stop", "yes", "_silence_", "_unknown_"):
        known, new = start.config.vocabulary.label_of(label), wished.label_of(label)
        torch.testing.assert_close(answers[:, new], before[:, known], atol=1e-4, rtol=0)
    marvin = training.model.state_dict()[f"{ANSWERS}.weight"][wished.label_of("marvin")]
    assert not any(torch.allclose(marvin, row) for row in start.weights[f"{ANSWERS}.weight"])
    reports = list(training.epochs())
    assert reports[-1].train_loss < reports[0].train_loss


def test_pcen_that_was_fixed_can_learn_and_one_that_was_not_there_cannot_come(trained, tone_pack):
    start = load_checkpoint(file := trained("A", pcen="fixed"))
    config = shortly(config_from(file, pcen="learned"))
    assert config.front_end.pcen == "learned"
    training = Training(config, tone_pack, "cpu", start=start)
    clips = 0.1 * torch.randn(2, 16_000)
    torch.testing.assert_close(training.model.eval()(clips), start.model()(clips))
    list(training.epochs())
    assert (training.model.pcen.bands().gain != start.model().pcen.bands().gain).any()
    with pytest.raises(ConfigError, match=r"pcen is off, and that of linear-A\.pt is fixed"):
        config_from(file, pcen="off")


def test_a_causal_network_can_begin_with_the_weights_of_the_one_that_sees_both_sides(trained, tone_pack):
    start = load_checkpoint(file := trained("B", "bcresnet-1"))
    config = config_from(file, preset="bcresnet-1-causal-in-noise", epochs=2)
    assert (config.model.name, config.front_end.center) == ("bcresnet-1-causal", False)
    assert config.front_end == replace(start.config.front_end, center=False)
    training = Training(config, tone_pack, "cpu", start=start)
    for name, tensor in training.model.network.state_dict().items():
        assert torch.equal(tensor, start.weights[f"network.{name}"]), name
    with pytest.raises(ConfigError, match="does not fit"):
        config_from(file, preset="bcresnet-3-causal")


@pytest.mark.parametrize("model", ["linear", "bcresnet-1"])
@pytest.mark.parametrize(("before", "now"), ["AD", "DA", "BC", "CB", "DD"])
def test_it_begins_with_the_answers_of_that_model(trained, tone_pack, model, before, now):
    start = load_checkpoint(file := trained(before, model))
    config = config_from(file, setting=now)
    training = Training(config, tone_pack, "cpu", start=start)
    clips = torch.from_numpy(tone_pack.clips[:20]).float() / 32768
    with torch.no_grad():
        answers = training.model.eval()(clips)
        assert torch.allclose(answers, start.model()(clips), atol=1e-4)
    assert config.front_end == replace(start.config.front_end, setting=now)
    assert config.model == start.config.model


def test_initial_are_the_filters_it_began_with_and_the_textbooks_are_still_known(trained, tone_pack, tmp_path):
    start = load_checkpoint(file := trained("D"))
    config = shortly(config_from(file, setting="B"), learning_rate=1e-3)
    training = Training(config, tone_pack, "cpu", start=start)
    assert training.model.front_end.change() == (0.0, 0.0)
    list(training.epochs())
    save_checkpoint(
        tmp_path / "on.pt",
        checkpoint_of(training.model, config, epoch=2, validation_accuracy=None, dataset="Tones"),
    )
    kept = load_checkpoint(tmp_path / "on.pt").filters()
    before = start.filters()
    assert np.array_equal(kept.initial.mel_basis, before.learned.mel_basis)
    assert not np.array_equal(kept.learned.mel_basis, before.learned.mel_basis)
    for kernels in (kept.initial, kept.learned):
        assert np.array_equal(kernels.stft_cos, before.learned.stft_cos)
    textbook = TrainableMel(config.front_end).layer.mel_basis.detach().numpy()
    assert np.array_equal(textbook, before.initial.mel_basis)
    assert not np.array_equal(textbook, kept.initial.mel_basis)


def test_what_is_computed_once_comes_from_the_filters_it_began_with(trained, tone_pack):
    """Fixed filters are those of the model, not the textbook's: log-mels kept in memory must be theirs too."""
    start = load_checkpoint(file := trained("D"))
    training = Training(config_from(file, setting="A"), tone_pack, "cpu", start=start)
    assert training.source.kind == "log-mels"
    rows = torch.arange(5)
    clips = torch.from_numpy(tone_pack.clips[:5]).float() / 32768
    with torch.no_grad():
        kept = training.source.log_mel(training.source.read(rows))
        assert torch.allclose(kept, start.model().front_end(clips), atol=1e-4)


def test_filters_that_kept_a_shape_go_on_as_they_are(trained, tone_pack):
    bells = load_checkpoint(file := trained("B", mel_shape="bell"))
    learned = bells.filters().learned.mel_basis
    for now, shape in (("B", "bell"), ("A", "bell")):
        config = config_from(file, setting=now)
        assert config.front_end.mel_shape == shape
        training = Training(config, tone_pack, "cpu", start=bells)
        assert np.array_equal(training.model.front_end.filters().learned.mel_basis, learned)


def test_filters_that_were_fixed_are_trained_freely(trained, tone_pack):
    """In setting A a shape has no effect: the filters are the textbook's, which no bells could begin with."""
    start = load_checkpoint(file := trained("A", mel_shape="bell"))
    config = config_from(file, setting="B")
    assert config.front_end.mel_shape == "free"
    training = Training(config, tone_pack, "cpu", start=start)
    assert np.array_equal(training.model.front_end.filters().initial.mel_basis, start.filters().learned.mel_basis)


def weights_after_an_epoch(tone_pack, file, setting, **training):
    config = shortly(config_from(file, setting=setting, epochs=1), learning_rate=1e-2, **training)
    on = Training(config, tone_pack, "cpu", start=load_checkpoint(file))
    list(on.epochs())
    return on.model.state_dict()


def test_all_weights_are_pulled_back_a_part_of_the_way(trained, tone_pack):
    file = trained("A")
    start = load_checkpoint(file).weights
    free, half, whole = (weights_after_an_epoch(tone_pack, file, "B", pull=pull) for pull in (0.0, 0.5, 1.0))
    for name, begun in start.items():
        if begun.is_floating_point():
            assert torch.allclose(half[name], (free[name] + begun) / 2, atol=1e-6), name
            assert torch.equal(whole[name], begun), name
    for name in ("front_end.layer.mel_basis", "network.classify.weight", "normalise.running_mean"):
        assert not torch.equal(free[name], start[name]), name


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"preset": "bcresnet-1"}, "it trains bcresnet-1 with normalisation, and linear-D.pt is linear"),
        ({"preset": "tutorial"}, "without normalisation"),
        ({"n_mels": 20}, "n_mels is 20, and that of linear-D.pt is 40"),
        ({"mel_start": "random"}, "keeps its spectrogram"),
        ({"setting": "E"}, "setting is 'E'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"preset": "nothing"}, "There is no preset"),
    ],
)
def test_settings_that_do_not_fit_are_refused(trained, wish, words):
    with pytest.raises(ConfigError, match=words):
        config_from(trained("D"), **wish)


def test_a_preset_of_the_same_network_gives_the_steps(trained):
    config = config_from(trained("D"), preset="linear", epochs=7, n_mels=40)
    assert config.training == preset_config("linear", epochs=7).training
    assert config.preset == "linear"


def test_learned_kernels_are_never_taken_for_fouriers(trained):
    config = config_from(trained("C"))
    with pytest.raises(ConfigError, match="trained kernels needs 'float32'"):
        replace(config, training=replace(config.training, products="bfloat16"))


def test_what_was_trained_before_is_told_through_any_number_of_trainings(trained, tone_pack, tmp_path):
    first = config_from(file := trained("B"), setting="C")
    assert (first.start.setting, first.start.datasets) == ("B", ("Tones",))
    training = Training(first, tone_pack, "cpu", start=load_checkpoint(file))
    second = tmp_path / "second.pt"
    made = checkpoint_of(training.model, first, epoch=1, validation_accuracy=None, dataset="Demo words (2 clips)")
    save_checkpoint(second, made)
    last = config_from(second, setting="A")
    assert (last.start.name, last.start.setting) == ("second", "D")
    assert last.start.datasets == ("Tones", "Demo words (2 clips)")
    assert from_dict(RunConfig, to_dict(last)) == last
    assert not has_synthetic_voices(*load_checkpoint(second).datasets), "it heard people before"
    assert last.title == "Linear, fixed spectrogram (A), fine-tuned from second"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "one"},
        {"name": "one", "checkpoint": "../../x"},
        {"checkpoint": "0" * 64},
        {"datasets": ["one"]},
        {"name": "n" * 500, "checkpoint": "0" * 64},
        {"name": "one", "checkpoint": "0" * 64, "datasets": ["x" * 500]},
        {"name": "one", "checkpoint": "0" * 64, "setting": "Z"},
    ],
)
def test_a_start_that_nobody_can_have_written_is_refused(wrong):
    with pytest.raises(ConfigError):
        from_dict(StartConfig, wrong)


# With the run's folder


@pytest.fixture
def begun(runs_here, trained, tone_root):
    """A function from a name to a new run that begins with a model trained on tones, not yet trained."""
    file = trained("D")

    def make(name):
        config = shortly(config_from(file), epochs=3)
        return runs.new_run(config, tone_root, name=name, device="cpu", start=file)

    make.file = file
    return make


def last_weights(folder):
    return torch.load(folder / runs.LAST, weights_only=True)


def test_a_run_keeps_the_model_it_began_with_and_says_which(begun):
    folder = begun("on")
    model = keep.model_hash(begun.file)
    begun.file.unlink()
    assert worker.work(folder).state == "done"
    config = load_checkpoint(folder).config
    assert (config.start.name, config.start.checkpoint) == ("linear-D", model)
    assert runs.run_state(folder).config == config
    assert runs.evolution(folder)[0].epoch == 0
    start = load_checkpoint(folder / runs.START).filters()
    assert np.array_equal(runs.evolution(folder)[0].mel_basis, start.learned.mel_basis)


def test_the_filters_are_shown_while_they_move(begun, monkeypatch):
    monkeypatch.setattr(worker, "HEARTBEAT_S", 0.0)
    folder = begun("on")
    assert runs.moving_filters(folder) is None
    shown = []
    worker.work(folder, on_step=lambda _step: shown.append(runs.moving_filters(folder)))
    start = load_checkpoint(folder / runs.START).filters().learned.mel_basis
    assert [one.epoch for one in shown] == sorted(one.epoch for one in shown)
    assert {one.epoch for one in shown} == {1, 2, 3}
    moved = [float(abs(one.mel_basis - start).sum()) for one in shown]
    assert moved[0] < moved[1] < moved[2], "step by step, within the first epoch"
    assert not (folder / runs.MOVING).exists(), "nothing moves in a run that has ended"
    (folder / runs.MOVING).write_bytes(b"nothing")
    assert runs.moving_filters(folder) is None


@pytest.mark.parametrize("stopped_after", [0, 1])
def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_never_was(begun, stopped_after):
    whole, stopped = begun("whole"), begun("stopped")
    worker.work(whole)
    worker.work(
        stopped,
        on_step=lambda step: runs.stop_run(stopped) if step.epoch > stopped_after else None,
    )
    assert runs.run_state(stopped).epoch == stopped_after
    runs.prepare_resume(stopped)
    assert worker.work(stopped).state == "done"
    first, second = last_weights(whole), last_weights(stopped)
    assert first["best"] == second["best"]
    for part in ("model", "initial"):
        for name, weights in first[part].items():
            assert torch.equal(weights, second[part][name]), name


def test_another_model_in_its_place_is_refused(begun, trained):
    folder = begun("on")
    (folder / runs.START).write_bytes(trained("B").read_bytes())
    with pytest.raises(RunError, match=r"start.pt is not the model linear-D that on begins with"):
        worker.work(folder)


def test_a_model_that_changes_while_the_run_is_made_is_refused(runs_here, trained, tone_root):
    config = config_from(file := trained("D"))
    trained("D")
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(RunError, match="changed while the run was made"):
        runs.new_run(config, tone_root, name="on", start=file)
    assert not (runs_here / "on").exists()


def test_the_command_begins_with_a_shipped_model(runs_here, tone_root, capsys, ctrl_c_as_before):
    model = SHIPPED / "shipped-linear-A"
    options = ["--from", str(model), "--setting", "B", "--data", str(tone_root), "--epochs", "1", "--device", "cpu"]
    assert main(["train", *options, "--run", "on"]) == 0
    assert "on: done after 1 of 1 epochs" in capsys.readouterr().out
    config = runs.run_state(runs_here / "on").config
    assert (config.preset, config.front_end.setting) == ("fine-tuning", "B")
    assert config.start == StartConfig(
        name="shipped-linear-A",
        checkpoint=keep.model_hash(model),
        setting="A",
        datasets=(load_checkpoint(model).dataset,),
    )
    assert Classifier(runs_here / "on", "cpu").checkpoint.config.start == config.start


def test_the_command_says_what_does_not_fit(runs_here, capsys):
    assert main(["train", "--from", str(SHIPPED / "shipped-linear-A"), "--preset", "bcresnet-1"]) == 2
    assert "does not fit shipped-linear-A" in capsys.readouterr().err
    assert main(["train", "--from", "nobody"]) == 1
    assert "There is no run" in capsys.readouterr().err
    assert list(runs_here.iterdir()) == []
