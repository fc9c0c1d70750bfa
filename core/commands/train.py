"""``train``: train a run in the foreground, or resume one."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import runs
from core.commands.options import (
    Commands,
    add_data,
    add_device,
    data_root,
    progress_bar,
    step_bar,
    stop_on_interrupt,
)
from core.commands.output import note
from core.config import KEYWORDS, MEL_SHAPES, MEL_STARTS, PCENS, SETTINGS, STFT_STARTS, TWELVE, RunConfig, parse_span
from core.data import words
from core.errors import ConfigError
from core.fast.malloc import keep_freed_memory
from core.files.paths import path_from
from core.records.training import EpochReport
from core.text import shortened
from core.training.presets import PRESETS, preset_config

if TYPE_CHECKING:
    from core.distributed import Peers


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "train",
        help="train a model",
        description="Train a model. Ctrl-C stops after the current step and keeps a usable checkpoint; "
        "--resume goes on from the last finished epoch.",
    )
    presets = "; ".join(f"{preset.name}: {preset.title}" for preset in PRESETS.values())
    parser.add_argument("--preset", help=f"what to train (default: linear). {presets}")
    parser.add_argument(
        "--from",
        dest="start",
        metavar="RUN",
        help="begin with the weights of a trained model, and its spectrogram; a few careful steps unless --preset and "
        "--epochs say otherwise. What learns can be chosen anew (default: what learned in that model), and so can the "
        "words",
    )
    settings = "; ".join(f"{name}: {what}" for name, what in SETTINGS.items())
    parser.add_argument("--setting", type=str.upper, help=f"what learns (default: D). {settings}")
    add_data(parser)
    parser.add_argument(
        "--words",
        metavar="LIST",
        help="what to tell apart, such as yes,no,marvin: words that the dataset has, the rest is unknown; or 'all' for "
        "every word by its name, without silence and unknown: the 35-word protocol of Speech Commands v2 "
        f"(default: the twelve usual classes, {', '.join(KEYWORDS)}, silence and unknown; of a folder of words "
        "all that it has)",
    )
    parser.add_argument("--noise", metavar="FOLDER", help="mix in recordings of it too, where the preset adds noise")
    parser.add_argument(
        "--more",
        metavar="FOLDER",
        help="learn from recordings of it too: FOLDER/<word>/<file>, a keyword as itself, any other word as unknown; "
        "of a long one every second is an unknown clip",
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (default: the preset's)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of all random numbers (default: 0)")
    basis = parser.add_argument_group("another spectrogram than the tutorial's")
    basis.add_argument("--n-mels", type=int, metavar="N", help="number of mel filters (default: 40)")
    for option, named, what in (
        ("--mel-start", MEL_STARTS, "mel filters before training"),
        ("--stft-start", STFT_STARTS, "STFT kernels before training"),
        ("--mel-shape", MEL_SHAPES, "what of the mel filters learns"),
        ("--pcen", PCENS, "what follows the mel filters"),
    ):
        choices = "; ".join(f"{name}: {meaning}" for name, meaning in named.items())
        basis.add_argument(option, choices=tuple(named), help=f"{what} (default: {next(iter(named))}). {choices}")
    basis.add_argument(
        "--masked-bins", metavar="FIRST-LAST", help="STFT bins that no filter hears, such as 25-49 (a bin is 33.3 Hz)"
    )
    parser.add_argument("--run", metavar="NAME", help="name of the run (default: made from preset, setting and time)")
    parser.add_argument("--resume", metavar="RUN", help="go on with a stopped or crashed run; needs no other option")
    add_device(parser)
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Train to the end; 0 if it came to its end or was stopped on request."""
    if "WORLD_SIZE" not in os.environ:
        return _train(options)
    from core import distributed  # PyTorch takes a second to import; --help and mistakes need not wait for it

    peers = distributed.join()
    try:
        return _help_along(peers) if peers.rank else _train(options, peers)
    finally:
        distributed.leave(peers)


def _help_along(peers: Peers) -> int:
    """What all processes but the first do: they end with it, and what stops it stops them."""
    from core.jobs.worker import help_along

    for sent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent, signal.SIG_IGN)
    keep_freed_memory()
    help_along(peers)
    return 0


def _train(options: argparse.Namespace, peers: Peers | None = None) -> int:
    from core.jobs.worker import work  # PyTorch again

    if options.resume is not None:
        folder = runs.find_run(options.resume)
        runs.prepare_resume(folder)
    else:
        start = None if options.start is None else runs.find_run(options.start)
        root = data_root(options.data)
        config = _config(options, start, root)
        if options.device == "cuda":
            _refuse_missing_gpu()
        noise = None if options.noise is None else _noise_folder(options.noise, config)
        more = None if options.more is None else _folder(options.more, "--more", "a folder of recordings for each word")
        folder = runs.new_run(
            config,
            root,
            name=options.run,
            device=options.device,
            start=start,
            noise=noise,
            more=more,
        )
    stop_on_interrupt(folder)
    keep_freed_memory()
    note(f"Run {folder.name} in {folder}")
    state = runs.run_state(folder)
    with progress_bar("clip") as progress, step_bar() as (bar, on_step):

        def on_report(report: EpochReport) -> None:
            bar.reset()
            note(_line(report))

        state = work(folder, on_report=on_report, on_step=on_step, on_progress=progress, peers=peers)
    best = "" if state.best_accuracy is None else f", best validation accuracy {state.best_accuracy:.1%}"
    print(f"{folder.name}: {state.state} after {state.epoch} of {state.epochs} epochs{best}. {state.message}".strip())
    return 0 if state.state in ("done", "stopped") else 1


def _config(options: argparse.Namespace, start: Path | None, root: Path | None) -> RunConfig:
    chosen = {"epochs": options.epochs, "seed": options.seed, **basis_of(options)}
    if (vocabulary := words.typed(options.words, root)) != TWELVE or options.words is not None:
        chosen["vocabulary"] = vocabulary
    if start is None:
        return preset_config(options.preset or "linear", setting=options.setting or "D", **chosen)
    from core.training.start import config_from  # PyTorch, which only this way needs before the training begins

    return config_from(start, preset=options.preset, setting=options.setting, **chosen)


def _noise_folder(text: str, config: RunConfig) -> Path:
    """The folder of ``--noise``, if the settings have a use for it."""
    if not config.augment.noise_probability:
        raise ConfigError(f"The preset {config.preset} adds no noise, so --noise has no use. Choose one that does.")
    return _folder(text, "--noise", "noise")


def _folder(text: str, option: str, holding: str) -> Path:
    folder = path_from(text, option, as_text=True)
    if not folder.is_dir():
        raise ConfigError(f"{option} is {shortened(text)!r}, and there is no such folder. Give one with {holding}.")
    return folder


def basis_of(options: argparse.Namespace) -> dict[str, Any]:
    """Settings of the front end that were given."""
    given = {name: getattr(options, name) for name in ("n_mels", "mel_start", "stft_start", "mel_shape", "pcen")}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if options.masked_bins is not None:
        chosen["masked_bins"] = parse_span(options.masked_bins, "--masked-bins")
    return chosen


def _line(report: EpochReport) -> str:
    validation = "" if report.validation_accuracy is None else f"  validation {report.validation_accuracy:6.1%}"
    star = " *" if report.is_best else ""
    return (
        f"epoch {report.epoch:3d}/{report.epochs}  loss {report.train_loss:.3f}  train {report.train_accuracy:6.1%}"
        f"{validation}  {report.clips_per_second:,.0f} clips/s{star}"
    )


def _refuse_missing_gpu() -> None:
    from core.device import choose_device

    choose_device("cuda")
