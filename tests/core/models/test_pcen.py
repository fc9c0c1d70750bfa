"""PCEN against librosa's, along a stream, in training, and in a file."""

from dataclasses import replace

import librosa
import numpy as np
import onnx
import pytest
import torch
from scipy.signal import lfilter

from core.config import FrontEndConfig, ModelConfig, RunConfig
from core.errors import ConfigError
from core.export import along
from core.export.model import onnx_model, streaming_model
from core.export.session import logits, open_session
from core.fast import choose
from core.fast.pcen import FastPCEN
from core.inference.classifier import Classifier
from core.inference.frames import FramePlan
from core.models import build_model, probabilities_of
from core.models.embedding import SPECTROGRAM
from core.models.pcen import BLOCK, FLOOR, LIMITS, PCEN, smoothed
from core.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from core.training.loop import Training
from core.training.presets import preset_config
from tests.core.fast.test_choose import assert_same_epochs, readable_training


@pytest.fixture(scope="module")
def power():
    """Mel power that spans six decades, (3, 5, 300): more frames than are smoothed at once."""
    rng = np.random.default_rng(0)
    return np.exp(rng.normal(-3, 4, (3, 5, 2 * BLOCK + 44))).clip(1e-6)


def odd(pcen):
    """Other numbers in each band."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, (low, high) in {
            "smoothing": (0.01, 0.6),
            "gain": (0.3, 1),
            "bias": (0.1, 9),
            "root": (0.1, 1),
        }.items():
            values = getattr(pcen, name)
            values.copy_(low + (high - low) * torch.rand(len(values), generator=generator))
    return pcen


def test_it_is_librosas_band_by_band(power):
    pcen = odd(PCEN(5, learned=True)).double()
    ours = pcen(torch.from_numpy(np.log(power))).detach().numpy()
    for band in range(5):
        s, gain, bias, root = (getattr(pcen, name)[band].item() for name in ("smoothing", "gain", "bias", "root"))
        for clip in range(3):
            energy = power[clip, band : band + 1]
            theirs = librosa.pcen(
                energy, b=s, gain=gain, bias=bias, power=root, eps=FLOOR, zi=(1 - s) * energy[:, :1], axis=-1
            )
            assert ours[clip, band] == pytest.approx(theirs[0], rel=1e-6, abs=1e-9)


def test_the_level_is_a_recursive_filter_however_the_frames_come(power):
    smoothing, before = torch.linspace(0.001, 0.99, 5).double(), torch.rand(3, 5).double()
    energy = torch.from_numpy(power)
    level = smoothed(energy, smoothing, before)
    for band, s in enumerate(smoothing.tolist()):
        begun = (1 - s) * before[:, band : band + 1].numpy()
        expected, _ = lfilter([s], [1, s - 1], power[:, band], axis=-1, zi=begun)
        assert level[:, band].numpy() == pytest.approx(expected, rel=1e-9)
    first = smoothed(energy[..., :7], smoothing, before)
    rest = smoothed(energy[..., 7:], smoothing, first[..., -1])
    torch.testing.assert_close(torch.cat([first, rest], dim=2), level)


@pytest.mark.parametrize("kind", [PCEN, FastPCEN])
def test_its_gradients_are_those_of_finite_differences(kind):
    log_mel = torch.randn(2, 3, 9, dtype=torch.float64, requires_grad=True)
    pcen = odd(kind(3, learned=True)).double()
    names = tuple(LIMITS)

    def of(log_mel, *values):
        return torch.func.functional_call(pcen, dict(zip(names, values, strict=True)), (log_mel,))

    assert torch.autograd.gradcheck(of, (log_mel, *(getattr(pcen, name) for name in names)))


def test_the_faster_one_gives_the_same(power):
    log_mel = torch.from_numpy(np.log(power))
    for n in (1, 2, 300):
        readable, fast = (odd(kind(5, learned=True)).double()(log_mel[..., :n]) for kind in (PCEN, FastPCEN))
        torch.testing.assert_close(fast, readable)


def config_of(pcen, setting="A", model="linear"):
    config = preset_config(model, setting=setting, epochs=2, pcen=pcen)
    return replace(config, training=replace(config.training, batch_size=12))


def test_what_is_fixed_stays_and_what_learns_moves_within_its_limits(tone_pack):
    for pcen in ("fixed", "learned"):
        config = config_of(pcen)
        training = Training(replace(config, training=replace(config.training, pcen_rate=0.5)), tone_pack, "cpu")
        start = training.model.pcen.bands()
        list(training.epochs())
        for name, (lowest, highest) in LIMITS.items():
            before, after = getattr(start, name), getattr(training.model.pcen.bands(), name)
            assert (before != after).any() == (pcen == "learned")
            assert (lowest - 1e-6 <= after).all()
            assert (after <= highest + 1e-6).all()


@pytest.mark.parametrize("setting", "AB")
def test_a_training_through_the_twins_learns_the_same(tone_pack, setting):
    config = config_of("learned", setting)
    assert_same_epochs(Training(config, tone_pack, "cpu"), readable_training(config, tone_pack, "cpu"), tolerance=1e-3)


def test_a_model_comes_back_from_its_file_with_it(tmp_path):
    config = config_of("learned", model="bcresnet-1")
    model = choose.model(config).eval()
    odd(model.pcen)
    checkpoint = checkpoint_of(model, config, epoch=1, validation_accuracy=None, dataset="none")
    save_checkpoint(tmp_path / "m.pt", checkpoint)
    again = load_checkpoint(tmp_path / "m.pt").model()
    clips = 0.1 * torch.randn(2, 16_000)
    assert again.pcen.learned
    torch.testing.assert_close(again(clips), model(clips))


@pytest.mark.parametrize(("model", "center"), [("linear", True), ("bcresnet-1-causal", False)])
def test_an_exported_model_has_it_whole_and_along_a_stream(model, center):
    front_end = FrontEndConfig(setting="A", center=center, pcen="learned", log_offset=1e-6)
    spotter = choose.model(RunConfig(front_end=front_end, model=ModelConfig(name=model))).eval()
    odd(spotter.pcen)
    rng = np.random.default_rng(0)
    track = (rng.normal(0, 0.1, 5 * 16_000) * np.repeat([0.0, 1.0, 0.01, 1.0, 0.1], 16_000)).astype(np.float32)
    labels = tuple("abcdefghijkl")
    whole, _ = onnx_model(spotter, labels)
    onnx.checker.check_model(whole, full_check=True)
    clips = track.reshape(5, -1)
    with torch.inference_mode():
        expected = spotter(torch.from_numpy(clips)).numpy()
    assert logits(open_session(whole.SerializeToString()), clips) == pytest.approx(expected, abs=1e-4)
    assert len(whole.SerializeToString()) < 400_000
    plan = FramePlan.of_hop(front_end, 0.1)
    streaming, _ = streaming_model(spotter, labels, 0.1)
    ours = along.of_file(open_session(streaming.SerializeToString()), track, plan.hop_samples)
    assert ours == pytest.approx(np.concatenate(list(along.of_model(spotter, track, plan))), abs=1e-4)


def test_a_causal_classifier_carries_the_level_along_a_stream(tmp_path):
    config = preset_config("bcresnet-1-causal", setting="A", pcen="fixed")
    spotter = choose.model(config).eval()
    path = tmp_path / "m.pt"
    save_checkpoint(path, checkpoint_of(spotter, config, epoch=1, validation_accuracy=None, dataset="none"))
    classifier = Classifier(path, "cpu")
    plan = FramePlan.of_hop(config.front_end, 0.1)
    track = np.random.default_rng(0).normal(0, 0.1, 3 * 16_000).astype(np.float32)
    expected = probabilities_of(torch.from_numpy(np.concatenate(list(along.of_model(spotter, track, plan)))))
    stream = classifier.stream()
    padded = np.pad(track, (16_000, 0))
    for number, row in enumerate(expected.numpy()):
        end = 16_000 + (number + 1) * plan.hop_samples
        frames = plan.final(classifier.log_mel(padded[None, end - plan.part_samples : end]))
        assert stream(frames) == pytest.approx(row, abs=1e-4)


def test_the_speech_embedding_takes_none():
    with pytest.raises(ConfigError, match="pcen must be 'off'"):
        RunConfig(front_end=replace(SPECTROGRAM, pcen="fixed"), model=ModelConfig(name="embedding", normalise=False))


def test_it_changes_what_the_network_sees_and_not_the_log_mel():
    plain, with_it = (build_model(config_of(pcen)).eval() for pcen in ("off", "fixed"))
    clips = 0.1 * torch.randn(2, 16_000)
    assert torch.equal(plain.front_end(clips), with_it.front_end(clips))
    assert not torch.allclose(plain(clips), with_it(clips))
