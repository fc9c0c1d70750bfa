"""A run as it stands now, told by its files and by whether a process works on it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.config import RunConfig, from_dict, to_dict
from core.errors import ConfigError, RunError, WriteError
from core.files.strict import in_one_line, read_json, shown, to_json
from core.files.writing import write_json
from core.runs import owner
from core.runs.label import Label, read_label
from core.runs.layout import BEST, CONFIG, SHIPPED_PREFIX, SOURCE, STATUS, is_name, runs_folder
from core.runs.process import is_claimed
from core.runs.progress import read_log

STALE_S = 60.0
"""Seconds without a heartbeat after which a living process counts as not answering."""

STARTING_S = 5.0
"""Seconds that a run may be without a process, between the making of its folder and the lock that its worker takes."""

State = Literal["starting", "running", "done", "stopped", "failed", "crashed", "broken"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a run says about itself in ``status.json``. Accuracies lie in 0 to 1; times are seconds."""

    state: State = "starting"
    message: str = ""
    """One sentence for a person: what happened, or what is wrong with the folder."""
    dataset: str = ""
    device: str = ""
    epoch: int = 0
    step: int = 0
    steps: int = 0
    clips_per_second: float | None = None
    seconds_left: float | None = None
    best_epoch: int | None = None
    best_accuracy: float | None = None
    trained_seconds: float = 0.0
    changed: float = 0.0
    """When it last said something (seconds since 1970)."""
    beat: float | None = None
    """The same by ``time.monotonic``."""

    def __post_init__(self) -> None:
        for one in dataclasses.fields(Status):
            value, most = getattr(self, one.name), _MOST.get(one.name, 1e10)
            size = len(value) if isinstance(value, str) else value or 0
            if not 0 <= size <= most:
                what = f"a text of at most {most:,}" if isinstance(value, str) else f"a number from 0 to {most:,}"
                raise ConfigError(f"{one.name} is {shown(value)}; it must be {what}.")


_MOST = {"message": 10_000, "dataset": 200, "device": 40, "epoch": 10_000, "best_epoch": 10_000, "best_accuracy": 1}
"""The most that a status can say: letters of a text, the largest number."""


@dataclass(frozen=True, kw_only=True)
class RunState(Status):
    """A run as it stands now: what it says about itself, corrected by whether a process works on it."""

    name: str
    folder: Path
    config: RunConfig | None
    epochs: int = 0
    has_checkpoint: bool = False
    shipped: bool = False
    label: Label = field(default_factory=Label)
    """What a person says of it."""

    @property
    def called(self) -> str:
        """What a person calls it: the name that was given, else that of its folder."""
        return self.label.name or self.name

    @property
    def alive(self) -> bool:
        """Whether a process is working on it."""
        return self.state in ("starting", "running")

    @property
    def datasets(self) -> tuple[str, ...]:
        """All that its weights learned from, the first training first."""
        return (*(self.config.start.datasets if self.config else ()), self.dataset)

    @property
    def resumable(self) -> bool:
        """Whether training can go on from the last finished epoch."""
        return self.state in ("stopped", "failed", "crashed") and self.config is not None and not self.shipped

    def to_dict(self) -> dict[str, Any]:
        """What scripts are told of a run, as plain values for JSON."""
        names = "state message dataset device epoch epochs best_epoch trained_seconds has_checkpoint shipped"
        return {
            "name": self.name,
            "folder": str(self.folder),
            "config": to_dict(self.config) if self.config else None,
            "best_validation_accuracy": self.best_accuracy,
            **{name: getattr(self, name) for name in names.split()},
            "label": to_dict(self.label),
        }


def list_runs() -> list[RunState]:
    """Every run, those of the user first, newest first; then the shipped ones by name."""
    folder = runs_folder()
    if not folder.is_dir():
        return []
    runs = [run_state(path) for path in folder.iterdir() if can_be_run(path)]
    return sorted(runs, key=lambda run: (run.shipped, run.name if run.shipped else "", -run.changed, run.name))


def can_be_run(path: Path) -> bool:
    """Whether a path may be the folder of a run."""
    return is_name(path.name) and path.is_dir()


