"""``robustness``: accuracy of models on clips that are noisy, late, loud or quiet, fast or slow."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from core import runs
from core.commands.options import (
    Commands,
    add_clips,
    add_json,
    asked_protocol,
    clips_of,
    open_with_dataset,
    progress_bar,
)
from core.commands.output import keep_or_note
from core.files.strict import to_json
from core.records.robustness import UNITS, Robustness, noise_title
from core.records.table import as_csv
from core.studies.robustness.changes import VALUES


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "robustness",
        help="measure models on clips with noise, shifted, louder or quieter, faster or slower",
        description="Let models answer the same clips, changed more and more. Noise is of kinds that training did not "
        "hear, at a signal-to-noise ratio over the active speech. The result is kept with each run.",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="runs, folders or checkpoint files")
    add_clips(parser)
    parser.add_argument(
        "--change", nargs="+", choices=(*UNITS, "all"), default=["noise"],
        help="what happens to the clips (default: noise)",
    )  # fmt: skip
    parser.add_argument(
        "--clips", type=clips_of, default=600, metavar="N", help="size of the sample, or 'all' (default: 600)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other clips and noise (default: 0)")
    add_json(parser, "one JSON object", csv=True)
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Measure, keep and print."""
    paths = [runs.find_run(text) for text in options.runs]
    protocol = asked_protocol(options, *paths)
    from core.studies.robustness.kept import STUDY, file_of
    from core.studies.robustness.measure import measure

    kinds = tuple(VALUES) if "all" in options.change else tuple(dict.fromkeys(options.change))
    records: list[Robustness] = []
    with progress_bar("answer") as progress:
        data, dataset = open_with_dataset(options, protocol, progress)
        for kind in kinds:
            found = measure(
                paths, data, protocol, kind, n_clips=options.clips, seed=options.seed, dataset=dataset,
                device=options.device, progress=progress,
            )  # fmt: skip
            for path, record in zip(paths, found, strict=True):
                keep_or_note(STUDY, path, file_of(data.title, protocol, kind, options.clips, options.seed), record)
            records += found
    if options.csv:
        print(as_csv(row for record in records for row in record.as_rows()), end="")
    else:
        print(to_json({"measurements": [one.to_dict() for one in records]}) if options.json else as_text(records))
    return 0


def as_text(records: Sequence[Robustness]) -> str:
    """Measurements for a person: a table for each kind of change."""
    parts = []
    for kind in dict.fromkeys(record.kind for record in records):
        same = [record for record in records if record.kind == kind]
        first = same[0]
        lines = [
            f"{kind} ({UNITS[kind]}): {first.n} of {first.n_all} clips of the {first.clips_title}, "
            f"{first.dataset}, seed {first.seed}; always answering one label scores {first.baseline[0]:.1%}",
        ]
        if first.noises:
            lines.append(f"  noises, none of which training heard: {', '.join(map(noise_title, first.noises))}")
        width = max(len(record.run) for record in same)
        lines.append(
            " ".join([f"  {'':{width}}", *("clean".rjust(18) if v is None else f"{v:18g}" for v in first.values)])
        )
        for record in same:
            cells = [f"{a:.1%} ({b:.1%}-{c:.1%})".rjust(18) for a, b, c in zip(*record.accuracy(), strict=True)]
            lines.append(" ".join([f"  {record.run:{width}}", *cells]))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
