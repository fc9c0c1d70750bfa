"""Moving on by frames gives what the front end makes of each whole window."""

import numpy as np
import pytest
import torch

from core.config import CLIP_SAMPLES, FrontEndConfig
from core.frontend.mel import TrainableMel
from core.inference.frames import FramePlan, RollingLogMel, log_mel_of_windows

SHAPES = {
    "tutorial": {},
    "floor": {"log_offset": 1e-6},
    "power offset": {"power_offset": 1e-8},
    "512": {"n_fft": 512},
    "400 in 512": {"n_fft": 512, "win_length": 400},
    "hop 200": {"hop_length": 200},
    "hop 128": {"n_fft": 1_024, "hop_length": 128, "n_mels": 80},
    "hop 250": {"hop_length": 250},
    "odd hop": {"hop_length": 177},
    "long hop": {"n_fft": 400, "hop_length": 900},
    "constant": {"pad_mode": "constant"},
    "not centred": {"center": False},
    "not centred, odd hop": {"center": False, "n_fft": 512, "hop_length": 177},
    "nothing to keep": {"n_fft": 400, "hop_length": 8_000},
}


@pytest.mark.parametrize("setting", "ABCD")
@pytest.mark.parametrize("name", SHAPES)
def test_moving_on_by_frames_equals_whole_windows(name, setting):
    config = FrontEndConfig(setting=setting, **SHAPES[name])
    front_end = TrainableMel(config).eval()
    random = np.random.default_rng(0)
    with torch.no_grad():
        for parameter in front_end.parameters():
            # As after training: anything but Fourier kernels and triangles.
            parameter.mul_(1 + 0.3 * torch.rand_like(parameter))
    sizes = []

    def counted(clips):
        sizes.append(clips.size)
        with torch.inference_mode():
            return front_end(torch.from_numpy(clips))

    plan = FramePlan.of(config, n_new=max(1, round(1_600 / config.hop_length)))
    rolling = RollingLogMel(counted, plan)
    loudness = np.repeat(np.geomspace(1e-4, 0.5, 30), 2_000)
    stream = (loudness * random.standard_normal(len(loudness))).astype(np.float32)
    stream[20_000:26_000] = 0
    final = []
    for start in range(0, len(stream) - CLIP_SAMPLES, plan.hop_samples):
        window = stream[start : start + CLIP_SAMPLES]
        moved = rolling.advance(window)
        final.append(plan.final(moved)[0])
        with torch.inference_mode():
            whole = front_end(torch.from_numpy(window[None]))
        torch.testing.assert_close(moved, whole, atol=1e-4, rtol=0)
    if plan.n_left + plan.n_right + plan.n_new < config.n_frames() / 2:
        assert sizes[1:] == [sizes[1]] * (len(sizes) - 1)
        assert sizes[1] < sizes[0]
        # The columns that became final, side by side, are the spectrogram of the stream.
        with torch.inference_mode():
            spectrogram = front_end(torch.from_numpy(stream[None]))[0]
        columns = torch.cat(final, dim=1)
        first = config.n_frames() - plan.n_right - plan.n_new
        torch.testing.assert_close(columns, spectrogram[:, first : first + columns.shape[1]], atol=1e-4, rtol=0)


def test_a_tenth_of_a_second_computes_an_eighth_of_the_window():
    plan = FramePlan.of(FrontEndConfig(), n_new=10)
    assert plan.part_samples == 13 * 160
    assert plan.hop_samples == 1_600


@pytest.mark.parametrize("name", SHAPES)
def test_seconds_that_share_their_frames_equal_each_second_alone(name):
    """Neighbours, and some with others between them."""
    config = FrontEndConfig(setting="D", **SHAPES[name])
    front_end = TrainableMel(config).eval()
    plan = FramePlan.of(config, n_new=max(1, round(1_600 / config.hop_length)))
    random = np.random.default_rng(0)
    sound = (np.repeat(np.geomspace(1e-4, 0.5, 50), 2_000) * random.standard_normal(100_000)).astype(np.float32)
    starts = np.array([0, 1, 2, 5, 11, 31, 32]) * plan.hop_samples
    starts = starts[starts + CLIP_SAMPLES <= len(sound)]
    computed = []

    def counted(clips):
        computed.append(clips.size)
        with torch.inference_mode():
            return front_end(torch.from_numpy(np.ascontiguousarray(clips)))

    found = log_mel_of_windows(counted, sound, starts, plan)
    with torch.inference_mode():
        alone = front_end(torch.from_numpy(np.stack([sound[start : start + CLIP_SAMPLES] for start in starts])))
    torch.testing.assert_close(found, alone, atol=1e-4, rtol=0)
    if plan.n_left + plan.n_right < config.n_frames() / 10:
        assert sum(computed) < 0.7 * len(starts) * CLIP_SAMPLES
