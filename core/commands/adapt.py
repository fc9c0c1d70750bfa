"""``adapt``: fit a trained model to a room by a minute of its noise."""

from __future__ import annotations

import argparse

from core import runs
from core.commands.options import (
    Commands,
    add_data,
    add_device,
    add_json,
    data_root,
    existing,
    make_at_once,
    progress_bar,
)
from core.commands.output import note
from core.config import ROOM
from core.files.strict import to_json
from core.records.room import FITTED, SYNTHETIC, Adaptation
from core.text import printable


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "adapt",
        help="fit a trained model to a room by a minute of its noise",
        description="Fit a trained model to a room: PCEN's numbers, or a gain and a shift of each band where there is "
        "no PCEN, learn from words mixed into the room's noise; filters and network stay. It makes a run like any "
        "other. Half of the noise is kept for measuring: before and after, on words that were not learned from.",
    )
    parser.add_argument("run", metavar="RUN", help="the trained model: a run's name, its folder, or a checkpoint")
    parser.add_argument(
        "--room",
        metavar="PATH",
        nargs="+",
        required=True,
        help="recordings of the room, or folders of them, ten seconds or more in all, in which nobody says a keyword",
    )
    parser.add_argument("--run", dest="name", metavar="NAME", help="name of the new run")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of all random numbers (default: 0)")
    add_data(parser)
    add_device(parser)
    add_json(parser, "one JSON object")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Fit a model to a room; 0 if it came to its end."""
    room = existing(options.room, "--room")
    start, root = runs.find_run(options.run), data_root(options.data)
    # PyTorch takes a second to import; --help and mistakes need not wait for it.
    from core.data.noises import recordings_of
    from core.data.pack import open_data
    from core.device import choose_device
    from core.studies.room import kept
    from core.training.room import whole_seconds
    from core.training.start import config_from

    config = config_from(start, preset=ROOM, seed=options.seed)
    recordings, problems = recordings_of(room)
    for problem in problems:
        note(f"{printable(problem.file)}: {problem.what}; {problem.action}.")
    whole_seconds(recordings)
    choose_device(options.device)
    with progress_bar("clip") as progress:
        open_data(root, vocabulary=config.vocabulary, progress=progress).summary().require_trainable()
    folder = runs.new_run(config, root, name=options.name, device=options.device, start=start, background=room)
    report, code = make_at_once(folder, kept)
    if report is None:
        return code
    if report.synthetic:
        note(SYNTHETIC)
    print(to_json(report.to_dict()) if options.json else as_text(report))
    return 0


def as_text(report: Adaptation) -> str:
    """Before and after, for a person."""
    lines = [
        f"{report.run}: {report.start}, fitted to {report.room_s:.0f} s of a room ({FITTED[report.fitted]}).",
        f"{report.n:,} clips of {report.dataset} that were not learned from, in the half of the noise that was not:",
    ]
    for one in report.scores:
        low, high = one.pairs.interval
        lines.append(
            f"  {one.condition:8} {one.before:6.1%} before, {one.after:6.1%} after: {100 * one.pairs.gain:+.1f} points "
            f"({100 * low:+.1f} to {100 * high:+.1f}), p = {one.pairs.p:.2g}"
        )
    return "\n".join([*lines, report.verdict])
