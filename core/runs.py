"""Runs as folders: start, watch, stop, resume and list them. Everything shared with the worker is in files; no torch.

A run folder holds ``config.json`` (what), ``source.json`` (data root and device; never shipped), ``process.json``
(which process works on it), ``status.json`` (how far, with a heartbeat), ``progress.jsonl`` (a report an epoch),
``best.pt``, ``last.pt``, ``mel_evolution.npz``, ``evaluation-*.npz`` and ``log.txt``.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import psutil

from core.config import RunConfig, from_dict, to_dict
from core.errors import ConfigError, RunError
from core.files import write_arrays, write_json
from core.results import EpochReport, FilterSnapshot
from core.strict import in_one_line, parse_json, read_arrays, read_bytes, read_json, shown, to_json

PROJECT = Path(__file__).resolve().parents[1]

CONFIG, SOURCE, PROCESS, STATUS = "config.json", "source.json", "process.json", "status.json"
PROGRESS, LOG, STOP, BEST, LAST = "progress.jsonl", "log.txt", "STOP", "best.pt", "last.pt"
MEL_EVOLUTION, KERNELS = "mel_evolution.npz", "kernels-{epoch:05d}.npz"

SHIPPED_PREFIX = "shipped-"
"""Runs that came with the project; they are read, never resumed or deleted."""

GRIDS = "grids"
"""Folder beside the runs that holds grids of them (see ``core.grid``)."""

STALE_S = 60.0
"""Seconds without a heartbeat after which a living process counts as not answering."""

STARTING_S = 5.0
"""Seconds that a new run may be without a process, between the making of its folder and the start of its worker."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

_children: dict[int, subprocess.Popen[bytes]] = {}
# Handles of the workers this process started: polled, so that ended ones do not stay behind as zombies.

State = Literal["starting", "running", "done", "stopped", "failed", "crashed", "broken"]

LONGEST_PROGRESS = 2**23
"""Bytes of the reports that are read (8 MB); those of ten thousand epochs have half of it."""

_OURS = re.compile(
    r"(config|source|process|status|listening|stream-test)\.json|progress\.jsonl|log\.txt|STOP|(best|last)\.pt"
    r"|(mel_evolution|kernels-\d+|evaluation-.*|robustness-.*)\.npz|experiments|\..*"
)
"""What stands in a run's folder."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a run says about itself in ``status.json``. Accuracies lie in 0 to 1; times are seconds."""

    state: State = "starting"
    message: str = ""
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

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):
            value, most = getattr(self, one.name), _MOST.get(one.name, 1e10)
            size = len(value) if isinstance(value, str) else value or 0
            if not 0 <= size <= most:
                what = f"a text of at most {most:,}" if isinstance(value, str) else f"a number from 0 to {most:,}"
                raise ConfigError(f"{one.name} is {shown(value)}; it must be {what}.")


_MOST = {"message": 10_000, "dataset": 200, "device": 40, "epoch": 10_000, "best_epoch": 10_000, "best_accuracy": 1}
"""The most that a status can say: letters of a text, the largest number."""


@dataclass(frozen=True)
class RunState:
    """A run as it stands now. Accuracies lie in 0 to 1; times are seconds."""

    name: str
    folder: Path
    state: State
    message: str
    """One sentence for a person: what happened, or what is wrong with the folder."""
    config: RunConfig | None
    dataset: str = ""
    device: str = ""
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    clips_per_second: float | None = None
    seconds_left: float | None = None
    best_epoch: int | None = None
    best_accuracy: float | None = None
    trained_seconds: float = 0.0
    changed: float = 0.0
    """When it last said something (seconds since 1970)."""
    has_checkpoint: bool = False
    shipped: bool = False

    @property
    def alive(self) -> bool:
        """Whether a process is working on it."""
        return self.state in ("starting", "running")

    @property
    def resumable(self) -> bool:
        """Whether training can go on from the last finished epoch."""
        return self.state in ("stopped", "failed", "crashed") and self.config is not None and not self.shipped


def runs_folder() -> Path:
    """Where runs live: ``KWS_RUNS``, or ``checkpoints`` in the project."""
    chosen = os.environ.get("KWS_RUNS")
    return Path(chosen).expanduser() if chosen else PROJECT / "checkpoints"


def run_folder(name: str) -> Path:
    """The folder of a run by name; a name cannot lead out of the runs' folder.

    Raises:
        RunError: If the name has characters that a run's name cannot have.
    """
    if not is_name(name):
        raise RunError(
            f"A run cannot be called {name!r}: use letters, digits, '.', '_' and '-' (at most 80), "
            f"beginning with a letter or digit, and not {GRIDS!r}."
        )
    return runs_folder() / name


