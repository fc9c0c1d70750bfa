"""Runs made, found, started, resumed and deleted."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from core.config import RunConfig, StartConfig, to_dict
from core.errors import RunError
from core.files.paths import path_from
from core.files.writing import write_bytes, write_json
from core.runs import keep, owner, trash
from core.runs.layout import (
    CONFIG,
    LOG,
    NAME,
    PROJECT,
    SHIPPED_PREFIX,
    SOURCE,
    START,
    STATUS,
    STOP,
    make_parent,
    run_folder,
    runs_folder,
)
from core.runs.process import clear_stop, is_claimed, launch
from core.runs.state import (
    RunState,
    can_be_run,
    list_runs,
    read_status,
    run_state,
    write_last_words,
    write_source,
    write_status,
)
from core.text import shortened

_OURS = re.compile(
    r"(config|source|process|status|listening|stream-test|talk|label|enrolment|room)\.json|worker\.lock|progress\.jsonl|log\.txt|STOP|(start|best|last)\.pt"
    r"|(mel_evolution|moving|room-examples|kernels-\d+|evaluation-.*|robustness-.*)\.npz|(experiment|word-length)-.*\.json|experiments|\..*"
)
"""What stands in a run's folder."""


def find_run(text: str) -> Path:
    """A run given by its name, its folder, or a checkpoint file; a shipped one also where ``KWS_RUNS`` leads elsewhere.

    Raises:
        RunError: If there is nothing of that name; the message lists what there is.
    """
    named = [runs_folder() / text] if NAME.fullmatch(text) else []
    if named and text.startswith(SHIPPED_PREFIX):
        named.append(PROJECT / "checkpoints" / text)
    for path in (path_from(text, "RUN", RunError), *named):
        if path.exists():
            return path if path.name not in ("", "..") else path.resolve()  # a run has a name
    known = ", ".join(run.name for run in list_runs()) or "none yet"
    raise RunError(f"There is no run, folder or checkpoint file {shortened(text)!r}. Runs here: {known}.")


def new_run(
    config: RunConfig,
    root: Path | None,
    *,
    name: str | None = None,
    device: str | None = None,
    start: Path | None = None,
    noise: Path | None = None,
    more: Path | None = None,
    background: Sequence[Path] = (),
) -> Path:
    """Make the folder of a new run, ready for a worker.

    Args:
        config: What to train.
        root: Folder that holds ``SpeechCommands/``; None for the demo words.
        name: Name of the run; None makes one from the preset, the setting and the time.
        device: "cpu" or "cuda"; None for the fastest.
        start: The trained model that ``config.start`` names, a run folder or checkpoint file; its weights are copied.
        noise: A folder of noise to train with besides the dataset's.
        more: A folder of clips to train with besides the dataset's.
        background: Recordings, or folders of them, without the words: of a room, or of talk.

    Raises:
        RunError: If the name is taken or not allowed, or the weights to begin with are others by now.
    """
    weights = _weights_of(start, config.start)
    if name is not None and name.startswith(SHIPPED_PREFIX):
        raise RunError(f"Names beginning with {SHIPPED_PREFIX!r} are kept for the models that come with the project.")
    stem = f"{config.preset}-{config.front_end.setting}-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(1, 100):
        unnamed = stem if number == 1 else f"{stem}-{number}"
        folder = run_folder(unnamed if name is None else name)
        try:
            make_parent(folder)
            make_run(folder, config, root, device, weights, noise=noise, more=more, background=background)
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


def _weights_of(start: Path | None, wanted: StartConfig) -> bytes:
    """The file of the model that a run begins with; empty if it begins from scratch."""
    if start is None:
        return b""
    content = keep.model_bytes(start)
    if hashlib.sha256(content).hexdigest() != wanted.checkpoint:
        raise RunError(f"The model of {start.name} changed while the run was made. Try again.")
    return content


def make_run(
    folder: Path,
    config: RunConfig,
    root: Path | None,
    device: str | None,
    weights: bytes = b"",
    *,
    noise: Path | None = None,
    more: Path | None = None,
    background: Sequence[Path] = (),
) -> None:
    """Make the folder of a new run where it is told to, with all that belongs in it, or not at all.

    Args:
        folder: Where.
        config: What to train.
        root: Folder that holds ``SpeechCommands/``; None for the demo words.
        device: "cpu" or "cuda"; None for the fastest.
        weights: File of the model to begin with; empty to begin from scratch.
        noise: A folder of noise to train with besides the dataset's.
        more: A folder of clips to train with besides the dataset's.
        background: Recordings, or folders of them, without the words: of a room, or of talk.

    Raises:
        FileExistsError: If it is there already.
        OSError: If it cannot be made.
    """

    def fill(new: Path) -> None:
        write_json(new / CONFIG, to_dict(config))
        write_source(new, root, device, noise=noise, more=more, background=background)
        if weights:
            write_bytes(new / START, weights)
        write_status(new, state="starting", epochs=config.training.epochs)

    owner.make_folder(folder, fill, (CONFIG, SOURCE, START, STATUS, LOG, STOP))


def start_run(
    config: RunConfig,
    root: Path | None,
    *,
    name: str | None = None,
    device: str | None = None,
    start: Path | None = None,
    more: Path | None = None,
) -> Path:
    """Start training in a process of its own, which outlives the page and the server; see ``new_run``.

    Raises:
        RunError: If the name is taken or not allowed, or the process cannot be started.
    """
    folder = new_run(config, root, name=name, device=device, start=start, more=more)
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
        launch("core.jobs.worker", folder)
    except RunError as error:
        write_last_words(folder, state="failed", message=str(error))
        raise


def delete_run(folder: Path) -> None:
    """Put a run of the user's own that nobody is working on into the trash (see ``core.runs.trash``).

    Raises:
        RunError: If it came with the project, is still training, or is no run folder.
    """
    if folder.name.startswith(SHIPPED_PREFIX):
        raise RunError(f"{folder.name} came with the project and is kept.")
    if not can_be_run(folder) or folder.is_symlink() or folder.resolve().parent != runs_folder().resolve():
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
    trash.put_away(folder)
