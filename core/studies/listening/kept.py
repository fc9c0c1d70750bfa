"""The latest stream test of a run, kept with the run."""

from __future__ import annotations

from pathlib import Path

from core.config import from_dict, to_dict
from core.errors import DataError, RunError
from core.files.strict import LARGE_BYTES, read_json
from core.files.writing import write_json
from core.records.listening import StreamReport
from core.runs.results_folder import find, make_room, results_folder

FILE = "stream-test.json"
FORMAT, VERSION = "earshot-stream-test", 1


def report_path(run: Path) -> Path:
    """The stream test of a run that is read, if there is one."""
    return find(run, FILE)


def save_report(run: Path, report: StreamReport) -> None:
    """Keep a stream test, whole or not at all, in place of the one before.

    Raises:
        RunError: If nothing can be written there.
    """
    path = results_folder(run) / FILE
    try:
        make_room(path)
        write_json(path, {"format": FORMAT, "version": VERSION, "report": to_dict(report)})
    except OSError as error:
        raise RunError(
            f"The stream test cannot be kept in {path.parent} ({error.strerror}). Make it writable."
        ) from error


def load_report(run: Path) -> StreamReport | None:
    """The kept stream test of a run, or None.

    Raises:
        DataError: If it is damaged or of another version.
    """
    path = report_path(run)
    try:
        kept = read_json(path, LARGE_BYTES)
        if kept["format"] != FORMAT or kept["version"] != VERSION:
            raise ValueError(f"it is {kept['format']!r} version {kept['version']!r}, not {FORMAT!r} version {VERSION}")
        report = from_dict(StreamReport, kept["report"])
        thresholds = {tuple(each.threshold for each in track.scores) for track in report.tracks}
        if len(thresholds) != 1 or not min(thresholds):
            raise ValueError("its tracks have no thresholds in common")
        return report
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"The stream test kept for {run.name} cannot be read ({error}). Test again.") from error
