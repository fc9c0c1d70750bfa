"""Which clip is for what: the two lists, however they are spelled, and the rest for training.

A clip that a list could mean is never trained on. So a name in a list is compared by its word folder and its file
name alone, without regard to case; a list that cannot be understood is refused; and what the official speakers' hash
or the official test set holds out stays out of training even where no list names it.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from core.errors import DataError
from core.text import fold, printable_name

VALIDATION_LIST = "validation_list.txt"
TESTING_LIST = "testing_list.txt"

LISTS = {"validation": VALIDATION_LIST, "testing-list": TESTING_LIST}
"""The list of each split that has one."""

LARGEST_LIST_BYTES = 1 << 26
"""A longer list is no list: the official ones have 0.4 MB together."""

Report = Callable[[str, str, str], None]
"""Takes a file, what is wrong with it, and what was done about it."""

_HASH_RANGE = 2**27
_SPEAKER = re.compile(r"(.+?)_nohash_", re.IGNORECASE)
_OFFICIAL_SPEAKER = re.compile(r"[0-9a-f]{8}", re.IGNORECASE)
# Of a folded line: a word's folder and a clip's name, whatever stands before and behind them.
_NAMED = re.compile(r"(?<![^\W_])([^\W_]+)[ \t]*/([^/]+?_nohash_\d+)(?!\w)")
_FILE_NAME = re.compile(r"(?<![^/\s,;\"'])([^/\s,;\"']+_nohash_\d+)(?!\w)")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Marks that editors write at the beginning of a text; the longer ones first, since they begin like the shorter."""


def speaker_of(name: str) -> str:
    """Who speaks in a clip, from its file name.

    >>> speaker_of("0A1B2C3D_nohash_0.WAV"), speaker_of("Zoe_nohash_1.wav")
    ('0a1b2c3d', 'Zoe')
    """
    found = _SPEAKER.match(name)
    speaker = found[1] if found else name
    return speaker.lower() if _OFFICIAL_SPEAKER.fullmatch(speaker) else speaker


def split_by_hash(file: str) -> str:
    """The official split of a clip, computed from its speaker (Warden, 2018, README of Speech Commands v2).

    Both official lists were made this way; a speaker is in one split only.

    >>> split_by_hash("bed/026290a7_nohash_0.wav"), split_by_hash("backward/0c540988_nohash_0.wav")
    ('validation', 'testing-list')
    """
    speaker = speaker_of(file.rsplit("/", 1)[-1]).encode("utf-8", "surrogateescape")
    percent = int(hashlib.sha1(speaker, usedforsecurity=False).hexdigest(), 16) % _HASH_RANGE
    percent_share = percent * (100.0 / (_HASH_RANGE - 1))
    return "validation" if percent_share < 10 else "testing-list" if percent_share < 20 else "train"


def clip_key(file: str) -> str:
    """What tells clips apart: word folder and file name without ``.wav``, folded. Two files of one key are one clip.

    >>> clip_key("SpeechCommands/Yes/0A1B2C3D_nohash_0.WAV")
    'yes/0a1b2c3d_nohash_0'
    """
    folder, _, name = fold(file).rpartition("/")
    end = len(name)
    while name.endswith(".wav", 0, end):
        end -= 4
    return f"{folder.rpartition('/')[2]}/{name[:end]}"


def split_clips(folder: Path, clips: Mapping[str, str], held_out: set[str], report: Report) -> dict[str, list[str]]:
    """The clips of each split: validation and testing in the order of their lists, training the sorted rest.

    Args:
        folder: Where the lists are.
        clips: File of each clip by its ``clip_key``.
        held_out: Keys of the clips in the official test set.
        report: Told of everything that is not as in the official dataset.

    Raises:
        DataError: If a list cannot be read, or names clips and none that is here.
    """
    listed = {split: _listed(folder, list_name, clips, split, report) for split, list_name in LISTS.items()}
    testing = set(listed["testing-list"])
    for key in listed["validation"]:
        if key in testing:
            report(clips[key], "it stands in both lists", "used for testing only")
        elif key in held_out:
            report(clips[key], f"it stands in {VALIDATION_LIST} and in the official test set", "used for testing only")
    listed["validation"] = [key for key in listed["validation"] if key not in testing and key not in held_out]
    taken = testing.union(listed["validation"])
    rest = sorted((key for key in clips if key not in taken), key=clips.__getitem__)
    listed["train"] = _safe_to_train(rest, listed, clips, held_out, report)
    return {split: [clips[key] for key in keys] for split, keys in listed.items()}


