"""Changed bases do to sound what filters with those weights would do."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import ConfigError
from core.frontend.mel import TrainableMel
from core.records.ablation import Experiment
from core.studies.ablation.between import between, filters_at, gains, kernel_gains, only_gain, only_shape
from core.studies.ablation.variants import Spectra, variants_of
from core.training.checkpoint import load_checkpoint


def by_hand(front_end, mel, cosine, sine, waveforms):
    """Log-mels through a front end that really has these weights."""
    plain = TrainableMel(replace(front_end.config, setting="D"))
    with torch.no_grad():
        plain.layer.mel_basis.copy_(torch.as_tensor(mel))
        plain.layer.stft.wcos.copy_(torch.as_tensor(cosine)[:, None])
        plain.layer.stft.wsin.copy_(torch.as_tensor(sine)[:, None])
        return plain.eval()(waveforms)


@pytest.fixture
def listen(model_d, clips):
    checkpoint = load_checkpoint(model_d)
    spectra = Spectra(checkpoint, checkpoint.model().front_end, torch.device("cpu"))
    spectra.listen(clips)

    def of(variant):
        with torch.inference_mode():
            return spectra.log_mel(variant.basis)

    return of


def named(filters, kind, **options):
    return {one.name: one for one in variants_of(filters, Experiment(kind=kind, **options))[1]}


@pytest.mark.parametrize("step", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_a_step_on_the_way_is_a_front_end_with_the_mixed_weights(step, filters, listen, model_d, clips):
    front_end = load_checkpoint(model_d).model().front_end
    mixed = filters_at(filters, step).learned
    wanted = by_hand(front_end, mixed.mel_basis, mixed.stft_cos, mixed.stft_sin, clips)
    found = listen(named(filters, "interpolation")[f"{step:.1f}"])
    torch.testing.assert_close(found, wanted, atol=2e-3, rtol=0)


def test_the_ends_of_the_way_are_the_learned_and_the_initial_front_end(filters, listen, model_d, clips):
    checkpoint = load_checkpoint(model_d)
    steps = named(filters, "interpolation")
    with torch.inference_mode():
        torch.testing.assert_close(listen(steps["1.0"]), checkpoint.model().front_end(clips), atol=1e-4, rtol=0)
        torch.testing.assert_close(listen(steps["0.0"]), checkpoint.initial_front_end()(clips), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("name", "mel", "kernels"),
    [
        ("mel filters back to initial", "initial", "learned"),
        ("STFT kernels back to initial", "learned", "initial"),
        ("both back to initial", "initial", "initial"),
    ],
)
def test_a_swap_takes_one_part_from_the_start(name, mel, kernels, filters, listen, model_d, clips):
    front_end = load_checkpoint(model_d).model().front_end
    stft = getattr(filters, kernels)
    wanted = by_hand(front_end, getattr(filters, mel).mel_basis, stft.stft_cos, stft.stft_sin, clips)
    torch.testing.assert_close(listen(named(filters, "swap")[name]), wanted, atol=1e-3, rtol=0)


@pytest.mark.parametrize("what", ["gain", "shape"])
def test_gain_and_shape_of_the_kernels_are_told_apart(what, filters, listen, model_d, clips):
    front_end = load_checkpoint(model_d).model().front_end
    gain = kernel_gains(filters)[:, None]
    side, factor = (filters.initial, gain) if what == "gain" else (filters.learned, 1 / gain)
    wanted = by_hand(front_end, filters.learned.mel_basis, side.stft_cos * factor, side.stft_sin * factor, clips)
    found = listen(named(filters, "gain-shape")[f"STFT: only the {what}"])
    torch.testing.assert_close(found, wanted, atol=1e-3, rtol=0)


def test_learned_gain_times_learned_shape_is_the_learned_filter(filters):
    start, end = filters.initial.mel_basis, filters.learned.mel_basis
    shape = only_shape(start, end)
    np.testing.assert_allclose(np.linalg.norm(shape, axis=1), np.linalg.norm(start, axis=1), rtol=1e-5)
    np.testing.assert_allclose(gains(start, end)[:, None] * shape, end, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(gains(start, only_gain(start, end)), gains(start, end), rtol=1e-6)
    np.testing.assert_allclose(only_gain(start, 3 * start), 3 * start, rtol=1e-6)


def test_silent_filters_have_no_shape_and_break_nothing():
    start, end = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(only_gain(start, end), 0)
    np.testing.assert_array_equal(only_shape(start, end), end)


def test_between_is_exact_at_its_ends(filters):
    a, b = filters.initial.mel_basis, filters.learned.mel_basis
    np.testing.assert_array_equal(between(a, b, 0).astype(np.float32), a)
    np.testing.assert_array_equal(between(a, b, 1).astype(np.float32), b)


def test_nothing_of_a_silenced_band_comes_through(filters, model_d):
    checkpoint = load_checkpoint(model_d)
    spectra = Spectra(checkpoint, checkpoint.initial_front_end(), torch.device("cpu"))
    (masked,) = named(filters, "mask", bins=tuple(range(25, 50)), mels=(7,)).values()
    time_s = np.arange(16_000) / 16_000
    base = 0.1 * np.sin(2 * np.pi * 3000 * time_s)
    # 1,200 Hz is bin 36: eleven bins from the edges of the band, where the Hann window has died away.
    within = base + 0.5 * np.sin(2 * np.pi * 1200 * time_s)
    beside = base + 0.5 * np.sin(2 * np.pi * 2400 * time_s)
    images = []
    with torch.inference_mode():
        for sound in (base, within, beside):
            spectra.listen(torch.from_numpy(sound[None].astype(np.float32)))
            images.append(spectra.log_mel(masked.basis).exp()[..., 5:-5])
    scale = images[0].max()
    assert (images[1] - images[0]).abs().max() < 1e-4 * scale
    assert (images[2] - images[0]).abs().max() > scale
    torch.testing.assert_close(
        images[2][:, 7], torch.full_like(images[2][:, 7], checkpoint.config.front_end.log_offset)
    )


def test_a_silenced_bin_is_a_kernel_of_zeros(filters, listen, model_d, clips):
    front_end = load_checkpoint(model_d).model().front_end
    cosine, sine = filters.learned.stft_cos.copy(), filters.learned.stft_sin.copy()
    cosine[25:50], sine[25:50] = 0, 0
    wanted = by_hand(front_end, filters.learned.mel_basis, cosine, sine, clips)
    (masked,) = named(filters, "mask", bins=tuple(range(25, 50))).values()
    torch.testing.assert_close(listen(masked), wanted, atol=1e-3, rtol=0)


def test_what_is_not_there_cannot_be_silenced(filters):
    with pytest.raises(ConfigError, match="STFT bins from 0 to 240"):
        variants_of(filters, Experiment(kind="mask", bins=(241,)))


@pytest.mark.parametrize("kind", ["interpolation", "swap", "gain-shape"])
def test_where_nothing_was_trained_there_is_nothing_to_put_back(kind, model_a):
    with pytest.raises(ConfigError, match="nothing of the spectrogram is trained"):
        variants_of(load_checkpoint(model_a).filters(), Experiment(kind=kind))
