"""Speech Commands v2 on disk: its folders, labels and splits, as AudioLoader's ``SPEECHCOMMANDS_12C`` reads them.

The official layout, below a root that the user gives::

    SpeechCommands/speech_commands_v0.02/<word>/<speaker>_nohash_<number>.wav
    SpeechCommands/speech_commands_v0.02/{validation,testing}_list.txt
    SpeechCommands/speech_commands_v0.02/_background_noise_/<noise>.wav
    SpeechCommands/speech_commands_test_set_v0.02/<label>/*.wav

Training clips are those that stand in neither list. Only names, sizes and times are read here, no sound.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import soundfile

from core.config import KEYWORDS, LABELS, SAMPLE_RATE, SILENCE_LABEL, UNKNOWN_LABEL, UNKNOWN_WORDS
from core.data.source import Cut, DataSummary, Recording, Source, shorten_problems, silence_cuts, summarise
from core.errors import DataError
from core.results import Problem

OUTER_FOLDER = "SpeechCommands"
WORDS_FOLDER = "speech_commands_v0.02"
TEST_SET_FOLDER = "speech_commands_test_set_v0.02"
NOISE_FOLDER = "_background_noise_"
VALIDATION_LIST = "validation_list.txt"
TESTING_LIST = "testing_list.txt"
WORDS = tuple(sorted((*KEYWORDS, *UNKNOWN_WORDS)))
"""All 35 words."""

TRAINING_NOISES = (
    "dude_miaowing.wav",
    "white_noise.wav",
    "exercise_bike.wav",
    "doing_the_dishes.wav",
    "pink_noise.wav",
)
"""Noise recordings whose windows are training silence, in AudioLoader's order."""

VALIDATION_NOISES = ("running_tap.wav",)
"""Noise recordings whose windows are validation silence."""

N_CLIPS = 105_829
"""Clips in the complete word folders."""

N_TEST_CLIPS = 4_890
"""Clips in the complete official test set."""

_CLIP_NAME = re.compile(r"(?P<speaker>.+)_nohash_(?P<number>\d+)(\.wav)+")
_HASH_RANGE = 2**27


class FoundFile(NamedTuple):
    """Size (bytes) and time of last change (ns) of a file of the dataset."""

    n_bytes: int
    mtime_ns: int


class _Use(NamedTuple):
    """A file of the dataset and the split it belongs to; ``n_samples`` is set for noise recordings."""

    file: str
    split: str
    n_samples: int = 0


@dataclass(frozen=True)
class Tree:
    """The two folders of the dataset."""

    words: Path
    test_set: Path


@dataclass
class _Plan:
    """What has been gathered so far on the way to a ``Source``."""

    uses: list[_Use] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """One line for everything the pack will depend on."""
    problems: list[Problem] = field(default_factory=list)

    def use(self, file: str, split: str, found: FoundFile, n_samples: int = 0) -> None:
        self.uses.append(_Use(file, split, n_samples))
        self.lines.append(f"{file}\t{split}\t{found.n_bytes}\t{found.mtime_ns}")

    def report(self, file: str, what: str, action: str = "left out") -> None:
        self.problems.append(Problem(file, what, action))


def default_root() -> Path | None:
    """The dataset root that the environment variable ``KWS_DATA`` names, or None."""
    value = os.environ.get("KWS_DATA", "").strip()
    return Path(value).expanduser() if value else None