def _safe_to_train(
    rest: list[str], listed: Mapping[str, list[str]], clips: Mapping[str, str], held_out: set[str], report: Report
) -> list[str]:
    """Those clips of no list that are trained on: none of the test set, and none that the official split holds out."""
    n_held_out = sum(key in held_out for key in rest)
    if n_held_out:
        first = next(key for key in rest if key in held_out)
        report(
            clips[first],
            f"{n_held_out:,} clips of the official test set, this one first, stand in no list",
            "left out of training",
        )
        rest = [key for key in rest if key not in held_out]
    # Lists that agree with the official split in every clip are the official ones, perhaps cut short or emptied.
    if all(split_by_hash(clips[key]) == split for split in LISTS for key in listed[split]):
        for split, list_name in LISTS.items():
            missed = [key for key in rest if _is_official(clips[key]) and split_by_hash(clips[key]) == split]
            if missed:
                what = f"{len(missed):,} clips of speakers whom the official split holds out are not in it"
                report(list_name, f"{what}; the first here is {clips[missed[0]]}", "left out of training")
                gone = set(missed)
                rest = [key for key in rest if key not in gone]
    voices = {speaker_of(clips[key].rpartition("/")[2]) for key in rest}
    for split, list_name in LISTS.items():
        shared = voices.intersection(speaker_of(clips[key].rpartition("/")[2]) for key in listed[split])
        if shared:
            report(
                list_name,
                f"{len(shared):,} of its speakers are in training too",
                "used, but accuracy on it will be too high",
            )
    return rest


def _is_official(file: str) -> bool:
    """Whether the speaker has a name like the official ones; others have no place in the official split."""
    return bool(_OFFICIAL_SPEAKER.fullmatch(speaker_of(file.rpartition("/")[2])))


def _listed(folder: Path, list_name: str, clips: Mapping[str, str], split: str, report: Report) -> list[str]:
    """Keys of the clips a list file names; without the file, of those whose speaker falls in the split."""
    path = child(folder, list_name)
    if not path.exists():
        report(list_name, "the file is missing", "split computed from the speakers, as the official lists were")
        return sorted((key for key in clips if split_by_hash(clips[key]) == split), key=clips.__getitem__)
    lines = listed_lines(path)
    if not lines:
        report(list_name, "it names no clips", f"no {split} clips")
    found: dict[str, None] = {}
    strange = []
    for line in lines:
        keys = _named(line, clips)
        here = [key for key in keys if key in clips]
        found.update(dict.fromkeys(here))
        if not here:
            strange.append((line, keys))
            report(line, f"{list_name} names it, but there is no such clip", "left out")
    if lines and not found:
        raise DataError(
            f"{path} names {len(lines):,} clips and not one of them is in {folder}: its first line is "
            f"{printable_name(lines[0])!r}, and a clip here is {printable_name(next(iter(clips.values())))!r}. "
            f"{_WAY_OUT}"
        )
    _refuse_ambiguous(path, strange, set(clips).difference(found), clips)
    return list(found)


_WAY_OUT = (
    "Give the list of this dataset, with <word>/<speaker>_nohash_<number>.wav on each line, or remove the file: "
    "the split is then computed from the speakers."
)


def _refuse_ambiguous(
    path: Path, strange: list[tuple[str, list[str]]], unlisted: set[str], clips: Mapping[str, str]
) -> None:
    """Refuse a list with the file name of a clip in it, but no word: it could mean a clip that would be trained on."""
    words = {key.partition("/")[0] for key in clips}
    names = {key.partition("/")[2]: key for key in unlisted}
    for line, keys in strange:
        if any(key.partition("/")[0] in words for key in keys):
            continue
        for name in _FILE_NAME.findall(_as_path(line)):
            meant = names.get(name) or names.get(name.partition("_")[2])
            if meant:
                raise DataError(
                    f"{path} names {printable_name(line)!r}, which may be {printable_name(clips[meant])!r} or not: "
                    f"it has the clip's name and not its word's folder. {_WAY_OUT}"
                )


def _named(line: str, clips: Mapping[str, str]) -> list[str]:
    """Keys that a line of a list names: the line as a path, or each clip that is spelled somewhere in it."""
    path = _as_path(line)
    key = clip_key(path)
    return [key] if key in clips else ["/".join(found) for found in _NAMED.findall(path)]


def _as_path(line: str) -> str:
    """A line of a list, folded, with single slashes."""
    return re.sub(r"/[\s./]*", "/", fold(line).replace("\\", "/"))


def listed_lines(path: Path) -> list[str]:
    """The lines of a list, each once; comments and empty lines are left out.

    Raises:
        DataError: If it cannot be read.
    """
    lines = (line.strip(" \t\0\ufeff\"'") for line in _text(path).splitlines())
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def _text(path: Path) -> str:
    """The content of a list in UTF-8, or in what a mark at its beginning or its zeros tell."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is not a regular file")
        if status.st_size > LARGEST_LIST_BYTES:
            raise OSError(f"it has {status.st_size:,} bytes; a list has at most {LARGEST_LIST_BYTES:,}")
        raw = path.read_bytes()
        coding = next((name for mark, name in _MARKS if raw.startswith(mark)), "")
        if not coding:
            # Without a mark, ASCII in UTF-16 shows as a zero in every second byte.
            coding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be" if raw[:1] == b"\0" else "utf-8"
        return raw.decode(coding)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read ({error}). It must be the text file of that name from "
            "speech_commands_v0.02.tar.gz; without the file the split is computed from the speakers."
        ) from error


def child(folder: Path, name: str) -> Path:
    """What stands in a folder under a name, or under one that differs in case only."""
    exact = folder / name
    if exact.exists():
        return exact
    return next(_same_name(folder, name), exact)


def _same_name(folder: Path, name: str) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if fold(path.name) == fold(name))
    except OSError:
        return
