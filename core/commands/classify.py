"""``classify``: say which word each sound file holds."""

from __future__ import annotations

import argparse

from core import runs
from core.commands.options import Commands, add_device, add_json, device_name
from core.commands.output import note
from core.commands.sound_files import noted, read
from core.errors import AudioError
from core.strict import to_json
from core.text import printable


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "classify",
        help="say which word a sound file holds",
        description="Say which word each sound file holds: the loudest second of it, any usual format and rate.",
    )
    parser.add_argument("run", metavar="RUN", help="run, folder or checkpoint file")
    parser.add_argument("files", metavar="FILE", nargs="+", help="sound files")
    add_device(parser)
    add_json(parser, "one JSON line a file")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Classify every file; 1 if one of them could not be read (the others are still answered)."""
    path = runs.find_run(options.run)
    from core.inference import Classifier

    classifier = Classifier(path, device_name(options.device))
    failed = False
    for file in options.files:
        try:
            sound = read(file)
            prediction = classifier.classify(sound.waveform)
        except AudioError as error:
            failed = True
            note(f"error: {printable(file)}: {error}")
            if options.json:
                print(to_json({"file": file, "error": str(error)}), flush=True)
            continue
        if options.json:
            record = {
                "file": file,
                "label": prediction.label,
                "score": prediction.score,
                "start_s": prediction.start_s,
                "end_s": prediction.end_s,
                "ranking": [list(pair) for pair in prediction.ranking],
                **noted(sound),
            }
            print(to_json(record), flush=True)
        else:
            others = ", ".join(f"{label} {score:.0%}" for label, score in prediction.ranking[1:3])
            print(f"{printable(file)}: {prediction.label} {prediction.score:.0%} (then {others})", flush=True)
    return 1 if failed else 0
