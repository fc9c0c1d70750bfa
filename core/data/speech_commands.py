"""Speech Commands v2 on disk: its folders, labels and splits, as AudioLoader's ``SPEECHCOMMANDS_12C`` reads them.

The official layout, below a root that the user gives::

    SpeechCommands/speech_commands_v0.02/<word>/<speaker>_nohash_<number>.wav
    SpeechCommands/speech_commands_v0.02/{validation,testing}_list.txt
    SpeechCommands/speech_commands_v0.02/_background_noise_/<noise>.wav
    SpeechCommands/speech_commands_test_set_v0.02/<label>/*.wav

Training clips are those that stand in neither list (``core.data.splits``). Names of folders and files may differ in
case. Only names, sizes and times are read here, no sound.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import soundfile

from core.config import KEYWORDS, LABELS, SAMPLE_RATE, SILENCE_LABEL, UNKNOWN_LABEL, UNKNOWN_WORDS
from core.data.source import Cut, Recording, Source, shorten_problems, silence_cuts
from core.data.splits import TESTING_LIST, VALIDATION_LIST, child, clip_key, speaker_of, split_clips
from core.errors import DataError
from core.records.data import Problem
from core.text import fold

OUTER_FOLDER = "SpeechCommands"
WORDS_FOLDER = "speech_commands_v0.02"
TEST_SET_FOLDER = "speech_commands_test_set_v0.02"
NOISE_FOLDER = "_background_noise_"
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

_CLIP_NAME = re.compile(r".+_nohash_\d+(\.wav)+", re.IGNORECASE)


class FoundFile(NamedTuple):
    """Size (bytes) and time of last change (ns) of a file of the dataset."""

    n_bytes: int
    mtime_ns: int


class _Clip(NamedTuple):
    """A clip by its name: where it is, and what the disk says of it."""

    file: str
    found: FoundFile


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

    def entries(self, folder: os.DirEntry[str], name: str) -> list[os.DirEntry[str]]:
        """What stands in a folder; nothing, and a problem, where it cannot be read."""
        try:
            return _entries(folder.path)
        except OSError as error:
            self.report(name, f"the folder cannot be read ({error.strerror})")
            return []


def speech_commands(root: Path) -> Source:
    """Everything in the dataset below ``root``, ready to be packed.

    Raises:
        DataError: If there is no dataset, not one clip in it, or a list that names none of them.
    """
    try:
        return _source(find_tree(root))
    except OSError as error:
        raise DataError(
            f"The dataset in {root} cannot be read ({error.strerror or error}). Check that the folder is still there "
            "and that you may read it."
        ) from error


def _source(tree: Tree) -> Source:
    plan, test_plan = _Plan(), _Plan()
    clips = _word_clips(tree.words, plan)
    if not clips:
        raise DataError(
            f"{tree.words} holds no clips: none of its folders is named after a word with <speaker>_nohash_<n>.wav "
            f"files in it. Unpack {WORDS_FOLDER}.tar.gz there, or give another folder."
        )
    test_clips = _test_set_clips(tree, test_plan)
    files = {key: clip.file for key, clip in clips.items()}
    splits = split_clips(tree.words, files, set(test_clips), plan.report)
    found = {clip.file: clip.found for clip in clips.values()}
    noises = _noise_files(tree.words, plan)
    for split, silence_noises in (("train", TRAINING_NOISES), ("validation", VALIDATION_NOISES)):
        for file in splits[split]:
            plan.use(file, split, found[file])
        for name in silence_noises:
            if name in noises:
                _use_noise(tree.words, noises[name], split, plan)
    for clip in test_clips.values():
        plan.use(clip.file, "official", clip.found)
    for file in splits["testing-list"]:
        plan.use(file, "testing-list", found[file])

    n_official = len(test_clips)
    plan.problems += test_plan.problems
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


def find_tree(root: Path) -> Tree:
    """The dataset's folders below ``root``; the folders ``SpeechCommands`` and the one inside it may be given too.

    Raises:
        DataError: If there is none; the text names the folder that would have been right, where one is near.
    """
    root = root.expanduser()
    if not root.is_dir():
        raise DataError(f"There is no folder {root}. Give the folder that holds {OUTER_FOLDER}/{WORDS_FOLDER}.")
    outer_folders = (child(root, OUTER_FOLDER), root, root.parent)
    for outer in outer_folders:
        # The parent counts only if what was given is one of its two dataset folders.
        if outer == root.parent and fold(root.name) not in (WORDS_FOLDER, TEST_SET_FOLDER):
            continue
        words = child(outer, WORDS_FOLDER)
        if words.is_dir():
            return Tree(words, child(outer, TEST_SET_FOLDER))
    names = {fold(entry.name) for entry in _entries(root) if _is_folder(entry) or _is_file(entry)}
    if names & {VALIDATION_LIST, TESTING_LIST, NOISE_FOLDER} and names.intersection(KEYWORDS):
        return Tree(root, child(root.parent, TEST_SET_FOLDER))
    raise DataError(f"{root} does not hold {OUTER_FOLDER}/{WORDS_FOLDER}. {_advice(root)}")


def _advice(root: Path) -> str:
    """What to do when a folder holds no dataset."""
    if (root / OUTER_FOLDER / "speech_commands_v0.01").is_dir() or (root / "speech_commands_v0.01").is_dir():
        return "It holds version 1 of Speech Commands; version 2 is needed."
    with os.scandir(root) as entries:
        near = sorted(
            entry.path
            for entry in entries
            if _is_folder(entry) and Path(entry.path, OUTER_FOLDER, WORDS_FOLDER).is_dir()
        )
    if (root.parent / OUTER_FOLDER / WORDS_FOLDER).is_dir():
        near.append(str(root.parent))
    if near:
        return f"Give {near[0]} instead."
    return "Give the folder that holds it, or download the dataset there."


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    """What stands in a folder, by name, without hidden entries."""
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if entry.name[0] != "."), key=attrgetter("name"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; a link in a circle is none."""
    with suppress(OSError):
        return entry.is_dir()
    return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        return entry.is_file()
    return False


