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
        ({}, "Better in this room: 61% became 82% at 10 dB (+17.6 to +24.3 points), 25% became 53% at 0 dB (+24.9 to"),
        ({}, "; in quiet less (−4.4 to −1.6)."),
        ({"quiet": (900, 10, 40, 50)}, "; in quiet more (+1.6 to"),
        ({"quiet": (900, 20, 21, 59)}, "; in quiet no clear difference (−1.2 to"),
        ({"at_10": (800, 20, 25, 155), "at_0": (700, 30, 31, 239)}, "No clear difference: 82% became 82%"),
        ({"at_10": (800, 90, 25, 85)}, "Worse in this room, so keep the model as it was: 89% became 82%"),
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
