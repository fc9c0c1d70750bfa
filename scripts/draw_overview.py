"""Draw the README's picture: the filters of a run before and after training.

    python scripts/draw_overview.py RUN docs/overview.png

Uses Chromium through playwright, as the browser tests do.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from core import runs
from core.checkpoint import load_checkpoint
from core.figures import overview_picture

WIDTH, HEIGHT = 1100, 620


def draw(run: str, picture: Path) -> None:
    """Write the picture of one run as PNG."""
    figure = overview_picture(load_checkpoint(runs.find_run(run)).filters())
    figure.update_layout(width=WIDTH, height=HEIGHT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_content(figure.to_html(include_plotlyjs=True))
        page.wait_for_selector(".main-svg")
        page.locator(".plotly-graph-div").screenshot(path=str(picture))
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("picture", metavar="PNG", type=Path)
    options = parser.parse_args()
    draw(options.run, options.picture)