def find_run(text: str) -> Path:
    """A run given by its name, its folder, or a checkpoint file.

    Raises:
        RunError: If there is nothing of that name; the message lists what there is.
    """
    for path in (Path(text).expanduser(), runs_folder() / text if _NAME.fullmatch(text) else None):
        if path is not None and path.exists():
            return path
    known = ", ".join(run.name for run in list_runs()) or "none yet"
    raise RunError(f"There is no run, folder or checkpoint file {text!r}. Runs here: {known}.")


def new_run(config: RunConfig, root: Path | None, *, name: str | None = None, device: str | None = None) -> Path:
    """Make the folder of a new run, ready for a worker.

    Args:
        config: What to train.
        root: Folder that holds ``SpeechCommands/``; None for the demo words.
        name: Name of the run; None makes one from the preset, the setting and the time.
        device: "cpu" or "cuda"; None for the fastest.

    Raises:
        RunError: If the name is taken or not allowed.
    """
    if name is not None and name.startswith(SHIPPED_PREFIX):
        raise RunError(f"Names beginning with {SHIPPED_PREFIX!r} are kept for the models that come with the project.")
    stem = f"{config.preset}-{config.front_end.setting}-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(1, 100):
        unnamed = stem if number == 1 else f"{stem}-{number}"
        folder = run_folder(unnamed if name is None else name)
        try:
            make_run(folder, config, root, device)
            break
        except OSError as error:
            if not isinstance(error, FileExistsError):
                raise RunError(
                    f"No run can be kept in {folder.parent} ({error.strerror}). Make the folder writable, or name "
                    "another one in KWS_RUNS."
                ) from error
            if name is not None:
                raise RunError(
                    f"There is already a run called {name!r}. Choose another name, resume it, or delete it."
                ) from error
    return folder


def make_run(folder: Path, config: RunConfig, root: Path | None, device: str | None) -> None:
    """Make the folder of a new run where it is told to.

    Raises:
        FileExistsError: If it is there already.
        OSError: If it cannot be made.
    """
    folder.mkdir(parents=True)
    write_json(folder / CONFIG, to_dict(config))
    write_source(folder, root, device)
    write_status(folder, state="starting", epochs=config.training.epochs)


def start_run(config: RunConfig, root: Path | None, *, name: str | None = None, device: str | None = None) -> Path:
    """Start training in a process of its own, which outlives the page and the server.

    Raises:
        RunError: If the name is taken or not allowed, or the process cannot be started.
    """
    folder = new_run(config, root, name=name, device=device)
    _launch(folder)
    return folder


def resume_run(folder: Path) -> None:
    """Go on training from the last finished epoch, in a process of its own.

    Raises:
        RunError: If the run is still going, is finished, or cannot be resumed.
    """
    prepare_resume(folder)
    _launch(folder)


def prepare_resume(folder: Path) -> None:
    """Make a stopped run ready for a worker.

    Raises:
        RunError: If the run is still going, is finished, or cannot be resumed.
    """
    run = run_state(folder)
    if run.alive:
        raise RunError(f"{run.name} is still training. Stop it first.")
    if not run.resumable:
        raise RunError(f"{run.name} is {run.state}; only a stopped, failed or crashed run of your own can be resumed.")
    (folder / STOP).unlink(missing_ok=True)
    (folder / PROCESS).unlink(missing_ok=True)
    write_status(folder, **{**read_status(folder), "state": "starting", "message": ""})


def _launch(folder: Path) -> None:
    try:
        launch("core.worker", folder)
    except RunError as error:
        write_status(folder, state="failed", message=str(error))
        raise


def launch(module: str, folder: Path) -> None:
    """Start a program that works on a folder, in a process that outlives this one, with a log in the folder.

    Raises:
        RunError: If it cannot be started.
    """
    command = [sys.executable, "-m", module, str(folder.resolve())]
    try:
        with (folder / LOG).open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=PROJECT,
                start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        raise RunError(f"The training process could not be started: {error}.") from error
    _children[process.pid] = process
    claim(folder, process.pid)


def claim(folder: Path, pid: int | None = None) -> None:
    """Write down which process works on the run (this one for None).

    Raises:
        RunError: If another living process does.
    """
    pid = pid or os.getpid()
    owner = _owner(folder)
    if owner is not None and owner.pid != pid:
        raise RunError(f"Another process (number {owner.pid}) is already training {folder.name}.")
    with suppress(psutil.NoSuchProcess):  # it may have ended already; the status tells how
        write_json(folder / PROCESS, {"pid": pid, "created": psutil.Process(pid).create_time()})


