import numpy as np
import pytest

from core.config import CLIP_SAMPLES, LABELS, TWELVE
from core.data.source import (
    PROBLEMS_OF_A_KIND,
    SPLITS,
    shorten_problems,
    silence_cuts,
    silence_starts,
    summarise,
)
from core.records.data import Problem


def test_keywords_have_their_own_label_and_all_else_is_unknown():
    assert [TWELVE.label_of(word) for word in ("down", "yes", "_silence_", "_unknown_", "marvin")] == [0, 9, 10, 11, 11]


@pytest.mark.parametrize(
    ("n_samples", "n_windows"), [(0, 0), (CLIP_SAMPLES, 0), (CLIP_SAMPLES + 1, 1), (40_000, 3), (40_001, 4)]
)
def test_silence_windows_end_before_the_recording_does(n_samples, n_windows):
    starts = silence_starts(n_samples)
    assert len(starts) == n_windows
    assert all(start + CLIP_SAMPLES < n_samples for start in starts)


def test_a_silence_clip_says_where_it_was_cut():
    assert [cut.file for cut in silence_cuts("rain.wav", 32_001, "train")] == [
        "rain.wav@0s",
        "rain.wav@0.5s",
        "rain.wav@1s",
    ]


def test_many_problems_of_one_kind_are_counted_and_rare_ones_kept():
    rates = [Problem(f"{n}.wav", f"its sample rate is {8000 + n} Hz", "resampled") for n in range(1000)]
    rare = Problem("yes/a.wav", "the file is empty (0 bytes)", "left out")
    shortened = shorten_problems([*rates, rare])
    assert list(shortened[:PROBLEMS_OF_A_KIND]) == rates[:PROBLEMS_OF_A_KIND]
    assert shortened[PROBLEMS_OF_A_KIND] == rare
    (rest,) = shortened[PROBLEMS_OF_A_KIND + 1 :]
    assert rest.file == f"{1000 - PROBLEMS_OF_A_KIND} more files"


def test_a_summary_counts_words_labels_and_speakers_by_split():
    words = ["yes", "yes", "bed", "_silence_", "yes"]
    splits = ["train", "train", "train", "train", "official"]
    speakers = ["ann", "ann", "bob", "", "cem"]
    summary = summarise("d", "D", True, (words, splits, speakers), [("rain", 2.0)], ())
    table = {
        word: dict(zip(SPLITS, row.tolist(), strict=True))
        for word, row in zip(summary.words, summary.word_counts, strict=True)
    }
    assert table["yes"] == {"train": 2, "validation": 0, "official": 1, "testing-list": 0}
    assert table["bed"]["train"] == 1
    assert summary.label_counts[LABELS.index("_unknown_")].tolist() == [1, 0, 0, 0]
    assert summary.speaker_counts == (2, 0, 1, 0)
    assert summary.n_clips == 5
    assert np.sum(summary.label_counts) == np.sum(summary.word_counts) == 5
