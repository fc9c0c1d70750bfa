"""``grid``: many trainings, crossed, with a table and intervals over seeds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import runs
from core.commands.options import (
    Commands,
    add_data,
    add_device,
    add_json,
    data_root,
    progress_bar,
    step_bar,
    stop_on_interrupt,
)
from core.commands.output import note
from core.config import PCENS, PROTOCOLS, SETTINGS, protocol_title, to_dict
from core.data import words
from core.errors import ConfigError, RunError
from core.fast.malloc import keep_freed_memory
from core.files.strict import to_json
from core.jobs.grid import PLANS, Cell, GridPlan, gain_map, grid_scores, measure_in_noise, new_grid, plan_named
from core.jobs.grid.folder import folder_of, grid_state, list_grids, missing, read_plan
from core.records.robustness import noise_title
from core.records.table import as_csv as table_as_csv
from core.runs import RunState
from core.studies.gain_map import QUESTIONS, Gain, GainMap, gains
from core.studies.grid_table import BASES, CLAIM, Row, as_csv, as_records, summarise
from core.text import shortened
from core.training.presets import PRESETS


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "grid",
        help="train many models in a row and compare them over seeds",
        description="Train every combination of a plan; those that have something in common go on together. Ctrl-C "
        "stops after the current step; --resume goes on where it stopped, and shows the table of a finished grid. The "
        "same grid may be resumed by several processes at once: they share the work.",
    )
    plans = "; ".join(f"{name}: {what}" for name, (what, _) in PLANS.items())
    parser.add_argument("plan", nargs="?", choices=tuple(PLANS), metavar="PLAN", help=f"what to train. {plans}")
    parser.add_argument("--models", metavar="LIST", help=f"instead of the plan's; from {', '.join(PRESETS)}")
    settings = "; ".join(f"{name}: {what}" for name, what in SETTINGS.items())
    parser.add_argument("--settings", metavar="LIST", help=f"instead of the plan's, such as A,D. {settings}")
    parser.add_argument("--n-mels", metavar="LIST", help="numbers of mel filters instead of the plan's: 10,40")
    bases = "; ".join(f"{name}: {title}" for name, (title, _) in BASES.items())
    parser.add_argument("--bases", metavar="LIST", help=f"instead of the plan's. {bases}")
    pcens = "; ".join(f"{name}: {what}" for name, what in PCENS.items())
    parser.add_argument("--pcens", metavar="LIST", help=f"instead of the plan's, such as off,learned. {pcens}")
    parser.add_argument("--seeds", type=int, metavar="N", help="trainings of each combination (default: 3)")
    parser.add_argument(
        "--epochs", metavar="LIST", help="a number for all models, or by model: linear=20,bcresnet-1=30"
    )
    parser.add_argument(
        "--words", metavar="LIST", help="what to tell apart, such as yes,no,marvin, or 'all' (see train)"
    )
    parser.add_argument("--name", help="name of the grid (default: made from the plan and the time)")
    parser.add_argument("--resume", metavar="NAME", help="go on with a grid; needs no other option")
    parser.add_argument("--show", metavar="NAME", help="print what a grid found so far, and train nothing")
    parser.add_argument("--list", action="store_true", help="list the grids and how far they are")
    parser.add_argument("--dry-run", action="store_true", help="print the trainings, and train nothing")
    protocol = parser.add_argument("--protocol", choices=("official", "testing-list"))
    protocol.help = "test clips of the table (default: the official test set if there is one for these words)"
    parser.add_argument(
        "--in-noise",
        action="store_true",
        help="test every trained model in noises too that no training heard, and print what each part of the "
        "spectrogram gains; with --show, what is known of that",
    )
    cluster = parser.add_argument_group("on many machines")
    cluster.add_argument(
        "--engine",
        choices=("own", "ray"),
        default="own",
        help="who trains: this process (default), or a Ray cluster whose machines see the same folders",
    )
    cluster.add_argument(
        "--cluster", metavar="ADDRESS", help="Ray cluster, HOST:PORT (default: the one that runs on this machine)"
    )
    cluster.add_argument(
        "--gpus", type=float, metavar="N", help="how much of a GPU each task takes, such as 0.25 (default: 1)"
    )
    add_data(parser)
    add_device(parser)
    add_json(parser, "one JSON object a combination", csv=True)
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Train what is not trained yet, and print the table; 1 if trainings are missing then that nobody stopped."""
    cluster = _cluster_of(options)
    if options.list:
        for grid in list_grids():
            print(
                f"{grid.name:32} {grid.done:5} of {grid.cells:5} trained  {'working' if grid.working else ''}".rstrip()
            )
        return 0
    if options.show is not None:
        _print(folder_of(options.show), options)
        return 0
    if options.resume is not None:
        folder = folder_of(options.resume)
        read_plan(folder)
    elif options.plan is None:
        raise ConfigError(f"Say what to train: one of {', '.join(PLANS)}; or --resume, --show or --list.")
    else:
        root = data_root(options.data)
        plan = plan_named(options.plan, {**changes_of(options), "vocabulary": words.typed(options.words, root)})
        if options.dry_run:
            print("\n".join(cell.name for cell in plan.cells()))
            return 0
        folder = new_grid(plan, root, name=options.name, stem=options.plan, device=options.device)
    _train(folder, cluster)
    if options.in_noise and not runs.stop_requested(folder):
        _measure_in_noise(folder, options)
    _print(folder, options)
    if not runs.stop_requested(folder) and (untrained := missing(folder)):
        raise RunError(untrained)
    return 0


