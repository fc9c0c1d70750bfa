"""``word-length``: does a model do worse on short words than on long ones."""

from __future__ import annotations

import argparse

from core import runs
from core.commands.evaluate import kept_or_new
from core.commands.options import (
    Commands,
    add_clips,
    add_json,
    add_run,
    asked_protocol,
    open_clips,
    progress_bar,
)
from core.commands.output import keep_or_note, show
from core.records.word_length import WordLengths


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("word-length", help="accuracy on short and on long words", description=__doc__)
    add_run(parser)
    add_clips(parser)
    add_json(parser, "one JSON object", csv=True)
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Measure, keep and print."""
    path = runs.find_run(options.run)
    protocol = asked_protocol(options, path)
    from core.studies.word_length import STUDY, word_lengths

    with progress_bar("clip") as progress:
        data = open_clips(options, protocol, progress)
        found = word_lengths(kept_or_new(path, data, protocol, options.device, progress), data)
    keep_or_note(STUDY, path, STUDY.file(data.title, protocol), found)
    show(options, found, as_text)
    return 0


def as_text(found: WordLengths) -> str:
    """The quarters for a person."""
    lines = [
        f"{found.run} on {found.dataset}, {found.clips_title}, {found.n} clips with words",
        f"  {'length of the word':22}{'clips':>7}{'right':>9}  95 % interval",
    ]
    for one in found.quarters:
        low, high = one.interval
        length = f"{one.start:.2f} to {one.end:.2f} s"
        lines.append(f"  {length:22}{one.n:7d}{one.accuracy:9.1%}  {low:.1%} to {high:.1%}")
    return "\n".join([*lines, "", found.verdict])