def is_claimed(folder: Path) -> bool:
    """Whether a living process works on the folder."""
    return _owner(folder) is not None


def release(folder: Path) -> None:
    """Nobody works on the folder any more."""
    (folder / PROCESS).unlink(missing_ok=True)


def _owner(folder: Path) -> psutil.Process | None:
    """The living process that works on the run: same number and same start, so never another process."""
    for child in list(_children.values()):
        if child.poll() is not None:
            del _children[child.pid]
    try:
        saved = read_json(folder / PROCESS)
        process = psutil.Process(int(saved["pid"]))
        alive = abs(process.create_time() - float(saved["created"])) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, OverflowError, psutil.Error):
        return None
    return process if alive else None


def stop_run(folder: Path, *, wait_s: float = 0.0) -> None:
    """Ask the worker to stop after its current step; with ``wait_s``, wait that long for it and then end it.

    Raises:
        RunError: If a process that does not answer cannot be ended.
    """
    (folder / STOP).touch()
    deadline = time.monotonic() + wait_s
    while wait_s and _owner(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    owner = _owner(folder) if wait_s else None
    if owner is not None:
        try:
            owner.terminate()
            owner.wait(2)
        except psutil.TimeoutExpired:
            owner.kill()
        except psutil.Error as error:
            raise RunError(f"The training process {owner.pid} cannot be ended: {error}.") from error


def stop_requested(folder: Path) -> bool:
    """Whether somebody asked the worker to stop."""
    return (folder / STOP).exists()


def delete_run(folder: Path) -> None:
    """Remove a run of the user's own that nobody is working on.

    Raises:
        RunError: If it came with the project, is still training, or is no run folder.
    """
    if folder.name.startswith(SHIPPED_PREFIX):
        raise RunError(f"{folder.name} came with the project and is kept.")
    if not _can_be_run(folder) or folder.is_symlink() or folder.resolve().parent != runs_folder().resolve():
        raise RunError(f"{folder} is not a run folder of this project; nothing was deleted.")
    if not os.path.lexists(folder / CONFIG):
        # Broken beyond a sign of ours: only what a run writes may go.
        strange = sorted(path.name for path in folder.iterdir() if not _OURS.fullmatch(path.name))
        if strange:
            raise RunError(
                f"{folder} has no {CONFIG}, and holds what no run writes ({', '.join(strange[:3])}); nothing was "
                "deleted. Move that away, or remove the folder yourself."
            )
    if _owner(folder):
        raise RunError(f"{folder.name} is still training. Stop it first.")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RunError(f"{folder} cannot be deleted ({error.strerror}). Make it writable.") from error


def list_runs() -> list[RunState]:
    """Every run, those of the user first, newest first; then the shipped ones by name."""
    folder = runs_folder()
    if not folder.is_dir():
        return []
    runs = [run_state(path) for path in folder.iterdir() if _can_be_run(path)]
    return sorted(runs, key=lambda run: (run.shipped, run.name if run.shipped else "", -run.changed, run.name))


def is_name(text: str) -> bool:
    """Whether a run or a grid can be called that."""
    return text != GRIDS and bool(_NAME.fullmatch(text))


def _can_be_run(path: Path) -> bool:
    return is_name(path.name) and path.is_dir()


def run_state(folder: Path) -> RunState:
    """A run as it stands now; a damaged folder is described, never an error."""
    common: dict[str, Any] = {
        "name": folder.name,
        "folder": folder,
        "has_checkpoint": (folder / BEST).exists(),
        "shipped": folder.name.startswith(SHIPPED_PREFIX),
    }
    try:
        config = from_dict(RunConfig, read_json(folder / CONFIG))
    except (OSError, ValueError) as error:
        return RunState(**common, state="broken", config=None, message=f"{CONFIG} cannot be read ({_reason(error)}).")
    # The process is looked at before the status: a worker that ends between the two has then left its last word.
    owned = _owner(folder) is not None
    try:
        known = {field.name for field in dataclasses.fields(Status)}
        saved = read_json(folder / STATUS) if (folder / STATUS).exists() else {}
        status = from_dict(Status, {name: value for name, value in saved.items() if name in known})
    except (OSError, ValueError) as error:
        return RunState(**common, state="broken", config=config, message=f"{STATUS} cannot be read ({_reason(error)}).")
    run = RunState(**common, **vars(status), config=config, epochs=config.training.epochs)
    return _with_life(run, owned or _owner(folder) is not None) if run.alive else run


def _with_life(run: RunState, owned: bool) -> RunState:
    """Correct a status that says "running" by whether a process still is."""
    quiet_s = time.time() - run.changed
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
    """Replace the status by ``values`` and a fresh heartbeat."""
    write_json(folder / STATUS, {**values, "changed": time.time()})


def write_source(folder: Path, root: Path | None, device: str | None) -> None:
    """Keep the data root (None: demo words) and the device (None: the fastest) of a run or a grid."""
    write_json(folder / SOURCE, {"root": str(Path(root).expanduser().resolve()) if root else None, "device": device})


def read_source(folder: Path) -> tuple[Path | None, str | None]:
    """Data root (None: demo words) and device of a run.

    Raises:
        RunError: If the run does not say.
    """
    try:
        source = from_dict(_Source, read_json(folder / SOURCE))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{folder.name} does not say which data it was trained on ({SOURCE} cannot be read: {_reason(error)})."
        ) from error
    return (Path(source.root) if source.root else None), source.device


