"""``report``: a run as one HTML file that needs no server, or as what TensorBoard shows."""

from __future__ import annotations

import argparse
from pathlib import Path

from core import runs
from core.commands.options import Commands
from core.files.paths import path_from
from core.text import printable


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "report",
        help="write a run's report: one HTML file",
        description="Write what a run learned and what that was worth into one HTML file that needs no server and no "
        "network. What was not evaluated yet is not measured: see evaluate.",
    )
    parser.add_argument("run", metavar="RUN", help="run or its folder")
    parser.add_argument("--out", metavar="FILE", help="where to (default: RUN-report.html, here)")
    parser.add_argument(
        "--tensorboard",
        metavar="FOLDER",
        help="write the run's curves, scores and filters as TensorBoard's event files into FOLDER/RUN instead",
    )
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Write the report and say where it is."""
    folder = runs.find_run(options.run)
    if options.tensorboard is not None:
        from core.report.tensorboard import write_events

        logs = path_from(options.tensorboard, "--tensorboard")
        written = write_events(folder, logs)
        print(f"{printable(written)}: tensorboard --logdir {printable(logs)} shows it")
        return 0
    from core.report import write_report

    path = Path(f"{folder.name}-report.html") if options.out is None else path_from(options.out, "--out")
    write_report(folder, path)
    print(f"{printable(path)}: {path.stat().st_size / 1e6:.1f} MB")
    return 0
