"""Models on the same clips: who got which right, whether that can be told from chance, and which settings differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import RunConfig, Vocabulary, protocol_title, to_dict
from core.errors import DataError
from core.metrics import file_speakers
from core.records.cost import Cost, Latency
from core.records.evaluation import Evaluation, Scores
from core.statistics import SIGNIFICANT, Interval, group_interval, holm, pairs_of

SPEAKER_CAUTION = "Clips of one speaker are not independent, so over clips the interval is too narrow and p too small."

LISTED = 3
"""Files that a message names; the rest is counted."""


@dataclass(frozen=True)
class WordGain:
    """What a model gains over another on the clips of one label; shares of its clips, 0 to 1."""

    label: str
    n: int
    only_baseline: int
    """Clips that only the baseline got right."""
    only_run: int
    """Clips that only the other model got right."""
    interval: Interval
    """95 % interval of the gain (Bonett and Price, 2012); (-1, 1) without clips."""
    adjusted_p: float
    """McNemar's exact test, corrected for the number of labels (Holm)."""

    @property
    def gain(self) -> float:
        """Recall of the model less that of the baseline; 0 without clips."""
        return (self.only_run - self.only_baseline) / self.n if self.n else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "label": self.label,
            "n": self.n,
            "gain": self.gain,
            "interval": self.interval,
            "only_run_right": self.only_run,
            "only_baseline_right": self.only_baseline,
            "p_holm": self.adjusted_p,
        }


@dataclass(frozen=True, eq=False)
class Difference:
    """A model beside a baseline on the same clips. Intervals hold the gain with 95 % probability, as shares of 1."""

    baseline: str
    run: str
    protocol: str
    both: int
    """Clips that both got right."""
    only_baseline: int
    only_run: int
    neither: int
    p: float
    """McNemar's exact test: how likely a split of the clips that only one got right is at least this uneven, were both
    models equally good."""
    adjusted_p: float
    """The same, corrected for the number of models that are compared with the baseline (Holm)."""
    n_compared: int
    interval: Interval
    """Over clips (Bonett and Price, 2012)."""
    n_speakers: int
    speaker_interval: Interval | None
    """Over speakers, drawn anew with all their clips; None if the names of the files tell of fewer than two."""
    labels: tuple[str, ...]
    label_clips: NDArray[np.int64] = field(repr=False)
    """Clips of each label, (n_labels,)."""
    confusion: NDArray[np.int64] = field(repr=False)
    """Confusion counts less the baseline's, (n_labels, n_labels); rows are true labels."""
    by_word: tuple[WordGain, ...] = field(repr=False)

    @property
    def clips_title(self) -> str:
        """Which clips it was measured on, and what was to be told apart."""
        return protocol_title(self.protocol, Vocabulary.of_labels(self.labels))

    @property
    def n(self) -> int:
        """Number of clips."""
        return self.both + self.only_baseline + self.only_run + self.neither

    @property
    def gain(self) -> float:
        """Accuracy less the baseline's, -1 to 1."""
        return (self.only_run - self.only_baseline) / self.n

    @property
    def can_be_told(self) -> bool:
        """Whether chance alone would hardly give such a difference (after Holm's correction)."""
        return self.adjusted_p < SIGNIFICANT

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, and what came out in words, for JSON."""
        return {
            "run": self.run,
            "baseline": self.baseline,
            "both_right": self.both,
            "only_run_right": self.only_run,
            "only_baseline_right": self.only_baseline,
            "neither_right": self.neither,
            "gain": self.gain,
            "interval": self.interval,
            "n_speakers": self.n_speakers,
            "speaker_interval": self.speaker_interval,
            "p": self.p,
            "p_holm": self.adjusted_p,
            "in_words": outcome(self),
            "by_word": [word.to_dict() for word in self.by_word],
            "confusion_difference": self.confusion.tolist(),
        }


@dataclass(frozen=True)
class SettingRow:
    """One setting of several runs, as text; "?" where a run's settings cannot be read."""

    part: str
    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether not all runs have the same value."""
        return len(set(self.values)) > 1

    def to_dict(self, runs: Sequence[str]) -> dict[str, Any]:
        """The setting of each of the runs, which are named in the order of the values, for JSON."""
        return {"part": self.part, "setting": self.name, "values": dict(zip(runs, self.values, strict=True))}


@dataclass(frozen=True)
class Compared:
    """One of the models of a comparison, with its scores and costs."""

    evaluation: Evaluation
    scores: Scores
    cost: Cost
    latency: Latency | None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single answers as plain values, for JSON."""
        return {
            "run": self.evaluation.run,
            "accuracy": self.scores.accuracy,
            "interval": self.scores.interval,
            "trivial_baseline": self.scores.baseline,
            "loss": self.scores.loss,
            **self.cost.to_dict(),
            "latency": self.latency.to_dict() if self.latency else None,
        }


