"""Checkpoints: save then load changes nothing, the tutorial's files load as they are, anything else is refused."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import FrontEndConfig, RunConfig
from core.errors import CheckpointError
from core.fast import choose
from core.frontend.mel import TrainableMel
from core.models import build_model
from core.training.checkpoint import BEST, checkpoint_of, load_checkpoint, load_model, save_checkpoint
from core.training.presets import preset_config

TUTORIAL = Path(__file__).parents[4] / "shared" / "tutorial_checkpoints"


def moved_model(config):
    """A model that looks trained: every parameter has moved."""
    model = choose.model(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.01 * torch.rand_like(parameter)
    return model


def save(path, config, model):
    checkpoint = checkpoint_of(model, config, epoch=4, validation_accuracy=0.5, dataset="Tones")
    save_checkpoint(path, checkpoint)
    return checkpoint


@pytest.fixture
def saved(tmp_path):
    config = preset_config("linear", setting="D")
    save(tmp_path / BEST, config, moved_model(config))
    return tmp_path / BEST


@pytest.mark.parametrize("setting", "ABCD")
@pytest.mark.parametrize("preset", ["linear", "bcresnet-1"])
def test_a_saved_model_gives_the_same_logits(tmp_path, preset, setting):
    config = preset_config(preset, setting=setting)
    model = moved_model(config)
    save(tmp_path / BEST, config, model)
    waveform = 0.1 * torch.randn(2, 16_000)
    with torch.no_grad():
        torch.testing.assert_close(load_model(tmp_path)(waveform), model(waveform), rtol=0, atol=0)


@pytest.mark.parametrize("setting", "ABCD")
def test_the_initial_filters_come_back(tmp_path, setting):
    config = preset_config("linear", setting=setting)
    save(tmp_path / BEST, config, moved_model(config))
    filters = load_checkpoint(tmp_path).filters()
    fresh = TrainableMel(config.front_end).filters().learned
    np.testing.assert_array_equal(filters.initial.mel_basis, fresh.mel_basis)
    np.testing.assert_array_equal(filters.initial.stft_cos, fresh.stft_cos)
    assert (filters.learned.mel_basis != fresh.mel_basis).any() == config.front_end.trains_mel
    assert (filters.learned.stft_sin != fresh.stft_sin).any() == config.front_end.trains_stft
    assert filters.learned.epoch == 4


def test_a_checkpoint_stays_as_it_was_when_training_goes_on():
    config = RunConfig()
    model = build_model(config)
    checkpoint = checkpoint_of(model, config, epoch=1, validation_accuracy=None, dataset="")
    before = checkpoint.weights["front_end.layer.mel_basis"].clone()
    with torch.no_grad():
        model.front_end.layer.mel_basis += 1
    assert torch.equal(checkpoint.weights["front_end.layer.mel_basis"], before)


def test_a_truncated_file_is_refused(saved):
    content = saved.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 100):
        saved.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=r"damaged|not a file of weights"):
            load_checkpoint(saved.parent)


def test_garbage_and_text_are_refused(tmp_path):
    for content in (b"\x00" * 1000, b"hello", os.urandom(5000), b"PK\x03\x04" + b"x" * 100):
        (tmp_path / "file.pt").write_bytes(content)
        with pytest.raises(CheckpointError):
            load_checkpoint(tmp_path / "file.pt")


def test_a_file_that_carries_code_is_refused_and_the_code_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "was-run"),))

    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil()))
    torch.save({"format": "earshot-checkpoint", "weights": Evil()}, tmp_path / "evil2.pt")
    for name in ("evil.pt", "evil2.pt"):
        with pytest.raises(CheckpointError):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "was-run").exists()


def change(saved, **values):
    content = torch.load(saved, weights_only=True)
    content.update(values)
    torch.save({name: value for name, value in content.items() if value is not None}, saved)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"version": 99}, "version 99"),
        ({"format": "something"}, "neither"),
        ({"labels": ["yes", "no"]}, "other labels"),
        ({"weights": "none"}, "incomplete"),
        ({"epoch": "soon"}, "incomplete"),
        ({"initial": None}, "incomplete"),
        ({"rebuilt": ["colour"]}, "incomplete"),
        ({"config": {"preset": "linear", "colour": 1}}, "colour"),
    ],
)
def test_a_file_with_wrong_content_is_refused_politely(saved, values, words):
    change(saved, **values)
    with pytest.raises((CheckpointError, ValueError), match=words):
        load_checkpoint(saved)


def test_weights_of_another_shape_are_refused(saved):
    content = torch.load(saved, weights_only=True)
    content["weights"]["network.classify.weight"] = torch.zeros(12, 7)
    torch.save(content, saved)
    with pytest.raises(CheckpointError, match="do not fit"):
        load_model(saved)


def test_filters_that_the_settings_build_take_no_room_in_the_file(tmp_path):
    sizes = {}
    for setting in "AD":
        config = preset_config("linear", setting=setting)
        save(tmp_path / setting, config, moved_model(config))
        sizes[setting] = (tmp_path / setting).stat().st_size
    assert sizes["A"] < 300_000
    assert sizes["D"] < 1_300_000


def test_a_tensor_that_is_neither_there_nor_rebuilt_is_missed(saved):
    content = torch.load(saved, weights_only=True)
    del content["weights"]["front_end.layer.mel_basis"]
    torch.save(content, saved)
    with pytest.raises(CheckpointError, match="do not fit"):
        load_model(saved)


def test_initial_filters_other_than_the_settings_build_are_kept(tmp_path):
    config = preset_config("linear", setting="B")
    model = moved_model(config)
    model.front_end.set_initial({"mel_basis": torch.full((40, 241), 0.25)})
    save(tmp_path / BEST, config, model)
    assert (load_checkpoint(tmp_path).filters().initial.mel_basis == 0.25).all()


def test_missing_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="no epoch was finished"):
        load_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match="There is no file"):
        load_checkpoint(tmp_path / "nothing.pt")


def test_saving_again_replaces_the_file_whole(saved, monkeypatch):
    before = saved.read_bytes()
    config = RunConfig(front_end=FrontEndConfig(setting="A"))

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        save(saved, config, build_model(config))
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


@pytest.fixture
def tutorial_like(tmp_path):
    """A Lightning file like the tutorial's, with trained mel filters and kernels."""

    def write(*, mel=True, stft=True):
        front_end = TrainableMel(preset_config("tutorial", setting="A").front_end)
        layer = front_end.layer
        state = {
            "mel_layer.mel_basis": layer.mel_basis + (0.5 if mel else 0),
            "mel_layer.stft.wsin": layer.stft.wsin * (0.5 if stft else 1),
            "mel_layer.stft.wcos": layer.stft.wcos * (0.5 if stft else 1),
            "mel_layer.stft.window_mask": layer.stft.window_mask,
            "linearlayer.weight": torch.randn(12, 4040),
            "linearlayer.bias": torch.zeros(12),
        }
        torch.save({"epoch": 200, "state_dict": state, "pytorch-lightning_version": "1.5.8"}, tmp_path / "t.ckpt")
        return tmp_path / "t.ckpt", state

    return write


