"""Options and the progress bar that several commands share."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from core import runs
from core.commands.output import note
from core.config import DEMO, OWN, PROTOCOL_NOTES, PROTOCOLS, TWELVE, ListeningConfig, Vocabulary
from core.data.demo import CAUTION, has_synthetic_voices
from core.data.packed import Pack
from core.data.source import Progress
from core.errors import ConfigError
from core.files.paths import environment_text, path_from
from core.studies.listening import operating_point
from core.text import shortened

if TYPE_CHECKING:
    from core.inference.classifier import Classifier

Record = TypeVar("Record")

Commands = Any  # argparse's collection of sub-commands, whose class has no public name


FEWEST_CLIPS = 12
"""As many as most models have labels."""


def add_run(parser: argparse.ArgumentParser) -> None:
    """``RUN``, one trained model."""
    parser.add_argument("run", metavar="RUN", help="run, folder or checkpoint file")


def add_clips(parser: argparse.ArgumentParser, more: str = " that were kept in Try") -> None:
    """``--data``, ``--protocol``, ``--device``: on which clips to measure, and where; ``more`` is said of ``own``."""
    add_data(parser, f"; 'own' for the recordings of your own{more}")
    notes = "; ".join(f"{name}: {PROTOCOLS[name]}, {PROTOCOL_NOTES[name]}" for name in PROTOCOLS)
    parser.add_argument(
        "--protocol",
        choices=tuple(PROTOCOLS),
        help=f"which clips (default: official, or own; testing-list where nothing is unknown). {notes}",
    )
    add_device(parser)


def clips_of(text: str) -> int | None:
    """A number of clips as typed; None for all.

    >>> clips_of("all"), clips_of("300")
    (None, 300)
    """
    if text == "all":
        return None
    try:
        n = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'all' nor a number of clips") from error
    if n < FEWEST_CLIPS:
        raise argparse.ArgumentTypeError(f"{text} clips tell nothing; give at least {FEWEST_CLIPS}")
    return n


def add_data(parser: argparse.ArgumentParser, more: str = "") -> None:
    """``--data ROOT``; ``more`` is what else it can be."""
    parser.add_argument(
        "--data",
        metavar="ROOT",
        help="folder that holds SpeechCommands/, or one with a folder of recordings for each word, or 'demo' for the "
        f"demo words, synthetic voices that come with the project{more} (default: $KWS_DATA if set, else 'demo')",
    )


def data_root(text: str | None) -> Path | None:
    """The folder that ``--data`` or ``KWS_DATA`` names; None for the demo words.

    Raises:
        ConfigError: If no folder can have that name.
    """
    text, what = (environment_text("KWS_DATA") or DEMO, "KWS_DATA") if text is None else (text, "--data")
    return None if text == DEMO else path_from(text, what, as_text=True)


def asked_protocol(options: argparse.Namespace, *paths: Path) -> str:
    """The protocol that ``--data`` and ``--protocol`` ask for: ``OWN`` for the user's own recordings.

    Without either it is the first that all runs can be measured on (see ``Vocabulary.protocols``), and the dataset has.

    Raises:
        ConfigError: If the two do not go together.
    """
    is_own = options.data == OWN
    if not (protocol := options.protocol or (OWN if is_own else "")):
        known = [vocabulary_of(path).protocols for path in paths]
        root = data_root(options.data)
        if root is not None and _holds_words(root):
            known.append(tuple(name for name in PROTOCOLS if name != "official"))
        protocol = next(name for name in PROTOCOLS if all(name in protocols for protocols in known))
    if is_own != (protocol == OWN):
        raise ConfigError("'--data own' and '--protocol own' belong together: give the first, and leave out the other.")
    return protocol


def _holds_words(root: Path) -> bool:
    """Whether a dataset is a folder of words, which has no official test set."""
    from core.data.pack import holds_words

    return holds_words(root)


def vocabulary_of(run: Path) -> Vocabulary:
    """What a run, or a checkpoint file, tells apart.

    Raises:
        CheckpointError: If it is a file that cannot be read.
    """
    if run.is_dir():
        config = runs.run_state(run).config
        return TWELVE if config is None else config.vocabulary
    from core.training.checkpoint import load_checkpoint  # PyTorch takes a second to import

    return load_checkpoint(run).config.vocabulary


def open_dataset(options: argparse.Namespace, progress: Any) -> Pack:
    """The dataset that ``--data`` or ``KWS_DATA`` names, packed if need be; also beside the user's recordings."""
    from core.data.pack import open_data

    return open_data(data_root(None if options.data == OWN else options.data), progress=progress)


def open_clips(options: argparse.Namespace, protocol: str, progress: Any) -> Pack:
    """The clips that ``asked_protocol`` is about: the user's own recordings, or the dataset."""
    from core.data.recordings import own_pack

    return own_pack() if protocol == OWN else open_dataset(options, progress)


def open_with_dataset(options: argparse.Namespace, protocol: str, progress: Any) -> tuple[Pack, Pack]:
    """These clips, and the dataset, which stands in for what a user's own recordings lack: noise, validation clips."""
    dataset = open_dataset(options, progress)
    return (open_clips(options, protocol, progress) if protocol == OWN else dataset), dataset