@dataclass(frozen=True)
class Comparison:
    """Models on the same clips, how they differ, and in which settings."""

    models: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    settings: tuple[SettingRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        first, names = self.models[0].evaluation, [one.evaluation.run for one in self.models]
        return {
            "dataset": first.dataset,
            "protocol": first.protocol,
            "n": first.n,
            "baseline": self.differences[0].baseline,
            "runs": [one.to_dict() for one in self.models],
            "differences": [one.to_dict() for one in self.differences],
            "settings": [row.to_dict(names) for row in self.settings],
        }


def compare(evaluations: Sequence[Evaluation], *, baseline: int = 0) -> tuple[Difference, ...]:
    """Each of the other models beside a baseline, in their order.

    The test and the intervals speak of these trained models and of clips like these; another seed of training would
    give other models.

    Args:
        evaluations: At least two, of the same clips in any order.
        baseline: Number of the one that the others are compared with.

    Raises:
        DataError: If they were not measured on the same clips; the text says what is missing where.
    """
    if len(evaluations) < 2:
        raise DataError("A comparison needs at least two evaluations of the same clips.")
    first = evaluations[baseline]
    places = [same_clips(first, other) for other in evaluations]
    answers = [one.answers[place] for one, place in zip(evaluations, places, strict=True)]
    others = [number for number in range(len(evaluations)) if number != baseline]
    speakers = file_speakers(first.clip_files)
    right = [row == first.truth for row in answers]
    adjusted = holm([pairs_of(right[baseline], right[number]).p for number in others])
    return tuple(
        _difference(first, evaluations[number].run, answers[baseline], answers[number], p, len(others), speakers)
        for number, p in zip(others, adjusted, strict=True)
    )


def _difference(
    first: Evaluation,
    run: str,
    answers_before: NDArray[np.int64],
    answers: NDArray[np.int64],
    adjusted_p: float,
    n_compared: int,
    speakers: tuple[str, ...],
) -> Difference:
    truth, labels = first.truth, first.labels
    before, after = answers_before == truth, answers == truth
    counts = pairs_of(before, after)
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (truth, answers), 1)
    np.add.at(confusion, (truth, answers_before), -1)
    words = [pairs_of(before[mine], after[mine]) for mine in truth == np.arange(len(labels))[:, None]]
    word_ps = holm([word.p for word in words])
    return Difference(
        baseline=first.run,
        run=run,
        protocol=first.protocol,
        both=counts.both,
        only_baseline=counts.only_a,
        only_run=counts.only_b,
        neither=counts.neither,
        p=counts.p,
        adjusted_p=adjusted_p,
        n_compared=n_compared,
        interval=counts.interval,
        n_speakers=len(set(speakers) - {""}),
        speaker_interval=group_interval(after.astype(np.int64) - before, speakers),
        labels=labels,
        label_clips=np.bincount(truth, minlength=len(labels)),
        confusion=confusion,
        by_word=tuple(
            WordGain(label, word.n, word.only_a, word.only_b, word.interval, p)
            for label, word, p in zip(labels, words, word_ps, strict=True)
        ),
    )


def same_clips(first: Evaluation, other: Evaluation) -> NDArray[np.int64]:
    """Where each clip of ``first`` stands in ``other``, (n,).

    Raises:
        DataError: If the two were not measured on the same clips, or do not tell the same words apart.
    """
    a, b = first.run, other.run
    if first.labels != other.labels:
        raise DataError(
            f"{a} tells {_told_apart(first)} apart and {b} {_told_apart(other)}: the same clips are different tasks "
            "for them, and their scores cannot be compared."
        )
    if (first.dataset, first.protocol) != (other.dataset, other.protocol):
        raise DataError(
            f"{a} was measured on the {_clips_of(first)} and {b} on the {_clips_of(other)}; only scores on the same "
            "clips can be compared. Evaluate both on one of them."
        )
    for one in (first, other):
        if len(one.clip_files) != one.n:
            raise DataError(f"The evaluation of {one.run} does not say which clips it was made of. Evaluate it again.")
    place = {file: number for number, file in enumerate(other.clip_files)}
    missing = [file for file in first.clip_files if file not in place]
    extra = sorted(set(other.clip_files) - set(first.clip_files))
    if missing or extra:
        parts = [f"{b} was not measured on {_listed(missing)} that {a} was measured on"] if missing else []
        parts += [f"{a} was not measured on {_listed(extra)} that {b} was measured on"] if extra else []
        raise DataError(f"{'; '.join(parts)}. The dataset changed in between: evaluate both again.")
    places = np.array([place[file] for file in first.clip_files], dtype=np.int64)
    changed = [
        file for file, same in zip(first.clip_files, first.truth == other.truth[places], strict=True) if not same
    ]
    if changed:
        raise DataError(
            f"What was said in {_listed(changed)} changed between the evaluations of {a} and {b}. Evaluate both again."
        )
    return places


def only_right(first: Evaluation, other: Evaluation) -> NDArray[np.int64]:
    """Clips that ``first`` got right and ``other`` wrong, by their number in ``first``; the surest answers come first.

    Raises:
        DataError: If the two were not measured on the same clips.
    """
    wrong = other.answers[same_clips(first, other)] != first.truth
    numbers = np.flatnonzero(first.right & wrong)
    surest: NDArray[np.int64] = numbers[np.argsort(-first.probabilities.max(axis=1)[numbers], kind="stable")]
    return surest


