"""The settings that a model listens with, kept with the model: chosen once, used by every page and command."""

from __future__ import annotations

from pathlib import Path

from core.config import ListeningConfig, from_dict, to_dict
from core.errors import ConfigError, DataError, RunError
from core.runs import keep

STUDY: keep.Study[ListeningConfig] = keep.Study(
    name="listening",
    title="file of listening settings",
    again="",
    version=1,
    write=to_dict,
    read=lambda values: from_dict(ListeningConfig, values),
    key="config",
)
FILE = STUDY.file()


def load(run: Path) -> ListeningConfig:
    """The settings kept for a run; the defaults if there are none, or if the run is a checkpoint file.

    Raises:
        ConfigError: If they are damaged or of a later version. A page says so and goes on with the defaults.
    """
    path = keep.find(run, FILE)
    if not run.is_dir() or not path.exists():
        return ListeningConfig()
    try:
        return keep.load(STUDY, path)
    except DataError as error:
        raise ConfigError(
            f"The listening settings kept for {run.name} cannot be used. {str(error).strip()} Choose the settings "
            f"again, or remove {path} to have the defaults."
        ) from error


def save(run: Path, config: ListeningConfig) -> None:
    """Keep the settings for a run, whole or not at all.

    Raises:
        RunError: If the run is no folder.
        WriteError: If nothing can be written there.
    """
    require_folder(run)
    keep.save(STUDY, run, FILE, config)


def require_folder(run: Path) -> None:
    """Raises RunError if settings cannot be kept for ``run``, since it is no folder."""
    if not run.is_dir():
        raise RunError(f"{run} is not the folder of a run; settings are kept for runs only.")