@dataclass(frozen=True)
class _Source:
    """What ``source.json`` holds."""

    root: str | None
    device: Literal["cpu", "cuda"] | None


def read_progress(folder: Path) -> list[EpochReport]:
    """The reports of the epochs so far; a line cut short by a crash is left out."""
    try:
        lines = read_bytes(folder / PROGRESS, LONGEST_PROGRESS).splitlines()
    except (OSError, ValueError):
        return []
    reports: dict[int, EpochReport] = {}
    for line in lines:
        try:
            report = from_dict(EpochReport, parse_json(line))
        except ValueError:
            continue
        if 0 <= report.epoch <= report.epochs <= 10_000:
            reports[report.epoch] = report  # an epoch repeated after a crash counts once
    return [reports[epoch] for epoch in sorted(reports)]


def append_progress(folder: Path, report: EpochReport) -> None:
    """Add one epoch's report."""
    with (folder / PROGRESS).open("a") as file:
        file.write(to_json(dataclasses.asdict(report)) + "\n")


def read_log(folder: Path, last_bytes: int = 20_000) -> str:
    """The end of what the worker printed."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, (folder / LOG).stat().st_size - last_bytes))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def snapshot_epochs(epochs: int, snapshots: int) -> set[int]:
    """Epochs whose filters are kept: the start, the end, and some between, denser early on, where more moves.

    >>> sorted(snapshot_epochs(20, 4))
    [0, 1, 5, 11, 20]
    """
    share = np.linspace(0, 1, snapshots + 1)[1:] ** 2
    return {0, 1, *(max(1, round(float(epochs * part))) for part in share)} if snapshots > 1 else {0, epochs}


def keep_filters(folder: Path, snapshot: FilterSnapshot, *, kernels: bool) -> None:
    """Add the filters of an epoch to the run's evolution; the kernels only where they are trained."""
    kept = {one.epoch: one.mel_basis for one in evolution(folder)} | {snapshot.epoch: snapshot.mel_basis}
    epochs = sorted(kept)
    mel = np.stack([kept[epoch] for epoch in epochs])
    write_arrays(folder / MEL_EVOLUTION, {"epochs": np.array(epochs), "mel_basis": mel})
    if kernels:
        path = folder / KERNELS.format(epoch=snapshot.epoch)
        # Half precision keeps three digits, enough to draw a kernel by.
        arrays = {"cos": snapshot.stft_cos.astype(np.float16), "sin": snapshot.stft_sin.astype(np.float16)}
        write_arrays(path, arrays)


def evolution(folder: Path) -> list[FilterSnapshot]:
    """Filters at the kept epochs, earliest first; kernels are empty arrays where none were kept."""
    try:
        saved = read_arrays(folder / MEL_EVOLUTION, {"epochs": "i n", "mel_basis": "f n mels bins"})
    except ValueError:
        return []
    epochs, mels = saved["epochs"].tolist(), saved["mel_basis"].astype(np.float32, copy=False)
    if epochs != sorted(set(epochs)) or mels.size == 0 or not 0 <= epochs[0] <= epochs[-1] <= 10_000:
        return []
    return [FilterSnapshot(epoch, mel, *_kernels(folder, epoch)) for epoch, mel in zip(epochs, mels, strict=True)]


def _kernels(folder: Path, epoch: int) -> tuple[Any, Any]:
    try:
        saved = read_arrays(folder / KERNELS.format(epoch=epoch), {"cos": "f bins fft", "sin": "f bins fft"})
        return saved["cos"].astype(np.float32), saved["sin"].astype(np.float32)
    except ValueError:
        return np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
