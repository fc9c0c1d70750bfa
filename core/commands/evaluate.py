"""``evaluate``: measure a model on the clips of a protocol."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core import runs
from core.commands.options import (
    Commands,
    add_clips,
    add_json,
    add_run,
    asked_protocol,
    open_clips,
    progress_bar,
)
from core.commands.output import keep_or_note
from core.config import OWN
from core.files.strict import to_json
from core.records.cost import published_text
from core.records.evaluation import Evaluation, Scores
from core.runs import keep


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("evaluate", help="measure a model on test clips", description=__doc__)
    add_run(parser)
    add_clips(parser)
    add_json(parser, "one JSON object")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Evaluate, keep the result, and print it."""
    path = runs.find_run(options.run)
    protocol = asked_protocol(options, path)
    from core.studies.evaluation import STUDY, evaluate, scores

    with progress_bar("clip") as progress:
        data = open_clips(options, protocol, progress)
        evaluation = evaluate(path, data, protocol, device=options.device, progress=progress)
    keep_or_note(STUDY, path, STUDY.file(data.title, protocol), evaluation)
    result = scores(evaluation)
    print(to_json(evaluation.to_dict() | result.to_dict()) if options.json else as_text(evaluation, result))
    return 0


def kept_or_new(path: Path, data: Any, protocol: str, device: str | None, progress: Any) -> Evaluation:
    """The evaluation of a run on a dataset: the kept one where it holds, or a new one, which is kept.

    Args:
        path: Run folder or checkpoint file.
        data: The clips, a ``Pack``.
        protocol: Which of them.
        device: "cpu" or "cuda"; None for the fastest.
        progress: See ``core.studies.evaluation.evaluate``.
    """
    from core.studies.evaluation import STUDY, evaluate

    name = STUDY.file(data.title, protocol)
    kept = keep.load_current(STUDY, path, name, data.content)
    if kept is None:
        kept = evaluate(path, data, protocol, device=device, progress=progress)
        keep_or_note(STUDY, path, name, kept)
    return kept


def as_text(evaluation: Evaluation, result: Scores) -> str:
    """The evaluation for a person."""
    from core.data.recordings import BIAS

    low, high = result.interval
    is_own = evaluation.protocol == OWN
    published = published_text(evaluation.protocol, evaluation.vocabulary, evaluation.dataset)
    lines = [
        f"{evaluation.run} on {evaluation.dataset}, {evaluation.clips_title}, {result.n} clips",
        f"  accuracy {result.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%}; "
        f"always answering {result.baseline_label} scores {result.baseline:.1%})",
        f"  loss {result.loss:.3f}, F1 micro {result.micro_f1:.3f}, macro {result.macro_f1:.3f}, "
        f"weighted {result.weighted_f1:.3f}",
        *([f"  {BIAS}"] if is_own else []),
        *([f"  {published}"] if published else []),
        "",
        f"  {'word':12}{'precision':>10}{'recall':>10}{'F1':>10}{'clips':>8}",
    ]
    rows = [
        f"  {one.label:12}{one.precision:10.3f}{one.recall:10.3f}{one.f1:10.3f}{one.n:8d}" for one in result.by_class
    ]
    return "\n".join(lines + rows)
