"""The one seam to AudioLoader: its ``SPEECHCOMMANDS_12C``, made to run without a torchaudio that loads.

AudioLoader 0.1.4 imports names from torchaudio that today's releases lack, and reads sound through it. Here its single
file is loaded with a stand-in for torchaudio that reads through soundfile. Nothing else of AudioLoader is imported.
It keeps every clip in memory as float32 (5.4 GB for the whole dataset), so the project reads the dataset itself and
uses this to prove that it reads the same.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Literal

import soundfile
import torch
from torch import Tensor

from core.errors import DataError

Subset = Literal["training", "validation", "testing"]

_STAND_INS = ("torchaudio", "torchaudio.datasets", "torchaudio.datasets.utils")
_import_lock = threading.Lock()


def audioloader_subset(root: Path, subset: Subset) -> Any:
    """AudioLoader's own dataset object: items are (waveform, (rate, label, speaker, utterance)), waveform (1, 16000).

    Its quirks are left as they are: "testing" is the official test set in the order the disk gives, the speaker of an
    ``_unknown_`` test clip begins with the word, and that of a silence clip there is a list.

    Args:
        root: The folder that holds ``SpeechCommands``.
        subset: Which clips.

    Raises:
        DataError: If AudioLoader is not installed, or misses a file of the dataset.
    """
    try:
        return speechcommands_module().SPEECHCOMMANDS_12C(
            root=str(root),
            url="speech_commands_v0.02",
            folder_in_archive="SpeechCommands",
            download=False,
            subset=subset,
        )
    except (OSError, soundfile.SoundFileError) as error:
        raise DataError(f"AudioLoader cannot read {subset} below {root}: {error}") from error


@cache
def speechcommands_module() -> ModuleType:
    """AudioLoader's module ``speech/speechcommands.py``: its dataset, ``name2idx`` and ``UNKNOWN``.

    Raises:
        DataError: If AudioLoader is not installed.
    """
    package = importlib.util.find_spec("AudioLoader")
    folders = list(package.submodule_search_locations or ()) if package else []
    if not folders:
        raise DataError("AudioLoader is not installed. Run `pip install -r requirements.txt`.")
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
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate


def _refuse(*_: object, **__: object) -> None:
    raise DataError("AudioLoader downloads nothing here; use core.data.download.")


def _be_quiet(*_: object, **__: object) -> None:
    """Stands where AudioLoader prints."""


def _without_bar(items: Iterable[Any], **_: object) -> Iterable[Any]:
    """Stands where AudioLoader draws a progress bar."""
    return items
