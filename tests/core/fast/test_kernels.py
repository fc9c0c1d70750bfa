"""Power through any kernels: five products stand for nine, and every gradient is the plain one's."""

import numpy as np
import pytest
import torch

from core.fast.fourier import fourier_response
from core.fast.kernels import (
    PlainPlan,
    TiledPlan,
    kernel_power,
    kernel_power_bfloat16,
    plan_for,
    prepared_kernels,
)

SHAPES = [
    # n_fft, hop: three taps, fewer than three, more than three, a hop that does not divide, one group and several
    (480, 160),
    (400, 160),
    (320, 160),
    (640, 160),
    (1024, 256),
    (512, 128),
    (256, 64),
    (300, 70),
]


def random_kernels(n_bins, n_fft, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n_bins, n_fft, dtype=torch.float64, generator=generator) for _ in range(2)]


def waveforms(n_clips, n_samples, seed=1):
    return torch.randn(n_clips, n_samples, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def frame_by_frame(waveform, kernels, hop_length):
    """The power as its definition says it, one frame at a time."""
    n_fft = kernels[0].shape[1]
    frames = waveform.unfold(1, n_fft, hop_length)
    return sum((frames @ one.t()).square() for one in kernels)


def power_of(plan, waveform, kernels, hop_length):
    n_frames = (waveform.shape[1] - plan.n_fft) // hop_length + 1
    return kernel_power(waveform, prepared_kernels(*kernels, plan), plan)[:, :n_frames, : len(kernels[0])]


@pytest.mark.parametrize("plan_class", [TiledPlan, PlainPlan])
@pytest.mark.parametrize(("n_fft", "hop_length"), SHAPES)
@pytest.mark.parametrize("extra", [0, 1, 333])
def test_power_is_that_of_its_definition(plan_class, n_fft, hop_length, extra):
    kernels, waveform = random_kernels(7, n_fft), waveforms(3, n_fft + 4 * hop_length + extra)
    ours = power_of(plan_class(n_fft, hop_length), waveform, kernels, hop_length)
    torch.testing.assert_close(ours, frame_by_frame(waveform, kernels, hop_length), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("plan_class", [TiledPlan, PlainPlan])
@pytest.mark.parametrize(("n_fft", "hop_length"), SHAPES)
def test_gradients_of_kernels_and_sound_are_those_of_its_definition(plan_class, n_fft, hop_length):
    gradients = []
    for power in (power_of, frame_by_frame):
        kernels = [one.requires_grad_() for one in random_kernels(5, n_fft)]
        waveform = waveforms(2, n_fft + 5 * hop_length + 17).requires_grad_()
        arguments = (plan_class(n_fft, hop_length),) if power is power_of else ()
        found = power(*arguments, waveform, kernels, hop_length)
        weights = torch.rand(found.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
        (found * weights).sum().backward()
        gradients.append([waveform.grad, *(one.grad for one in kernels)])
    for ours, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)


def test_torch_agrees_that_the_gradient_is_the_derivative():
    plan, kernels = TiledPlan(6, 2), [one.requires_grad_() for one in random_kernels(2, 6)]
    waveform = waveforms(2, 15).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda sound, *pair: kernel_power(sound, prepared_kernels(*pair, plan), plan), (waveform, *kernels)
    )


def test_one_frame_is_enough():
    kernels, waveform = random_kernels(3, 480), waveforms(1, 480)
    ours = power_of(TiledPlan(480, 160), waveform, kernels, 160)
    assert ours.shape == (1, 1, 3)
    torch.testing.assert_close(ours, frame_by_frame(waveform, kernels, 160))


@pytest.mark.parametrize(
    ("n_fft", "hop_length", "kind"),
    [
        (480, 160, TiledPlan),
        (1024, 256, TiledPlan),
        (512, 160, PlainPlan),
        (160, 160, PlainPlan),
        (100, 400, PlainPlan),
    ],
)
def test_tiles_are_used_where_they_save_multiplications(n_fft, hop_length, kind):
    assert type(plan_for(n_fft, hop_length)) is kind
    assert type(plan_for(n_fft, hop_length, tiled=False)) is PlainPlan


def test_kernels_fill_up_to_whole_vectors_with_silent_ones():
    plan = TiledPlan(480, 160)
    factors = prepared_kernels(*random_kernels(241, 480), plan)
    assert factors.shape == (5, 480 // 3, 2 * 244)
    power = kernel_power(waveforms(1, 800), factors, plan)
    assert not power[:, :, 241:].any()
    assert power[:, :, :241].all()


def fourier_kernels(n_fft, window):
    turns = np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) / n_fft
    return [torch.from_numpy(wave(2 * np.pi * turns)) * window for wave in (np.cos, np.sin)]


def test_the_response_by_fft_is_that_of_fourier_kernels():
    window, waveform = torch.hann_window(48, dtype=torch.float64), waveforms(2, 200)
    response = fourier_response(waveform, window, 16, n_columns=28).view(2, -1, 2, 28)
    frames = waveform.unfold(1, 48, 16)
    for number, kernels in enumerate(fourier_kernels(48, window)):
        torch.testing.assert_close(response[:, :, number, :25], frames @ kernels.t(), rtol=1e-9, atol=1e-9)
    assert not response[..., 25:].any()


def test_bfloat16_keeps_the_quiet_beside_the_loud():
    """A tone 80 dB above a whisper: products of whole kernels in bfloat16 would lose the whisper altogether."""
    window = torch.hann_window(480)
    time_s = torch.arange(4000) / 16_000
    waveform = (torch.sin(2 * torch.pi * 1000 * time_s) + 1e-4 * torch.sin(2 * torch.pi * 5000 * time_s))[None]
    exact = fourier_kernels(480, window.double())
    changed = [(one + 1e-4 * torch.randn(one.shape, generator=torch.Generator().manual_seed(5))) for one in exact]
    truth = frame_by_frame(waveform.double(), changed, 160)
    plan = PlainPlan(480, 160)
    changes = prepared_kernels(*(now - then for now, then in zip(changed, exact, strict=True)), plan).float()
    careful = kernel_power_bfloat16(waveform, changes, plan, fourier_response(waveform, window, 160, 244))
    careful = careful[:, :, :241]
    rounded = frame_by_frame(waveform.bfloat16().double(), [one.bfloat16().double() for one in changed], 160)
    whisper = 5000 * 480 // 16_000
    assert float((careful[..., whisper] / truth[..., whisper] - 1).abs().max()) < 0.02
    assert float((rounded[..., whisper] / truth[..., whisper] - 1).abs().max()) > 1
