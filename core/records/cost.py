"""What a model costs to keep and to run, beside what others published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    """Weights, rounded as published."""
    accuracy: float
    """0 to 1."""


PUBLISHED = tuple(
    Published(f"BC-ResNet {tau}", trained, accuracy)
    for tau, trained, accuracy in (
        ("1", 9_200, 0.969), ("1.5", 17_200, 0.976), ("2", 27_300, 0.978), ("3", 54_200, 0.982), ("6", 188_000, 0.986),
        ("8", 321_000, 0.987),
    )
)  # fmt: skip
"""BC-ResNet on twelve classes of Speech Commands v2 (Kim et al., Interspeech 2021): mean of ten seeds, all the training
data, and a fixed spectrogram, which does not count among the weights."""

PUBLISHED_NOTE = "published, full data, 10 seeds"