def _clips_of(evaluation: Evaluation) -> str:
    return f"{evaluation.clips_title} of {evaluation.dataset}"


def _told_apart(evaluation: Evaluation) -> str:
    vocabulary = evaluation.vocabulary
    return vocabulary.title if len(vocabulary.words) > LISTED else ", ".join(vocabulary.words)


def _listed(files: Sequence[str]) -> str:
    names = ", ".join(files[:LISTED]) + (" …" if len(files) > LISTED else "")
    return f"{len(files):,} clip{'s' * (len(files) != 1)} ({names})"


# In words


def outcome(difference: Difference) -> str:
    """What came out, in a sentence or two."""
    d = difference
    clips = f"{d.n:,} clips ({d.clips_title})"
    if not d.only_run + d.only_baseline:
        return f"{d.run} and {d.baseline} got the very same clips right: no difference on these {clips}."
    corrected = f", corrected for {d.n_compared} comparisons" if d.n_compared > 1 else ""
    test = f"McNemar's exact test: {p_text(d.adjusted_p)}{corrected}"
    head = (
        f"{d.run} got {_clips(d.only_run)} right that {d.baseline} got wrong, and {d.only_baseline:,} the other way: "
        f"{points(d.gain)} on {clips}, 95 % interval {_from_to(d.interval)}. "
    )
    if d.can_be_told:
        better, worse = (d.run, d.baseline) if d.gain > 0 else (d.baseline, d.run)
        return f"{head}{better} is better than {worse}, by more than chance ({test})."
    return f"{head}No clear difference: chance often makes as much ({test})."


def speaker_note(difference: Difference, *, short: bool = False) -> str:
    """The caution about speakers, with the interval that respects them where there is one.

    Args:
        difference: What came out.
        short: Whether to leave out why speakers matter.
    """
    note = "" if short else f"{SPEAKER_CAUTION} "
    if difference.speaker_interval is None:
        return f"{note}The files do not tell who speaks."
    low, high = difference.speaker_interval
    note += f"Over {difference.n_speakers:,} speakers, the interval is {_from_to((low, high))}."
    if difference.can_be_told and low <= 0 <= high:
        note += " It holds zero: with other speakers the difference might vanish."
    return note


def points(share: float) -> str:
    """A difference of shares as signed percentage points.

    >>> points(0.0123), points(-0.004)
    ('+1.2 percentage points', '−0.4 percentage points')
    """
    return f"{_signed(share)} percentage points"


def p_text(p: float) -> str:
    """A p-value as people write it.

    >>> p_text(0.3184), p_text(0.0123), p_text(1e-9)
    ('p = 0.32', 'p = 0.012', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def _signed(share: float) -> str:
    text = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def _from_to(interval: Interval) -> str:
    return f"{_signed(interval[0])} to {_signed(interval[1])}"


def _clips(n: int) -> str:
    return "1 clip" if n == 1 else f"{n:,} clips"


# Settings

PARTS = {
    "": "Run", "vocabulary": "Labels", "front_end": "Spectrogram", "model": "Network",
    "augment": "Changes to training clips", "training": "Training", "start": "Weights to begin with",
}  # fmt: skip
"""Parts of a ``RunConfig`` for people."""


def settings_table(configs: Sequence[RunConfig | None]) -> tuple[SettingRow, ...]:
    """Every setting of some runs side by side; None stands for settings that cannot be read.

    The step size of a part that is not trained has no effect, nor has the seed of filters that do not start at random,
    or the shape of filters that are not trained; these are left out.
    """
    known = [None if config is None else _in_effect(config) for config in configs]
    names = next((list(values) for values in known if values is not None), [])
    return tuple(
        SettingRow(
            PARTS[part], name.replace("_", " "), tuple("?" if v is None else _text(v[part, name]) for v in known)
        )
        for part, name in names
    )


def _in_effect(config: RunConfig) -> dict[tuple[str, str], Any]:
    flat, front_end = flat_settings(config), config.front_end
    at_random = front_end.mel_start == "random" or front_end.stft_start == "random"
    unused = {
        ("training", "mel_rate"): not front_end.trains_mel,
        ("training", "stft_rate"): not front_end.trains_stft,
        ("training", "pcen_rate"): front_end.pcen != "learned",
        ("front_end", "start_seed"): not at_random,
        ("front_end", "mel_shape"): not front_end.trains_mel,
    }
    return flat | {name: None for name, without_effect in unused.items() if without_effect}


def flat_settings(config: RunConfig) -> dict[tuple[str, str], Any]:
    """Every setting by its part (see ``PARTS``) and its name."""
    flat: dict[tuple[str, str], Any] = {}
    for part, value in to_dict(config).items():
        inner = {(part, name): each for name, each in value.items()} if isinstance(value, dict) else {("", part): value}
        flat |= inner
    return flat


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        of_names = any(isinstance(one, str) for one in value)
        return (", " if of_names else " to ").join(map(_text, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
