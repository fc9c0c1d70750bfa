"""A run as one self-contained HTML file: what it learned, what that was worth, and how to repeat it."""

from core.report.write import html_report, write_report

__all__ = ["html_report", "write_report"]
