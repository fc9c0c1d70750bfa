"""One button that gives a run's report as a file."""

from __future__ import annotations

import html
from functools import partial
from pathlib import Path

from core.errors import KeywordSpottingError
from dashboard.shared import saving


def draw(folder: Path, place: str) -> None:
    """The button; the report is written once it is pressed."""
    saving.button(
        "Report (HTML)",
        partial(_report, folder),
        f"{folder.name}-report.html",
        f"{place}.report",
        icon="description",
        note="What it learned and what that is worth, in one file. Only kept evaluations stand in it.",
    )


def _report(folder: Path) -> str:
    from core.report import html_report

    try:
        return html_report(folder)
    except KeywordSpottingError as error:
        # The file is on its way already: it is where the reason is looked for.
        return f"<!DOCTYPE html><title>No report</title><p>{html.escape(str(error))}</p>"
