"""One button that gives a run's report as a file."""

from __future__ import annotations

import html
from functools import partial
from pathlib import Path

import streamlit as st

from core.errors import KeywordSpottingError


def draw(folder: Path, place: str) -> None:
    """The button; the report is written once it is pressed."""
    st.download_button(
        "Report (HTML)", data=partial(_report, folder), file_name=f"{folder.name}-report.html", mime="text/html",
        icon=":material/description:", key=f"{place}.report", on_click="ignore",
        help="What it learned and what that is worth, in one file. Only kept evaluations stand in it.",
    )  # fmt: skip


def _report(folder: Path) -> str:
    from core.report import html_report

    try:
        return html_report(folder)
    except KeywordSpottingError as error:
        # The file is on its way already: it is where the reason is looked for.
        return f"<!DOCTYPE html><title>No report</title><p>{html.escape(str(error))}</p>"
