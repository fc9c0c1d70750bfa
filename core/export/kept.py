"""Exported files that are kept with the results of a run, and what is kept of how they compare."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from core.config import ListeningConfig
from core.data.source import Progress
from core.errors import ConfigError
from core.export.write import export_onnx
from core.records.export import ParityCard
from core.runs import keep
from core.studies.listening import operating_point

Form = Literal["float32", "int8"]
"""What a file computes in."""

STUDY = keep.json_study(ParityCard, "export", "parity card of an exported file", again="Export it again.")


def onnx_file(run: Path, form: Form) -> Path:
    """Where the file of a run lies, whether it is there or not."""
    return keep.results_folder(run) / f"{keep.name_of(run)}-{form}.onnx"


def export(
    run: Path, form: Form, *, root: Path | None = None, n_clips: int | None = None, progress: Progress | None = None
) -> ParityCard:
    """Export a run among its results (see ``export_onnx``), with the listening settings that are kept with it.

    Raises:
        CheckpointError: If the model cannot be loaded.
        ExportError: If the file misses what it must keep of the model; nothing is written then.
        WriteError: If it cannot be written.
    """
    try:
        listening = operating_point.load(run)
    except ConfigError:
        listening = ListeningConfig()  # where the settings are used, it is said that they cannot be read
    path = onnx_file(run, form)
    keep.make_room(path)
    card = export_onnx(run, path, listening, int8=form == "int8", root=root, n_clips=n_clips, progress=progress)
    keep.save(STUDY, run, STUDY.file(form), card)
    return card


def load(run: Path, form: Form) -> ParityCard | None:
    """What is kept of a file that is there; None where there is none.

    Raises:
        DataError: If the card cannot be read.
    """
    path = keep.results_folder(run) / STUDY.file(form)
    if not path.exists() or not onnx_file(run, form).exists():
        return None
    return keep.load(STUDY, path)
