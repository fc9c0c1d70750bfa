"""Bases other than nnAudio's own: random starts, filters that keep a shape, masked bins."""

import librosa
import numpy as np
import pytest
import torch

from core.config import SAMPLE_RATE, FrontEndConfig, RunConfig, TrainingConfig
from core.errors import ConfigError
from core.fast import choose
from core.frontend.basis import ShapedMel
from core.frontend.mel import TrainableMel
from core.studies.cost.count import front_end_weights
from core.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from core.training.optimizers import build_optimizers


def noise(n_clips=3, seed=0):
    return 0.1 * torch.randn(n_clips, SAMPLE_RATE, generator=torch.Generator().manual_seed(seed))


def mel_basis(front_end):
    return front_end.layer.mel_basis.detach().numpy()


def steps_of_training(config, n=5):
    """A front end that moved for a few steps, on noise with random labels."""
    model = choose.model(config)
    optimizers = build_optimizers(model, config.training)
    labels = torch.arange(12)
    for number in range(n):
        for parameter in model.parameters():
            parameter.grad = None
        torch.nn.functional.cross_entropy(model(noise(12, seed=number)), labels).backward()
        for optimizer in optimizers:
            optimizer.step()
        model.front_end.project()
    return model


@pytest.mark.parametrize("changes", [{}, {"n_mels": 10}, {"htk": True, "norm": None}, {"fmin": 60.0, "fmax": 7600.0}])
def test_triangles_start_as_librosas_mel_filters(changes):
    config = FrontEndConfig(setting="B", mel_shape="triangle", **changes)
    theirs = librosa.filters.mel(
        sr=SAMPLE_RATE,
        n_fft=config.n_fft,
        n_mels=config.n_mels,
        fmin=config.fmin,
        fmax=config.fmax,
        htk=config.htk,
        norm="slaney" if config.norm else None,
    )
    np.testing.assert_allclose(mel_basis(TrainableMel(config)), theirs, atol=2e-5 * theirs.max())


def test_gaussians_peak_where_the_triangles_do_and_are_as_wide_at_half_their_height():
    # Fine bins and wide filters, so that half the height is met closely.
    gaussians, triangles = (
        ShapedMel(FrontEndConfig(setting="B", n_fft=4_096, n_mels=5, mel_shape=shape))().detach().numpy()
        for shape in ("bell", "triangle")
    )
    assert np.abs(gaussians.argmax(axis=1) - triangles.argmax(axis=1)).max() <= 1
    widths = [(weights > weights.max(axis=1, keepdims=True) / 2).sum(axis=1) for weights in (gaussians, triangles)]
    np.testing.assert_allclose(widths[0], widths[1], atol=2)


@pytest.mark.parametrize("shape", ["triangle", "bell"])
@pytest.mark.parametrize("setting", "BD")
def test_a_shape_learns_two_numbers_a_filter_and_is_kept(shape, setting):
    config = RunConfig(
        front_end=FrontEndConfig(setting=setting, mel_shape=shape, n_mels=8, log_offset=1e-6),
        training=TrainingConfig(mel_rate=1e-2),
    )
    front_end = steps_of_training(config).front_end
    assert front_end_weights(config.front_end).trained == sum(p.numel() for p in front_end.parameters())
    assert front_end.change()[0] > 1e-3
    learned = mel_basis(front_end)
    # One rise and one fall: no filter has grown a second peak.
    signs = [np.sign(np.diff(row[row > 1e-9 * row.max()])) for row in learned]
    assert all((np.diff(one[one != 0]) <= 0).all() for one in signs)
    with torch.enable_grad():
        np.testing.assert_array_equal(front_end.learning_basis().detach().numpy(), learned)