def speech_commands(root: Path) -> Source:
    """Everything in the dataset below ``root``, ready to be packed.

    Raises:
        DataError: If there is no dataset, or not one clip in it.
    """
    tree = find_tree(root)
    plan = _Plan()
    clips = _word_clips(tree.words, plan)
    if not clips:
        raise DataError(
            f"{tree.words} holds no clips: none of its folders is named after a word with <speaker>_nohash_<n>.wav "
            f"files in it. Unpack {WORDS_FOLDER}.tar.gz there, or give another folder."
        )
    splits = _split(tree.words, clips, plan)
    noises = _noise_files(tree.words, plan)
    for split, silence_noises in (("train", TRAINING_NOISES), ("validation", VALIDATION_NOISES)):
        for file in splits[split]:
            plan.use(file, split, clips[file])
        for name in silence_noises:
            if name in noises:
                _use_noise(tree.words, name, noises[name], split, plan)
    n_official = _use_test_set(tree, plan)
    for file in splits["testing-list"]:
        plan.use(file, "testing-list", clips[file])

    problems = shorten_problems(plan.problems)
    # Within a hundredth: a few damaged files do not make a subset.
    complete = len(clips) >= 0.99 * N_CLIPS and (n_official == 0 or n_official >= 0.99 * N_TEST_CLIPS)
    name = "Speech Commands v2" if complete else "Speech Commands v2 subset"
    return Source(
        folder=tree.words,
        name=name,
        title=f"{name} ({len(clips):,} clips)",
        synthetic=False,
        key=_key(name, plan.lines, problems),
        recordings=lambda: tuple(_recording(tree, use) for use in plan.uses),
        problems=problems,
    )


def check_root(root: Path) -> DataSummary:
    """Counts and problems of the dataset below ``root`` without reading its clips (about a second at full size).

    Problems inside the sound files are found when the pack is made.

    Raises:
        DataError: If there is no dataset.
    """
    source = speech_commands(root)
    recordings = source.recordings()
    cuts = [cut for recording in recordings for cut in recording.cuts]
    return summarise(
        source.name,
        source.title,
        source.synthetic,
        ([cut.word for cut in cuts], [cut.split for cut in cuts], [cut.speaker for cut in cuts]),
        [(r.noise_name, soundfile.info(r.path).duration) for r in recordings if r.noise_name],
        source.problems,
    )


def find_tree(root: Path) -> Tree:
    """The dataset's folders below ``root``; the folders ``SpeechCommands`` and the one inside it may be given too.

    Raises:
        DataError: If there is none; the text names the folder that would have been right, where one is near.
    """
    root = root.expanduser()
    if not root.is_dir():
        raise DataError(f"There is no folder {root}. Give the folder that holds {OUTER_FOLDER}/{WORDS_FOLDER}.")
    outer_folders = (root / OUTER_FOLDER, root, root.parent)
    for outer in outer_folders:
        # The parent counts only if what was given is one of its two dataset folders.
        if outer == root.parent and root.name not in (WORDS_FOLDER, TEST_SET_FOLDER):
            continue
        if (outer / WORDS_FOLDER).is_dir():
            return Tree(outer / WORDS_FOLDER, outer / TEST_SET_FOLDER)
    if any((root / mark).exists() for mark in (VALIDATION_LIST, TESTING_LIST, NOISE_FOLDER)) and any(
        (root / word).is_dir() for word in KEYWORDS
    ):
        return Tree(root, root.parent / TEST_SET_FOLDER)
    raise DataError(f"{root} does not hold {OUTER_FOLDER}/{WORDS_FOLDER}. {_advice(root)}")


def _advice(root: Path) -> str:
    """What to do when a folder holds no dataset."""
    if (root / OUTER_FOLDER / "speech_commands_v0.01").is_dir() or (root / "speech_commands_v0.01").is_dir():
        return "It holds version 1 of Speech Commands; version 2 is needed."
    with os.scandir(root) as entries:
        near = sorted(
            entry.path for entry in entries if entry.is_dir() and Path(entry.path, OUTER_FOLDER, WORDS_FOLDER).is_dir()
        )
    if (root.parent / OUTER_FOLDER / WORDS_FOLDER).is_dir():
        near.append(str(root.parent))
    if near:
        return f"Give {near[0]} instead."
    return "Give the folder that holds it, or download the dataset there."