def _found(entry: os.DirEntry[str]) -> FoundFile:
    status = entry.stat()
    return FoundFile(status.st_size, status.st_mtime_ns)


def _word_clips(folder: Path, plan: _Plan) -> dict[str, _Clip]:
    """Every clip in the word folders by its ``clip_key``, in sorted order."""
    clips: dict[str, _Clip] = {}
    seen = set()
    noise_folder = child(folder, NOISE_FOLDER).name
    for entry in _entries(folder):
        if not _is_folder(entry) or entry.name == noise_folder:
            continue
        inside = plan.entries(entry, f"{entry.name}/")
        word = fold(entry.name)
        if word not in WORDS:
            plan.report(f"{entry.name}/", f"the folder ({len(inside):,} files) is none of the 35 words")
            continue
        if word != entry.name:
            plan.report(f"{entry.name}/", "the folder is spelled otherwise", f"taken as {word}/")
        seen.add(word)
        for clip in inside:
            file = f"{entry.name}/{clip.name}"
            if _is_clip(clip, file, plan):
                _take(clip, file, clip_key(file), clips, plan)
    for word in WORDS:
        if word not in seen:
            plan.report(f"{word}/", "the folder is missing", "no clips of this word")
    return clips


def _take(entry: os.DirEntry[str], file: str, key: str, clips: dict[str, _Clip], plan: _Plan) -> None:
    """Add a clip; of two files that are one clip by their names, the one that is spelled as usual is kept."""
    clip = _Clip(file, _found(entry))
    kept = clips.setdefault(key, clip)
    if kept is clip:
        return
    if file == f"{key}.wav":
        clips[key], clip = clip, kept
    plan.report(clip.file, "another file is the same clip by its name: names are compared without case")


def _is_clip(entry: os.DirEntry[str], file: str, plan: _Plan, *, silence: bool = False) -> bool:
    """Whether a file is a clip by its name; if not, it is reported."""
    if not entry.name.lower().endswith(".wav") or not _is_file(entry):
        plan.report(file, "it is not a .wav file")
    elif not silence and not _CLIP_NAME.fullmatch(entry.name):
        plan.report(file, "its name is not <speaker>_nohash_<number>.wav")
    else:
        return True
    return False


