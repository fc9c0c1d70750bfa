"""``classify``: say which word each sound file holds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands.options import Commands, add_device, add_json, open_listener
from core.commands.sound_files import add_files, listening_bar, noted, sounds
from core.config import to_dict
from core.files.strict import to_json
from core.text import printable

if TYPE_CHECKING:
    from core.records.answers import Prediction, WordsAlong
    from core.sound.reading import Sound


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "classify",
        help="say which word a sound file holds",
        description="Say which word each sound file holds, in any usual format and rate: the second with the word, "
        "whatever clicks or thumps beside it; of more than four seconds, every word that is detected along it.",
    )
    add_files(parser)
    add_device(parser)
    add_json(parser, "one JSON line a file")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Classify every file; 1 if one of them could not be read (the others are still answered)."""
    classifier, config = open_listener(options)
    from core.inference.whole import answer

    unread: list[str] = []
    for file, sound in sounds(options, unread):
        with listening_bar(sound) as show:
            prediction, along = answer(classifier, sound.waveform, config, progress=show)
        print((_record if options.json else _line)(file, sound, prediction, along), flush=True)
    return 1 if unread else 0


def _record(file: str, sound: Sound, prediction: Prediction, along: WordsAlong | None) -> str:
    record = {
        "file": file,
        "label": prediction.label,
        "score": prediction.score,
        "start_s": prediction.start_s,
        "end_s": prediction.end_s,
        "ranking": [list(pair) for pair in prediction.ranking],
        **({"detections": [to_dict(one) for one in along.detections]} if along else {}),
        **noted(sound),
    }
    return to_json(record)


def _line(file: str, _sound: Sound, prediction: Prediction, along: WordsAlong | None) -> str:
    others = ", ".join(f"{label} {score:.0%}" for label, score in prediction.ranking[1:3])
    if along is None:
        return f"{printable(file)}: {prediction.label} {prediction.score:.0%} (then {others})"
    heard = ", ".join(f"{one.word} {one.score:.0%} at {one.start_s:.2f} s" for one in along.detections)
    surest = f"second from {prediction.start_s:.2f} s: {prediction.label} {prediction.score:.0%}, then {others}"
    return f"{printable(file)}: {heard or 'no word'} ({surest})"