def split_by_hash(file: str) -> str:
    """The official split of a clip, computed from its speaker (Warden, 2018, README of Speech Commands v2).

    Both official lists were made this way; a speaker is in one split only.

    >>> split_by_hash("bed/026290a7_nohash_0.wav"), split_by_hash("backward/0c540988_nohash_0.wav")
    ('validation', 'testing-list')
    """
    speaker = re.sub(r"_nohash_.*$", "", file.rsplit("/", 1)[-1])
    percent = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16) % _HASH_RANGE
    percent_share = percent * (100.0 / (_HASH_RANGE - 1))
    return "validation" if percent_share < 10 else "testing-list" if percent_share < 20 else "train"


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    """What stands in a folder, by name, without hidden entries."""
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if entry.name[0] != "."), key=attrgetter("name"))


def _found(entry: os.DirEntry[str]) -> FoundFile:
    status = entry.stat()
    return FoundFile(status.st_size, status.st_mtime_ns)


def _word_clips(folder: Path, plan: _Plan) -> dict[str, FoundFile]:
    """Every clip in the word folders by its file name, in sorted order."""
    clips: dict[str, FoundFile] = {}
    seen = set()
    for entry in _entries(folder):
        if not entry.is_dir() or entry.name == NOISE_FOLDER:
            continue
        if entry.name not in WORDS:
            plan.report(f"{entry.name}/", f"the folder ({len(_entries(entry.path)):,} files) is none of the 35 words")
            continue
        seen.add(entry.name)
        for clip in _entries(entry.path):
            file = f"{entry.name}/{clip.name}"
            if _is_clip(clip, file, plan):
                clips[file] = _found(clip)
    for word in WORDS:
        if word not in seen:
            plan.report(f"{word}/", "the folder is missing", "no clips of this word")
    return clips


def _is_clip(entry: os.DirEntry[str], file: str, plan: _Plan, *, silence: bool = False) -> bool:
    """Whether a file is a clip by its name; if not, it is reported."""
    if not entry.name.endswith(".wav") or not entry.is_file():
        plan.report(file, "it is not a .wav file")
    elif not silence and not _CLIP_NAME.fullmatch(entry.name):
        plan.report(file, "its name is not <speaker>_nohash_<number>.wav")
    else:
        return True
    return False


def _split(folder: Path, clips: dict[str, FoundFile], plan: _Plan) -> dict[str, list[str]]:
    """The clips of each split: validation and testing in the order of their lists, training the sorted rest."""
    listed: dict[str, list[str]] = {}
    for split, list_name in (("validation", VALIDATION_LIST), ("testing-list", TESTING_LIST)):
        listed[split] = _listed_clips(folder, list_name, clips, split, plan)
    testing = set(listed["testing-list"])
    for file in listed["validation"]:
        if file in testing:
            plan.report(file, "it stands in both lists", "used for testing only")
    listed["validation"] = [file for file in listed["validation"] if file not in testing]
    taken = testing.union(listed["validation"])
    listed["train"] = [file for file in sorted(clips) if file not in taken]
    return listed


def _listed_clips(folder: Path, list_name: str, clips: dict[str, FoundFile], split: str, plan: _Plan) -> list[str]:
    """The clips a list file names; without the file, those whose speaker falls in the split."""
    try:
        lines = (folder / list_name).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        plan.report(list_name, "the file is missing", "split computed from the speakers, as the official lists were")
        return [file for file in sorted(clips) if split_by_hash(file) == split]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{folder / list_name} cannot be read ({error}). It must be the text file of that name from "
            f"{WORDS_FOLDER}.tar.gz; without the file the split is computed from the speakers."
        ) from error
    names = list(dict.fromkeys(line.strip().replace("\\", "/") for line in lines if line.strip()))
    if not names:
        plan.report(list_name, "it names no clips", f"no {split} clips")
    for name in names:
        if name not in clips:
            plan.report(name, f"{list_name} names it, but there is no such clip")
    return [name for name in names if name in clips]


