"""``compare``: two or more models on the same clips, clip by clip."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core import runs
from core.commands.evaluate import kept_or_new
from core.commands.options import (
    Commands,
    add_clips,
    add_json,
    asked_protocol,
    open_clips,
    progress_bar,
)
from core.commands.output import show
from core.config import RunConfig
from core.errors import ConfigError
from core.files.paths import environment_text
from core.records.cost import Latency
from core.records.evaluation import Evaluation
from core.runs import keep

if TYPE_CHECKING:
    from core.studies.comparison import Comparison


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "compare",
        help="say whether one model is better than another",
        description="Compare models clip by clip: McNemar's exact test and the interval of the difference for each one "
        "beside the first, what differs in their settings, and what they cost. Evaluations that are kept beside the "
        "runs are used; missing ones are made, and kept.",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="runs, folders or checkpoint files, at least two")
    parser.add_argument(
        "--baseline", metavar="RUN", help="the one of them that the others are compared with (the first)"
    )
    add_clips(parser, "; without it, what all of them were evaluated on already")
    parser.add_argument("--time", action="store_true", help="time the answers to single clips, two seconds a model")
    add_json(parser, "one JSON object")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Compare and print."""
    paths = list(dict.fromkeys(runs.find_run(text).resolve() for text in options.runs))
    if len(paths) < 2:
        raise ConfigError("A comparison needs at least two different runs.")
    baseline = _baseline(paths, options.baseline)
    protocol = asked_protocol(options, *paths)
    from core.studies.comparison import Compared, Comparison, compare, settings_table
    from core.studies.cost.measure import cost_of
    from core.studies.evaluation import scores

    evaluations = _evaluations(paths, protocol, options)
    differences = compare(evaluations, baseline=baseline)
    configs = [_config(path) for path in paths]
    costs = [cost_of(path, config) for path, config in zip(paths, configs, strict=True)]
    timed = _latencies(paths, measured_now=options.time)
    found = Comparison(
        models=tuple(map(Compared, evaluations, map(scores, evaluations), costs, timed)),
        differences=differences,
        settings=tuple(row for row in settings_table(configs) if row.differs),
    )
    show(options, found, as_text)
    return 0


def _baseline(paths: Sequence[Path], named: str | None) -> int:
    if named is None:
        return 0
    wanted = runs.find_run(named).resolve()
    if wanted not in paths:
        raise ConfigError(f"The baseline {named!r} is none of the runs to compare: {', '.join(p.name for p in paths)}.")
    return list(paths).index(wanted)


def _evaluations(paths: Sequence[Path], protocol: str, options: argparse.Namespace) -> list[Evaluation]:
    """Evaluations of all runs on the same dataset, under the names that the runs have now."""
    named_data = options.data is not None or environment_text("KWS_DATA")
    found = None if named_data else _kept_alike(paths, protocol)
    if found is None:
        with progress_bar("clip") as progress:
            data = open_clips(options, protocol, progress)
            found = [kept_or_new(path, data, protocol, options.device, progress) for path in paths]
    return [replace(one, run=keep.name_of(path)) for path, one in zip(paths, found, strict=True)]


def _kept_alike(paths: Sequence[Path], protocol: str) -> list[Evaluation] | None:
    """Kept evaluations of all runs on one dataset; None if there is none that all of them have, up to date."""
    from core.studies.evaluation import STUDY

    by_run: list[dict[str, Evaluation]] = []
    for path in paths:
        kept = {}
        for file in keep.find_all(path, STUDY):
            one = keep.load_current(STUDY, path, file.name)
            if one is not None and one.protocol == protocol:
                kept[one.dataset] = one
        by_run.append(kept)
    shared = next((dataset for dataset in by_run[0] if all(dataset in kept for kept in by_run)), None)
    return None if shared is None else [kept[shared] for kept in by_run]


def _config(path: Path) -> RunConfig:
    from core.training.checkpoint import load_checkpoint

    config = runs.run_state(path).config if path.is_dir() else None
    return config or load_checkpoint(path).config


def _latencies(paths: Sequence[Path], *, measured_now: bool) -> list[Latency | None]:
    """Times of one clip: those kept on this computer, or new ones, which are kept."""
    from core.studies.cost.measure import SECONDS, keep_latency, kept_latency, measure_latencies

    if not measured_now:
        return [kept_latency(path) if path.is_dir() else None for path in paths]
    with progress_bar("ms") as progress:
        measured = measure_latencies(paths, seconds=SECONDS, progress=progress)
    for path, latency in zip(paths, measured, strict=True):
        if path.is_dir():
            keep_latency(path, latency)
    return list(measured)


def as_text(found: Comparison) -> str:
    """The comparison for a person."""
    from core.studies.comparison import SPEAKER_CAUTION, outcome, speaker_note

    first, result = found.models[0].evaluation, found.models[0].scores
    width = max(len(one.evaluation.run) for one in found.models) + 2
    lines = [
        f"{first.dataset}, {first.clips_title}, {first.n} clips "
        f"(always answering {result.baseline_label} scores {result.baseline:.1%})",
        "",
        f"  {'run':{width}}{'accuracy':>9}  {'95 % interval':17}{'weights':>9}{'MACs a clip':>13}{'float32':>10}"
        f"{'one clip (p95)':>20}",
    ]
    for one in found.models:
        low, high = one.scores.interval
        cost, latency = one.cost, one.latency
        time = "not measured" if latency is None else f"{1000 * latency.p50_s:.2f} ({1000 * latency.p95_s:.2f}) ms"
        lines.append(
            f"  {one.evaluation.run:{width}}{one.scores.accuracy:9.1%}  {f'{low:.1%} to {high:.1%}':17}"
            f"{cost.trained:9,}{f'{cost.macs / 1e6:.2f} M':>13}{f'{cost.float32_bytes / 1000:,.0f} kB':>10}{time:>20}"
        )
    latencies = [one.latency for one in found.models if one.latency]
    machines = sorted({f"{each.machine}, {each.device}, {each.threads} threads" for each in latencies})
    busy = max((each.busy_percent for each in latencies if each.disturbed), default=0)
    note = f"; other programs used {busy:.0f} % of the processor, time again in a quiet moment" if busy else ""
    lines += [f"  timed on {'; '.join(machines)}{note}"] if machines else []
    for each in found.differences:
        lines += ["", outcome(each), f"  {speaker_note(each, short=True)}"]
        clear = [word for word in each.by_word if word.adjusted_p < 0.05]
        if clear:
            words = ", ".join(f"{word.label.strip('_')} {100 * word.gain:+.0f}" for word in clear)
            lines.append(f"  Clear by word (points of its clips, after Holm's correction): {words}.")
    lines += ["", SPEAKER_CAUTION, "These are the trained models; another seed of training gives other ones."]
    lines += ["", "Settings that differ:"] if found.settings else ["", "All settings are equal."]
    lines += [f"  {row.part}, {row.name}: {' | '.join(row.values)}" for row in found.settings]
    return "\n".join(lines)
