"""A run's records as the event files that TensorBoard shows, and nothing else of it."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from core import runs
from core.config import to_dict
from core.errors import DataError, RunError, WriteError
from core.files.strict import to_json
from core.records.training import EpochReport
from core.runs import keep
from core.studies.evaluation import STUDY
from core.studies.evaluation import scores as scores_of

PACKAGE = "tensorboardX"

SERIES = {
    "train_loss": "loss/training",
    "validation_loss": "loss/validation",
    "train_accuracy": "accuracy/training",
    "validation_accuracy": "accuracy/validation",
    "learning_rate": "learning_rate",
    "mel_change": "change/mel_filters",
    "stft_change": "change/STFT_kernels",
    "clips_per_second": "clips_per_second",
}
"""What an epoch's report is called there, where names have no spaces."""


def write_events(run: Path, folder: Path) -> Path:
    """Write a run's curves, test scores, settings and mel filters for TensorBoard, whole or not at all.

    Args:
        run: Its folder.
        folder: What TensorBoard is given as ``--logdir``; made if need be. The run gets a folder of its name in it.

    Returns:
        That folder.

    Raises:
        RunError: If the package is missing, no epoch was finished, or the run is there already.
        WriteError: If it cannot be written.
    """
    if find_spec(PACKAGE) is None:
        raise RunError(
            f"Writing for TensorBoard needs {PACKAGE}, which this environment does not have. Run "
            "pip install -r requirements-tensorboard.txt, then try again."
        )
    reports = runs.read_progress(run) if run.is_dir() else []
    if not reports:
        raise RunError(f"{run.name} has no finished epoch, so there is nothing to show. Train it first.")
    target = folder / run.resolve().name
    if target.exists():
        raise RunError(f"{target} is there already. Remove it, or name another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".events-", dir=folder))
        try:
            _write(run, reports, new)
            new.chmod(0o755)
            new.rename(target)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise WriteError(error, target) from error
    return target


def _write(run: Path, reports: Sequence[EpochReport], folder: Path) -> None:
    # Whatever this package logs about its own imports is nobody's business here.
    logging.getLogger(PACKAGE).setLevel(logging.ERROR)
    from tensorboardX import SummaryWriter

    state = runs.run_state(run)
    # Epochs have no clock of their own: they end as long after the settings were written as they took together.
    began = (run / runs.CONFIG).stat().st_mtime
    ended = np.cumsum([report.seconds for report in reports]) + began
    with SummaryWriter(str(folder)) as writer:
        for report, at in zip(reports, ended.tolist(), strict=True):
            for name, tag in SERIES.items():
                if (value := getattr(report, name)) is not None:
                    writer.add_scalar(tag, value, report.epoch, walltime=at)
        for path in keep.find_all(run, STUDY):
            with suppress(DataError):
                evaluation = keep.load(STUDY, path)
                title = evaluation.clips_title.replace(" ", "_")
                writer.add_scalar(f"accuracy/{title}", scores_of(evaluation).accuracy, state.best_epoch or state.epoch)
        for snapshot in runs.evolution(run):
            mel = np.flipud(snapshot.mel_basis)
            writer.add_image("mel_filters", (mel / max(mel.max(), 1e-12))[None].clip(0, 1), snapshot.epoch)
        if state.config:
            writer.add_text("settings", f"{state.config.title}\n\n```\n{to_json(to_dict(state.config))}\n```")