def run_state(folder: Path, *, owned: bool | None = None) -> RunState:
    """A run as it stands now; a damaged folder is described, never an error.

    Args:
        folder: The folder of the run.
        owned: Whether a process works on it, for its owner, who knows; None looks.
    """
    common: dict[str, Any] = {
        "name": folder.name,
        "folder": folder,
        "has_checkpoint": (folder / BEST).exists(),
        "shipped": folder.name.startswith(SHIPPED_PREFIX),
        "label": read_label(folder),
    }
    try:
        config = from_dict(RunConfig, read_json(folder / CONFIG))
    except (OSError, ValueError) as error:
        return RunState(**common, state="broken", config=None, message=f"{CONFIG} cannot be read ({_reason(error)}).")
    # The owner is looked for before the status: a worker that ends between the two has then left its last word.
    seen = is_claimed(folder) if owned is None else owned
    try:
        known = {field.name for field in dataclasses.fields(Status)}
        saved = read_json(folder / STATUS) if (folder / STATUS).exists() else {}
        status = from_dict(Status, {name: value for name, value in saved.items() if name in known})
    except (OSError, ValueError) as error:
        return RunState(**common, state="broken", config=config, message=f"{STATUS} cannot be read ({_reason(error)}).")
    run = RunState(**common, **vars(status), config=config, epochs=config.training.epochs)
    if not run.alive:
        return run
    if owned is None:
        seen = seen or is_claimed(folder)  # one that began between the two
    return _with_life(run, seen, owner.quiet_s(run.beat, run.changed))


def _with_life(run: RunState, owned: bool, quiet_s: float) -> RunState:
    """Correct a status that says "running" by whether a process still is; ``quiet_s`` since it last said so."""
    if owned:
        if quiet_s < STALE_S:
            return run
        return dataclasses.replace(run, message=f"The training process has not answered for {quiet_s:.0f} s.")
    if run.state == "starting" and quiet_s < STARTING_S:
        return run
    last = read_log(run.folder).strip().splitlines()
    tail = f" Its last words: {last[-1][:200]}" if last else ""
    return dataclasses.replace(
        run, state="crashed", message=f"The training process ended without a word in epoch {run.epoch + 1}.{tail}"
    )


def _reason(error: Exception) -> str:
    text = in_one_line(error.strerror or error if isinstance(error, OSError) else error)
    return text.removesuffix(".")


def read_status(folder: Path) -> dict[str, Any]:
    """What the worker last wrote; empty where nothing can be read."""
    try:
        return read_json(folder / STATUS)
    except (OSError, ValueError):
        return {}


def write_status(folder: Path, **values: Any) -> None:
    """Replace the status by ``values`` and a fresh heartbeat.

    Raises:
        WriteError: If it cannot be written.
    """
    write_json(folder / STATUS, {**values, **_heartbeat()})


def _heartbeat() -> dict[str, float]:
    """The time of day, for people, and one that goes on evenly when the clock is set, to tell how long ago it was."""
    return {"changed": time.time(), "beat": time.monotonic()}


def write_last_words(folder: Path, **values: Any) -> None:
    """The status of a run that failed, by all means: without room for a new file, over the old one.

    Where even that is impossible nothing is raised: the error that brought it here is what matters.
    """
    status = {**read_status(folder), **values}
    try:
        write_status(folder, **status)
    except WriteError:
        with suppress(OSError), (folder / STATUS).open("r+b") as file:
            file.write((to_json({**status, **_heartbeat()}) + "\n").encode())
            file.truncate()


def write_source(
    folder: Path,
    root: Path | None,
    device: str | None,
    *,
    noise: Path | None = None,
    more: Path | None = None,
    background: Sequence[Path] = (),
) -> None:
    """Keep what a run or a grid works on: data root (None: demo words), device (None: the fastest), further folders."""
    source = {"root": _in_full(root), "device": device}
    further = {"noise": _in_full(noise), "more": _in_full(more), "background": [_in_full(one) for one in background]}
    write_json(folder / SOURCE, source | {name: value for name, value in further.items() if value})


def _in_full(path: Path | None) -> str | None:
    return str(Path(path).expanduser().resolve()) if path else None


def read_source(folder: Path) -> tuple[Path | None, str | None]:
    """Data root (None: demo words) and device of a run.

    Raises:
        RunError: If the run does not say.
    """
    source = _read_source(folder)
    return (Path(source.root) if source.root else None), source.device


def read_further_folders(folder: Path) -> tuple[Path | None, Path | None]:
    """The folders of noise, and of more clips, that a run trains with besides its dataset's; None for none.

    Raises:
        RunError: If the run does not say.
    """
    source = _read_source(folder)
    return (Path(source.noise) if source.noise else None), (Path(source.more) if source.more else None)


def read_background(folder: Path) -> tuple[Path, ...]:
    """Recordings, or folders of them, in which none of the words is said: of a room, or of talk.

    Raises:
        RunError: If the run does not say.
    """
    return tuple(map(Path, _read_source(folder).background))


def _read_source(folder: Path) -> _RunSource:
    try:
        return from_dict(_RunSource, read_json(folder / SOURCE))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{folder.name} does not say which data it was trained on ({SOURCE} cannot be read: {_reason(error)})."
        ) from error


@dataclass(frozen=True)
class _RunSource:
    """What ``source.json`` holds."""

    root: str | None
    device: Literal["cpu", "cuda"] | None
    noise: str | None = None
    more: str | None = None
    background: tuple[str, ...] = ()
