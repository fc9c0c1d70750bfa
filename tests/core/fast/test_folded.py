"""The folded BC-ResNet answers as the network it was folded from, to the last digits."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import CLIP_SAMPLES
from core.fast.folded import CLIPS_AT_ONCE, FoldedBCResNet, Stream
from core.inference.classifier import Classifier
from core.models.bcresnet import BCResNet
from core.training.checkpoint import load_model

SHIPPED = sorted((Path(__file__).parents[3] / "checkpoints").glob("shipped-bcresnet-?-[AD]"))


def seasoned(network):
    """The network in double precision, with running statistics and norms that are not those of a new one."""
    network = network.double()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor, low, high in (
                (module.running_mean, -1, 1),
                (module.running_var, 0.3, 3),
                (module.weight.data, -1.5, 1.5),
                (module.bias.data, -1, 1),
            ):
                tensor.uniform_(low, high)
    return network.eval()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("n_mels", "tau", "n_frames"), [(40, 1, 101), (40, 1.5, 98), (80, 2, 101), (40, 3, 63)])
def test_folding_changes_nothing(n_mels, tau, n_frames, causal):
    network = seasoned(BCResNet(n_mels, 12, tau, causal=causal))
    folded = FoldedBCResNet(network)
    with torch.inference_mode():
        for n_clips in (1, CLIPS_AT_ONCE + 1, 3):
            log_mel = torch.randn(n_clips, n_mels, n_frames, dtype=torch.float64)
            given = log_mel.clone()
            torch.testing.assert_close(folded(log_mel), network(log_mel), rtol=1e-9, atol=1e-9)
            torch.testing.assert_close(log_mel, given, rtol=0, atol=0)


@pytest.mark.parametrize("run", SHIPPED, ids=lambda path: path.name)
def test_shipped_models_are_folded_within_rounding(run):
    network = load_model(run).network
    before = copy.deepcopy(network.state_dict())
    folded = FoldedBCResNet(network)
    with torch.inference_mode():
        log_mel = 2 * torch.randn(1, 40, 101)
        torch.testing.assert_close(folded(log_mel), network(log_mel), rtol=1e-4, atol=1e-4)
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_a_classifier_answers_one_clip_as_it_answers_many():
    classifier = Classifier(SHIPPED[-1], "cpu")
    clips = (0.1 * np.random.default_rng(0).standard_normal((3, CLIP_SAMPLES))).astype(np.float32)
    log_mel = classifier.log_mel(clips)
    together = classifier.probabilities(log_mel)
    assert together.shape == (3, 12)
    for number in range(3):
        one = classifier.probabilities(log_mel[number : number + 1])[0]
        np.testing.assert_allclose(one, together[number], atol=1e-5)
        assert dict(classifier.classify(clips[number]).ranking)["yes"] == pytest.approx(float(one[9]), abs=1e-5)


@pytest.mark.parametrize("n_mels", [20, 40, 80])
def test_piece_by_piece_along_a_stream_is_the_whole_stream_at_once(n_mels):
    network = seasoned(BCResNet(n_mels, 12, 1, causal=True))
    log_mel = torch.randn(1, n_mels, 420, dtype=torch.float64)
    ends = np.cumsum([10] * 20 + [1, 3, 98, 40, 23, 5])
    stream = Stream(FoldedBCResNet(network), n_frames=98)
    with torch.inference_mode():
        known = network.along(log_mel)
        for begin, end in zip([0, *ends], ends, strict=False):
            answer = stream.advance(log_mel[:, :, begin:end])
            about = known[:, :, max(0, end - 98) : end]
            torch.testing.assert_close(answer, network.classify(about.mean(dim=2)), rtol=1e-9, atol=1e-9)
