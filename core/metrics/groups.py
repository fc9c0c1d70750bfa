"""Who and what is it bad for: accuracy by speaker, and by quarters of a measured quantity."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.records.groups import GroupScores, RangeScores
from core.statistics import share_interval

SHUFFLES = 1000
SEED = 0

_SPEAKER = re.compile(r"([0-9a-f]{8})_nohash_")


def file_speakers(files: Sequence[str]) -> tuple[str, ...]:
    """Who speaks in each clip, as file names of Speech Commands tell; empty where they do not.

    >>> file_speakers(["yes/0c540988_nohash_1.wav", "test/_unknown_/bed_0ea0e2f4_nohash_0.wav", "_silence_/7.wav"])
    ('0c540988', '0ea0e2f4', '')
    """
    found = (_SPEAKER.search(file) for file in files)
    return tuple(match.group(1) if match else "" for match in found)


def group_scores(right: NDArray[np.bool_], names: Sequence[str]) -> tuple[GroupScores, ...]:
    """Accuracy of every group, the worst first; of equally good ones that with more clips.

    Args:
        right: Whether each clip was answered right, (n,).
        names: Group of each clip, (n,); clips with an empty name are left out.
    """
    known = np.array([bool(name) for name in names])
    groups, of_clip = np.unique(np.array(names)[known], return_inverse=True)
    n = np.bincount(of_clip, minlength=len(groups)).tolist()
    hits = np.bincount(of_clip, weights=right[known], minlength=len(groups)).astype(np.int64).tolist()
    scores = [
        GroupScores(group, clips, right_ones, share_interval(right_ones, clips))
        for group, clips, right_ones in zip(groups.tolist(), n, hits, strict=True)
    ]
    return tuple(sorted(scores, key=lambda group: (group.accuracy, -group.n, group.name)))


def chance_of_differences(
    right: NDArray[np.bool_], names: Sequence[str], strata: NDArray[np.int64], shuffles: int = SHUFFLES
) -> float:
    """How often groups would differ by as much as they do if it did not matter which group a clip is of.

    The worst of many groups looks bad by chance alone. Here right and wrong answers are exchanged at random among clips
    of the same stratum, such as the same true word, and each time the spread of the groups is compared: the sum over
    them of the squared distance between the right answers and those expected, divided by the variance expected.

    Args:
        right: Whether each clip was answered right, (n,).
        names: Group of each clip, (n,); clips with an empty name are left out.
        strata: Clips between which answers may be exchanged have the same number, (n,).
        shuffles: Number of exchanges.

    Returns:
        The p-value of a permutation test, from 1 / (shuffles + 1) to 1; 1 with fewer than two groups.
    """
    known = np.array([bool(name) for name in names])
    groups, of_clip = np.unique(np.array(names)[known], return_inverse=True)
    if len(groups) < 2:
        return 1.0
    order = np.argsort(strata[known], kind="stable")
    hits, of_clip, stratum = right[known][order].astype(np.float64), of_clip[order], strata[known][order]
    sums = np.bincount(stratum, weights=hits)
    share = (sums / np.maximum(np.bincount(stratum), 1))[stratum]
    expected = np.bincount(of_clip, weights=share)
    variance = np.bincount(of_clip, weights=share * (1 - share))

    def spread(answers: NDArray[np.float64]) -> float:
        distance = (np.bincount(of_clip, weights=answers) - expected) ** 2
        return float((distance[variance > 0] / variance[variance > 0]).sum())

    random = np.random.default_rng(SEED)
    seen = spread(hits)
    # Sorted by stratum and then at random, the clips of each stratum lie in a new order.
    as_large = sum(
        spread(hits[np.lexsort((random.random(len(hits)), stratum))]) >= seen - 1e-9 for _ in range(shuffles)
    )
    return (as_large + 1) / (shuffles + 1)


def quartile_scores(right: NDArray[np.bool_], values: NDArray[np.floating]) -> tuple[RangeScores, ...]:
    """Accuracy in each quarter of the clips, sorted by a measured quantity, the lowest first.

    Args:
        right: Whether each clip was answered right, (n,).
        values: The quantity, (n,); clips with NaN are left out.

    Returns:
        Four ranges with as equal numbers of clips as there can be; none where fewer than eight clips have a value.
    """
    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) < 8:
        return ()
    scores = []
    for part in np.array_split(rows[np.argsort(values[rows], kind="stable")], 4):
        hits, of_part = int(right[part].sum()), values[part]
        scores.append(
            RangeScores(
                start=float(of_part[0]),
                middle=float(np.median(of_part)),
                end=float(of_part[-1]),
                n=len(part),
                right=hits,
                interval=share_interval(hits, len(part)),
            )
        )
    return tuple(scores)
