"""``data``: look at a dataset, pack it, or download it."""

from __future__ import annotations

import argparse

from core.commands.options import Commands, add_data, add_json, data_root, progress_bar
from core.commands.output import note
from core.data.download import DISK_BYTES, DOWNLOAD_BYTES, download_speech_commands
from core.files.paths import path_from
from core.files.strict import to_json


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "data",
        help="look at a dataset, pack it, or download it",
        description="Count the clips, splits and speakers of a dataset, list what is wrong with it, and pack it for "
        "fast reading (about a minute for the whole of Speech Commands, once).",
    )
    add_data(parser)
    parser.add_argument(
        "--download",
        metavar="ROOT",
        help=f"first download Speech Commands v2 into this folder ({DOWNLOAD_BYTES / 1e9:.1f} GB to fetch, "
        f"{DISK_BYTES / 1e9:.0f} GB on disk while it is unpacked)",
    )
    add_json(parser, "one JSON object")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Download if asked to, pack, and print the counts; an error at the end if nothing can be trained with that."""
    from core.data.pack import open_data

    if options.download is None:
        root = data_root(options.data)
    else:
        root = path_from(options.download, "--download", as_text=True)
        with progress_bar("B") as progress:
            download_speech_commands(root, progress=progress)
    with progress_bar("clip") as progress:
        pack = open_data(root, progress=progress)
    summary = pack.summary()
    if options.json:
        record = {
            "dataset": summary.title,
            "synthetic": summary.synthetic,
            "n": summary.n_clips,
            "splits": dict(zip(summary.splits, map(int, summary.word_counts.sum(axis=0)), strict=True)),
            "speakers": dict(zip(summary.splits, summary.speaker_counts, strict=True)),
            "words": {
                word: dict(zip(summary.splits, map(int, counts), strict=True))
                for word, counts in zip(summary.words, summary.word_counts, strict=True)
            },
            "problems": [vars(problem) for problem in summary.problems],
            "pack": str(pack.folder),
        }
        print(to_json(record))
        summary.require_trainable()
        return 0
    print(f"{summary.title}\npacked in {pack.folder}\n")
    print(f"{'word':14}" + "".join(f"{split:>14}" for split in summary.splits))
    for word, counts in zip(summary.words, summary.word_counts, strict=True):
        print(f"{word:14}" + "".join(f"{count:14,d}" for count in counts))
    print(f"{'clips':14}" + "".join(f"{count:14,d}" for count in summary.word_counts.sum(axis=0)))
    print(f"{'speakers':14}" + "".join(f"{count:14,d}" for count in summary.speaker_counts))
    for problem in summary.problems:
        note(f"{problem.file}: {problem.what}; {problem.action}")
    summary.require_trainable()
    return 0
