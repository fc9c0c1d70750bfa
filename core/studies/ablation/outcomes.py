"""Finished numbers of an experiment, for figures, pages and files."""

from __future__ import annotations

from dataclasses import dataclass

from core.statistics import SIGNIFICANT, Interval, difference_interval, holm, mcnemar, share_interval
from core.studies.ablation.plan import Experiment


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
