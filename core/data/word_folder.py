"""Any folder of words: recordings of any length, in any format that is read, in a folder for each word.

The layout, below a root that the user gives::

    <word>/<recording>                    recordings of a word; a longer one is cut by utterance
    _noise_/<recording>                   noise (or _background_noise_): mixed in, and cut into silence
    _other_/<recording>                   what is none of the words; a longer one is cut into seconds
    {validation,testing}_list.txt         what is held out: <word>/<recording>, one a line

or that of the Multilingual Spoken Words Corpus (Mazumder et al., 2021): ``clips/<word>/<recording>`` beside tables
``*splits.csv`` with the columns SET and LINK. Recordings may stand in folders inside these. Without lists or tables
they are split by speaker where their names tell one, else by their names. Only names, sizes and times are read here,
no sound but the length of noise.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import soundfile

from core.config import FEWEST_WORDS, MOST_WORDS, SAMPLE_RATE, Vocabulary, is_word
from core.data.more import NOISE_FOLDERS
from core.data.sound_file import LEFT_OUT
from core.data.source import OTHER_WORD, Cut, Recording, Source, shorten_problems, silence_cuts
from core.data.splits import LISTS, child, listed_lines, speaker_of
from core.errors import DataError
from core.records.data import Problem
from core.sound.folders import files_below
from core.text import fold, printable

CLIPS_FOLDER, TABLES = "clips", "*splits.csv"
"""Of the Multilingual Spoken Words Corpus: the folder of its words, and its tables of splits."""

SETS = {"train": "train", "dev": "validation", "test": "testing-list"}
"""What the column SET of such a table says, folded, and the split that is meant."""

BY_TABLE, BY_LISTS = "by its table", "by its lists"
"""How recordings were split where the folder says so itself."""

HELD_OUT = 0.1
"""Share of the recordings that each of validation and test gets where nothing else says so."""

FEWEST_SPEAKERS = 5
"""So many different beginnings of file names are taken for speakers; fewer are "clip", "rec" and the like."""

MOST_BACKGROUND = 20_000
"""Files of background that are read; a folder with more was hardly meant."""

WORDS_OF_MANY = 10
"""Where a folder has more words than one model can tell apart, the most frequent are told apart unless asked."""

PLAIN_BYTES = 32_044
"""A WAV of up to this size is a second at 16 kHz at most: there is nothing to cut."""

_NUMBERED = re.compile(r"(.*[^\d _.-])[ _.-]*\d+")


class _File(NamedTuple):
    """A recording by its name: where it is below the root, whose word, and what the disk says of it."""

    file: str
    word: str
    n_bytes: int
    mtime_ns: int

    @property
    def key(self) -> str:
        """What lists and tables name it by: word and name without its ending, folded."""
        return f"{self.word}/{_stem(fold(self.file))}"


@dataclass
class _Found:
    """What stands in the folder."""

    root: Path
    files: list[_File] = field(default_factory=list)
    others: list[_File] = field(default_factory=list)
    noises: list[_File] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def report(self, file: str, what: str, action: str = LEFT_OUT) -> None:
        self.problems.append(Problem(file, what, action))


def is_word_folder(root: Path) -> bool:
    """Whether a folder has sound in at least ``FEWEST_WORDS`` folders inside it, or is laid out like the corpus."""
    try:
        base = _base(root)
        return sum(_has_sound(folder) for folder in _folders(base)) >= FEWEST_WORDS
    except OSError:
        return False


def word_folder(root: Path, *, enrolled: bool = False, background: Sequence[Path] = ()) -> Source:
    """Everything in the folder, ready to be packed.

    Args:
        root: The folder.
        enrolled: Whether it holds a few recordings to enrol words with: one word is enough, all is trained on but what
            its lists or tables keep for testing, and whatever is none of the words is unknown.
        background: Recordings, or folders of them, in which nobody says the words: cut into seconds of no word.

    Raises:
        DataError: If it has fewer than two words, a list or table that cannot be understood, or cannot be read; or if
            there is no background where one is named.
    """
    try:
        return _source(root, enrolled, background)
    except OSError as error:
        raise DataError(
            f"The folder {printable(root)} cannot be read ({error.strerror or error}). Check that it is still there "
            "and that you may read it."
        ) from error


def _source(root: Path, enrolled: bool, background: Sequence[Path]) -> Source:
    found = _look(root)
    splits, how = _splits(found)
    if enrolled:
        listed = any(split == "testing-list" for split in splits.values()) and how in (BY_LISTS, BY_TABLE)
        splits = {file: split if listed and split == "testing-list" else "train" for file, split in splits.items()}
        how = f"{how}, the rest learned" if listed else ""
    counts = Counter(file.word for file in found.files if splits.get(file.file) == "train")
    fewest = 1 if enrolled else FEWEST_WORDS
    if len(counts) < fewest:
        has = f"it has {next(iter(counts))} alone" if counts else "it has none"
        first = f" The first problem: {found.problems[0].file}: {found.problems[0].what}." if found.problems else ""
        raise DataError(
            f"{printable(root)} needs recordings to train with in folders of at least {fewest} "
            f"word{'s' if fewest > 1 else ''}; {has}.{first}"
        )
    vocabulary = Vocabulary(words=_enrolled(counts), silence=False) if enrolled else _vocabulary(counts, found)
    heard = [file for place in background for file in _background(place)]
    noise_splits = _held_out([[file.file for file in found.noises]])
    other_splits = _held_out([[file.file for file in found.others]])
    recordings = [_word(root, file, splits[file.file]) for file in found.files if file.file in splits]
    recordings += [_other(root, file, other_splits[file.file]) for file in found.others]
    recordings += [_second_by_second(path, f"background/{path.name}", "train") for path in heard]
    for file in found.noises:
        if noise := _noise(root, file, noise_splits[file.file], found):
            recordings.append(noise)
    problems = shorten_problems(found.problems)
    name = f"words in {root.resolve().name or root}"
    used = [f"{file.file}\t{file.n_bytes}\t{file.mtime_ns}" for file in (*found.files, *found.others, *found.noises)]
    used += [f"{path}\t{status.st_size}\t{status.st_mtime_ns}" for path in heard for status in [path.stat()]]
    lines = [name, *used, *(f"{one.file}\t{one.cuts[0].split}" for one in recordings if one.cuts), *map(repr, problems)]
    return Source(
        folder=root,
        name=name,
        title=f"{name} ({len(found.files):,} recordings, {f'split {how}' if how else 'all learned'})",
        synthetic=False,
        key=hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest(),
        recordings=lambda: tuple(recordings),
        problems=problems,
        vocabulary=vocabulary,
    )


# What is there


def _base(root: Path) -> Path:
    """Where the folders of the words are."""
    clips = root / CLIPS_FOLDER
    return clips if clips.is_dir() and any(root.glob(TABLES)) else root


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((one for one in entries if one.name[0] != "." and one.is_dir()), key=lambda one: one.name)


def _has_sound(folder: os.DirEntry[str]) -> bool:
    """Whether there is sound in a folder, or in one right inside it: what lies deeper is no recording of a word."""
    return _holds_sound(folder.path) or any(_holds_sound(inside.path) for inside in _folders(Path(folder.path)))


def _holds_sound(folder: str) -> bool:
    with os.scandir(folder) as entries:
        return any(_is_sound(one.name) for one in entries)


def _files(folder: str) -> Iterator[Path]:
    """Every file in a folder and those inside it, in order of name; hidden ones are not."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        yield from (Path(place, name) for name in sorted(names) if name[0] != ".")


