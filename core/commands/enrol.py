"""``enrol``: teach a model words of your own by a few recordings of each."""

from __future__ import annotations

import argparse

from core import runs
from core.commands.options import Commands, add_device, add_json, existing, make_at_once, progress_bar
from core.commands.output import note
from core.config import ENROLMENT
from core.errors import ConfigError
from core.files.paths import path_from
from core.files.strict import to_json
from core.records.enrolment import Enrolment
from core.text import printable, shortened
from core.training.presets import EMBEDDING


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "enrol",
        help="teach a model words of your own by a few recordings",
        description="Teach a model words of your own by five to twenty recordings of each, in seconds. It makes a run "
        "like any other, for classify, detect, listen, evaluate and stream-test; what is none of the words is "
        "_unknown_. How well it does is said for recordings that the model answering them had not heard.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the run")
    parser.add_argument(
        "--words",
        metavar="FOLDER",
        required=True,
        help="FOLDER/<word>/<recording> in any usual format; a longer recording is cut at its pauses. _noise_ in it is "
        "mixed in, _other_ is none of the words, and what a testing_list.txt names is left for evaluate",
    )
    parser.add_argument(
        "--background",
        metavar="PATH",
        nargs="+",
        default=[],
        help="recordings, or folders of them, in which nobody says the words: your room, your talk",
    )
    parser.add_argument(
        "--from", dest="start", metavar="RUN", default=EMBEDDING, help=f"the model that hears (default: {EMBEDDING})"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="seed of all random numbers (default: 0)")
    add_device(parser)
    add_json(parser, "one JSON object")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Enrol the words of a folder; 0 if it came to its end."""
    words = path_from(options.words, "--words", as_text=True)
    if not words.is_dir():
        raise ConfigError(
            f"--words is {shortened(options.words)!r}, and there is no such folder. Give one with a folder of "
            "recordings for each word."
        )
    background = existing(options.background, "--background")
    start = runs.find_run(options.start)
    # PyTorch takes a second to import; --help and mistakes need not wait for it.
    from core.data.pack import open_to_enrol
    from core.studies.enrolment import kept
    from core.training.start import config_from

    with progress_bar("clip") as progress:
        data = open_to_enrol(words, background, progress=progress)
    for problem in data.problems:
        note(f"{printable(problem.file)}: {problem.what}; {problem.action}.")
    config = config_from(start, preset=ENROLMENT, seed=options.seed, vocabulary=data.vocabulary)
    folder = runs.new_run(config, words, name=options.name, device=options.device, start=start, background=background)
    report, code = make_at_once(folder, kept)
    if report is None:
        return code
    print(to_json(report.to_dict()) if options.json else as_text(report))
    return 0


def as_text(report: Enrolment) -> str:
    """What is known of the words, for a person."""
    lines = [f"{report.run}: {', '.join(one.word for one in report.words)}; a word counts from {report.threshold:.0%}."]
    for one in report.words:
        if one.n:
            low, high = one.right_interval
            lines.append(
                f"  {one.word:16} {one.right} of {one.n} right ({low:.0%} to {high:.0%}), {one.accepted} recognised"
            )
        else:
            lines.append(f"  {one.word:16} one recording alone: nothing can be said of it")
    lines += [f"{one} and {other} are too alike: {n} recordings are mixed up." for one, other, n in report.alike]
    if report.n:
        lines.append(report.verdict)
    return "\n".join(lines)
