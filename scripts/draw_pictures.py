"""Draw the README's pictures from trained runs and real clips.

    python scripts/draw_pictures.py --data ROOT docs
    python scripts/draw_pictures.py --data ROOT --grid NAME docs     draws the gains of a grid as well

Uses Chromium through playwright, as the browser tests do.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go
from playwright.sync_api import sync_playwright

from core import figures, runs
from core.data.pack import open_data
from core.figures.experiments import accuracy_by_change
from core.frontend.filter_facts import band_edges, band_shares, seen_as
from core.jobs import grid
from core.records.ablation import Experiment
from core.runs import keep
from core.studies import gain_map
from core.studies.ablation.measure import run_experiment
from core.studies.comparison import compare
from core.studies.evaluation import evaluate
from core.studies.grid_table import summarise
from core.training.checkpoint import load_checkpoint

FIXED, TRAINED = "shipped-linear-A", "shipped-linear-D"
SIZES = {
    "overview": (1100, 620),
    "words": (760, 620),
    "bands": (760, 420),
    "swap": (760, 480),
    "grid": (760, 720),
    "gains-clean": (760, 0),
    "gains-noise": (760, 0),
}
"""Width and height of each picture in pixels; 0 is as high as the figure is."""


def pictures(root: Path, grid_name: str | None) -> Iterator[tuple[str, go.Figure]]:
    """Name and figure of each picture."""
    fixed, trained = runs.find_run(FIXED), runs.find_run(TRAINED)
    filters = load_checkpoint(trained).filters()
    yield "overview", figures.overview_picture(filters)
    data = open_data(root)
    evaluations = [
        dataclasses.replace(evaluate(path, data, "official", device="cpu"), run=name)
        for path, name in ((fixed, "linear A"), (trained, "linear D"))
    ]
    yield "words", figures.word_gains(compare(evaluations)[0])
    edges = band_edges("octaves", filters.sample_rate)
    shapes = seen_as(filters, "shapes")
    shares = (band_shares(one.mel_basis, edges, filters.sample_rate) for one in (shapes.initial, shapes.learned))
    yield "bands", figures.band_sensitivity(*shares, edges)
    experiment = Experiment(kind="swap", quick=False)
    yield "swap", accuracy_by_change(run_experiment(trained, data, "official", experiment, device="cpu"))
    shipped = keep.load(gain_map.STUDY, gain_map.SHIPPED)
    for name, condition in (("gains-clean", gain_map.CLEAN), ("gains-noise", shipped.conditions[-1])):
        yield name, figures.gain_map(gain_map.gains(shipped), condition)
    if grid_name:
        folder = grid.folder_of(grid_name)
        plan = grid.grid_state(folder).plan
        assert plan is not None, f"{folder} has no plan"
        rows = summarise(grid.grid_scores(folder, plan))
        yield "grid", figures.grid_gains([row for row in rows if row.factors.basis in ("mel", "random")])


def draw(root: Path, grid_name: str | None, folder: Path) -> None:
    """Write every picture as PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        for name, figure in pictures(root, grid_name):
            width, height = SIZES[name]
            height = height or figure.layout.height
            figure.update_layout(width=width, height=height)
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(figure.to_html(include_plotlyjs=True))
            page.wait_for_selector(".main-svg")
            page.locator(".plotly-graph-div").screenshot(path=str(folder / f"{name}.png"))
            page.close()
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--data", metavar="ROOT", type=Path, required=True)
    parser.add_argument("--grid", metavar="NAME")
    options = parser.parse_args()
    draw(options.data, options.grid, options.folder)
