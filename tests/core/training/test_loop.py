"""Training: exactly the chosen parts move, the seed decides everything, and it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config import AugmentConfig, FrontEndConfig, ModelConfig, TrainingConfig
from core.data.pack import Pack
from core.errors import ConfigError, DataError, RunError
from core.fast.cuda_graph import WARM_STEPS, Replay
from core.training.batches import draw_weights
from core.training.loop import StoppedTraining, Training
from core.training.optimizers import rate_factor
from core.training.presets import PRESETS, preset_config

BASIS = ("layer.mel_basis", "layer.stft.wcos", "layer.stft.wsin")
MOVES = {"A": (), "B": BASIS[:1], "C": BASIS[1:], "D": BASIS}


def with_setting(config, setting):
    return replace(config, front_end=replace(config.front_end, setting=setting))


def same_weights(first, second):
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("regime", ["matched", "tutorial"])
@pytest.mark.parametrize("setting", "ABCD")
def test_exactly_the_chosen_filters_move(tone_pack, tiny_config, setting, regime):
    config = with_setting(tiny_config, setting)
    config = replace(config, training=replace(config.training, regime=regime, learning_rate=1e-4, epochs=1))
    training = Training(config, tone_pack, "cpu")
    before = {name: tensor.clone() for name, tensor in training.model.front_end.state_dict().items()}
    list(training.epochs())
    after = training.model.front_end.state_dict()
    assert {name for name in BASIS if not torch.equal(before[name], after[name])} == set(MOVES[setting])


@pytest.mark.parametrize("setting", "ABCD")
def test_exactly_the_chosen_filters_receive_gradients(tone_pack, tiny_config, setting):
    training = Training(with_setting(tiny_config, setting), tone_pack, "cpu")
    with pytest.raises(StoppedTraining):
        list(training.epochs(lambda _step: True))
    parameters = dict(training.model.front_end.named_parameters())
    assert set(parameters) == set(MOVES[setting])
    for name, parameter in parameters.items():
        assert float(parameter.grad.abs().sum()) > 0, name


def test_it_learns_to_tell_tones_apart(tone_pack, tiny_config):
    reports = list(Training(tiny_config, tone_pack, "cpu").epochs())
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert reports[-1].validation_accuracy > 0.8
    assert reports[-1].train_loss < reports[0].train_loss


def test_the_filters_move_a_little_and_not_by_their_own_size(tone_pack, tiny_config):
    last = list(Training(tiny_config, tone_pack, "cpu").epochs())[-1]
    assert 0 < last.mel_change < 0.5
    assert 0 < last.stft_change < 0.1


def test_mel_weights_never_fall_below_zero(tone_pack, tiny_config):
    training = Training(replace(tiny_config, training=replace(tiny_config.training, mel_rate=0.3)), tone_pack, "cpu")
    for _ in training.epochs():
        assert float(training.model.front_end.layer.mel_basis.detach().min()) == 0.0


def test_the_filters_get_no_weight_decay(tone_pack, tiny_config):
    """With no word from the data, a filter must stay as it is, whatever pulls at the network."""
    silent = Pack(**{**vars(tone_pack), "clips": np.zeros_like(tone_pack.clips)})
    config = replace(tiny_config, training=replace(tiny_config.training, weight_decay=0.5))
    training = Training(config, silent, "cpu")
    list(training.epochs())
    assert training.model.front_end.change()[1] == 0.0


def test_the_same_seed_gives_the_same_run(tone_pack, tiny_config):
    augment = AugmentConfig(
        time_shift_ms=100,
        noise_probability=0.8,
        silence_gain_db=(-20, 0),
        frequency_masks=1,
        frequency_mask_bins=5,
        time_masks=1,
        time_mask_frames=10,
    )
    config = replace(tiny_config, augment=augment)
    runs = [Training(config, tone_pack, "cpu") for _ in range(2)]
    for number, run in enumerate(runs):
        torch.manual_seed(number)  # what the caller does with the global generator must not matter
        list(run.epochs())
    assert same_weights(*runs)
    other = Training(replace(config, training=replace(config.training, seed=8)), tone_pack, "cpu")
    list(other.epochs())
    assert not same_weights(runs[0], other)


@pytest.mark.parametrize("setting", "AB")
def test_what_is_computed_once_changes_no_result(tone_pack, tiny_config, setting):
    """Same seed, with and without the shortcut: the same accuracies, and losses equal but for rounding."""
    runs = []
    for cache_mb in (1024, 0):
        config = with_setting(tiny_config, setting)
        training = Training(replace(config, training=replace(config.training, cache_mb=cache_mb)), tone_pack, "cpu")
        runs.append((training.source.kind, list(training.epochs())))
    (once, with_cache), (always, without) = runs
    assert once != always == "waveforms"
    for ours, plain in zip(with_cache, without, strict=True):
        assert ours.validation_accuracy == plain.validation_accuracy
        assert ours.train_loss == pytest.approx(plain.train_loss, rel=1e-4)


def test_bfloat16_is_refused_where_it_is_only_imitated(tone_pack, tiny_config, monkeypatch):
    config = replace(tiny_config, training=replace(tiny_config.training, products="bfloat16"))
    monkeypatch.setattr("core.device.has_bfloat16", lambda _device: False)
    with pytest.raises(ConfigError, match="Choose 'float32'"):
        Training(config, tone_pack, "cpu")
    monkeypatch.setattr("core.device.has_bfloat16", lambda _device: True)
    assert Training(config, tone_pack, "cpu").model.front_end.uses_bfloat16


def never_stopped_and_resumed(config, pack, folder):
    """Two trainings of three epochs: one in one go, and one that went on from a file after the first epoch."""
    whole = Training(config, pack, "cpu")
    list(whole.epochs())
    first = Training(config, pack, "cpu")
    next(first.epochs())
    torch.save(first.state_dict(), folder / "last.pt")
    second = Training(config, pack, "cpu")
    second.load_state_dict(torch.load(folder / "last.pt", weights_only=True))
    assert [report.epoch for report in second.epochs()] == [2, 3]
    return whole, second


@pytest.mark.parametrize("model", ["linear", "bcresnet-1"])
def test_a_resumed_run_ends_with_the_weights_of_one_never_stopped(tone_pack, tiny_config, model, tmp_path):
    config = replace(tiny_config, model=ModelConfig(name=model), augment=AugmentConfig(noise_probability=0.5))
    whole, second = never_stopped_and_resumed(config, tone_pack, tmp_path)
    assert same_weights(whole, second)
    assert second.best_epoch == whole.best_epoch
    assert second.model.front_end.change() == whole.model.front_end.change()


EARS = AugmentConfig(
    time_shift_ms=50,
    noise_probability=0.8,
    noise_snr_db=(-5, 25),
    noise_against="word",
    noise_kinds=("recorded", "babble"),
    gain_db=(-10, 5),
    silence_gain_db=(-22, 40),
    talk_share=0.5,
)


@pytest.mark.parametrize("model", ["linear", "bcresnet-1"])
def test_a_resumed_run_in_noise_with_averaged_weights_ends_as_one_never_stopped(
    few_tones, tiny_config, model, tmp_path
):
    averaged = replace(tiny_config.training, averaging=0.9, label_smoothing=0.1)
    config = replace(tiny_config, model=ModelConfig(name=model), augment=EARS, training=averaged)
    whole, second = never_stopped_and_resumed(config, few_tones, tmp_path)
    assert same_weights(whole, second)
    with whole.answering(), second.answering():
        assert same_weights(whole, second)
    assert second.best_epoch == whole.best_epoch


def test_a_run_without_averages_cannot_go_on_with_them(tone_pack, tiny_config):
    state = Training(tiny_config, tone_pack, "cpu").state_dict()
    averaging = replace(tiny_config, training=replace(tiny_config.training, averaging=0.9))
    with pytest.raises(RunError, match="does not fit"):
        Training(averaging, tone_pack, "cpu").load_state_dict(state)


def test_averaged_weights_are_the_mean_of_the_steps_and_are_what_is_validated(tone_pack, tiny_config):
    """Against a mean kept by hand; learning itself must not notice the average."""
    keeps = 0.6
    short = replace(tiny_config, training=replace(tiny_config.training, batch_size=8))
    plain = Training(short, tone_pack, "cpu")
    averaging = replace(short, training=replace(short.training, averaging=keeps))
    training = Training(averaging, tone_pack, "cpu")
    means = {name: value.double() for name, value in training.model.state_dict().items()}
    n = 0

    def follow(_step):
        nonlocal n
        n += 1
        new = max(1 - keeps, 10 / (n + 9))
        for name, value in training.model.state_dict().items():
            means[name] = means[name] + new * (value.double() - means[name])
        return False

    last_plain, last = list(plain.epochs())[-1], list(training.epochs(follow))[-1]
    assert n > 20
    assert same_weights(plain, training)
    with training.answering() as model:
        answering = {name: value.clone() for name, value in model.state_dict().items()}
        assert training.validate() == (last.validation_loss, last.validation_accuracy)
    for name, value in answering.items():
        if value.is_floating_point():
            torch.testing.assert_close(value.double(), means[name], rtol=1e-4, atol=1e-6)
    assert same_weights(plain, training), "the weights themselves come back"
    assert last.validation_loss != last_plain.validation_loss
    fixed = replace(averaging, front_end=replace(averaging.front_end, setting="A"))
    training = Training(fixed, tone_pack, "cpu")
    (last,) = list(training.epochs())[-1:]
    assert (last.mel_change, last.stft_change) == (0, 0), "what does not learn stays as it is, to the last bit"


def test_label_smoothing_spreads_a_share_over_all_labels(tone_pack, tiny_config):
    smooth = replace(tiny_config, training=replace(tiny_config.training, label_smoothing=0.3))
    training = Training(smooth, tone_pack, "cpu")
    rows = torch.from_numpy(training.rows[:24])
    labels = training.clips.labels[rows]
    loss, logits = training.step(rows)
    target = torch.full((24, 12), 0.3 / 12)
    target[torch.arange(24), labels] += 0.7
    expected = -(target * logits.double().log_softmax(dim=1)).sum(dim=1).mean()
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_a_state_of_other_settings_is_refused(tone_pack, tiny_config):
    state = Training(with_setting(tiny_config, "B"), tone_pack, "cpu").state_dict()
    with pytest.raises(RunError, match="does not fit"):
        Training(tiny_config, tone_pack, "cpu").load_state_dict(state)


def keep(pack, kept):
    """The pack with only the rows that are kept."""
    rows = {name: value[kept] for name, value in vars(pack).items() if getattr(value, "shape", ())[:1] == (len(pack),)}
    return Pack(**{**vars(pack), **rows})


@pytest.mark.parametrize("split", ["train", "validation"])
def test_splits_that_tell_nothing_about_words_are_refused(tone_pack, tiny_config, split):
    """Whoever always answers the same scored 100 % on them."""
    silent, other = tone_pack.words == "_silence_", tone_pack.splits != split
    for kept, reason in (
        (other, "no clips"),
        (other | silent, "no words .* only silence"),
        (other | (tone_pack.words == "yes"), r"one class alone \(yes\)"),
    ):
        with pytest.raises(DataError, match=reason):
            Training(tiny_config, keep(tone_pack, kept), "cpu")
    Training(tiny_config, keep(tone_pack, other | silent | (tone_pack.words == "yes")), "cpu")


def test_training_that_runs_away_says_so(tone_pack, tiny_config):
    wild = replace(tiny_config, training=replace(tiny_config.training, learning_rate=1e38))
    with pytest.raises(RunError, match="Lower the step sizes"):
        list(Training(wild, tone_pack, "cpu").epochs())


def test_a_stop_is_honoured_between_steps(tone_pack, tiny_config):
    steps = []
    training = Training(tiny_config, tone_pack, "cpu")
    with pytest.raises(StoppedTraining):
        list(training.epochs(lambda step: steps.append(step) or len(steps) == 2))
    assert [step.step for step in steps] == [1, 2]
    assert training.epoch == 0


@pytest.mark.usefixtures("noise_made_once")
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_an_epoch(few_tones, name):
    config = preset_config(name, epochs=1)
    config = replace(config, training=replace(config.training, batch_size=12))
    training = Training(config, few_tones, "cpu")
    training.steps = 2
    (report,) = training.epochs()
    assert np.isfinite(report.train_loss)
    assert 0 <= report.validation_accuracy <= 1


def test_uniform_balance_draws_every_label_alike_often():
    labels = np.array([0] * 90 + [1] * 9 + [11])
    weights = draw_weights(labels, "uniform")
    assert [weights[labels == label].sum() for label in (0, 1, 11)] == pytest.approx([1, 1, 1])


def test_tutorial_balance_has_the_tutorials_weights():
    assert draw_weights(np.array([0, 10, 11]), "tutorial").tolist() == pytest.approx([1, 4.6, 1 / 17])
    assert draw_weights(np.array([0, 11, 11]), "uniform", 3.0).tolist() == pytest.approx([1, 1.5, 1.5])


def test_the_tutorials_regime_is_the_tutorials():
    config = preset_config("tutorial")
    training = config.training
    assert (training.learning_rate, training.momentum, training.weight_decay) == (1e-3, 0.9, 1e-3)
    assert (training.batch_size, training.epochs, training.validate_every) == (100, 200, 2)
    assert (training.schedule, training.balance, config.model.normalise) == ("constant", "tutorial", False)
    assert config.front_end == FrontEndConfig(setting="D", power_offset=1e-8)


def test_the_step_size_warms_up_and_falls_to_zero():
    training = TrainingConfig(epochs=20, warmup_epochs=4)
    assert rate_factor(0, training) == 0
    assert rate_factor(2, training) == 0.5
    assert rate_factor(4, training) == 1.0
    assert rate_factor(12, training) == pytest.approx(0.5)
    assert rate_factor(20, training) == pytest.approx(0.0)


@pytest.mark.cuda
@pytest.mark.parametrize("setting", "ABCD")
@pytest.mark.parametrize("preset", ["linear", "bcresnet-1"])
def test_replayed_steps_learn_what_steps_in_turn_learn(tone_pack, preset, setting):
    # A GPU adds in any order: even two ordinary runs of BC-ResNet differ, from one machine to the next by 0.1 to 1 %.
    config = preset_config(preset, setting=setting, epochs=1)
    config = replace(config, training=replace(config.training, batch_size=4))
    replayed, *ordinary = (Training(config, tone_pack, "cuda") for _ in range(5))
    assert isinstance(replayed.take_steps, Replay)
    assert replayed.steps > 2 * WARM_STEPS, "most steps have to be replayed"
    for in_turn in ordinary:
        in_turn.take_steps = in_turn.steps_in_turn
    (one,) = replayed.epochs()
    others = [report for in_turn in ordinary for report in in_turn.epochs()]
    other = others[0]
    assert one.learning_rate == pytest.approx(other.learning_rate)
    losses = [report.train_loss for report in others]
    spread = max(losses) - min(losses)
    assert min(losses) - spread <= one.train_loss * 1.005
    assert one.train_loss * 0.995 <= max(losses) + spread
    assert (one.mel_change, one.stft_change) == pytest.approx((other.mel_change, other.stft_change), rel=0.02)
    assert (replayed.model.front_end.change()[0] > 0) == (setting in "BD")


@pytest.mark.cuda
def test_a_run_resumed_on_a_gpu_goes_on_as_if_never_stopped(tone_pack):
    config = preset_config("linear", setting="D", epochs=4)
    config = replace(config, training=replace(config.training, batch_size=4))
    whole, first, second = (Training(config, tone_pack, "cuda") for _ in range(3))
    reports = list(whole.epochs())
    stopped = first.epochs()
    next(stopped)
    next(stopped)
    second.load_state_dict(first.state_dict())
    rest = list(second.epochs())
    assert [report.epoch for report in rest] == [3, 4]
    assert rest[-1].train_loss == pytest.approx(reports[-1].train_loss, rel=0.01, abs=1e-4)
