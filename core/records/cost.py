"""What a model costs to keep and to run, beside what others published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.config import ALL_35, TWELVE, Vocabulary

FLOAT_BYTES = 4

BUSY_PERCENT = 20
"""Share of the processor that others may use before times count as disturbed."""


@dataclass(frozen=True)
class Weights:
    """How many numbers a part of a model holds."""

    trained: int
    """Weights that training changes."""
    fixed: int
    """The others: filters that follow from a formula, running statistics of normalisations."""


@dataclass(frozen=True)
class Cost:
    """What one model costs, whatever computer it runs on.

    Normalisation counts to the network. Multiply-accumulates are those of products, convolutions and the FFT for one
    clip of a second; normalisations and activations, a few per cent more, are left out.
    """

    front_end: Weights
    network: Weights
    front_end_macs: int
    network_macs: int
    stored_bytes: int
    """Size of its checkpoint."""

    @property
    def trained(self) -> int:
        """Trained weights of both parts."""
        return self.front_end.trained + self.network.trained

    @property
    def macs(self) -> int:
        """Multiply-accumulates of both parts for one clip."""
        return self.front_end_macs + self.network_macs

    @property
    def float32_bytes(self) -> int:
        """Bytes of all that does not follow from a formula, in float32: trained weights and running statistics."""
        return FLOAT_BYTES * (self.trained + self.network.fixed)

    def to_dict(self) -> dict[str, Any]:
        """Everything by part as plain values, for JSON."""
        return {
            "trained_weights": {"front_end": self.front_end.trained, "network": self.network.trained},
            "fixed_numbers": {"front_end": self.front_end.fixed, "network": self.network.fixed},
            "macs": {"front_end": self.front_end_macs, "network": self.network_macs},
            "float32_bytes": self.float32_bytes,
            "stored_bytes": self.stored_bytes,
        }


@dataclass(frozen=True)
class Latency:
    """Time from one second of sound to the answer, measured clip by clip."""

    run: str
    machine: str
    """Name of the processor or GPU."""
    device: str
    """"cpu" or "cuda"."""
    threads: int
    n: int
    """Clips that were timed."""
    p50_s: float
    """Half of the clips took no longer (s)."""
    p95_s: float
    """Nineteen of twenty took no longer (s)."""
    moment: str
    """When, UTC, ISO 8601."""
    busy_percent: float = 0.0
    """Share of the processor that other programs used just before (%)."""
    checkpoint: str = ""
    """SHA-256 of the model's file."""
    data_key: str = ""
    """Empty: no clips are needed."""

    @property
    def disturbed(self) -> bool:
        """Whether other programs will have lengthened the times."""
        return self.busy_percent > BUSY_PERCENT

    def to_dict(self) -> dict[str, Any]:
        """Times, and where and when they were measured, as plain values for JSON."""
        names = "p50_s p95_s device threads machine moment busy_percent"
        return {"clips": self.n, **{name: getattr(self, name) for name in names.split()}}


@dataclass(frozen=True)
class RunCost:
    """A run's accuracy on one protocol beside what it costs."""

    run: str
    model: str
    """Kind of its network and setting, such as ``Linear, learned kernels (C)``."""
    n: int
    accuracy: float
    interval: tuple[float, float]
    cost: Cost
    latency: Latency | None


@dataclass(frozen=True)
class Published:
    """A result that others published."""

    name: str
    trained: int
    """Weights, rounded as published; those of a fixed spectrogram do not count."""
    accuracy: float
    """0 to 1."""


@dataclass(frozen=True)
class PublishedFamily:
    """Models of one kind that others published, trained on the full data with a fixed spectrogram."""

    name: str
    source: str
    seeds: str
    """Of how many trainings the accuracies are means, in words."""
    models: tuple[Published, ...]


BC_RESNETS = PublishedFamily("BC-ResNet", "Kim et al., Interspeech 2021", "10 seeds", tuple(
    Published(tau, trained, accuracy)
    for tau, trained, accuracy in (
        ("1", 9_200, 0.969), ("1.5", 17_200, 0.976), ("2", 27_300, 0.978), ("3", 54_200, 0.982), ("6", 188_000, 0.986),
        ("8", 321_000, 0.987),
    )
))  # fmt: skip

KEYWORD_TRANSFORMERS = PublishedFamily("KWT", "Berg et al., Interspeech 2021", "several seeds", tuple(
    Published(size, trained, accuracy)
    for size, trained, accuracy in (("1", 607_000, 0.9695), ("2", 2_394_000, 0.9774), ("3", 5_361_000, 0.9769))
))  # fmt: skip

PUBLISHED: dict[tuple[str, Vocabulary], PublishedFamily] = {
    ("official", TWELVE): BC_RESNETS,
    ("testing-list", ALL_35): KEYWORD_TRANSFORMERS,
}
"""What others reached on Speech Commands v2, by the protocol and the words that were told apart."""


def published_text(protocol: str, vocabulary: Vocabulary, dataset: str) -> str:
    """What stands beside a score on Speech Commands that others published one for too; empty where none did.

    >>> published_text("testing-list", ALL_35, "Speech Commands v2 (105,829 clips)")
    'Published, trained on the full data: KWT-1 to KWT-3 97.0 to 97.7 % (Berg et al., Interspeech 2021).'
    """
    family = PUBLISHED.get((protocol, vocabulary))
    if family is None or not dataset.startswith("Speech Commands v2"):
        return ""
    first, last = family.models[0], family.models[-1]
    low, high = (100 * end(one.accuracy for one in family.models) for end in (min, max))
    return (
        f"Published, trained on the full data: {family.name}-{first.name} to {family.name}-{last.name} "
        f"{low:.1f} to {high:.1f} % ({family.source})."
    )