def _noise_files(folder: Path, plan: _Plan) -> dict[str, _Clip]:
    """The six official noise recordings by name."""
    noise_folder = child(folder, NOISE_FOLDER)
    wanted = (*TRAINING_NOISES, *VALIDATION_NOISES)
    if not noise_folder.is_dir():
        plan.report(f"{NOISE_FOLDER}/", "the folder is missing", "no silence clips and no background noise")
        return {}
    noises: dict[str, _Clip] = {}
    for entry in _entries(noise_folder):
        if fold(entry.name) in wanted and _is_file(entry):
            noises[fold(entry.name)] = _Clip(f"{noise_folder.name}/{entry.name}", _found(entry))
        elif entry.name.lower().endswith(".wav"):
            plan.report(f"{NOISE_FOLDER}/{entry.name}", "it is none of the six official noise recordings")
    for name in wanted:
        if name not in noises:
            plan.report(f"{NOISE_FOLDER}/{name}", "the file is missing", "no silence clips from it")
    return noises


def _use_noise(folder: Path, noise: _Clip, split: str, plan: _Plan) -> None:
    """Use a noise recording for the silence of a split."""
    try:
        info = soundfile.info(folder / noise.file)
        plan.use(noise.file, split, noise.found, info.frames * SAMPLE_RATE // info.samplerate)
    except (OSError, soundfile.SoundFileError):
        plan.report(noise.file, "it cannot be read as sound", "no silence clips from it")


def _test_set_clips(tree: Tree, plan: _Plan) -> dict[str, _Clip]:
    """The official test set by the ``clip_key`` of each clip in the word folders, sorted by label and name."""
    clips: dict[str, _Clip] = {}
    if not tree.test_set.is_dir():
        where = f"{tree.test_set.parent.name}/{TEST_SET_FOLDER}/"
        plan.report(where, "the folder is missing", "no clips for the official test set")
        return clips
    seen = set()
    for entry in _entries(tree.test_set):
        if not _is_folder(entry):
            continue
        label = fold(entry.name)
        if label not in LABELS:
            plan.report(f"{TEST_SET_FOLDER}/{entry.name}/", "the folder is none of the twelve labels")
            continue
        seen.add(label)
        for clip in plan.entries(entry, f"{TEST_SET_FOLDER}/{entry.name}/"):
            file = f"{TEST_SET_FOLDER}/{entry.name}/{clip.name}"
            if _is_clip(clip, file, plan, silence=label == SILENCE_LABEL):
                word, name = _test_set_word(label, clip.name)
                _take(clip, file, clip_key(f"{word}/{name}"), clips, plan)
    for label in LABELS:
        if label not in seen:
            plan.report(f"{TEST_SET_FOLDER}/{label}/", "the folder is missing", "no test clips of this label")
    return clips


def _recording(tree: Tree, use: _Use) -> Recording:
    """What the pack has to read from a file, and the rows of its clips."""
    folder, _, rest = use.file.partition("/")
    if folder == TEST_SET_FOLDER:
        return Recording(f"{tree.test_set}/{rest}", use.file, (_test_set_cut(use.file),))
    path = f"{tree.words}/{use.file}"
    if fold(folder) == NOISE_FOLDER:
        noise_name = fold(rest).removesuffix(".wav") if use.split == "train" else ""
        return Recording(path, use.file, silence_cuts(use.file, use.n_samples, use.split), noise_name)
    return Recording(path, use.file, (Cut(0, fold(folder), use.split, speaker_of(rest), use.file),))


def _test_set_cut(file: str) -> Cut:
    """The row of a test-set clip."""
    _, label, name = file.split("/")
    if fold(label) == SILENCE_LABEL:
        return Cut(0, SILENCE_LABEL, "official", "", file)
    word, name = _test_set_word(fold(label), name)
    return Cut(0, word, "official", speaker_of(name), file)


def _test_set_word(label: str, name: str) -> tuple[str, str]:
    """Word and name of a test-set clip; names in ``_unknown_`` begin with the word: ``bed_0ea0e2f4_nohash_1.wav``."""
    word, _, rest = name.partition("_")
    if label == UNKNOWN_LABEL and fold(word) in UNKNOWN_WORDS and not rest.startswith("nohash_"):
        return fold(word), rest
    return label, name


def _key(name: str, used: list[str], problems: tuple[Problem, ...]) -> str:
    """SHA-256 of every file used (name, split, size, time) in table order, and of what will be reported.

    The list files are in it through what they decide: splits and order.
    """
    lines = [name, *used, *(f"{p.file}\t{p.what}\t{p.action}" for p in problems)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
