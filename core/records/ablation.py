"""What was asked of a model's basis, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.config import LABELS, Vocabulary, protocol_title, to_dict
from core.errors import ConfigError
from core.records.table import flat
from core.statistics import SIGNIFICANT, Interval, difference_interval, holm, mcnemar, share_interval

ExperimentKind = Literal["interpolation", "swap", "gain-shape", "mask", "occlusion"]

KINDS: dict[ExperimentKind, str] = {
    "interpolation": "from the initial to the learned basis in steps",
    "swap": "one part of the basis put back to its start",
    "gain-shape": "only the learned gain against only the learned shape",
    "mask": "STFT bins or mel filters silenced",
    "occlusion": "one mel filter after the other replaced by its mean",
}
"""The experiments, and what each does."""

Normalisation = Literal["recomputed", "as-trained"]

NORMALISATIONS: dict[Normalisation, str] = {
    "recomputed": "mean and deviation of each band measured anew on the validation clips",
    "as-trained": "mean and deviation of each band as training left them",
}
"""What happens to the normalisation between the filters and the network when a filter changes."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One question to a model."""

    kind: ExperimentKind
    normalisation: Normalisation = "recomputed"
    bins: tuple[int, ...] = ()
    """STFT bins that a mask silences, from 0."""
    mels: tuple[int, ...] = ()
    """Mel filters that a mask silences, from 0."""
    quick: bool = True
    """Whether a sample of the clips will do where all of them would take longer than some seconds."""
    seed: int = 0
    """Seed of that sample."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"There is no experiment {self.kind!r}; choose one of {', '.join(KINDS)}.")
        if self.normalisation not in NORMALISATIONS:
            raise ConfigError(f"normalisation is {self.normalisation!r}; choose one of {', '.join(NORMALISATIONS)}.")
        if self.kind == "mask" and not (self.bins or self.mels):
            raise ConfigError("Nothing is masked. Name STFT bins, such as 25-49, or mel filters.")
        if self.kind != "mask" and (self.bins or self.mels):
            raise ConfigError(f"Only the experiment 'mask' silences bins or filters, not {self.kind!r}.")


@dataclass(frozen=True)
class Outcome:
    """What a model answers with one changed basis, beside what it answers with its own on the same clips."""

    name: str
    """What was changed, for people."""
    place: float | None
    """Where it stands on the experiment's axis: the step from 0 to 1, or the number of the mel filter."""
    n: int
    """Number of clips."""
    correct: int
    """Clips answered right."""
    won: int
    """Clips right now and wrong with the model's own basis."""
    lost: int
    """Clips wrong now and right with the model's own basis."""
    speaker_interval: Interval | None = None
    """95 % interval of the difference over speakers, drawn anew with all their clips; None where none is known."""

    @property
    def accuracy(self) -> float:
        """Share of clips answered right."""
        return self.correct / self.n

    @property
    def interval(self) -> Interval:
        """95 % interval of the accuracy (Wilson)."""
        return share_interval(self.correct, self.n)

    @property
    def difference(self) -> float:
        """Accuracy minus that of the model's own basis."""
        return (self.won - self.lost) / self.n

    @property
    def difference_interval(self) -> Interval:
        """95 % interval of the difference on the same clips (Bonett and Price, 2012)."""
        return difference_interval(self.lost, self.won, self.n)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, with shares and intervals."""
        names = (
            *("name", "place", "n", "correct", "accuracy", "interval", "won", "lost"),
            *("difference", "difference_interval", "speaker_interval"),
        )
        return {name: getattr(self, name) for name in names}

    @property
    def p(self) -> float:
        """How likely luck alone makes as uneven a split of the clips lost and won (McNemar's exact test)."""
        return mcnemar(self.lost, self.won)


@dataclass(frozen=True)
class Findings:
    """One experiment on one model and set of clips."""

    experiment: Experiment
    run: str
    model: str
    """Name of the network, one of ``config.MODELS``."""
    setting: str
    dataset: str
    protocol: str
    n_all: int
    """Clips of the protocol; the experiment asked ``untouched.n`` of them."""
    n_validation: int
    """Validation clips that the normalisation was measured on; 0 where it was not."""
    baseline: float
    """Accuracy of always answering the most frequent label."""
    baseline_label: str
    untouched: Outcome
    """The model as it is. Its ``won`` and ``lost`` count against ``reference``."""
    reference: Outcome
    """Its own basis, with the normalisation treated as in the experiment: what the others are compared with."""
    outcomes: tuple[Outcome, ...]
    seconds: float
    """How long it took."""
    checkpoint: str = ""
    """SHA-256 of the model's file."""
    data_key: str = ""
    """``Pack.content`` of the clips."""
    labels: tuple[str, ...] = LABELS
    """What the model tells apart."""

    @property
    def clips_title(self) -> str:
        """Which clips it was measured on, and what was to be told apart."""
        return protocol_title(self.protocol, Vocabulary.of_labels(self.labels))

    @property
    def n(self) -> int:
        """Number of clips asked."""
        return self.reference.n

    @property
    def clear(self) -> tuple[bool, ...]:
        """Which of the outcomes differ by more than luck explains, corrected for their number (Holm)."""
        return tuple(p < SIGNIFICANT for p in holm([one.p for one in self.outcomes]))

    @property
    def is_sample(self) -> bool:
        """Whether not all clips of the protocol were asked."""
        return self.n < self.n_all

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, with shares and intervals, for JSON."""
        return {
            **to_dict(self),
            "n": self.n,
            "untouched": self.untouched.to_dict(),
            "reference": self.reference.to_dict(),
            "outcomes": [one.to_dict() for one in self.outcomes],
        }

    def as_rows(self) -> list[dict[str, Any]]:
        """A row for the model as it is, one for its own basis, and one for each change, for a table."""
        about = {
            "run": self.run,
            "dataset": self.dataset,
            "protocol": self.protocol,
            "experiment": self.experiment.kind,
            "normalisation": self.experiment.normalisation,
        }
        return [about | flat(one.to_dict()) for one in (self.untouched, self.reference, *self.outcomes)]
