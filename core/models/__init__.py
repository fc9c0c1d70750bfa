"""Keyword spotters: a front end, a normalisation and a network, each swappable."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from core.config import BCRESNET_TAUS, CAUSAL, CAUSAL_TAUS, FrontEndConfig, RunConfig
from core.errors import CheckpointError
from core.frontend.mel import TrainableMel
from core.models.bcresnet import BCResNet
from core.models.embedding import SpeechEmbedding
from core.models.linear import Linear
from core.models.normalise import BandNorm
from core.models.pcen import PCEN

Build = Callable[[FrontEndConfig, int], nn.Module]
"""From the settings of a front end and a number of labels to the network behind it."""


def _linear(config: FrontEndConfig, n_labels: int) -> nn.Module:
    return Linear(config.n_mels, config.n_frames(), n_labels)


def _bcresnet(tau: float, *, causal: bool = False) -> Build:
    return lambda config, n_labels: BCResNet(config.n_mels, n_labels, tau, causal=causal)


def _embedding(config: FrontEndConfig, n_labels: int) -> nn.Module:
    return SpeechEmbedding(config.n_mels, n_labels)


NETWORKS: dict[str, Build] = {
    "linear": _linear,
    **{f"bcresnet-{tau:g}": _bcresnet(tau) for tau in BCRESNET_TAUS},
    **{f"bcresnet-{tau:g}{CAUSAL}": _bcresnet(tau, causal=True) for tau in CAUSAL_TAUS},
    "embedding": _embedding,
}
"""From the name in ``ModelConfig`` to a function that builds the network."""


class KeywordSpotter(nn.Module):
    """A waveform's way to its label: front end, PCEN where the settings ask for it, normalisation, network.

    The normalisation brings each mel band to mean 0 and deviation 1 (batch statistics in training, running ones
    afterwards). It has no weights of its own and follows the filters as they learn.

    Shapes:
        input: (B, 16000), float, -1 to 1.
        output: logits (B, n_labels), in the order of ``Vocabulary.labels``.
    """

    def __init__(self, front_end: TrainableMel, network: nn.Module, *, normalise: bool) -> None:
        super().__init__()
        self.front_end = front_end
        n_mels, pcen = front_end.config.n_mels, front_end.config.pcen
        self.pcen = None if pcen == "off" else PCEN(n_mels, learned=pcen == "learned")
        self.normalise: nn.Module = BandNorm(n_mels) if normalise else nn.Identity()
        self.network = network

    def forward(self, waveform: Tensor) -> Tensor:
        """Logits (B, n_labels)."""
        return self.classify(self.front_end(waveform))

    def features(self, log_mel: Tensor) -> Tensor:
        """What the network sees of log-mels, the same shape."""
        return cast(Tensor, self.normalise(log_mel if self.pcen is None else self.pcen(log_mel)))

    def features_after(self, log_mel: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The same of the next frames of a stream.

        Args:
            log_mel: (n_clips, n_mels, n_new).
            level: What was answered last, beside the features; None at the beginning.
        """
        if self.pcen is None:
            return self.features(log_mel), None
        levels = self.pcen.levels(log_mel, level)
        return cast(Tensor, self.normalise(self.pcen.stand_out(log_mel, levels))), levels[..., -1]

    def project(self, highest: float | None = None) -> None:
        """Put what learns of the spectrogram back to where it is valid, after a step.

        Args:
            highest: Largest weight of a mel filter; None for no limit.
        """
        self.front_end.project(highest)
        if self.pcen is not None:
            self.pcen.project()

    def classify(self, log_mel: Tensor, mask: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Logits (B, n_labels) of log-mels (B, n_mels, frames); in training ``mask`` may hide some, once normalised."""
        features = self.features(log_mel)
        return cast(Tensor, self.network(mask(features) if mask else features))


def build_model(config: RunConfig) -> KeywordSpotter:
    """A new keyword spotter; its random weights are drawn from ``config.training.seed`` alone.

    >>> build_model(RunConfig())(torch.zeros(2, 16_000)).shape
    torch.Size([2, 12])
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        network = NETWORKS[config.model.name](config.front_end, len(config.vocabulary.labels))
        return KeywordSpotter(TrainableMel(config.front_end), network, normalise=config.model.normalise)


def weights_like(config: RunConfig, front_end: TrainableMel) -> dict[str, Tensor]:
    """What the weights of a keyword spotter look like: its names, shapes and kinds, without numbers behind the filters.

    >>> weights_like(RunConfig(), TrainableMel(FrontEndConfig()))["network.classify.weight"].shape
    torch.Size([12, 4040])
    """
    with torch.device("meta"):
        network = NETWORKS[config.model.name](config.front_end, len(config.vocabulary.labels))
        spotter = KeywordSpotter(front_end, network, normalise=config.model.normalise)
    return dict(spotter.state_dict())


def probabilities_of(logits: Tensor) -> Tensor:
    """The probabilities that logits (n, n_labels) stand for.

    Raises:
        CheckpointError: If a logit is no finite number: weights so large that their products cannot be written.
    """
    if not torch.isfinite(logits).all():
        raise CheckpointError(
            "The model's answers are no numbers: its weights are far too large, or do not belong together. "
            "Train it again, or choose another model."
        )
    return logits.softmax(dim=1)
