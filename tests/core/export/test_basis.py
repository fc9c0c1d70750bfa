"""A trained basis goes back into nnAudio as it is, and comes as arrays that say what they are."""

import json

import nnAudio.features
import numpy as np
import pytest
import torch

from core.errors import WriteError
from core.export.basis import NPZ_ABOUT, nnaudio_arguments, nnaudio_call, write_nnaudio, write_npz
from core.frontend.mel import TrainableMel
from core.training.checkpoint import load_checkpoint
from tests.conftest import PROJECT

SHIPPED = PROJECT / "checkpoints"


@pytest.fixture(params=["linear-A", "linear-B", "linear-C", "bcresnet-1-D", "embedding"])
def checkpoint(request):
    return load_checkpoint(SHIPPED / f"shipped-{request.param}")


def test_nnaudio_loads_it_strictly_and_computes_the_same(checkpoint, sounds, tmp_path):
    path = tmp_path / "basis.pt"
    call = write_nnaudio(path, checkpoint)
    config = checkpoint.config.front_end
    module = nnAudio.features.MelSpectrogram(**nnaudio_arguments(config), verbose=False)
    keys = module.load_state_dict(torch.load(path, weights_only=True), strict=True)
    assert (keys.missing_keys, keys.unexpected_keys) == ([], [])
    waveforms = torch.from_numpy(sounds[:4])
    ours = checkpoint.model().front_end
    with torch.no_grad():
        theirs = module(waveforms)
        # What nnAudio adds to every bin of trainable kernels.
        extra = 1e-8 * ours.layer.mel_basis.sum(dim=1)[:, None] if config.trains_stft else 0
        expected = TrainableMel.mel_power(ours, waveforms) + extra
    torch.testing.assert_close(theirs, expected, rtol=1e-3, atol=1e-5 * float(expected.max()))
    assert eval(call, vars(nnAudio.features) | {"MelSpectrogram": dict}) == nnaudio_arguments(config)


def test_the_call_is_python(checkpoint):
    compile(nnaudio_call(checkpoint.config.front_end), "call", "eval")


def test_the_arrays_are_the_filters_before_and_after(checkpoint, tmp_path):
    path = tmp_path / "basis.npz"
    write_npz(path, checkpoint)
    config, filters = checkpoint.config.front_end, checkpoint.filters()
    with np.load(path, allow_pickle=False) as found:
        assert set(found.files) == set(NPZ_ABOUT)
        about = json.loads(str(found["about"]))
        assert about["arrays"] == NPZ_ABOUT
        assert about["front_end"]["n_fft"] == config.n_fft
        assert np.array_equal(found["mel_learned"], filters.learned.mel_basis)
        assert np.array_equal(found["cosine_initial"], filters.initial.stft_cos)
        assert found["sine_learned"].shape == (config.n_bins, config.n_fft)
        assert found["bin_hz"][[0, -1]].tolist() == [0, 8000]
        assert found["sample_s"][-1] == pytest.approx((config.n_fft - 1) / 16_000)
        assert len(found["window"]) == config.n_fft
        assert np.array_equal(found["mel_initial"], found["mel_learned"]) == (not config.trains_mel)
        assert np.array_equal(found["cosine_initial"], found["cosine_learned"]) == (not config.trains_stft)


@pytest.mark.parametrize("write", [write_nnaudio, write_npz])
def test_a_folder_that_is_missing_is_a_sentence(write, tmp_path):
    with pytest.raises(WriteError, match="is gone"):
        write(tmp_path / "gone" / "file", load_checkpoint(SHIPPED / "shipped-linear-A"))