def _is_sound(name: str) -> bool:
    """Whether a file is sound by its name's ending, of a kind that is read."""
    return name[0] != "." and name.rpartition(".")[2].upper() in _ENDINGS


_ENDINGS = {*soundfile.available_formats(), "OGA", "OPUS", "AIF", "AIFC"}


def _look(root: Path) -> _Found:
    """All recordings by their folders, in order of name."""
    found, base = _Found(root), _base(root)
    for folder in _folders(base):
        word = fold(folder.name)
        if word in NOISE_FOLDERS:
            place = found.noises
        elif word == OTHER_WORD:
            place = found.others
        elif is_word(word):
            place = found.files
        else:
            found.report(f"{folder.name}/", "no word of a vocabulary can have the name of this folder")
            continue
        before = len(place)
        for path in _files(folder.path):
            file = path.relative_to(root).as_posix()
            if not path.is_file() or not _is_sound(path.name):
                found.report(file, "it is no sound file by its name's ending")
                continue
            status = path.stat()
            place.append(_File(file, word, status.st_size, status.st_mtime_ns))
        if len(place) == before:
            found.report(f"{folder.name}/", "the folder holds no sound")
    return found


def _stem(file: str) -> str:
    """Name of a file without its folders and its ending."""
    name = file.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _key(line: str) -> str:
    """What a line of a list or a table names: the word is the folder next to the name."""
    path = fold(line.replace("\\", "/"))
    return f"{path.rpartition('/')[0].rpartition('/')[2]}/{_stem(path)}"


