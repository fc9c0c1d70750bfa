"""The door to the data: a dataset's pack is opened, and made first when there is none that fits."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.config import Vocabulary
from core.data.build import build_pack
from core.data.demo import demo_words
from core.data.more import require_apart, with_more
from core.data.packed import Pack, open_pack
from core.data.source import SPLITS, DataSummary, Progress, Source, counts_of
from core.data.speech_commands import find_tree, speech_commands
from core.data.word_folder import is_word_folder, word_folder
from core.errors import DataError
from core.files.paths import path_from, path_in_environment

__all__ = [
    "SPLITS",
    "DataSummary",
    "Pack",
    "Progress",
    "check_root",
    "holds_words",
    "open_data",
    "open_pack",
    "open_to_enrol",
    "packs_folder",
    "ready_pack",
    "source_of",
]

_log = logging.getLogger(__name__)


def open_data(
    root: Path | None,
    *,
    more: Path | None = None,
    vocabulary: Vocabulary | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Pack:
    """The clips of a dataset; its pack is made on the first call, and again when its files change.

    Args:
        root: The folder that holds ``SpeechCommands``, or one with a folder for each word; None for the demo words.
        more: A folder of recordings that join its training clips (see ``core.data.more``).
        vocabulary: What its clips shall be told apart as; None for what is usual in this dataset.
        progress: Called while the pack is made; raising in it cancels and leaves nothing behind.
        workers: Threads that read; None chooses by the number of processors.

    Raises:
        DataError: If there is no usable dataset, the pack cannot be written, or what is to join the training clips is
            unusable, or a clip to validate or test with.
    """
    source = source_of(root)
    vocabulary = vocabulary or source.vocabulary
    if more is None:
        return _opened(source, progress, workers).with_words(vocabulary)
    pack = _opened(with_more(source, more, vocabulary), progress, workers).with_words(vocabulary)
    require_apart(pack)
    return pack


def open_to_enrol(root: Path, background: Sequence[Path] = (), *, progress: Progress | None = None) -> Pack:
    """A few recordings of words, all of them to learn from but those that lists of the folder keep for testing.

    Args:
        root: A folder with a folder of recordings for each word (see ``core.data.word_folder``).
        background: Recordings, or folders of them, in which nobody says the words.
        progress: Called while the pack is made; raising in it cancels.

    Raises:
        DataError: If there are no recordings of a word, or no background where one is named.
    """
    source = word_folder(root.expanduser(), enrolled=True, background=background)
    return _opened(source, progress, None).with_words(source.vocabulary)


def _opened(source: Source, progress: Progress | None, workers: int | None) -> Pack:
    folder = _pack_folder(source)
    try:
        pack = open_pack(folder)
        if pack.key == source.key:
            return pack
    except DataError as error:
        if folder.exists():
            _log.warning("%s", error)
    return build_pack(source, folder, progress=progress, workers=workers)


def ready_pack(root: Path | None) -> Pack | None:
    """What ``open_data`` would return at once; None if the pack has to be made first, or there is no dataset."""
    with suppress(DataError):
        source = source_of(root)
        pack = open_pack(_pack_folder(source))
        return pack.with_words(source.vocabulary) if pack.key == source.key else None
    return None


def packs_folder() -> Path:
    """Where packs stand: the folder that ``KWS_CACHE`` names, else the user's cache folder.

    Raises:
        DataError: If no folder can have the name in ``KWS_CACHE``, or the user has no home.
    """
    if chosen := path_in_environment("KWS_CACHE", DataError):
        return chosen
    variable, usual = {"win32": ("LOCALAPPDATA", "~/AppData/Local"), "darwin": ("", "~/Library/Caches")}.get(
        sys.platform, ("XDG_CACHE_HOME", "~/.cache")
    )
    cache = path_in_environment(variable, DataError) or path_from(
        usual, "KWS_CACHE is not set; the usual folder", DataError
    )
    return cache / "earshot" / "packs"


def source_of(root: Path | None) -> Source:
    """A dataset by its names, before any of its sound is read; None for the demo words.

    Raises:
        DataError: If there is none.
    """
    if root is None:
        return demo_words()
    return word_folder(root.expanduser()) if holds_words(root) else speech_commands(root)


def holds_words(root: Path) -> bool:
    """Whether a folder is one of words, and not Speech Commands, whose own lists and test set are never passed by."""
    with suppress(DataError, OSError):
        find_tree(root)
        return False
    return is_word_folder(root.expanduser())


def check_root(root: Path) -> DataSummary:
    """Counts and problems of the dataset below ``root`` without reading its clips (about a second at full size).

    Problems inside the sound files are found when the pack is made, and so are the clips of longer recordings.

    Raises:
        DataError: If there is no dataset.
    """
    return counts_of(source_of(root))


def _pack_folder(source: Source) -> Path:
    return packs_folder() / source.key[:16]
