"""Before and after in a room: the sentence, the markers, and what a record may not say."""

import numpy as np
import pytest

from core.figures import before_and_after
from core.files.strict import parse_json, to_json
from core.records.room import Adaptation
from core.statistics import share_interval
from core.studies.room import STUDY
from tests import rooms


def test_the_markers_are_the_shares_with_their_intervals():
    figure = before_and_after(rooms.adaptation())
    before, after = figure.data
    np.testing.assert_allclose(before.x, [94, 61, 25])
    np.testing.assert_allclose(after.x, [91, 82, 53])
    low, high = share_interval(820, 1000)
    assert after.x[1] + after.error_x.array[1] == pytest.approx(100 * high)
    assert after.x[1] - after.error_x.arrayminus[1] == pytest.approx(100 * low)
    assert list(after.y) == ["In quiet", "10 dB above noise", "0 dB above noise"]


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ({}, "Better in this room, worse in quiet. "),
        ({}, "61% became 82% at 10 dB (+18 to +24), 94% became 91% in quiet (−4 to −2)."),
        ({"quiet": (700, 10, 140, 150)}, "Better, in quiet too: it learned these words, not the room alone. "),
        ({"quiet": (900, 20, 21, 59)}, "Better in this room. "),
        ({"at_10": (800, 20, 25, 155), "at_0": (700, 30, 31, 239)}, "No clear difference. "),
        ({"at_10": (800, 90, 25, 85)}, "Worse in this room: keep the model as it was. "),
    ],
)
def test_the_verdict_follows_the_intervals(pairs, told):
    report = rooms.adaptation(**pairs)
    assert told in report.verdict
    assert before_and_after(report).layout.meta["finding"] == report.verdict


def test_a_record_comes_back_from_its_file_and_one_without_clips_does_not():
    report = rooms.adaptation()
    values = parse_json(to_json(STUDY.write(report)))
    assert STUDY.read(values) == report
    values["scores"][0]["pairs"] = dict.fromkeys(values["scores"][0]["pairs"], 0)
    with pytest.raises(ValueError, match="no clips"):
        STUDY.read(values)
    with pytest.raises(ValueError, match="no clips"):
        Adaptation(**{**vars(report), "scores": ()})
