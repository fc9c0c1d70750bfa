"""Clips of your own: seconds that a model heard or missed, kept with what was really said, in a folder of yours."""

from core.data.recordings.dataset import BIAS, HOW_TO_GET_THEM, HOW_TO_KEEP_THEM, TITLE, own_pack
from core.data.recordings.folder import (
    Collection,
    add,
    all_recordings,
    export,
    recordings_folder,
    relabel,
    remove,
    stamp,
    wav,
)
from core.data.recordings.table import Recording

__all__ = [
    "BIAS",
    "HOW_TO_GET_THEM",
    "HOW_TO_KEEP_THEM",
    "TITLE",
    "Collection",
    "Recording",
    "add",
    "all_recordings",
    "export",
    "own_pack",
    "recordings_folder",
    "relabel",
    "remove",
    "stamp",
    "wav",
]
