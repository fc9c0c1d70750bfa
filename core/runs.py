"""Runs as folders: start, watch, stop, resume and list them. Everything shared with the worker is in files; no torch.

A run folder holds ``config.json`` (what), ``source.json`` (data root and device; never shipped), ``worker.lock`` and
``process.json`` (which process works on it; see ``core.owner``), ``status.json`` (how far, with a heartbeat),
``progress.jsonl`` (a report an epoch), ``best.pt``, ``last.pt``, ``mel_evolution.npz``, ``evaluation-*.npz`` and
``log.txt``.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import psutil

from core import owner
from core.config import RunConfig, from_dict, to_dict
from core.errors import ConfigError, RunError, WriteError
from core.files import write_arrays, write_bytes, write_json
from core.paths import path_from, path_in_environment
from core.results import EpochReport, FilterSnapshot
from core.strict import in_one_line, parse_json, read_arrays, read_bytes, read_json, shown, to_json
from core.text import shortened

PROJECT = Path(__file__).resolve().parents[1]

CONFIG, SOURCE, PROCESS, STATUS = "config.json", "source.json", owner.PROCESS, "status.json"
PROGRESS, LOG, STOP, BEST, LAST = "progress.jsonl", "log.txt", "STOP", "best.pt", "last.pt"
MEL_EVOLUTION, KERNELS = "mel_evolution.npz", "kernels-{epoch:05d}.npz"

SHIPPED_PREFIX = "shipped-"
"""Runs that came with the project; they are read, never resumed or deleted."""

GRIDS, RESULTS = "grids", "results"
"""Folders beside the runs: of grids of them (see ``core.grid``), and of what was measured on models that are only read
(see ``core.results_folder``)."""

STALE_S = 60.0
"""Seconds without a heartbeat after which a living process counts as not answering."""

STARTING_S = 5.0
"""Seconds that a run may be without a process, between the making of its folder and the lock that its worker takes."""

LONGEST_LOG = 1 << 20
"""Bytes of a log from which its older part is dropped, at the next start."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

_children: dict[int, tuple[Path, subprocess.Popen[bytes]]] = {}
# The workers this process started, and their folders: polled, so that ended ones do not stay behind as zombies.

_asked: set[Path] = set()
# Folders on which this process works, and shall stop to.

State = Literal["starting", "running", "done", "stopped", "failed", "crashed", "broken"]

LONGEST_PROGRESS = 2**23
"""Bytes of the reports that are read (8 MB); those of ten thousand epochs have half of it."""

