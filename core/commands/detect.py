"""``detect``: find the words in recordings."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands.options import Commands, add_device, add_json, add_knobs, open_listener
from core.commands.sound_files import add_files, listening_bar, noted, sounds
from core.config import to_dict
from core.files.strict import to_json
from core.text import printable

if TYPE_CHECKING:
    from core.records.answers import Detection
    from core.sound.reading import Sound


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "detect",
        help="find the words in recordings",
        description="Find the words in recordings of up to ten minutes, any usual format and rate. What the live page "
        "hears in the same sound is the same.",
    )
    add_files(parser)
    add_knobs(parser)
    add_device(parser)
    add_json(parser, "one JSON line a word")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Listen to every file; 1 if one of them could not be read (the others are still answered)."""
    classifier, config = open_listener(options)
    from core.inference.whole import words_along

    unread: list[str] = []
    for file, sound in sounds(options, unread):
        with listening_bar(sound) as show:
            detections = words_along(classifier, sound.waveform, config, progress=show).detections
        for detection in detections:
            print(_line(file, sound, detection, as_json=options.json), flush=True)
        if not detections and not options.json:
            print(f"{printable(file)}: no word", flush=True)
    return 1 if unread else 0


def _line(file: str, sound: Sound, detection: Detection, *, as_json: bool) -> str:
    if not as_json:
        span = f"{detection.start_s:.2f} to {detection.end_s:.2f} s"
        return f"{printable(file)}: {detection.word} {detection.score:.0%} ({span})"
    return to_json({"file": file, **to_dict(detection), **noted(sound)})
