"""The fast front end is the readable one, whatever its filters; ``frontend/test_mel.py`` holds both to others' code."""

import pytest
import torch

from core.config import FrontEndConfig
from core.fast.mel import FEWEST_TILED_CLIPS, FastMel
from core.frontend.mel import TrainableMel

CONFIGS = {
    "fixed": {"setting": "A"},
    "offset": {"setting": "D", "power_offset": 1e-8},
    "masked": {"setting": "B", "masked_bins": (25, 49)},
    "triangles": {"setting": "D", "mel_shape": "triangle", "masked_bins": (25, 49)},
    "random kernels, fixed": {"setting": "A", "stft_start": "random"},
    "random kernels, trained": {"setting": "C", "stft_start": "random"},
    "not centred": {"setting": "D", "center": False},
    "zeros around": {"setting": "B", "pad_mode": "constant"},
}


def noise(n_clips):
    return 0.1 * torch.randn(n_clips, 4_000, dtype=torch.float64, generator=torch.Generator().manual_seed(n_clips))


@pytest.mark.parametrize("n_clips", [1, FEWEST_TILED_CLIPS - 1, FEWEST_TILED_CLIPS, 37])
@pytest.mark.parametrize("changes", CONFIGS.values(), ids=CONFIGS)
def test_mel_power_and_every_gradient_are_those_of_the_readable_front_end(changes, n_clips):
    results = []
    for kind in (TrainableMel, FastMel):
        front_end = kind(FrontEndConfig(**changes), dtype=torch.float64)
        waveform = noise(n_clips).requires_grad_()
        power = front_end.power_by_frame(waveform)
        mel = front_end.mel_power(waveform)
        weights = torch.rand(mel.shape, dtype=mel.dtype, generator=torch.Generator().manual_seed(1))
        (mel * weights).sum().backward()
        results.append([power.detach(), mel.detach(), waveform.grad, *(one.grad for one in front_end.parameters())])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-7 * float(expected.abs().max()))


def test_an_fft_stands_in_for_kernels_that_are_fouriers_and_for_no_others():
    trained = FastMel(FrontEndConfig(setting="C"))
    fixed = FastMel(FrontEndConfig(setting="A"))
    assert [front_end.is_fourier() for front_end in (trained, fixed)] == [False, True]
    assert not FastMel(FrontEndConfig(setting="A", stft_start="random")).is_fourier()
    with torch.no_grad():
        trained.layer.stft.wcos[100, 0, 200] += 1e-3
    fixed.load_state_dict(trained.state_dict())
    assert not fixed.is_fourier()
    fixed.load_state_dict(TrainableMel(FrontEndConfig(setting="A")).state_dict())
    assert fixed.is_fourier()