_OURS = re.compile(
    r"(config|source|process|status|listening|stream-test)\.json|worker\.lock|progress\.jsonl|log\.txt|STOP|(best|last)\.pt"
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
    beat: float | None = None
    """The same by ``time.monotonic``."""

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
    """Where runs live: ``KWS_RUNS``, or ``checkpoints`` in the project.

    Raises:
        RunError: If no folder can have the name in ``KWS_RUNS``.
    """
    return path_in_environment("KWS_RUNS", RunError) or PROJECT / "checkpoints"


def run_folder(name: str) -> Path:
    """The folder of a run by name; a name cannot lead out of the runs' folder.

    Raises:
        RunError: If the name has characters that a run's name cannot have.
    """
    if not is_name(name):
        raise RunError(
            f"A run cannot be called {name!r}: use letters, digits, '.', '_' and '-' (at most 80), "
            f"beginning with a letter or digit, and not {GRIDS!r} or {RESULTS!r}."
        )
    return runs_folder() / name


def find_run(text: str) -> Path:
    """A run given by its name, its folder, or a checkpoint file.

    Raises:
        RunError: If there is nothing of that name; the message lists what there is.
    """
    for path in (path_from(text, "RUN", RunError), runs_folder() / text if _NAME.fullmatch(text) else None):
        if path is not None and path.exists():
            return path if path.name not in ("", "..") else path.resolve()  # a run has a name
    known = ", ".join(run.name for run in list_runs()) or "none yet"
    raise RunError(f"There is no run, folder or checkpoint file {shortened(text)!r}. Runs here: {known}.")


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
            make_parent(folder)
            make_run(folder, config, root, device)
            break
        except FileExistsError as error:
            if name is not None:
                raise RunError(
                    f"There is already a run called {name!r}. Choose another name, resume it, or delete it."
                ) from error
        except OSError as error:
            raise RunError(
                f"No run can be kept in {folder.parent} ({error.strerror}). Make the folder writable and see that "
                "there is room, or name another one in KWS_RUNS."
            ) from error
    return folder


def make_parent(folder: Path) -> None:
    """Make the folder that holds ``folder``, if need be.

    Raises:
        NotADirectoryError: If something else is in its place.
        OSError: If it cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(error.errno, "a file is in its place", str(folder.parent)) from error


def make_run(folder: Path, config: RunConfig, root: Path | None, device: str | None) -> None:
    """Make the folder of a new run where it is told to, with all that belongs in it, or not at all.

    Raises:
        FileExistsError: If it is there already.
        OSError: If it cannot be made.
    """

    def fill(new: Path) -> None:
        write_json(new / CONFIG, to_dict(config))
        write_source(new, root, device)
        write_status(new, state="starting", epochs=config.training.epochs)

    owner.make_folder(folder, fill, (CONFIG, SOURCE, STATUS, LOG, STOP))


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
    _require_resumable(run_state(folder))
    try:
        with owner.owned(folder):
            # Another process may have resumed it, and even finished it, since that look.
            _require_resumable(run_state(folder, owned=False))
            clear_stop(folder)
            write_status(folder, **{**read_status(folder), "state": "starting", "message": ""})
    except owner.BusyError as error:
        raise RunError(f"{folder.name} is still training. Stop it first.") from error


def _require_resumable(run: RunState) -> None:
    if run.alive:
        raise RunError(f"{run.name} is still training. Stop it first.")
    if not run.resumable:
        raise RunError(f"{run.name} is {run.state}; only a stopped, failed or crashed run of your own can be resumed.")


def _launch(folder: Path) -> None:
    try:
        launch("core.worker", folder)
    except RunError as error:
        write_last_words(folder, state="failed", message=str(error))
        raise


def launch(module: str, folder: Path) -> None:
    """Start a program that works on a folder, in a process that outlives this one, with a log in the folder.

    The process owns the folder as soon as it runs (see ``core.program``); if another one does, it ends.

    Raises:
        RunError: If it cannot be started.
    """
    command = [sys.executable, "-m", "core.program", module, str(folder.resolve())]
    try:
        _shorten_log(folder)
        with (folder / LOG).open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=PROJECT,
                start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        raise RunError(f"The training process could not be started ({folder}: {error.strerror}).") from error
    _children[process.pid] = (folder.resolve(), process)


def _shorten_log(folder: Path) -> None:
    if (folder / LOG).exists() and (folder / LOG).stat().st_size > LONGEST_LOG:
        write_bytes(folder / LOG, read_log(folder, LONGEST_LOG // 4).encode())


def is_claimed(folder: Path) -> bool:
    """Whether a living process works on the folder, or one that this process started is about to."""
    began = False
    for pid, (started_in, child) in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)
        elif started_in == folder.resolve():
            began = True
    return began or owner.is_owned(folder)


def stop_run(folder: Path, *, wait_s: float = 0.0) -> None:
    """Ask the worker to stop after its current step; with ``wait_s``, wait that long for it and then end it.

    Raises:
        RunError: If it came with the project, it cannot be asked, or a process that does not answer cannot be ended.
    """
    if folder.resolve().name.startswith(SHIPPED_PREFIX):
        raise RunError(f"{folder.name} came with the project; nothing trains it.")
    try:
        (folder / STOP).touch()
    except OSError:
        _signal(folder, kill=False)  # no room for a file; to the worker it means the same
    deadline = time.monotonic() + wait_s
    while wait_s and is_claimed(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    if wait_s and owner.is_owned(folder):
        _signal(folder, kill=True)


def _signal(folder: Path, *, kill: bool) -> None:
    """Signal the very process that holds the folder; none if it ended meanwhile."""
    process = owner.holder(folder)
    if process is None:
        if owner.is_owned(folder):
            raise RunError(
                f"The process that trains {folder.name} cannot be seen from here, and so not be ended: it may belong "
                "to another computer or container."
            )
        return
    try:
        process.terminate()
        if kill:
            process.wait(2)
    except psutil.TimeoutExpired:
        process.kill()
    except psutil.NoSuchProcess:
        pass
    except psutil.Error as error:
        raise RunError(f"The training process {process.pid} cannot be ended: {error}.") from error


def request_stop(folder: Path) -> None:
    """Make this process, which works on the folder, stop; heeded also where no file can be made."""
    _asked.add(folder)
    with suppress(OSError):
        (folder / STOP).touch()


def stop_requested(folder: Path) -> bool:
    """Whether somebody asked the worker to stop."""
    return folder in _asked or (folder / STOP).exists()


def clear_stop(folder: Path) -> None:
    """Forget that a stop was asked for.

    Raises:
        WriteError: If it cannot be.
    """
    _asked.discard(folder)
    try:
        (folder / STOP).unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(error, folder / STOP) from error


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
    if is_claimed(folder):
        raise RunError(f"{folder.name} is still training. Stop it first.")
    owner.remove_folder(folder)


def list_runs() -> list[RunState]:
    """Every run, those of the user first, newest first; then the shipped ones by name."""
    folder = runs_folder()
    if not folder.is_dir():
        return []
    runs = [run_state(path) for path in folder.iterdir() if _can_be_run(path)]
    return sorted(runs, key=lambda run: (run.shipped, run.name if run.shipped else "", -run.changed, run.name))


def is_name(text: str) -> bool:
    """Whether a run or a grid can be called that."""
    return text not in (GRIDS, RESULTS) and bool(_NAME.fullmatch(text))


def _can_be_run(path: Path) -> bool:
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
    said = {name: value for name, value in vars(status).items() if name != "beat"}
    run = RunState(**common, **said, config=config, epochs=config.training.epochs)
    if not run.alive:
        return run
    if owned is None:
        seen = seen or is_claimed(folder)  # one that began between the two
    return _with_life(run, seen, owner.quiet_s(status.beat, run.changed))


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
    """Add one epoch's report, on a line of its own also behind one that was cut short.

    Raises:
        WriteError: If it cannot be written.
    """
    path = folder / PROGRESS
    try:
        with path.open("ab+") as file:
            file.seek(max(0, file.tell() - 1))
            end = b"" if file.read() in (b"", b"\n") else b"\n"
            file.write(end + to_json(dataclasses.asdict(report)).encode() + b"\n")
    except OSError as error:
        raise WriteError(error, path) from error


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
