"""The front end is checked against librosa, torch.stft, nnAudio and physics."""

import librosa
import numpy as np
import pytest
import torch
from nnAudio.features import MelSpectrogram

from core.config import SAMPLE_RATE, FrontEndConfig
from core.errors import AudioError, ConfigError
from core.frontend import TrainableMel

PARAMETERS = {
    "A": set(),
    "B": {"layer.mel_basis"},
    "C": {"layer.stft.wcos", "layer.stft.wsin"},
    "D": {"layer.mel_basis", "layer.stft.wcos", "layer.stft.wsin"},
}


def noise(n_clips=3, n_samples=SAMPLE_RATE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(n_clips, n_samples, generator=generator)


def tone(frequency_hz, amplitude=0.5):
    return amplitude * torch.sin(2 * torch.pi * frequency_hz * torch.arange(SAMPLE_RATE) / SAMPLE_RATE)[None]


def filter_centres_hz(front_end):
    weights = front_end.layer.mel_basis.detach().numpy()
    hz = np.linspace(0, SAMPLE_RATE / 2, weights.shape[1])
    return weights @ hz / weights.sum(axis=1)


@pytest.mark.parametrize("setting", "ABCD")
@pytest.mark.parametrize(
    "changes", [{}, {"n_fft": 512, "n_mels": 64}, {"htk": True, "norm": None}, {"fmin": 60.0, "fmax": 7600.0}]
)
def test_untrained_mel_power_is_librosas(setting, changes):
    config = FrontEndConfig(setting=setting, **changes)
    waveform = noise()
    ours = TrainableMel(config).mel_power(waveform).detach().numpy()
    theirs = librosa.feature.melspectrogram(
        y=waveform.double().numpy(), sr=SAMPLE_RATE, n_fft=config.n_fft, hop_length=config.hop_length,
        n_mels=config.n_mels, fmin=config.fmin, fmax=config.fmax, htk=config.htk,
        norm="slaney" if config.norm else None, pad_mode="reflect",
    )  # fmt: skip
    np.testing.assert_allclose(ours, theirs, rtol=2e-5)


@pytest.mark.parametrize("setting", "AD")
@pytest.mark.parametrize("center", [True, False])
def test_stft_power_is_that_of_torch_stft(setting, center):
    config = FrontEndConfig(setting=setting, center=center)
    waveform = noise()
    theirs = torch.stft(
        waveform, config.n_fft, config.hop_length, window=torch.hann_window(config.n_fft), center=center,
        pad_mode="reflect", return_complex=True,
    ).abs().square()  # fmt: skip
    ours = TrainableMel(config).stft_power(waveform)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("setting", "ABCD")
def test_gradients_are_nnaudios(setting):
    config = FrontEndConfig(setting=setting)
    ours = TrainableMel(config).double()
    theirs = MelSpectrogram(
        sr=SAMPLE_RATE, n_fft=480, n_mels=40, hop_length=160, verbose=False, trainable_mel=config.trains_mel,
        trainable_STFT=config.trains_stft,
    ).double()  # fmt: skip
    weights = torch.rand(2, 40, 101, dtype=torch.float64)
    for forward in (ours.mel_power, theirs):
        if PARAMETERS[setting]:
            (forward(noise(2).double()) * weights).sum().backward()
    theirs_by_name = dict(theirs.named_parameters())
    assert {name.removeprefix("layer.") for name, _ in ours.named_parameters()} == set(theirs_by_name)
    for name, parameter in ours.named_parameters():
        expected = theirs_by_name[name.removeprefix("layer.")].grad
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("setting", "ABCD")
def test_exactly_the_chosen_parts_are_parameters(setting):
    assert {name for name, _ in TrainableMel(FrontEndConfig(setting=setting)).named_parameters()} == PARAMETERS[setting]


@pytest.mark.parametrize("frequency_hz", [300, 1000, 2500, 6000])
def test_a_tone_lights_the_filter_nearest_its_pitch(frequency_hz):
    front_end = TrainableMel(FrontEndConfig(setting="A", norm=None))
    brightest = int(front_end(tone(frequency_hz)).mean(dim=2).argmax())
    nearest = int(np.abs(filter_centres_hz(front_end) - frequency_hz).argmin())
    assert abs(brightest - nearest) <= 1


def test_twice_the_amplitude_lifts_the_log_mel_by_log_four():
    front_end = TrainableMel(FrontEndConfig(setting="D"))
    lift = front_end(2 * noise()) - front_end(noise())
    torch.testing.assert_close(lift, torch.full_like(lift, np.log(4)), atol=1e-3, rtol=0)


@pytest.mark.parametrize("setting", "ABCD")
@pytest.mark.parametrize("kind", ["silence", "half silence", "tone"])
def test_values_and_all_gradients_stay_finite(setting, kind):
    waveform = {"silence": torch.zeros(2, SAMPLE_RATE), "half silence": noise(2), "tone": tone(1000)}[kind].clone()
    if kind == "half silence":
        waveform[:, : SAMPLE_RATE // 2] = 0
    waveform.requires_grad_()
    front_end = TrainableMel(FrontEndConfig(setting=setting))
    log_mel = front_end(waveform)
    log_mel.sum().backward()
    assert torch.isfinite(log_mel).all()
    assert torch.isfinite(waveform.grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in front_end.parameters())


def test_a_batch_equals_its_clips_one_by_one():
    front_end = TrainableMel(FrontEndConfig(setting="A"))
    waveform = noise(23)  # more than two chunks
    together = front_end(waveform)
    alone = torch.cat([front_end(clip[None]) for clip in waveform])
    torch.testing.assert_close(together, alone)


def test_initial_filters_stay_while_learned_ones_move():
    front_end = TrainableMel(FrontEndConfig(setting="D"))
    before = front_end.filters()
    with torch.no_grad():
        for parameter in front_end.parameters():
            parameter += 0.1
    after = front_end.filters(epoch=3)
    for name in ("mel_basis", "stft_cos", "stft_sin"):
        np.testing.assert_array_equal(getattr(after.initial, name), getattr(before.initial, name))
        np.testing.assert_allclose(getattr(after.learned, name), getattr(before.learned, name) + 0.1, atol=1e-6)
    assert after.learned.epoch == 3
    assert min(front_end.change()) > 0


def test_mel_weights_are_put_back_into_their_range():
    front_end = TrainableMel(FrontEndConfig(setting="B"))
    with torch.no_grad():
        front_end.layer.mel_basis[0, :2] = torch.tensor([-1.0, 2.0])
    front_end.keep_valid(highest=1.0)
    assert front_end.layer.mel_basis[0, :2].tolist() == [0.0, 1.0]


def test_fixed_kernels_that_were_trained_elsewhere_are_used_as_they_are():
    trained = TrainableMel(FrontEndConfig(setting="C"))
    with torch.no_grad():
        trained.layer.stft.wcos.mul_(0.5)
    fixed = TrainableMel(FrontEndConfig(setting="A"))
    fixed.load_state_dict(trained.state_dict())
    torch.testing.assert_close(fixed(noise()), trained(noise()))
    fresh = TrainableMel(FrontEndConfig(setting="A"))
    assert (fixed(noise()) - fresh(noise())).abs().max() > 0.1


def test_nnaudio_can_load_the_weights():
    front_end = TrainableMel(FrontEndConfig(setting="D"))
    with torch.no_grad():
        front_end.layer.mel_basis.mul_(1.5)
    theirs = MelSpectrogram(
        sr=SAMPLE_RATE, n_fft=480, n_mels=40, hop_length=160, verbose=False, trainable_mel=True, trainable_STFT=True
    )
    theirs.load_state_dict(front_end.layer.state_dict(), strict=True)
    # nnAudio adds 1e-8 to the power of each bin, which matters to nothing but silence.
    torch.testing.assert_close(front_end.mel_power(noise()), theirs(noise()), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("waveform", "words"),
    [
        (torch.zeros(16_000), "batch axis"),
        (torch.zeros(2, 16_000, dtype=torch.int16), "32768"),
        (torch.zeros(2, 100), "at least 241"),
        (torch.zeros(0, 16_000), "n_clips"),
    ],
)
def test_unusable_input_is_refused_with_what_to_do(waveform, words):
    with pytest.raises(AudioError, match=words):
        TrainableMel(FrontEndConfig())(waveform)


def test_double_precision_input_is_accepted():
    front_end = TrainableMel(FrontEndConfig(setting="A"))
    torch.testing.assert_close(front_end(noise().double()), front_end(noise()))


@pytest.mark.parametrize(
    "change", [{"n_fft": 481}, {"setting": "E"}, {"fmin": 9000.0}, {"log_offset": 0.0}, {"n_mels": 0}]
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ConfigError, match=next(iter(change))):
        FrontEndConfig(**change)
