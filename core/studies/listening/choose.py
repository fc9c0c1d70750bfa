"""Thresholds word by word, chosen where nothing is tested: most words found within the false alarms allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.config import SAMPLE_RATE, ListeningConfig
from core.data.pack import Pack
from core.errors import ConfigError
from core.inference.classifier import Classifier
from core.inference.whole import Heard, detect, hear
from core.records.answers import Detection
from core.records.listening import PlacedWord, StreamScores, ThresholdChoice
from core.studies.listening.scoring import score
from core.studies.listening.talk import Progress, listened
from core.studies.listening.track import build_track

THRESHOLDS = (*(round(0.3 + 0.05 * step, 2) for step in range(14)), 0.97, 0.98, 0.99, 0.995, 0.998)
"""What is tried for each word."""

NEVER = 1.0
"""A threshold that no word is expected to reach."""


@dataclass(frozen=True, eq=False)
class Occasion:
    """Something that was listened to, with the truth about it."""

    heard: Heard
    placed: tuple[PlacedWord, ...]
    """The words in it; none in talk that has no keyword."""
    seconds: float


@dataclass(frozen=True)
class _Option:
    """What one word does at one threshold, when no other word counts."""

    threshold: float
    gain: int
    """Hits, less the keywords that it was taken for."""
    false_alarms: int


def choose_thresholds(
    occasions: Sequence[Occasion],
    config: ListeningConfig,
    false_alarms_per_hour: float,
    thresholds: Sequence[float] = THRESHOLDS,
) -> ThresholdChoice:
    """A threshold for each word, so that most words are found within the false alarms allowed.

    Each word is tried alone at each threshold; the best combination then follows exactly (dynamic programming over the
    false alarms that are spent). Words hardly meet otherwise than in the rest after a detection; where they do and the
    limit is passed together, a little less is spent. Of equals the higher thresholds are taken.

    Args:
        occasions: What to choose on; nothing that will be used to report.
        config: The other settings.
        false_alarms_per_hour: Most that are allowed. Where even the highest thresholds give more, these are chosen.
        thresholds: What is tried, in rising order.

    Raises:
        ConfigError: If nothing is allowed, or there is no keyword to find.
    """
    if not false_alarms_per_hour > 0:
        raise ConfigError(f"{false_alarms_per_hour:g} false alarms an hour are allowed; it must be more than 0.")
    before = scores_of(occasions, config)
    if not before.n_keywords:
        raise ConfigError("There is no keyword in what was listened to, so no threshold can be chosen.")
    words = occasions[0].heard.vocabulary.words
    options = {word: list(_options(occasions, config, word, thresholds)) for word in words}
    allowed = int(false_alarms_per_hour * before.free_hours)
    spent = allowed
    while True:
        chosen = replace(config, word_thresholds=tuple(_best(options, spent).items()))
        after = scores_of(occasions, chosen)
        if after.false_alarms <= allowed or spent == 0:
            return ThresholdChoice(chosen, false_alarms_per_hour, before, after)
        spent = max(0, spent - max(1, after.false_alarms - allowed))


def occasions_of_tracks(
    classifier: Classifier,
    pack: Pack,
    config: ListeningConfig,
    *,
    snrs_db: Sequence[float | None],
    minutes: float,
    seed: int = 0,
) -> list[Occasion]:
    """Tracks of the validation clips, listened to: one for each signal-to-noise ratio (dB; None for no background).

    Raises:
        ConfigError: If a value is out of range.
        DataError: If the pack lacks what a track needs.
    """
    tracks = (
        build_track(
            pack.with_words(classifier.vocabulary),
            protocol="validation",
            snr_db=snr_db,
            seconds=60 * minutes,
            seed=seed,
        )
        for snr_db in dict.fromkeys(snrs_db)
    )
    return [Occasion(hear(classifier, one.waveform, config), one.placed, 60 * minutes) for one in tracks]


def occasions_of_talk(
    classifier: Classifier, folder: Path, config: ListeningConfig, progress: Progress | None = None
) -> list[Occasion]:
    """The recordings of a folder without keywords, listened to (see ``talk.listened``)."""
    recordings = listened(classifier, folder, config, [], progress)
    return [Occasion(heard, (), len(waveform) / SAMPLE_RATE) for _, waveform, heard in recordings]


def scores_of(occasions: Sequence[Occasion], config: ListeningConfig) -> StreamScores:
    """The scores of some settings on all occasions together, as if they followed each other."""
    return _scored(occasions, config, [detect(one.heard, config) for one in occasions])


def _options(
    occasions: Sequence[Occasion], config: ListeningConfig, word: str, thresholds: Sequence[float]
) -> Iterator[_Option]:
    words = occasions[0].heard.vocabulary.words
    for threshold in thresholds:
        own = tuple((each, threshold if each == word else NEVER) for each in words)
        alone = replace(config, word_thresholds=own)
        found = [[one for one in detect(each.heard, alone) if one.word == word] for each in occasions]
        scores = _scored(occasions, alone, found)
        yield _Option(threshold, scores.hits - scores.wrong_words, scores.false_alarms)


def _best(options: dict[str, list[_Option]], allowed: int) -> dict[str, float]:
    """The threshold of each word with which the gains are largest and the false alarms at most those allowed."""
    # From false alarms spent to the largest gain, the sum of thresholds, and the thresholds themselves.
    reached: dict[int, tuple[int, float, dict[str, float]]] = {0: (0, 0.0, {})}
    for word, tried in options.items():
        following: dict[int, tuple[int, float, dict[str, float]]] = {}
        for spent, (gain, height, thresholds) in reached.items():
            for option in tried:
                total = spent + option.false_alarms
                better = (gain + option.gain, height + option.threshold)
                if total <= allowed and (total not in following or better > following[total][:2]):
                    following[total] = (*better, {**thresholds, word: option.threshold})
        reached = following
    if not reached:
        return {word: tried[-1].threshold for word, tried in options.items()}
    return max(reached.values(), key=lambda one: one[:2])[2]


def _scored(
    occasions: Sequence[Occasion], config: ListeningConfig, found: Sequence[Sequence[Detection]]
) -> StreamScores:
    detections: list[Detection] = []
    placed: list[PlacedWord] = []
    begin_s = 0.0
    for occasion, some in zip(occasions, found, strict=True):
        detections += [
            replace(one, start_s=one.start_s + begin_s, end_s=one.end_s + begin_s, heard_s=one.heard_s + begin_s)
            for one in some
        ]
        placed += [replace(one, start_s=one.start_s + begin_s, end_s=one.end_s + begin_s) for one in occasion.placed]
        begin_s += occasion.seconds
    vocabulary = occasions[0].heard.vocabulary
    return score(detections, placed, begin_s, threshold=config.threshold, vocabulary=vocabulary)