def changes_of(options: argparse.Namespace) -> dict[str, Any]:
    """What the options change of a plan."""
    changes: dict[str, Any] = {}
    for name in ("models", "settings", "bases", "pcens"):
        if (text := getattr(options, name)) is not None:
            changes[name] = tuple(text.upper().split(",") if name == "settings" else text.split(","))
    if options.n_mels is not None:
        changes["n_mels"] = tuple(_number(text, "--n-mels") for text in options.n_mels.split(","))
    if options.seeds is not None:
        changes["seeds"] = options.seeds
    if options.epochs is not None:
        models = changes.get("models") or PLANS[options.plan][1].models
        changes["epochs"] = epochs_of(options.epochs, models)
    return changes


def epochs_of(text: str, models: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Epochs of each model as typed.

    >>> epochs_of("20", ["linear", "bcresnet-1"])
    (('linear', 20), ('bcresnet-1', 20))
    >>> epochs_of("bcresnet-1=30", ["linear", "bcresnet-1"])
    (('bcresnet-1', 30),)
    """
    if "=" not in text:
        return tuple((model, _number(text, "--epochs")) for model in models)
    pairs = [part.partition("=") for part in text.split(",")]
    return tuple((model, _number(number, "--epochs")) for model, _, number in pairs)


def _number(text: str, option: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ConfigError(f"{option} has {shortened(text)!r}, which is no whole number.") from error


def _cluster_of(options: argparse.Namespace) -> dict[str, Any] | None:
    """What the Ray cluster is asked for; None where this process trains.

    Raises:
        ConfigError: If Ray is not installed, nothing answers there, or an option has no use.
    """
    if options.engine == "own":
        for option in ("cluster", "gpus"):
            if getattr(options, option) is not None:
                raise ConfigError(f"--{option} is for --engine ray: give both, or neither.")
        return None
    gpus = 1.0 if options.gpus is None else options.gpus
    if not (0 < gpus <= 1 or (gpus > 1 and gpus == int(gpus))):
        raise ConfigError(f"--gpus is {gpus:g}; a task takes a share of one GPU, above 0 up to 1, or whole ones.")
    from core.jobs.grid.cluster import AUTO, require_cluster

    address = options.cluster or AUTO
    require_cluster(address)
    return {"address": address, "gpus": gpus}


def _train(folder: Path, cluster: dict[str, Any] | None) -> None:
    runs.clear_stop(folder)
    keep_freed_memory()
    stop_on_interrupt(folder)
    note(f"Grid {folder.name} in {folder}")

    def on_cell(number: int, n: int, cell: Cell, state: RunState) -> None:
        best = "" if state.best_accuracy is None else f"  validation {state.best_accuracy:.1%}"
        note(f"{number:4} of {n}  {cell.name:36} {state.state}{best} {state.message}".rstrip())

    if cluster is not None:
        from core.jobs.grid.cluster import work_on_cluster

        work_on_cluster(folder, **cluster, on_cell=on_cell)
        return
    from core.jobs.grid.work import work_on_grid

    with step_bar() as (_, on_step):
        work_on_grid(folder, on_cell=on_cell, on_step=on_step)


def _protocol(plan: GridPlan, options: argparse.Namespace) -> str:
    return options.protocol or plan.vocabulary.protocols[0]


def _measure_in_noise(folder: Path, options: argparse.Namespace) -> None:
    from core.data.pack import open_data

    plan, root, device = read_plan(folder)
    with progress_bar("%") as progress:
        data = open_data(root, progress=progress)
        measure_in_noise(folder, plan, data, _protocol(plan, options), device=device, progress=progress)


def _print(folder: Path, options: argparse.Namespace) -> None:
    plan, _, _ = read_plan(folder)
    protocol = _protocol(plan, options)
    if options.in_noise:
        _print_gains(gain_map(folder, plan, protocol), options)
        return
    rows = summarise(grid_scores(folder, plan, protocol))
    if options.csv:
        print(as_csv(rows), end="")
    elif options.json:
        for record in as_records(rows):
            print(to_json(record))
    else:
        state = grid_state(folder)
        clips = protocol_title(protocol, plan.vocabulary)
        print(f"{folder.name}: {state.done} of {state.cells} trained; accuracy on the {clips}")
        print(as_text(rows))


def _print_gains(found: GainMap, options: argparse.Namespace) -> None:
    compared = gains(found)
    if options.csv:
        print(table_as_csv(map(_gain_record, compared), GAIN_COLUMNS), end="")
    elif options.json:
        print(to_json({"map": found.to_dict(), "gains": [_gain_record(one) for one in compared]}))
    else:
        print(gains_as_text(found, compared))


GAIN_COLUMNS = (
    *("model", "basis", "n_mels", "setting", "pcen", "condition", "question"),
    *("seeds", "gain", "low", "high", "p", "adjusted_p"),
)


def _gain_record(one: Gain) -> dict[str, Any]:
    """A gain as plain values in one row."""
    low, high = one.interval
    return {
        **to_dict(one.factors),
        "condition": one.condition,
        "question": QUESTIONS[one.question],
        "seeds": one.seeds,
        "gain": one.gain,
        "low": low,
        "high": high,
        "p": one.p,
        "adjusted_p": one.adjusted_p,
    }


def gains_as_text(found: GainMap, compared: Sequence[Gain]) -> str:
    """The gains for a person, a table for each question; a star stands at what is more than chance."""
    noises = f"; in noise {found.n_noisy:,} ({', '.join(map(noise_title, found.noises))})" if found.n_noisy else ""
    lines = [f"{found.name}: {found.dataset}, {PROTOCOLS[found.protocol]}, {found.n_clean:,} clips{noises}"]
    for question, what in QUESTIONS.items():
        rows = [one for one in compared if one.question == question]
        if not rows:
            continue
        lines += ["", f"What is gained in points by {what} (95 % interval over seeds)"]
        for factors in dict.fromkeys(one.factors for one in rows):
            by_condition = {one.condition: _told(one) for one in rows if one.factors == factors}
            cells = [f"{condition:>6} {by_condition.get(condition, ''):24}" for condition in found.conditions]
            seeds = max(one.seeds for one in rows if one.factors == factors)
            name = f"{factors.model}, {factors.title} ({factors.setting}), {seeds} seeds"
            lines.append(f"  {name:70}{''.join(cells)}".rstrip())
    if len(lines) == 1:
        lines.append("Nothing can be compared yet.")
    return "\n".join([*lines, "", f"* more than chance over seeds, among {len(compared)} comparisons (Holm)"])


def _told(one: Gain) -> str:
    low, high = one.interval
    return f"{100 * one.gain:+.1f} ({100 * low:+.1f} to {100 * high:+.1f}){'*' if one.is_clear else ''}"


def as_text(rows: Sequence[Row]) -> str:
    """The table for a person."""
    if not rows:
        return "Nothing is measured yet."
    width = 2 + max(len(row.factors.model) for row in rows)
    lines = [
        f"{'model':{width}}{'mel filters':44}{'setting':>8}{'seeds':>6}{'accuracy':>10}  {'95 % interval':16}"
        f"{'against A (points)':>19}  95 % interval"
    ]
    for row in rows:
        low, high = row.interval
        factors = row.factors
        line = (
            f"{factors.model:{width}}{factors.title:44}{factors.setting:>8}{row.seeds:6}"
            f"{row.accuracy:10.1%}  {f'{low:.1%} to {high:.1%}':16}"
        )
        if row.gain is not None:
            line += f"{100 * row.gain:+19.1f}"
            if row.gain_interval:
                line += "  {:+.1f} to {:+.1f}".format(*(100 * end for end in row.gain_interval))
        lines.append(line.rstrip())
    clips = (
        f"{rows[0].n:,} test clips. Intervals are of the mean over seeds (Student's t), or with one seed of the clips."
    )
    return "\n".join([*lines, "", clips, CLAIM])
