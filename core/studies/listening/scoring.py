"""Detections against the truth about a track: hits, misses, wrong words, false alarms an hour, latency."""

from __future__ import annotations

from collections.abc import Sequence

from core.config import TWELVE, Vocabulary
from core.records.answers import Detection
from core.records.listening import PlacedWord, StreamScores
from core.statistics import rate_interval, share_interval

HIT_S = 1.0
"""A word counts as found from its start to this long after its end (as in MLPerf Tiny)."""


def score(
    detections: Sequence[Detection],
    placed: Sequence[PlacedWord],
    seconds: float,
    *,
    threshold: float,
    vocabulary: Vocabulary = TWELVE,
) -> StreamScores:
    """Score what was detected on a track.

    What counts is when a detection was made (``heard_s``). One of the right word from its start to a second after its
    end is a hit, once for each word; one of another word then is a wrong word; everything else is a false alarm. A
    keyword taken for another one is therefore a miss and a wrong word.

    Args:
        detections: What was detected, in order of time.
        placed: What was said; words that the vocabulary has not only give occasion for false alarms.
        seconds: Length of the track.
        threshold: What they were detected with, for the record.
        vocabulary: What the model listens for.
    """
    keywords = [word for word in placed if word.word in vocabulary.words]
    found: set[int] = set()
    latencies_s, wrong_words, false_alarms = [], 0, 0
    for detection in detections:
        here = [n for n, word in enumerate(keywords) if word.start_s <= detection.heard_s <= word.end_s + HIT_S]
        right = [n for n in here if keywords[n].word == detection.word]
        missing = [n for n in right if n not in found]
        if missing:
            found.add(missing[0])
            latencies_s.append(detection.heard_s - keywords[missing[0]].end_s)
        elif here and not right:
            wrong_words += 1
        else:
            false_alarms += 1
    free_hours = (seconds - _covered_s(keywords, seconds)) / 3600
    return StreamScores(
        threshold=threshold,
        n_keywords=len(keywords),
        hits=len(found),
        wrong_words=wrong_words,
        false_alarms=false_alarms,
        free_hours=free_hours,
        misses_interval=share_interval(len(keywords) - len(found), len(keywords)),
        false_alarms_interval=rate_interval(false_alarms, free_hours),
        latencies_s=tuple(latencies_s),
    )


def _covered_s(keywords: Sequence[PlacedWord], seconds: float) -> float:
    """Time in which a keyword can be hit (s), overlaps counted once."""
    covered_s = reached_s = 0.0
    for word in sorted(keywords, key=lambda word: word.start_s):
        end_s = min(word.end_s + HIT_S, seconds)
        covered_s += max(0.0, end_s - max(word.start_s, reached_s))
        reached_s = max(reached_s, end_s)
    return covered_s
