"""The front end is checked against librosa, torch.stft, nnAudio and physics."""

import warnings
from dataclasses import replace

import librosa
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nnAudio.features import MelSpectrogram

from core.config import SAMPLE_RATE, FrontEndConfig
from core.errors import AudioError, ConfigError
from core.fast.mel import FastMel
from core.frontend.mel import TrainableMel

PARAMETERS = {
    "A": set(),
    "B": {"layer.mel_basis"},
    "C": {"layer.stft.wcos", "layer.stft.wsin"},
    "D": {"layer.mel_basis", "layer.stft.wcos", "layer.stft.wsin"},
}


BOTH = [TrainableMel, FastMel]
"""The readable one and its fast twin: nobody outside can tell them apart."""


def noise(n_clips=3, n_samples=SAMPLE_RATE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(n_clips, n_samples, generator=generator)


def tone(frequency_hz, amplitude=0.5):
    return amplitude * torch.sin(2 * torch.pi * frequency_hz * torch.arange(SAMPLE_RATE) / SAMPLE_RATE)[None]


def filter_centres_hz(front_end):
    weights = front_end.layer.mel_basis.detach().numpy()
    hz = np.linspace(0, SAMPLE_RATE / 2, weights.shape[1])
    return weights @ hz / weights.sum(axis=1)


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "ABCD")
@pytest.mark.parametrize(
    "changes", [{}, {"n_fft": 512, "n_mels": 64}, {"htk": True, "norm": None}, {"fmin": 60.0, "fmax": 7600.0}]
)
def test_untrained_mel_power_is_librosas(mel_class, setting, changes):
    config = FrontEndConfig(setting=setting, **changes)
    waveform = noise()
    ours = mel_class(config).mel_power(waveform).detach().numpy()
    theirs = librosa.feature.melspectrogram(
        y=waveform.double().numpy(),
        sr=SAMPLE_RATE,
        n_fft=config.n_fft,
        hop_length=config.hop_length,
        n_mels=config.n_mels,
        fmin=config.fmin,
        fmax=config.fmax,
        htk=config.htk,
        norm="slaney" if config.norm else None,
        pad_mode="reflect",
    )
    np.testing.assert_allclose(ours, theirs, rtol=2e-5)


def librosa_mel(waveform, config):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters detected")
        return librosa.feature.melspectrogram(
            y=waveform.double().numpy(),
            sr=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            win_length=config.win_length,
            window=config.window,
            center=config.center,
            pad_mode=config.pad_mode,
            n_mels=config.n_mels,
            fmin=config.fmin,
            fmax=config.fmax,
            htk=config.htk,
            norm="slaney" if config.norm else None,
        )


def speech(real_or_demo, n_clips=12):
    rows = real_or_demo.indices("validation")[:: len(real_or_demo.indices("validation")) // n_clips][:n_clips]
    return torch.from_numpy(np.stack([real_or_demo.clip(row) for row in rows]))


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "ABCD")
def test_in_float64_every_value_of_noise_and_speech_is_librosas_within_1e_5(mel_class, setting, words):
    front_end = mel_class(FrontEndConfig(setting=setting), dtype=torch.float64)
    for waveform in (noise(), speech(words)):
        theirs = librosa_mel(waveform, front_end.config)
        ours = front_end.mel_power(waveform.double()).detach().numpy()
        # Digital silence has nothing to be relative to.
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-20)


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "ABCD")
def test_in_float32_tones_and_near_silence_are_librosas_within_1e_5_of_the_loudest_value(mel_class, setting, words):
    front_end = mel_class(FrontEndConfig(setting=setting))
    tones = torch.cat([tone(frequency_hz) for frequency_hz in (123, 1000, 5432)])
    for waveform in (tones, speech(words), 1e-4 * speech(words), 1e-7 * noise()):
        theirs = librosa_mel(waveform, front_end.config)
        error = np.abs(front_end.mel_power(waveform).detach().numpy() - theirs)
        assert (error / theirs.max(axis=(1, 2), keepdims=True)).max() < 1e-5


