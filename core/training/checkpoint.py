"""Trained weights on disk: a file that knows how to rebuild its own model, and the tutorial's files."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from core.config import RunConfig, Setting, from_dict, to_dict
from core.errors import CheckpointError, ConfigError
from core.fast import choose
from core.files.strict import in_one_line, read_bytes, shown
from core.files.writing import write_bytes
from core.frontend.mel import TrainableMel
from core.models import KeywordSpotter, weights_like
from core.records.filters import Filters
from core.training.presets import preset_config

FORMAT = "earshot-checkpoint"
VERSION = 1
BEST = "best.pt"

LARGEST_FILE_BYTES = 512 * 2**20
"""A checkpoint of this project has a few MB; anything far beyond is refused before it is read into memory."""

_TUTORIAL_KEYS = {
    "mel_layer.mel_basis": "front_end.layer.mel_basis",
    "mel_layer.stft.wsin": "front_end.layer.stft.wsin",
    "mel_layer.stft.wcos": "front_end.layer.stft.wcos",
    "mel_layer.stft.window_mask": "front_end.layer.stft.window_mask",
    "linearlayer.weight": "network.classify.weight",
    "linearlayer.bias": "network.classify.bias",
}


_KEY = {
    "mel_basis": "front_end.layer.mel_basis",
    "wcos": "front_end.layer.stft.wcos",
    "wsin": "front_end.layer.stft.wsin",
}
"""From the name of a group of filters to its name among a model's weights."""


@dataclass(frozen=True)
class Checkpoint:
    """One trained model as data: settings, weights, and the filters it started from."""

    config: RunConfig
    weights: Mapping[str, Tensor]
    initial: Mapping[str, Tensor]
    """Initial filters of the trained groups: ``mel_basis``, ``wcos``, ``wsin``; fixed ones are in ``weights``."""
    epoch: int
    validation_accuracy: float | None
    dataset: str
    """What it was trained on, for people."""
    origin: Literal["earshot", "tutorial"] = "earshot"

    @property
    def labels(self) -> tuple[str, ...]:
        """What it answers with, in the order of its outputs."""
        return self.config.vocabulary.labels

    @property
    def datasets(self) -> tuple[str, ...]:
        """All that its weights learned from, the first training first."""
        return (*self.config.start.datasets, self.dataset)

    def model(self, device: torch.device | str = "cpu") -> KeywordSpotter:
        """The model itself, in evaluation mode.

        Raises:
            CheckpointError: If the weights do not fit the settings.
        """
        model = choose.model(self.config, device)
        try:
            model.load_state_dict(dict(self.weights), strict=True)
            model.front_end.set_initial(dict(self.initial))
        except (RuntimeError, ConfigError, AttributeError) as error:
            raise CheckpointError(
                f"The weights do not fit the settings stored beside them ({in_one_line(error)}). Train the run again."
            ) from error
        return model.eval()

    def initial_front_end(self, device: torch.device | str = "cpu") -> TrainableMel:
        """The front end with the filters as they were before training, which learn no more."""
        front_end = TrainableMel(replace(self.config.front_end, setting="A", mel_shape="free"))
        learned = {name: self.weights[f"front_end.{name}"] for name in front_end.state_dict()}
        front_end.load_state_dict(
            {**learned, **{_KEY[name].removeprefix("front_end."): tensor for name, tensor in self.initial.items()}}
        )
        return choose.faster(front_end, device).eval()

    def textbook_front_end(self, device: torch.device | str = "cpu") -> TrainableMel:
        """The same before any training, that of the model it began with included."""
        if not self.config.start.name:
            return self.initial_front_end(device)
        return choose.faster(TrainableMel(replace(self.config.front_end, setting="A", mel_shape="free")), device).eval()

    def filters(self) -> Filters:
        """Initial and learned filters as arrays."""
        return self.model().front_end.filters(self.epoch)


