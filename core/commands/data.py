"""``data``: look at a dataset, pack it, download it, or compare our reading of it with AudioLoader's."""

from __future__ import annotations

import argparse
import dataclasses

from core.commands.options import Commands, add_data, add_json, data_root, progress_bar
from core.commands.output import note
from core.data.download import DISK_BYTES, DOWNLOAD_BYTES, download_speech_commands
from core.errors import ConfigError
from core.files.paths import path_from
from core.files.strict import to_json
from core.records.data import Verification


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "data",
        help="look at a dataset, pack it, download it, or compare it with AudioLoader's reading",
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
    parser.add_argument(
        "--verify",
        action="store_true",
        help="compare every clip with what AudioLoader reads from the same files: split, label, speaker, samples "
        "(about a minute for the whole of Speech Commands); exit code 1 where they differ",
    )
    add_json(parser, "one JSON object")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Download if asked to, pack, and print the counts; an error at the end if nothing can be trained with that.

    With ``--verify`` what AudioLoader reads otherwise is printed instead.
    """
    from core.data.pack import open_data

    if options.download is None:
        root = data_root(options.data)
    else:
        root = path_from(options.download, "--download", as_text=True)
        with progress_bar("B") as progress:
            download_speech_commands(root, progress=progress)
    if options.verify:
        from core.data.verify import DEMO_WORDS, verify

        if root is None:
            raise ConfigError(f"{DEMO_WORDS} Name its folder with --data ROOT.")
        with progress_bar("clip") as progress:
            found = verify(root, open_data(root, progress=progress), progress=progress)
        print(to_json({"agrees": found.agrees, **dataclasses.asdict(found)}) if options.json else as_text(found))
        return 0 if found.agrees else 1
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


def as_text(found: Verification) -> str:
    """What a comparison with AudioLoader found, for a person."""
    from core.data.source import split_title
    from core.data.verify import KINDS, sentence

    lines = [sentence(found)]
    if not found.agrees:
        lines += ["", f"{'clips':20}{'ours':>10}{'AudioLoader':>14}"]
        lines += [f"{split_title(one.split):20}{one.ours:10,d}{one.audioloader:14,d}" for one in found.splits]
    for difference in found.differences:
        lines += ["", f"{KINDS[difference.kind]}: {difference.n:,}"]
        lines += [f"  {example.file}: {example.what}" for example in difference.first]
        if difference.n > len(difference.first):
            lines.append(f"  and {difference.n - len(difference.first):,} more")
    return "\n".join(lines)
