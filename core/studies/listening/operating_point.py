"""The settings that a model listens with, kept with the model: chosen once, used by every page and command."""

from __future__ import annotations

from pathlib import Path

from core.config import ListeningConfig, from_dict, to_dict
from core.errors import ConfigError, RunError
from core.files.strict import read_json
from core.files.writing import write_json
from core.runs.keep import find, make_room, results_folder

FILE = "listening.json"
FORMAT, VERSION = "earshot-listening", 1


def load(run: Path) -> ListeningConfig:
    """The settings kept for a run; the defaults if there are none, or if the run is a checkpoint file.

    Raises:
        ConfigError: If they are damaged or of a later version. A page says so and goes on with the defaults.
    """
    path = find(run, FILE)
    if not run.is_dir() or not path.exists():
        return ListeningConfig()
    try:
        kept = read_json(path)
        if kept.get("format") != FORMAT:
            raise ValueError(f"it is no file of the format {FORMAT}")
        version = kept.get("version")
        if version == VERSION:
            return from_dict(ListeningConfig, kept["config"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"The listening settings kept for {run.name} cannot be used ({error}). Choose the settings again, or "
            f"remove {path} to have the defaults."
        ) from error
    raise ConfigError(
        f"The listening settings kept for {run.name} have version {version!r}; this program reads version {VERSION}. "
        f"Update the program, or remove {path} to have the defaults."
    )


def save(run: Path, config: ListeningConfig) -> None:
    """Keep the settings for a run, whole or not at all.

    Raises:
        RunError: If the run is no folder.
        WriteError: If nothing can be written there.
    """
    if not run.is_dir():
        raise RunError(f"{run} is not the folder of a run; settings are kept for runs only.")
    path = results_folder(run) / FILE
    make_room(path)
    write_json(path, {"format": FORMAT, "version": VERSION, "config": to_dict(config)})
