"""Clips are counted."""

import numpy as np

from core.figures import class_counts


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
