"""Clips are counted, and times compared with the right reference."""

import numpy as np
import pytest

from core.figures import class_counts, timings_bars
from core.results import Timing


def test_clips_are_counted_by_word_and_split_in_the_order_of_the_labels() -> None:
    labels = ["yes", "zebra", "yes", "down", "_silence_", "yes"]
    splits = ["train", "train", "validation", "train", "official", "train"]
    (table,) = class_counts(labels, splits).data
    assert list(table.y) == ["down", "yes", "silence", "zebra"]
    assert [name.replace("<br>", " ") for name in table.x] == ["train", "validation", "official test set"]
    np.testing.assert_array_equal(table.customdata, [[1, 0, 0], [2, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert table.text[1][0] == "2"


def test_a_dataset_without_clips_can_be_drawn() -> None:
    figure = class_counts([], [])
    assert "0 clips" in figure.layout.title.subtitle.text


def test_times_are_milliseconds_for_a_hundred_clips() -> None:
    seconds = tuple(np.linspace(0.01, 0.02, 101))
    (bars,) = timings_bars([Timing("nnAudio", seconds)], clips=50).data
    assert bars.x[0] == pytest.approx(30)
    assert bars.error_x.array[0] == pytest.approx(8)
    assert bars.error_x.arrayminus[0] == pytest.approx(8)


def test_each_method_is_compared_with_nnaudio_on_its_own_device() -> None:
    timings = [
        Timing("Earshot (cpu)", (0.01,)),
        Timing("nnAudio (cpu)", (0.04,)),
        Timing("nnAudio (cuda)", (0.002,)),
        Timing("Earshot (cuda)", (0.001,)),
    ]
    texts = [note.text for note in timings_bars(timings, 100).layout.annotations]
    assert "4 × the speed of nnAudio" in texts[0]
    assert "the reference" in texts[1]
    assert "the reference" in texts[2]
    assert "2 × the speed of nnAudio" in texts[3]


def test_without_nnaudio_there_is_no_ratio() -> None:
    figure = timings_bars([Timing("librosa", (0.05,))], 100)
    assert "nnAudio" not in figure.layout.annotations[0].text
