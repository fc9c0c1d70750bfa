"""An exported file answers as the model does, whatever is said to it, and says what a listener must know."""

import dataclasses

import numpy as np
import onnx
import pytest
import torch

from core.config import (
    BCRESNET_TAUS,
    CAUSAL,
    CAUSAL_TAUS,
    FrontEndConfig,
    ListeningConfig,
    ModelConfig,
    RunConfig,
    Vocabulary,
)
from core.errors import ExportError
from core.export.graph import Graph
from core.export.model import about, as_file, onnx_model
from core.export.networks import add_network
from core.export.session import logits, open_session
from core.fast import choose
from core.models import NETWORKS
from core.models.embedding import SPECTROGRAM
from core.training.checkpoint import checkpoint_of

MODELS = ("linear-A", "linear-D", "bcresnet-1-A", "bcresnet-1-D", "bcresnet-3-A-in-noise", "embedding")

KERNEL_BYTES = 2 * 241 * 480 * 4


@pytest.mark.parametrize("name", MODELS)
def test_it_answers_as_the_classifier_does(exported, shipped, sounds, name):
    classifier = shipped(name)
    session = open_session(exported(name)[0])
    theirs = classifier.probabilities(classifier.log_mel(sounds))
    ours = session.run(["probabilities"], {"waveform": sounds})[0]
    assert np.isfinite(ours).all()
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).all()
    raw = logits(session, sounds)
    exact = classifier._model.network(classifier._model.normalise(classifier.log_mel(sounds)))
    assert raw == pytest.approx(exact.detach().numpy(), abs=1e-4)


def test_a_batch_is_answered_as_its_clips_one_by_one(exported, sounds):
    session = open_session(exported("bcresnet-1-A")[0])
    three = logits(session, sounds[:3])
    ones = np.concatenate([logits(session, sounds[number : number + 1]) for number in range(3)])
    assert three.shape == (3, 12)
    assert three == pytest.approx(ones, abs=1e-5)


@pytest.mark.parametrize(("name", "most"), [("bcresnet-1-A", 400_000), ("bcresnet-1-D", 400_000 + KERNEL_BYTES)])
def test_it_is_small_since_fixed_kernels_are_a_formula(exported, name, most):
    assert len(exported(name)[0]) < most
    assert len(exported("bcresnet-1-D")[0]) > KERNEL_BYTES


def test_where_frames_begin_is_a_formula_too():
    spotter = made(FrontEndConfig(setting="A", n_fft=4_096, hop_length=200, n_mels=10))[1]
    weights = sum(one.numel() * 4 for one in spotter.network.parameters())
    assert len(onnx_model(spotter, ("yes", "no"))[0].SerializeToString()) < weights + 300_000


def test_normalisation_is_folded_into_plain_convolutions(exported):
    kinds = {node.op_type for node in onnx.load_from_string(exported("bcresnet-3-A-in-noise")[0]).graph.node}
    assert not kinds & {"BatchNormalization", "Dropout"}
    onnx.checker.check_model(onnx.load_from_string(exported("bcresnet-3-A-in-noise")[0]), full_check=True)


def made(front_end=None, model=None, vocabulary=None):
    config = RunConfig(
        front_end=front_end or FrontEndConfig(setting="A"),
        model=model or ModelConfig(),
        vocabulary=vocabulary or Vocabulary(words=("yes", "no")),
    )
    spotter = choose.model(config).eval()
    return checkpoint_of(spotter, config, epoch=1, validation_accuracy=None, dataset="none"), spotter


@pytest.mark.parametrize(
    "front_end",
    [
        FrontEndConfig(setting="B", mel_shape="triangle", n_mels=10),
        FrontEndConfig(setting="C", power_offset=1e-8),
        FrontEndConfig(setting="A", stft_start="random"),
        FrontEndConfig(setting="A", center=False, n_fft=512, win_length=400, window="hamming"),
        FrontEndConfig(setting="D", pad_mode="constant", masked_bins=(20, 40), hop_length=200),
        FrontEndConfig(setting="A", mel_start="random", n_fft=482),
    ],
    ids=lambda config: f"{config.setting}-{config.n_fft}-{config.mel_shape}-{config.pad_mode}",
)
def test_every_front_end_is_exact(front_end, sounds):
    checkpoint, _ = made(front_end)
    spotter = checkpoint.model()
    file = as_file(
        onnx_model(spotter, checkpoint.labels)[0], about(checkpoint, ListeningConfig(), run="", model_hash="")
    )
    features = spotter.front_end(torch.from_numpy(sounds))
    exact = spotter.network(spotter.normalise(features)).detach().numpy()
    assert logits(open_session(file), sounds) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_exported(name, sounds):
    front_end = SPECTROGRAM if name == "embedding" else FrontEndConfig(center=not name.endswith(CAUSAL))
    checkpoint, _ = made(front_end, ModelConfig(name=name, normalise=name != "embedding"))
    spotter = checkpoint.model()
    file = as_file(
        onnx_model(spotter, checkpoint.labels)[0], about(checkpoint, ListeningConfig(), run="", model_hash="")
    )
    exact = spotter(torch.from_numpy(sounds[:3])).detach().numpy()
    assert logits(open_session(file), sounds[:3]) == pytest.approx(exact, abs=1e-4)
    assert len(BCRESNET_TAUS) + len(CAUSAL_TAUS) == sum(one.startswith("bcresnet") for one in NETWORKS)


def test_a_network_that_nobody_described_is_refused():
    with pytest.raises(ExportError, match="Identity cannot be exported yet"):
        add_network(Graph(), torch.nn.Identity(), "x", 101)


def test_it_says_what_a_listener_must_know():
    checkpoint, _ = made()
    listening = ListeningConfig(threshold=0.6, word_thresholds=(("yes", 0.9),), hop_s=0.104)
    says = about(checkpoint, listening, run="mine", model_hash="ab" * 32)
    assert says.labels == ("yes", "no", "_silence_", "_unknown_")
    assert (says.sample_rate, says.clip_samples, says.hop_samples) == (16_000, 16_000, 1_600)
    assert dataclasses.asdict(says)["listening"] == dataclasses.asdict(listening)
    assert (says.kind, says.setting, says.run, says.model_hash) == ("linear", "A", "mine", "ab" * 32)
