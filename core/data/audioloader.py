"""The one seam to AudioLoader: its ``SPEECHCOMMANDS_12C``, made to run without a torchaudio that loads.

AudioLoader 0.1.4 imports names from torchaudio that today's releases lack, and reads sound through it. Here its single
file is loaded with a stand-in for torchaudio that reads through soundfile. Nothing else of AudioLoader is imported.
It keeps every clip in memory as float32 (5.4 GB for the whole dataset), so the project reads the dataset itself, and
``core.data.verify`` proves that it reads the same: there AudioLoader's own code lists the files and reads them one by
one.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import DataError
from core.sound.files import open_file

Subset = Literal["training", "validation", "testing"]

_NOT_INSTALLED = "AudioLoader is not installed. Run `pip install -r requirements.txt`."
_STAND_INS = ("torchaudio", "torchaudio.datasets", "torchaudio.datasets.utils")
_import_lock = threading.Lock()


class Clip(NamedTuple):
    """A clip as AudioLoader gives it."""

    waveform: NDArray[np.float32]
    """Between -1 and 1, (channels, 16000)."""
    rate: int
    """Samples per second (Hz); AudioLoader leaves it as it is in the file."""
    label: int
    """Index in ``config.LABELS``."""
    speaker: str
    """Who speaks; of an ``_unknown_`` test clip the word and the speaker, of silence empty."""


def audioloader_version() -> str:
    """The version of AudioLoader that is installed.

    Raises:
        DataError: If none is.
    """
    try:
        return importlib.metadata.version("AudioLoader")
    except importlib.metadata.PackageNotFoundError as error:
        raise DataError(_NOT_INSTALLED) from error


def audioloader_files(folder: Path, subset: Subset | None) -> list[str]:
    """Paths of the clips of a subset in AudioLoader's order, none of them read; with None, of every word it knows of.

    Args:
        folder: The folder that holds ``speech_commands_v0.02``.
        subset: Which clips. Without its folder the test set is empty.

    Raises:
        DataError: If AudioLoader is not installed, or misses a list or cannot read it.
    """
    try:
        return [str(path) for path in dataset_of(_listing_module(), folder, "", subset)._walker]
    except FileNotFoundError as error:
        raise DataError(
            f"AudioLoader cannot read a dataset without {error.filename}. Put the file of that name from "
            "speech_commands_v0.02.tar.gz there."
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"AudioLoader cannot list the clips of {folder} ({_reason(error)}). Put the lists from "
            "speech_commands_v0.02.tar.gz there."
        ) from error


def audioloader_clips(files: Sequence[str], folder: Path, subset: Subset) -> list[Clip]:
    """What AudioLoader reads from these files, and behind them the silence of the subset; "testing" has none.

    Args:
        files: As ``audioloader_files`` lists them; give them singly to keep memory low.
        folder: The folder that holds their labels' folders.
        subset: Whose silence.

    Raises:
        DataError: If AudioLoader is not installed, or stops at a file; the text is the reason alone.
    """
    try:
        items = speechcommands_module().caching_data(files, str(folder), subset)
    except (OSError, ValueError, LookupError, RuntimeError) as error:
        raise DataError(_reason(error)) from error
    return [
        Clip(waveform.numpy(), rate, label, "" if utterance == -1 else speaker)
        for waveform, rate, label, speaker, utterance in items
    ]


def dataset_of(module: ModuleType, root: Path, between: str, subset: Subset | None) -> Any:
    """AudioLoader's own dataset object: items are (waveform, (rate, label, speaker, utterance)), waveform (1, 16000).

    Its quirks are left as they are: "testing" is the official test set in the order the disk gives, the speaker of an
    ``_unknown_`` test clip begins with the word, and that of a silence clip there is a list.

    Args:
        module: ``speechcommands_module``, or one whose datasets read nothing.
        root: A folder.
        between: What stands between it and the two folders of the dataset.
        subset: Which clips; None for every word it knows of.
    """
    return module.SPEECHCOMMANDS_12C(
        root=str(root), url="speech_commands_v0.02", folder_in_archive=between, download=False, subset=subset
    )


@cache
def speechcommands_module() -> ModuleType:
    """AudioLoader's module ``speech/speechcommands.py``: its dataset, ``name2idx`` and ``UNKNOWN``.

    Raises:
        DataError: If AudioLoader is not installed.
    """
    return _new_module()


@cache
def _listing_module() -> ModuleType:
    """The same module once more; its datasets know which files they have, and read none."""
    module = _new_module()
    vars(module).update(caching_data=_read_nothing)
    return module


def _new_module() -> ModuleType:
    package = importlib.util.find_spec("AudioLoader")
    folders = list(package.submodule_search_locations or ()) if package else []
    if not folders:
        raise DataError(_NOT_INSTALLED)
    path = Path(folders[0]) / "speech" / "speechcommands.py"
    spec = importlib.util.spec_from_file_location("earshot_audioloader_speechcommands", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise DataError(f"AudioLoader has no {path}. Run `pip install -r requirements.txt`.")
    module = importlib.util.module_from_spec(spec)
    with _torchaudio_stand_in():
        spec.loader.exec_module(module)
    # It prints the archive's name and draws a bar for every subset.
    vars(module).update(print=_be_quiet, tqdm=SimpleNamespace(tqdm=_without_bar))
    return module


@contextmanager
def _torchaudio_stand_in() -> Iterator[None]:
    """Put a torchaudio of the four names AudioLoader asks for in the place of any real one, and take it away again."""
    torchaudio, datasets, utils = (ModuleType(name) for name in _STAND_INS)
    vars(torchaudio).update(load=_load, datasets=datasets)
    vars(datasets).update(utils=utils)
    vars(utils).update(download_url=_refuse, extract_archive=_refuse)
    with _import_lock:
        before = {name: sys.modules.get(name) for name in _STAND_INS}
        sys.modules.update(zip(_STAND_INS, (torchaudio, datasets, utils), strict=True))
        try:
            yield
        finally:
            for name, module in before.items():
                if module is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = module


def _load(path: str) -> tuple[Tensor, int]:
    """What ``torchaudio.load`` gives: float32 samples in -1 to 1, (channels, n), and the sample rate (Hz)."""
    # A pipe is refused, rather than waited for.
    with open_file(path):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate


def _refuse(*_: object, **__: object) -> None:
    raise DataError("AudioLoader downloads nothing here; use core.data.download.")


def _reason(error: Exception) -> str:
    """What AudioLoader raised, without the path, which whoever tells of it names."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = getattr(error, "error_string", "") or str(error)
    return f"{type(error).__name__}: {text}".rstrip(". ")


def _read_nothing(*_: object) -> list[Any]:
    """Stands where AudioLoader reads every clip of a subset."""
    return []


def _be_quiet(*_: object, **__: object) -> None:
    """Stands where AudioLoader prints."""


def _without_bar(items: Iterable[Any], **_: object) -> Iterable[Any]:
    """Stands where AudioLoader draws a progress bar."""
    return items
