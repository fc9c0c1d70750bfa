"""The latest stream test of a run, kept with the run."""

from __future__ import annotations

from typing import Any

from core.config import from_dict, to_dict
from core.records.listening import StreamReport
from core.runs import keep


def _report(values: dict[str, Any]) -> StreamReport:
    report = from_dict(StreamReport, values)
    thresholds = {tuple(each.threshold for each in track.scores) for track in report.tracks}
    if len(thresholds) != 1 or not min(thresholds):
        raise ValueError("its tracks have no thresholds in common")
    return report


STUDY = keep.Study(
    name="stream-test",
    title="stream test",
    again="Test again.",
    version=1,
    write=to_dict,
    read=_report,
    key="report",
)
FILE = STUDY.file()
