"""More training clips than a dataset has: a folder of recordings, sorted by the word that is said in them.

The layout is that of Speech Commands, ``FOLDER/<word>/<any name>``, in every format that is read. A keyword's clips
are learned as that keyword, whatever lies in a folder of another name as unknown. All of it is trained on and nothing
else: validation and test clips stay the dataset's own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from core.config import CLIP_SAMPLES, SAMPLE_RATE, TWELVE, Vocabulary
from core.data.packed import Pack
from core.data.source import Cut, Recording, Source, shorten_problems, split_title
from core.data.splits import split_by_hash
from core.errors import DataError
from core.records.data import Problem
from core.sound.folders import files_below
from core.text import fold, printable, printable_name

WORD_S = 1.5
"""Longest recording of a single word (s); one that is longer holds talk, and is cut into seconds."""

HOP = CLIP_SAMPLES // 2
"""Samples from one second of talk to the next."""

MOST_FILES = 200_000
"""Files that the folder may hold."""

NOISE_FOLDERS = frozenset({"_background_noise_", "_noise_"})
"""Folders whose recordings are noise, which is mixed in and not learned as a word."""

LEFT_OUT = "left out"

_CLIP_NAME = re.compile(r"[0-9a-f]{8}_nohash_\d+\..+", re.IGNORECASE)

_OURS = "more/"
"""What the names of these clips begin with in a pack."""


def with_more(source: Source, folder: Path, vocabulary: Vocabulary = TWELVE) -> Source:
    """A dataset whose training clips are joined by the recordings in a folder.

    A recording of up to ``WORD_S`` is one clip, its first second. Of a longer one every second is a clip, one each
    ``HOP``: nothing in it may be a keyword, so it cannot stand in a keyword's folder.

    Raises:
        DataError: If there is no such folder, no usable recording in it, or more than ``MOST_FILES``.
    """
    recordings: list[Recording] = []
    problems: list[Problem] = []
    lines: list[str] = []
    for path in files_below(folder, "words to learn from", MOST_FILES):
        found = _recording(path, path.relative_to(folder).as_posix(), vocabulary)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            recordings.append(found)
            status = path.stat()
            lines.append(f"{found.file}\t{status.st_size}\t{status.st_mtime_ns}")
    n_clips = sum(len(recording.cuts) for recording in recordings)
    if not n_clips:
        first = f" The first problem: {problems[0].file}: {problems[0].what}." if problems else ""
        raise DataError(
            f"{printable(folder)} holds no recording to learn from.{first} Give a folder with a folder of recordings "
            "for each word."
        )
    return replace(
        source,
        title=f"{source.title} and {n_clips:,} more clip{'s' if n_clips > 1 else ''}",
        key=hashlib.sha256("\n".join([source.key, *lines, *map(repr, problems)]).encode()).hexdigest(),
        recordings=lambda: (*source.recordings(), *recordings),
        problems=shorten_problems((*source.problems, *problems)),
    )


def require_apart(data: Pack) -> None:
    """Refuse a dataset that would be trained on what it is tested with.

    Raises:
        DataError: If one of the additional clips is, sample by sample, a validation or test clip.
    """
    ours = np.char.startswith(data.files, _OURS)
    held_out = {_content(data, row): row for row in np.flatnonzero(~ours & (data.splits != "train"))}
    for row in np.flatnonzero(ours):
        twin = held_out.get(_content(data, row))
        if twin is not None and data.clips[row].any():
            here, there = (printable_name(data.files[one]) for one in (row, twin))
            raise DataError(
                f"{here} is the same sound as {there} of the dataset, a clip for "
                f"{split_title(str(data.splits[twin]))}: a model that learned it could not be tested. Take away what "
                "the dataset already holds."
            )


def _content(data: Pack, row: np.intp) -> bytes:
    return hashlib.sha256(data.clips[row]).digest()


def _recording(path: Path, file: str, vocabulary: Vocabulary) -> Recording | Problem:
    """The clips of one file, or why it has none."""
    folder, _, name = file.rpartition("/")
    if not name or not folder:
        return Problem(file, "it lies in no folder that is named after a word", LEFT_OUT)
    word = fold(folder.partition("/")[0])
    if word in NOISE_FOLDERS:
        return Problem(file, "it is noise by its folder; a folder of noise is given with --noise", LEFT_OUT)
    if _CLIP_NAME.fullmatch(path.name) and (split := split_by_hash(file)) != "train":
        return Problem(file, f"by its name it is a clip of Speech Commands for {split_title(split)}", LEFT_OUT)
    try:
        length = soundfile.info(path).duration
    except (OSError, soundfile.SoundFileError):
        return Problem(file, "it cannot be read as sound", LEFT_OUT)
    shown = f"{_OURS}{file}"
    if length <= WORD_S:
        return Recording(str(path), shown, (Cut(0, word, "train", "", shown),))
    if word in vocabulary.words:
        return Problem(file, f"it is {length:.1f} s long; a keyword is learned from a clip of a second", LEFT_OUT)
    starts = range(0, round(length * SAMPLE_RATE) - CLIP_SAMPLES + 1, HOP)
    cuts = tuple(Cut(start, word, "train", "", f"{shown}@{start / SAMPLE_RATE:g}s") for start in starts)
    return Recording(str(path), shown, cuts)