# Which recording is for what


def _splits(found: _Found) -> tuple[dict[str, str], str]:
    """Split of each recording of a word by its file, and what decided it, in words."""
    tables = sorted(found.root.glob(TABLES)) if _base(found.root) != found.root else []
    if tables:
        return _by_table(found, tables), BY_TABLE
    lists = {split: path for split, name in LISTS.items() if (path := child(found.root, name)).exists()}
    if lists:
        return _by_lists(found, lists), BY_LISTS
    speakers = {file.file: _speaker(file.file) for file in found.files}
    voices = Counter(speakers.values())
    if "" not in voices and FEWEST_SPEAKERS <= len(voices) < len(found.files):
        of_voice = _held_out([list(voices)])
        return {file: of_voice[speaker] for file, speaker in speakers.items()}, "by speaker"
    by_word: dict[str, list[str]] = {}
    for file in found.files:
        by_word.setdefault(file.word, []).append(file.file)
    return _held_out(by_word.values()), "by the names of its files"


def _speaker(file: str) -> str:
    """Who speaks, as far as the name of a file tells: what stands before ``_nohash_``, or before a number at its end.

    A name that is a number tells nobody.

    >>> _speaker("yes/ann_nohash_2.wav"), _speaker("yes/ben-07.flac"), _speaker("yes/cleo.ogg"), _speaker("yes/12.wav")
    ('ann', 'ben', 'cleo', '')
    """
    stem = _stem(file)
    if (speaker := speaker_of(stem)) != stem:
        return speaker
    numbered = _NUMBERED.fullmatch(stem)
    return numbered[1] if numbered else "" if stem.isdigit() else stem


def _held_out(groups: Iterable[Sequence[str]]) -> dict[str, str]:
    """Split of each name: of each group, those whose hash comes first are for validation, the next ones for testing.

    A group of two has one to validate with and none to test with; one alone is trained on.
    """
    splits: dict[str, str] = {}
    for group in groups:
        order = sorted(group, key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest())
        n = round(HELD_OUT * len(order)) or 1
        n_validation = n if len(order) > 1 else 0
        n_test = n if len(order) > 2 else 0
        for place, name in enumerate(order):
            late = "testing-list" if place < n_validation + n_test else "train"
            splits[name] = "validation" if place < n_validation else late
    return splits