def stop_on_interrupt(folder: Path) -> None:
    """From now on Ctrl-C and SIGTERM ask whatever works on the folder to stop after its current step."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        note("\nStopping after this step ...")
        runs.request_stop(folder)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def existing(texts: Sequence[str], option: str) -> list[Path]:
    """The files and folders that an option names.

    Raises:
        ConfigError: If one is not there.
    """
    paths = [path_from(text, option, as_text=True) for text in texts]
    for path in paths:
        if not path.exists():
            raise ConfigError(f"{option} names {shortened(str(path))!r}, and there is no such file or folder.")
    return paths


def make_at_once(folder: Path, kept: Callable[[Path], Record | None]) -> tuple[Record | None, int]:
    """Make a run that takes seconds: what is known of it then, or None with the exit code of a command.

    Args:
        folder: Made by ``runs.new_run``.
        kept: Reads what is known.

    Raises:
        KeywordSpottingError: What went wrong.
    """
    from core.jobs.worker import work_at_once  # PyTorch takes a second to import

    stop_on_interrupt(folder)
    note(f"Run {folder.name} in {folder}")
    with progress_bar("clip") as progress:
        state = work_at_once(folder, progress)
    report = kept(folder) if state.state == "done" else None
    if report is None:
        note(f"{folder.name}: {state.state}, and nothing of it is kept. Begin it again.")
    return report, 0 if report is not None or state.state == "stopped" else 1


@contextmanager
def step_bar() -> Iterator[tuple[tqdm[Any], Callable[[Any], None]]]:
    """A bar of the steps of an epoch on standard error, and what tells it of a step; drawn only on a terminal."""
    with tqdm(unit="step", disable=None, leave=False, file=sys.stderr) as bar:

        def on_step(step: Any) -> None:
            bar.total = step.steps
            bar.set_description(f"epoch {step.epoch}")
            bar.update(step.step - bar.n)

        yield bar, on_step


def add_device(parser: argparse.ArgumentParser) -> None:
    """``--device``."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), action=_Device, help="default: the fastest here")


class _Device(argparse.Action):
    """Keeps the name of a device; None for the fastest."""

    def __call__(self, _parser: object, options: argparse.Namespace, name: object, _option: object = None) -> None:
        options.device = None if name == "auto" else name


def add_json(parser: argparse.ArgumentParser, what: str, *, csv: bool = False) -> None:
    """``--json``, and ``--csv`` where there is a table."""
    parser.add_argument("--json", action="store_true", help=f"print {what} for scripts")
    if csv:
        parser.add_argument("--csv", action="store_true", help="print a table for other programs")


KNOBS: dict[str, tuple[type, str, str]] = {
    "threshold": (float, "SHARE", "averaged probability that makes a word; higher: fewer false alarms, more misses"),
    "average_s": (float, "S", "seconds over which probabilities are averaged; longer: calmer, later"),
    "minimum_count": (int, "N", "decisions in a row that reach the threshold; more: safer, later"),
    "refractory_s": (float, "S", "seconds after a word in which none counts; longer: words spoken fast are lost"),
}
"""Settings of ``ListeningConfig`` that commands take: type, unit and meaning."""


def add_knobs(parser: argparse.ArgumentParser) -> None:
    """``--threshold``, ``--average-s``, ``--minimum-count``, ``--refractory-s``."""
    usual = ListeningConfig()
    knobs = parser.add_argument_group(
        "what counts as a word", "Default: what is kept with the run, if anything, else the value named here."
    )
    for name, (kind, unit, what) in KNOBS.items():
        text = f"{what} ({getattr(usual, name):g})"
        knobs.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=unit, help=text)


def listening_config(options: argparse.Namespace, run: Path) -> ListeningConfig:
    """The settings kept with a run, or the usual ones, changed by the knobs that were given."""
    try:
        config = operating_point.load(run)
    except ConfigError as error:
        note(f"warning: {error}")
        config = ListeningConfig()
    given = {name: value for name in KNOBS if (value := getattr(options, name, None)) is not None}
    if "threshold" in given:
        # One threshold for all words: those kept for single words would go first.
        given["word_thresholds"] = ()
    return dataclasses.replace(config, **given)


def open_listener(options: argparse.Namespace) -> tuple[Classifier, ListeningConfig]:
    """The model that ``RUN`` names, and what counts as a word; one that never heard a person is told with a note."""
    run = runs.find_run(options.run)
    config = listening_config(options, run)
    from core.inference.classifier import Classifier

    classifier = Classifier(run, options.device)
    if has_synthetic_voices(*classifier.checkpoint.datasets):
        note(f"note: {run.name} {CAUTION}")
    return classifier, config


@contextmanager
def progress_bar(unit: str) -> Iterator[Progress]:
    """A bar on standard error, drawn when there is something to say; only on a terminal."""
    bar: tqdm[Any] | None = None
    shown = ("", 0)

    def show(done: int, total: int, what: str) -> None:
        nonlocal bar, shown
        if bar is None or shown != (what, total):
            if bar is not None:
                bar.close()
            shown = (what, total)
            bar = tqdm(total=total, desc=what, unit=unit, unit_scale=True, file=sys.stderr, disable=None, leave=False)
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