@pytest.mark.parametrize("mel_class", BOTH)
@settings(max_examples=60)
@given(data=st.data())
def test_any_frame_hop_window_and_number_of_filters_is_librosas(mel_class, data):
    n_fft = 2 * data.draw(st.integers(8, 520), label="half of n_fft")
    config = FrontEndConfig(
        setting=data.draw(st.sampled_from("ABCD"), label="setting"),
        n_fft=n_fft,
        win_length=data.draw(st.none() | st.integers(4, n_fft), label="win_length"),
        hop_length=data.draw(st.integers(1, 3 * n_fft // 2), label="hop_length"),
        n_mels=data.draw(st.integers(1, 80), label="n_mels"),
        window=data.draw(st.sampled_from(["hann", "hamming", "blackman", "boxcar"]), label="window"),
        center=data.draw(st.booleans(), label="center"),
        pad_mode=data.draw(st.sampled_from(["reflect", "constant"]), label="pad_mode"),
        htk=data.draw(st.booleans(), label="htk"),
        norm=data.draw(st.sampled_from([1, None]), label="norm"),
    )
    n_samples = data.draw(st.integers(n_fft, n_fft + 3000), label="n_samples")
    assume(n_samples // config.hop_length < 2000)
    waveform = noise(data.draw(st.sampled_from([1, 2, 11, 36]), label="n_clips"), n_samples)
    ours = mel_class(config).mel_power(waveform).detach().numpy()
    if config.center:
        # Padded beforehand: where librosa's last piece is no longer than half a frame, it mirrors it at a wrong sample.
        half = n_fft // 2
        waveform = torch.from_numpy(np.pad(waveform.numpy(), ((0, 0), (half, half)), mode=config.pad_mode))
    theirs = librosa_mel(waveform, replace(config, center=False))
    assert ours.shape == theirs.shape == (len(waveform), config.n_mels, config.n_frames(n_samples))
    assert np.abs(ours - theirs).max() < 1e-5 * theirs.max()


def test_spectra_computed_before_give_the_same_mel_power():
    front_end = FastMel(FrontEndConfig(setting="B", power_offset=1e-8))
    spectra = front_end.power_by_frame(noise(13))
    assert spectra.shape == (13, 101, 241)
    rows, gradients = torch.tensor([12, *range(11), 3]), []
    for mel in (front_end.mel_of_rows(spectra, rows), front_end.mel_power(noise(13)[rows])):
        front_end.zero_grad()
        (mel * torch.rand(mel.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
        gradients.append([mel.detach(), front_end.layer.mel_basis.grad.clone()])
    for ours, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "AD")
@pytest.mark.parametrize("center", [True, False])
def test_stft_power_is_that_of_torch_stft(mel_class, setting, center):
    config = FrontEndConfig(setting=setting, center=center)
    waveform = noise()
    theirs = torch.stft(
        waveform,
        config.n_fft,
        config.hop_length,
        window=torch.hann_window(config.n_fft),
        center=center,
        pad_mode="reflect",
        return_complex=True,
    )
    theirs = theirs.abs().square()
    ours = mel_class(config).power_by_frame(waveform).transpose(1, 2)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "ABCD")
def test_gradients_are_nnaudios(mel_class, setting):
    config = FrontEndConfig(setting=setting)
    ours = mel_class(config).double()
    theirs = MelSpectrogram(
        sr=SAMPLE_RATE,
        n_fft=480,
        n_mels=40,
        hop_length=160,
        verbose=False,
        trainable_mel=config.trains_mel,
        trainable_STFT=config.trains_stft,
    ).double()
    weights = torch.rand(2, 40, 101, dtype=torch.float64)
    for forward in (ours.mel_power, theirs):
        if PARAMETERS[setting]:
            (forward(noise(2).double()) * weights).sum().backward()
    theirs_by_name = dict(theirs.named_parameters())
    assert {name.removeprefix("layer.") for name, _ in ours.named_parameters()} == set(theirs_by_name)
    for name, parameter in ours.named_parameters():
        expected = theirs_by_name[name.removeprefix("layer.")].grad
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "ABCD")
def test_exactly_the_chosen_parts_are_parameters(mel_class, setting):
    assert {name for name, _ in mel_class(FrontEndConfig(setting=setting)).named_parameters()} == PARAMETERS[setting]


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("frequency_hz", [300, 1000, 2500, 6000])
def test_a_tone_lights_the_filter_nearest_its_pitch(mel_class, frequency_hz):
    front_end = mel_class(FrontEndConfig(setting="A", norm=None))
    brightest = int(front_end(tone(frequency_hz)).mean(dim=2).argmax())
    nearest = int(np.abs(filter_centres_hz(front_end) - frequency_hz).argmin())
    assert abs(brightest - nearest) <= 1


@pytest.mark.parametrize("mel_class", BOTH)
def test_twice_the_amplitude_lifts_the_log_mel_by_log_four(mel_class):
    front_end = mel_class(FrontEndConfig(setting="D"))
    lift = front_end(2 * noise()) - front_end(noise())
    torch.testing.assert_close(lift, torch.full_like(lift, np.log(4)), atol=1e-3, rtol=0)


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "ABCD")
@pytest.mark.parametrize("kind", ["silence", "half silence", "tone"])
def test_values_and_all_gradients_stay_finite(mel_class, setting, kind):
    waveform = {"silence": torch.zeros(2, SAMPLE_RATE), "half silence": noise(2), "tone": tone(1000)}[kind].clone()
    if kind == "half silence":
        waveform[:, : SAMPLE_RATE // 2] = 0
    waveform.requires_grad_()
    front_end = mel_class(FrontEndConfig(setting=setting))
    log_mel = front_end(waveform)
    log_mel.sum().backward()
    assert torch.isfinite(log_mel).all()
    assert torch.isfinite(waveform.grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in front_end.parameters())


@pytest.mark.parametrize("mel_class", BOTH)
def test_a_batch_equals_its_clips_one_by_one(mel_class):
    front_end = mel_class(FrontEndConfig(setting="A"))
    waveform = noise(23)  # more than two chunks
    together = front_end(waveform)
    alone = torch.cat([front_end(clip[None]) for clip in waveform])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("mel_class", BOTH)
def test_initial_filters_stay_while_learned_ones_move(mel_class):
    front_end = mel_class(FrontEndConfig(setting="D"))
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


@pytest.mark.parametrize("mel_class", BOTH)
def test_mel_weights_are_put_back_into_their_range(mel_class):
    front_end = mel_class(FrontEndConfig(setting="B"))
    with torch.no_grad():
        front_end.layer.mel_basis[0, :2] = torch.tensor([-1.0, 2.0])
    front_end.project(highest=1.0)
    assert front_end.layer.mel_basis[0, :2].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("mel_class", BOTH)
def test_fixed_kernels_that_were_trained_elsewhere_are_used_as_they_are(mel_class):
    trained = mel_class(FrontEndConfig(setting="C"))
    with torch.no_grad():
        trained.layer.stft.wcos.mul_(0.5)
    fixed = mel_class(FrontEndConfig(setting="A"))
    fixed.load_state_dict(trained.state_dict())
    torch.testing.assert_close(fixed(noise()), trained(noise()))
    fresh = mel_class(FrontEndConfig(setting="A"))
    assert (fixed(noise()) - fresh(noise())).abs().max() > 0.1


@pytest.mark.parametrize("mel_class", BOTH)
def test_nnaudio_can_load_the_weights(mel_class):
    front_end = mel_class(FrontEndConfig(setting="D"))
    with torch.no_grad():
        front_end.layer.mel_basis.mul_(1.5)
    theirs = MelSpectrogram(
        sr=SAMPLE_RATE, n_fft=480, n_mels=40, hop_length=160, verbose=False, trainable_mel=True, trainable_STFT=True
    )
    theirs.load_state_dict(front_end.layer.state_dict(), strict=True)
    # nnAudio adds 1e-8 to the power of each bin, which matters to nothing but silence.
    torch.testing.assert_close(front_end.mel_power(noise()), theirs(noise()), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize(
    ("waveform", "words"),
    [
        (torch.zeros(16_000), "batch axis"),
        (torch.zeros(2, 16_000, dtype=torch.int16), "32768"),
        (torch.zeros(2, 100), "at least 241"),
        (torch.zeros(0, 16_000), "n_clips"),
    ],
)
def test_unusable_input_is_refused_with_what_to_do(mel_class, waveform, words):
    with pytest.raises(AudioError, match=words):
        mel_class(FrontEndConfig())(waveform)


@pytest.mark.parametrize("mel_class", BOTH)
@pytest.mark.parametrize("setting", "ABCD")
def test_the_gradient_of_the_sound_is_nnaudios(mel_class, setting):
    config = FrontEndConfig(setting=setting)
    theirs = MelSpectrogram(
        sr=SAMPLE_RATE,
        n_fft=480,
        n_mels=40,
        hop_length=160,
        verbose=False,
        trainable_mel=config.trains_mel,
        trainable_STFT=config.trains_stft,
    ).double()
    weights, gradients = torch.rand(3, 40, 101, dtype=torch.float64), []
    for forward in (mel_class(config).double().mel_power, theirs):
        waveform = noise().double().requires_grad_()
        (forward(waveform) * weights).sum().backward()
        gradients.append(waveform.grad)
    ours, expected = gradients
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


def test_bfloat16_stays_close_where_speech_is_quiet(words):
    waveform, results = speech(words, n_clips=4), []
    for mel_class in BOTH:
        front_end = mel_class(FrontEndConfig(setting="D", log_offset=1e-6))
        front_end.uses_bfloat16 = True  # of which the readable one knows nothing
        with torch.no_grad():
            # Kernels that learned: 2 % away from where they started.
            generator = torch.Generator().manual_seed(1)
            for parameter in front_end.parameters():
                size = 0.02 * parameter.square().mean().sqrt()
                parameter += size * torch.randn(parameter.shape, generator=generator)
            front_end.project()
        log_mel = front_end(waveform)
        log_mel.backward(torch.rand(log_mel.shape, generator=torch.Generator().manual_seed(2)))
        results.append([log_mel.detach(), *(parameter.grad for parameter in front_end.parameters())])
    (exact, *gradients), (rounded, *rounded_gradients) = results
    assert 0 < float((rounded - exact).abs().max()) < 0.01
    for ours, expected in zip(rounded_gradients, gradients, strict=True):
        assert float((ours - expected).norm() / expected.norm()) < 0.01


@pytest.mark.parametrize("mel_class", BOTH)
def test_double_precision_input_is_accepted(mel_class):
    front_end = mel_class(FrontEndConfig(setting="A"))
    torch.testing.assert_close(front_end(noise().double()), front_end(noise()))


@pytest.mark.parametrize(
    "change", [{"n_fft": 481}, {"setting": "E"}, {"fmin": 9000.0}, {"log_offset": 0.0}, {"n_mels": 0}]
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ConfigError, match=next(iter(change))):
        FrontEndConfig(**change)