def _by_lists(found: _Found, lists: Mapping[str, Path]) -> dict[str, str]:
    """What a list names is held out, and testing goes before validation; the rest is trained on."""
    here: dict[str, list[str]] = {}
    for file in found.files:
        here.setdefault(file.key, []).append(file.file)
    splits = {file.file: "train" for file in found.files}
    for split, path in sorted(lists.items(), reverse=True):
        lines = listed_lines(path)
        named = [file for line in lines for file in here.get(_key(line), ())]
        if lines and not named:
            raise DataError(
                f"{printable(path)} names {len(lines):,} recordings and not one of them is in {printable(found.root)}: "
                "each line must be <word>/<name of the file>. Mend the list, or remove it: recordings are then split "
                "by their names."
            )
        for line in lines:
            if _key(line) not in here:
                found.report(line, f"{path.name} names it, but there is no such recording")
        splits.update(dict.fromkeys(named, split))
    return splits


def _by_table(found: _Found, tables: Sequence[Path]) -> dict[str, str]:
    """What the tables of the corpus say; a recording in none of them is left out."""
    said: dict[str, str] = {}
    for path in tables:
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                for row in csv.DictReader(stream):
                    said[_key(row["LINK"])] = SETS[fold(row["SET"])]
        except (KeyError, UnicodeDecodeError, csv.Error, TypeError, AttributeError) as error:
            raise DataError(
                f"{printable(path)} cannot be understood ({error}): a table of splits has the columns SET (TRAIN, DEV "
                "or TEST) and LINK (<word>/<name of the file>)."
            ) from error
    splits = {file.file: said[file.key] for file in found.files if file.key in said}
    for file in found.files:
        if file.file not in splits:
            found.report(file.file, "it stands in no table of splits")
    return splits


# What a model shall tell apart


def _vocabulary(counts: Counter[str], found: _Found) -> Vocabulary:
    """All words, with silence where there is noise and unknown where there is anything else."""
    words, few = sorted(counts), len(counts) <= MOST_WORDS
    if not few:
        words = sorted(word for word, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:WORDS_OF_MANY])
        found.report(
            f"{len(counts):,} words",
            f"a model tells at most {MOST_WORDS} apart",
            f"unless others are chosen: {', '.join(words)}, and the rest is unknown",
        )
    return Vocabulary(words=tuple(words), silence=bool(found.noises), unknown=bool(found.others) or not few)


def _enrolled(counts: Counter[str]) -> tuple[str, ...]:
    """The words of a folder to enrol.

    Raises:
        DataError: If there are more than one model can tell apart.
    """
    if len(counts) > MOST_WORDS:
        raise DataError(f"There are {len(counts):,} words to enrol, and a model tells at most {MOST_WORDS} apart.")
    return tuple(sorted(counts))


def _background(place: Path) -> list[Path]:
    """The recordings in a folder, or the one that is named.

    Raises:
        DataError: If there are none.
    """
    if place.is_file():
        return [place]
    if not (found := files_below(place, "background", MOST_BACKGROUND)):
        raise DataError(f"{printable(place)} holds no recordings. Name a recording, or a folder with recordings.")
    return found


# What is read of each file


def _word(root: Path, file: _File, split: str) -> Recording:
    cut = Cut(0, file.word, split, _speaker(file.file), file.file)
    is_plain = file.n_bytes <= PLAIN_BYTES and fold(file.file).endswith(".wav")
    return Recording(str(root / file.file), file.file, (cut,), cutting="" if is_plain else "utterances")


def _other(root: Path, file: _File, split: str) -> Recording:
    return _second_by_second(root / file.file, file.file, split)


def _second_by_second(path: Path, file: str, split: str) -> Recording:
    return Recording(str(path), file, (Cut(0, OTHER_WORD, split, "", file),), cutting="seconds")


def _noise(root: Path, file: _File, split: str, found: _Found) -> Recording | None:
    try:
        info = soundfile.info(root / file.file)
    except (OSError, soundfile.SoundFileError):
        found.report(file.file, "it cannot be read as sound", "no silence clips from it")
        return None
    n_samples = info.frames * SAMPLE_RATE // info.samplerate
    cuts = silence_cuts(file.file, n_samples, split)
    if not cuts:
        found.report(file.file, "it is shorter than a second", "no silence clips from it")
        return None
    return Recording(str(root / file.file), file.file, cuts, _stem(file.file) if split == "train" else "")