def checkpoint_of(
    model: KeywordSpotter, config: RunConfig, *, epoch: int, validation_accuracy: float | None, dataset: str
) -> Checkpoint:
    """A snapshot of ``model``, copied to the CPU."""
    return Checkpoint(
        config=config,
        weights={name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()},
        initial={name: tensor.cpu().clone() for name, tensor in model.front_end.initial(trained_only=True).items()},
        epoch=epoch,
        validation_accuracy=validation_accuracy,
        dataset=dataset,
    )


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` to ``path``, whole or not at all.

    Filters that are exactly what the settings build are not written but named under ``rebuilt``, and built again on
    loading: fixed STFT kernels alone would be a megabyte in every file.
    """
    built = _as_weights(TrainableMel(checkpoint.config.front_end))
    rebuilt = [name for name, tensor in built.items() if torch.equal(checkpoint.weights[name], tensor)]
    started = {
        name: tensor for name, tensor in checkpoint.initial.items() if not torch.equal(tensor, built[_KEY[name]])
    }
    content = {
        "format": FORMAT,
        "version": VERSION,
        "config": to_dict(checkpoint.config),
        "labels": list(checkpoint.labels),
        "weights": {name: tensor for name, tensor in checkpoint.weights.items() if name not in rebuilt},
        "rebuilt": rebuilt,
        "initial": started,
        "epoch": checkpoint.epoch,
        "validation_accuracy": checkpoint.validation_accuracy,
        "dataset": checkpoint.dataset,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


def read_weights(path: Path) -> dict[str, Any]:
    """A file of tensors and plain values, as a table; code inside it is never run.

    Raises:
        CheckpointError: If the file is missing, too large, damaged or holds more than data.
    """
    try:
        raw = read_bytes(path, LARGEST_FILE_BYTES)
        _check_archive(raw)
        content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {path}. Train a model first, or check the name.") from error
    except IsADirectoryError as error:
        raise CheckpointError(f"{path} is a folder without {BEST}: no epoch of that run was finished.") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"{path.name} in {path.resolve().parent.name} cannot be read: it is damaged, incomplete or no file of "
            "weights. Train the run again, or restore the file."
        ) from error
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path.name} in {path.resolve().parent.name} cannot be read: it is damaged, or no file of weights "
            f"({in_one_line(error)}). Train the run again, or restore the file."
        ) from error
    except Exception as error:  # torch.load parses untrusted bytes and may raise anything on them
        raise CheckpointError(f"{path.name} is not a file of weights ({type(error).__name__}).") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path.name} holds a {type(content).__name__}, not a model.")
    return content


def _check_archive(raw: bytes) -> None:
    """A ValueError if the archive that PyTorch writes would unpack to more than the file itself holds."""
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        return  # the older format, which holds the numbers as they are
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = archive.infolist()
    stored = all(one.compress_type == zipfile.ZIP_STORED for one in members)
    if not stored or sum(one.file_size for one in members) > len(raw):
        raise ValueError("it is packed as PyTorch never packs, and would unpack to more than it holds")


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a run folder, one of our files, or a checkpoint of the nnAudio tutorial.

    Raises:
        CheckpointError: If it is missing, damaged, of a later version, or something else.
    """
    path = Path(path)
    file = path / BEST if path.is_dir() else path
    if path.is_dir() and not file.exists():
        raise CheckpointError(f"The run {path.name} has no {BEST}: no epoch was finished yet. Wait, or resume it.")
    content = read_weights(file)
    if "format" not in content and "state_dict" in content:
        return _tutorial_checkpoint(file, content)
    # Anything may stand there, also what cannot be compared.
    made_by, version = (content.get(name) for name in ("format", "version"))
    if not isinstance(made_by, str) or made_by != FORMAT:
        raise CheckpointError(f"{file.name} is neither a checkpoint of this program nor one of the nnAudio tutorial.")
    if type(version) is not int or version != VERSION:
        raise CheckpointError(
            f"{file.name} has checkpoint version {shown(version)}; this program reads version {VERSION}. "
            "Update the program, or train again."
        )
    where = f"{file.name} in {file.resolve().parent.name}"
    try:
        config = from_dict(RunConfig, content["config"])
        fresh = TrainableMel(config.front_end)
        built, start = _as_weights(fresh), fresh.initial(trained_only=True)
        rebuilt = [_plain(_text(name)) for name in _list(content.get("rebuilt", []))]
        if unknown := [name for name in rebuilt if name not in built]:
            raise ValueError(f"these settings build no filters called {_listed(unknown)}")
        weights = {**{name: built[name] for name in rebuilt}, **_tensors(content["weights"])}
        checkpoint = Checkpoint(
            config=config,
            weights=_fitting(weights, weights_like(config, fresh)),
            initial=_fitting({**start, **_tensors(content["initial"])}, start),
            epoch=_whole(content["epoch"]),
            validation_accuracy=_share(content["validation_accuracy"]),
            dataset=_text(content["dataset"]),
        )
        labels = tuple(_text(label) for label in _list(content["labels"]))
    except KeyError as error:
        raise CheckpointError(f"{where} is incomplete: it has no {error}. Train the run again.") from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"{where} is incomplete or damaged: {in_one_line(error).removesuffix('.')}. Train the run again."
        ) from error
    if labels != checkpoint.labels:
        raise CheckpointError(f"{file.name} answers with other labels ({_listed(labels)}) than its settings say.")
    return checkpoint


def load_model(path: Path, device: torch.device | str = "cpu") -> KeywordSpotter:
    """The model of a run folder or file, ready to classify."""
    return load_checkpoint(path).model(device)


def _as_weights(front_end: TrainableMel) -> dict[str, Tensor]:
    """The filters of a front end, under the names they have in a model's weights."""
    return {f"front_end.{name}": tensor for name, tensor in front_end.state_dict().items()}


# What a file says, held against what is expected, before anything is made of it


def _plain(name: str) -> str:
    """The name of a weight without what PyTorch's wrappers put before it (DataParallel, ``torch.compile``).

    >>> _plain("module._orig_mod.network.classify.bias")
    'network.classify.bias'
    """
    return re.sub(r"^(module\.)+", "", name.replace("_orig_mod.", ""))


def _tensors(values: Any) -> dict[str, Tensor]:
    """A table of ordinary tensors, by their plain names."""
    tensors = {}
    for name, value in (values if isinstance(values, dict) else {"weights": values}).items():
        ordinary = isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"
        if not ordinary or value.is_quantized or value.is_complex():
            raise ValueError(f"{shown(name)} is no tensor of plain numbers but {shown(value)}")
        tensors[_plain(_text(name))] = value.detach()
    if len(tensors) < len(values):
        raise ValueError("it has two weights of one name")
    return tensors


def _fitting(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, if they are the expected ones: in name, shape and kind of number, and all of them finite."""
    wrong = []
    if missing := [name for name in expected if name not in found]:
        wrong.append(f"missing are {_listed(missing)}")
    if unknown := [name for name in found if name not in expected]:
        wrong.append(f"not expected are {_listed(unknown)}")
    both = [name for name in expected if name in found]
    wrong += [
        f"{name} has the shape {tuple(found[name].shape)}, not {tuple(expected[name].shape)}"
        for name in both
        if found[name].shape != expected[name].shape
    ]
    wrong += [
        f"{name} is of the kind {found[name].dtype}, not {expected[name].dtype}"
        for name in both
        if found[name].is_floating_point() != expected[name].is_floating_point()
    ]
    if wrong:
        raise ValueError(f"the weights do not fit the settings stored beside them: {'; '.join(wrong)}")
    tensors = {name: found[name].to(expected[name].dtype) for name in both}
    if broken := [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]:
        raise ValueError(f"{_listed(broken)} hold values that are no numbers (NaN or infinite)")
    return tensors


def _listed(names: Iterable[str]) -> str:
    names = [name if len(name) <= 60 else f"{name[:60]}…" for name in names]
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _list(value: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple) or len(value) > 1000:
        raise ValueError(f"it has {shown(value)} where a list belongs")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 1000:
        raise ValueError(f"it has {shown(value)} where a text belongs")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 1_000_000:
        raise ValueError(f"its epoch is {shown(value)}, which is no number of epochs")
    return value


def _share(value: Any) -> float | None:
    if value is not None and not (isinstance(value, float | int) and 0 <= value <= 1):
        raise ValueError(f"its validation accuracy is {shown(value)}, which does not lie between 0 and 1")
    return None if value is None else float(value)


def _tutorial_checkpoint(file: Path, content: dict[str, Any]) -> Checkpoint:
    """A Lightning file of the tutorial's linear model, under our names; its setting shows in what has moved."""
    saved = content["state_dict"]
    names = {_plain(name) for name in saved if isinstance(name, str)} if isinstance(saved, dict) else set()
    if names != set(_TUTORIAL_KEYS):
        raise CheckpointError(
            f"{file.name} is a Lightning checkpoint, but not of the tutorial's linear model "
            f"(it needs {', '.join(_TUTORIAL_KEYS)})."
        )
    config = preset_config("tutorial", setting="A")
    try:
        tensors = _tensors(saved)
        weights = {ours: tensors[theirs] for theirs, ours in _TUTORIAL_KEYS.items()}
        weights = _fitting(weights, weights_like(config, TrainableMel(config.front_end)))
        epoch = _whole(content.get("epoch", 0))
    except ValueError as error:
        raise CheckpointError(
            f"{file.name} in {file.resolve().parent.name} cannot be used: {in_one_line(error)}."
        ) from error
    fresh = TrainableMel(config.front_end)

    def moved(name: str, tensor: Tensor) -> bool:
        saved_tensor = weights[f"front_end.layer.{name}"]
        return saved_tensor.shape != tensor.shape or not torch.allclose(saved_tensor, tensor, atol=1e-5)

    mel = moved("mel_basis", fresh.layer.mel_basis)
    stft = moved("stft.wsin", fresh.layer.stft.wsin) or moved("stft.wcos", fresh.layer.stft.wcos)
    setting: Setting = "D" if mel and stft else "B" if mel else "C" if stft else "A"
    config = preset_config("tutorial", setting=setting)
    config = replace(config, training=replace(config.training, epochs=min(max(1, epoch), 10_000)))
    start = fresh.initial()
    trained = (["mel_basis"] if mel else []) + (["wcos", "wsin"] if stft else [])
    return Checkpoint(
        config=config,
        weights=weights,
        initial={name: start[name] for name in trained},
        epoch=epoch,
        validation_accuracy=None,
        dataset="Speech Commands v2 (trained by the nnAudio tutorial)",
        origin="tutorial",
    )
