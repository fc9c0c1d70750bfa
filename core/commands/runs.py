"""``runs``: list, stop, delete and restore runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from core import runs as run_folders
from core.commands.options import Commands, add_json
from core.commands.output import note
from core.errors import RunError
from core.files.strict import to_json


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("runs", help="list trained and training runs", description=__doc__)
    parser.add_argument("--stop", metavar="NAME", help="ask a run that is training to stop")
    parser.add_argument("--delete", metavar="NAME", help="delete a run of your own that is not training")
    parser.add_argument("--restore", metavar="NAME", help="bring the last deleted run of that name back")
    what = f"remove deleted runs for good (each is kept for {run_folders.KEPT_DAYS} days otherwise)"
    parser.add_argument("--empty-trash", action="store_true", help=what)
    add_json(parser, "one JSON array")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """List all runs, or act on one."""
    if options.stop is not None:
        run_folders.stop_run(_run_folder(options.stop), wait_s=10)
    if options.delete is not None:
        folder = run_folders.find_run(options.delete)
        run_folders.delete_run(folder)
        note(f"{folder.name} is deleted; --restore {folder.name} brings it back.")
    if options.restore is not None:
        run_folders.restore_run(options.restore)
    if options.empty_trash:
        note(f"Removed for good: {run_folders.empty_trash()}.")
    found = run_folders.list_runs()
    if options.json:
        print(to_json([one.to_dict() for one in found]))
        return 0
    if not found:
        print("No runs yet. Train one: python -m core train --preset linear --setting D --epochs 10")
    for one in found:
        accuracy = "" if one.best_accuracy is None else f"validation {one.best_accuracy:.1%}"
        what = one.config.title if one.config else one.message
        print(f"{one.name:34} {one.state:9} {one.epoch:4d}/{one.epochs:<4d} {accuracy:18} {what}  {one.dataset}")
    return 0


def _run_folder(text: str) -> Path:
    """The folder of a run; nothing else gets files of ours.

    Raises:
        RunError: If it is none.
    """
    folder = run_folders.find_run(text)
    if not (folder / run_folders.CONFIG).exists():
        raise RunError(f"{folder} is not the folder of a run. `python -m core runs` lists those that there are.")
    return folder
