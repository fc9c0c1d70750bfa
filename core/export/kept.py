"""Exported files that are kept with the results of a run, and what is kept of how they compare."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from core.config import ListeningConfig
from core.data.source import Progress
from core.errors import ConfigError
from core.export.web import write_page
from core.files.writing import write_bytes
from core.records.export import ParityCard
from core.runs import keep
from core.studies.listening import operating_point

Form = Literal["float32", "int8", "stream"]
"""What a file computes in, or that it takes a stream hop by hop, in float32."""

STUDY = keep.json_study(ParityCard, "export", "parity card of an exported file", again="Export it again.")


def onnx_file(run: Path, form: Form) -> Path:
    """Where the file of a run lies, whether it is there or not."""
    return keep.results_folder(run) / f"{keep.name_of(run)}-{form}.onnx"


def export(
    run: Path,
    form: Form,
    *,
    places: Sequence[Path | None] = (None,),
    n_clips: int | None = None,
    progress: Progress | None = None,
) -> ParityCard:
    """Export a run among its results (see ``export_onnx``), with the listening settings that are kept with it.

    Raises:
        CheckpointError: If the model cannot be loaded.
        ExportError: If the file misses what it must keep of the model; nothing is written then.
        WriteError: If it cannot be written.
    """
    from core.export.write import export_onnx  # it needs the packages for ONNX, which what is kept does not

    try:
        listening = operating_point.load(run)
    except ConfigError:
        listening = ListeningConfig()  # where the settings are used, it is said that they cannot be read
    path = onnx_file(run, form)
    keep.make_room(path)
    how = {"int8": form == "int8", "streaming": form == "stream"}
    card = export_onnx(run, path, listening, **how, places=places, n_clips=n_clips, progress=progress)
    page_file(run, form).unlink(missing_ok=True)  # the page of an earlier file
    keep.save(STUDY, run, STUDY.file(form), card)
    return card


def page_file(run: Path, form: Form) -> Path:
    """Where the web page around that file lies, whether it is there or not."""
    return onnx_file(run, form).with_suffix(".page.zip")


def make_page(run: Path, form: Form) -> None:
    """Make a page that listens with the file of a run, as a zip beside it (see ``core.export.web``).

    Raises:
        ExportError: If there is no such file, or ONNX Runtime Web is not here and cannot be fetched.
        WriteError: If it cannot be written.
    """
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = Path(place) / keep.name_of(run)
        write_page(onnx_file(run, form), folder)
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")
    write_bytes(page_file(run, form), buffer.getvalue())


def load(run: Path, form: Form) -> ParityCard | None:
    """What is kept of a file that is there; None where there is none.

    Raises:
        DataError: If the card cannot be read.
    """
    path = keep.results_folder(run) / STUDY.file(form)
    if not path.exists() or not onnx_file(run, form).exists():
        return None
    return keep.load(STUDY, path)