def _noise_files(folder: Path, plan: _Plan) -> dict[str, FoundFile]:
    """The six official noise recordings by name."""
    noise_folder = folder / NOISE_FOLDER
    wanted = (*TRAINING_NOISES, *VALIDATION_NOISES)
    if not noise_folder.is_dir():
        plan.report(f"{NOISE_FOLDER}/", "the folder is missing", "no silence clips and no background noise")
        return {}
    noises: dict[str, FoundFile] = {}
    for entry in _entries(noise_folder):
        if entry.name in wanted and entry.is_file():
            noises[entry.name] = _found(entry)
        elif entry.name.endswith(".wav"):
            plan.report(f"{NOISE_FOLDER}/{entry.name}", "it is none of the six official noise recordings")
    for name in wanted:
        if name not in noises:
            plan.report(f"{NOISE_FOLDER}/{name}", "the file is missing", "no silence clips from it")
    return noises


def _use_noise(folder: Path, name: str, found: FoundFile, split: str, plan: _Plan) -> None:
    """Use a noise recording for the silence of a split."""
    file = f"{NOISE_FOLDER}/{name}"
    try:
        info = soundfile.info(folder / file)
        plan.use(file, split, found, info.frames * SAMPLE_RATE // info.samplerate)
    except (OSError, soundfile.SoundFileError):
        plan.report(file, "it cannot be read as sound", "no silence clips from it")


def _use_test_set(tree: Tree, plan: _Plan) -> int:
    """Use the official test set, sorted by label and name; returns how many clips it has."""
    if not tree.test_set.is_dir():
        where = f"{tree.test_set.parent.name}/{TEST_SET_FOLDER}/"
        plan.report(where, "the folder is missing", "no clips for the official test set")
        return 0
    n_clips = 0
    seen = set()
    for entry in _entries(tree.test_set):
        if not entry.is_dir():
            continue
        if entry.name not in LABELS:
            plan.report(f"{TEST_SET_FOLDER}/{entry.name}/", "the folder is none of the twelve labels")
            continue
        seen.add(entry.name)
        for clip in _entries(entry.path):
            file = f"{TEST_SET_FOLDER}/{entry.name}/{clip.name}"
            if _is_clip(clip, file, plan, silence=entry.name == SILENCE_LABEL):
                plan.use(file, "official", _found(clip))
                n_clips += 1
    for label in LABELS:
        if label not in seen:
            plan.report(f"{TEST_SET_FOLDER}/{label}/", "the folder is missing", "no test clips of this label")
    return n_clips


def _recording(tree: Tree, use: _Use) -> Recording:
    """What the pack has to read from a file, and the rows of its clips."""
    folder, _, rest = use.file.partition("/")
    if folder == TEST_SET_FOLDER:
        return Recording(f"{tree.test_set}/{rest}", use.file, (_test_set_cut(use.file),))
    path = f"{tree.words}/{use.file}"
    if folder == NOISE_FOLDER:
        noise_name = rest.removesuffix(".wav") if use.split == "train" else ""
        return Recording(path, use.file, silence_cuts(use.file, use.n_samples, use.split), noise_name)
    return Recording(path, use.file, (Cut(0, folder, use.split, _speaker(rest), use.file),))


def _test_set_cut(file: str) -> Cut:
    """The row of a test-set clip; names in ``_unknown_`` begin with their word: ``bed_0ea0e2f4_nohash_1.wav``."""
    _, label, name = file.split("/")
    if label == SILENCE_LABEL:
        return Cut(0, SILENCE_LABEL, "official", "", file)
    speaker = _speaker(name)
    if label == UNKNOWN_LABEL:
        word, _, rest = speaker.partition("_")
        if word in UNKNOWN_WORDS and rest:
            return Cut(0, word, "official", rest, file)
    return Cut(0, label, "official", speaker, file)


def _speaker(name: str) -> str:
    return name.split("_nohash_")[0]


def _key(name: str, used: list[str], problems: tuple[Problem, ...]) -> str:
    """SHA-256 of every file used (name, split, size, time) in table order, and of what will be reported.

    The list files are in it through what they decide: splits and order.
    """
    lines = [name, *used, *(f"{p.file}\t{p.what}\t{p.action}" for p in problems)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