def test_the_gradient_of_centres_and_widths_is_that_of_small_changes():
    front_end = TrainableMel(FrontEndConfig(setting="B", mel_shape="bell", n_mels=6), dtype=torch.float64)
    waveform = noise(1).double()

    def loss():
        return front_end(waveform).square().mean()

    loss().backward()
    for parameter in front_end.shape.parameters():
        expected = parameter.grad.clone()
        for index in range(len(parameter)):
            with torch.no_grad():
                parameter[index] += 1e-5
            higher = float(loss().detach())
            with torch.no_grad():
                parameter[index] -= 2e-5
            lower = float(loss().detach())
            with torch.no_grad():
                parameter[index] += 1e-5
            assert (higher - lower) / 2e-5 == pytest.approx(float(expected[index]), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("shape", ["triangle", "bell"])
def test_a_filter_pushed_out_of_its_range_comes_back_and_still_hears(shape):
    front_end = TrainableMel(FrontEndConfig(setting="B", mel_shape=shape, n_mels=128))
    with torch.no_grad():
        front_end.shape.centres.copy_(torch.linspace(-50, 500, 128))
        front_end.shape.widths.fill_(-3.0)
    front_end.project()
    weights = mel_basis(front_end)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    narrow_but_heard = front_end.shape.narrowest
    assert (front_end.shape.widths >= narrow_but_heard).all()


def test_a_filter_of_the_least_width_meets_a_bin_wherever_it_stands():
    front_end = TrainableMel(FrontEndConfig(setting="B", mel_shape="triangle", n_mels=40))
    with torch.no_grad():
        for start in np.linspace(0, front_end.shape.highest - 1, 50):
            front_end.shape.centres.copy_(torch.linspace(start, start + 1, 40))
            front_end.shape.widths.fill_(0.0)
            front_end.project()
            assert (mel_basis(front_end).sum(axis=1) > 0).all()


def test_random_filters_follow_from_their_seed_alone():
    torch.manual_seed(1)
    first = TrainableMel(FrontEndConfig(mel_start="random", stft_start="random"))
    torch.manual_seed(2)
    same = TrainableMel(FrontEndConfig(mel_start="random", stft_start="random"))
    other = TrainableMel(FrontEndConfig(mel_start="random", stft_start="random", start_seed=1))
    for name, tensor in first.initial().items():
        assert torch.equal(tensor, same.initial()[name])
        assert not torch.equal(tensor, other.initial()[name])


def test_random_mel_weights_are_hes_uniform_ones_without_the_negative_half():
    weights = mel_basis(TrainableMel(FrontEndConfig(mel_start="random")))
    bound = (6 / 241) ** 0.5
    assert weights.min() == 0
    assert 0.98 * bound < weights.max() <= bound
    assert (weights == 0).mean() == pytest.approx(0.5, abs=0.02)
    assert weights[weights > 0].mean() == pytest.approx(bound / 2, rel=0.02)


@pytest.mark.parametrize("setting", "AD")
def test_random_kernels_are_applied_as_products_and_keep_the_size_of_powers(setting):
    front_end = TrainableMel(FrontEndConfig(setting=setting, stft_start="random"))
    usual = TrainableMel(FrontEndConfig(setting=setting))
    waveform = noise()
    kernels = front_end.layer.stft
    frames = torch.nn.functional.pad(waveform[:, None], (240, 240), mode="reflect")[:, 0].unfold(1, 480, 160)
    expected = sum((frames @ one[:, 0].detach().t()).square() for one in (kernels.wcos, kernels.wsin))
    power = front_end.power_by_frame(waveform).detach()
    torch.testing.assert_close(power, expected, rtol=2e-3, atol=1e-4 * float(expected.max()))
    assert float(power.mean() / usual.power_by_frame(waveform).mean()) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("shape", ["free", "triangle", "bell"])
@pytest.mark.parametrize("setting", "ABD")
def test_masked_bins_are_never_heard(setting, shape):
    config = RunConfig(
        front_end=FrontEndConfig(setting=setting, mel_shape=shape, masked_bins=(25, 49), log_offset=1e-6),
        training=TrainingConfig(mel_rate=1e-2),
    )
    front_end = steps_of_training(config).front_end
    weights = mel_basis(front_end)
    assert (weights[:, 25:50] == 0).all()
    assert (weights[:, 24] > 0).any()
    assert (weights[:, 50] > 0).any()
    hz = 37 * SAMPLE_RATE / 480
    tone = 0.5 * torch.sin(2 * torch.pi * hz * torch.arange(SAMPLE_RATE) / SAMPLE_RATE)[None]
    unmasked = TrainableMel(FrontEndConfig())
    # Away from the ends, where the mirrored tone is no pure one.
    heard, all_of_it = (one.mel_power(tone)[:, :, 5:-5].sum() for one in (front_end, unmasked))
    assert heard < 1e-3 * all_of_it


@pytest.mark.parametrize(
    "changes",
    [
        {"mel_start": "random", "stft_start": "random", "start_seed": 3},
        {"mel_shape": "triangle"},
        {"mel_shape": "bell", "masked_bins": (25, 49)},
    ],
)
@pytest.mark.parametrize("setting", "ABD")
def test_a_checkpoint_brings_every_basis_back(tmp_path, setting, changes):
    model = steps_of_training(RunConfig(front_end=FrontEndConfig(setting=setting, **changes))).eval()
    config = RunConfig(front_end=FrontEndConfig(setting=setting, **changes))
    saved = checkpoint_of(model, config, epoch=1, validation_accuracy=None, dataset="noise")
    save_checkpoint(tmp_path / "best.pt", saved)
    loaded = load_checkpoint(tmp_path / "best.pt")
    waveform = noise()
    assert torch.equal(loaded.model()(waveform), model(waveform))
    start = TrainableMel(FrontEndConfig(setting=setting, **changes))
    torch.testing.assert_close(loaded.initial_front_end()(waveform), start(waveform))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mel_shape": "triangle", "mel_start": "random"}, "only free filters"),
        ({"mel_shape": "square"}, "mel_shape"),
        ({"masked_bins": (30, 20)}, "bins 0 to 240"),
        ({"masked_bins": (0, 240)}, "not all"),
        ({"masked_bins": (-1, 20)}, "bins 0 to 240"),
    ],
)
def test_impossible_bases_are_refused(change, words):
    with pytest.raises(ConfigError, match=words):
        FrontEndConfig(**change)


def test_bfloat16_is_refused_for_random_kernels():
    with pytest.raises(ConfigError, match="must be 'float32'"):
        RunConfig(front_end=FrontEndConfig(stft_start="random"), training=TrainingConfig(products="bfloat16"))
