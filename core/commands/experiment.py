"""``experiment``: change the basis of a trained model, and measure what it was worth."""

from __future__ import annotations

import argparse

from core import runs
from core.commands.options import (
    Commands,
    add_clips,
    add_json,
    add_run,
    asked_protocol,
    open_with_dataset,
    progress_bar,
)
from core.commands.output import keep_or_note, note, show
from core.records.ablation import KINDS, NORMALISATIONS, Experiment, Findings, Outcome
from core.runs import keep
from core.studies.ablation.kept import STUDY, file_of, why_older
from core.studies.ablation.plan import parse_numbers


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("experiment", help="measure what the learned filters are worth", description=__doc__)
    add_run(parser)
    kinds = "; ".join(f"{name}: {what}" for name, what in KINDS.items())
    parser.add_argument("kind", choices=tuple(KINDS), help=kinds)
    parser.add_argument("--bins", metavar="LIST", help="STFT bins that 'mask' silences, such as 25-49")
    parser.add_argument("--mels", metavar="LIST", help="mel filters that 'mask' silences, such as 0,5-9")
    ways = "; ".join(f"{name}: {what}" for name, what in NORMALISATIONS.items())
    parser.add_argument(
        "--normalisation", choices=tuple(NORMALISATIONS), default="recomputed", help=f"default: recomputed. {ways}"
    )
    parser.add_argument(
        "--all-clips", action="store_true", help="ask every clip, also where that takes more than some seconds"
    )
    add_clips(parser)
    parser.add_argument("--again", action="store_true", help="measure again, also where a result was kept")
    add_json(parser, "one JSON object", csv=True)
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Measure or take what was kept, keep it, and print it."""
    path = runs.find_run(options.run)
    protocol = asked_protocol(options, path)
    from core.studies.ablation.measure import run_experiment
    from core.training.checkpoint import load_checkpoint

    front_end = load_checkpoint(path).config.front_end
    experiment = Experiment(
        kind=options.kind,
        normalisation=options.normalisation,
        bins=parse_numbers(options.bins, front_end.n_bins, "STFT bins") if options.bins is not None else (),
        mels=parse_numbers(options.mels, front_end.n_mels, "mel filters") if options.mels is not None else (),
        quick=not options.all_clips,
    )
    with progress_bar("answer") as progress:
        data, dataset = open_with_dataset(options, protocol, progress)
        name = file_of(data, protocol, experiment, validation=dataset)
        findings = None if options.again else keep.load_current(STUDY, path, name, data.content)
        if findings is None:
            if why := why_older(path):
                note(f"note: {why}")
            findings = run_experiment(
                path, data, protocol, experiment, validation=dataset, device=options.device, progress=progress
            )
            keep_or_note(STUDY, path, name, findings)
    show(options, findings, as_text)
    return 0


def as_text(findings: Findings) -> str:
    """The findings for a person."""
    clips = f"{findings.n} of {findings.n_all} clips (a sample)" if findings.is_sample else f"{findings.n} clips"
    experiment = findings.experiment
    lines = [
        f"{findings.run} (setting {findings.setting}) on {findings.dataset}, {findings.clips_title}, {clips}",
        f"  {experiment.kind}: {KINDS[experiment.kind]}",
        f"  normalisation: {NORMALISATIONS[experiment.normalisation]}",
        f"  always answering {findings.baseline_label} scores {findings.baseline:.1%}",
        "",
        f"  {'basis':32}{'accuracy':>9}  {'95 % interval':18}{'difference (points)':>20}  95 % interval",
        _line("as trained, untouched", findings.untouched, compare=False),
        _line("own basis: compared with", findings.reference, compare=False),
    ]
    return "\n".join(lines + [_line(one.name, one) for one in findings.outcomes])


def _line(name: str, outcome: Outcome, *, compare: bool = True) -> str:
    low, high = outcome.interval
    text = f"  {name:32}{outcome.accuracy:9.1%}  {f'{low:.1%} to {high:.1%}':18}"
    if not compare:
        return text.rstrip()
    low, high = outcome.difference_interval
    return f"{text}{100 * outcome.difference:+20.1f}  {100 * low:+.1f} to {100 * high:+.1f}"