@pytest.mark.parametrize(("mel", "stft", "setting"), [(0, 0, "A"), (1, 0, "B"), (0, 1, "C"), (1, 1, "D")])
def test_a_tutorial_file_tells_its_setting_by_what_moved(tutorial_like, mel, stft, setting):
    path, _ = tutorial_like(mel=mel, stft=stft)
    assert load_checkpoint(path).config.front_end.setting == setting


def nnaudio_logits(state, waveform, *, trainable_stft):
    """The tutorial's model, built from nnAudio itself."""
    from nnAudio.features import MelSpectrogram

    layer = MelSpectrogram(
        sr=16_000,
        n_fft=480,
        n_mels=40,
        hop_length=160,
        verbose=False,
        trainable_mel=True,
        trainable_STFT=trainable_stft,
    )
    layer.load_state_dict({name[10:]: value for name, value in state.items() if name.startswith("mel_layer.")})
    with torch.no_grad():
        features = torch.log(layer(waveform) + 1e-10)
        return features.flatten(1) @ state["linearlayer.weight"].T + state["linearlayer.bias"]


@pytest.mark.parametrize("stft", [False, True])
def test_a_tutorial_file_answers_as_nnaudio_does(tutorial_like, stft):
    path, state = tutorial_like(stft=stft)
    waveform = torch.cat([0.1 * torch.randn(2, 16_000), 1e-4 * torch.randn(1, 16_000)])
    with torch.no_grad():
        ours = load_model(path)(waveform)
    torch.testing.assert_close(ours, nnaudio_logits(state, waveform, trainable_stft=stft), rtol=1e-3, atol=1e-2)


def test_another_lightning_file_is_refused(tmp_path):
    torch.save({"state_dict": {"layer.weight": torch.zeros(2)}}, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="not of the tutorial"):
        load_checkpoint(tmp_path / "other.ckpt")


# The published files carry no licence and are not part of the project; where they are not at hand, the tests above
# cover the same paths with files made like them.
@pytest.mark.parametrize("path", sorted(TUTORIAL.glob("linear_?_last.ckpt")) or ["none"], ids=str)
def test_the_published_tutorial_checkpoints_load_unchanged(path):
    if path == "none":
        assert not TUTORIAL.exists()
        return
    checkpoint = load_checkpoint(path)
    assert checkpoint.config.front_end.setting == path.stem[7]
    assert (checkpoint.origin, checkpoint.epoch) == ("tutorial", 200)
    saved = torch.load(path, weights_only=True, map_location="cpu")["state_dict"]
    assert torch.equal(checkpoint.weights["front_end.layer.mel_basis"], saved["mel_layer.mel_basis"])
    assert checkpoint.model().front_end.change()[0] > 100
