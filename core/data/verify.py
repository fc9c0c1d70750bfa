"""Whether AudioLoader reads a dataset as we do: every clip of a pack beside what AudioLoader makes of the same file.

AudioLoader's own code says which files a subset has and reads them, one by one, so memory stays the same however many
clips there are. It has no subset for the testing list; what it keeps out of training and validation stands in for it.
Clips are told apart by their path in the dataset, windows of silence by their order.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from core.config import CLIP_SAMPLES, LABELS, SAMPLE_RATE, UNKNOWN_LABEL
from core.data.audioloader import Clip, Subset, audioloader_clips, audioloader_files, audioloader_version
from core.data.packed import Pack
from core.data.source import SPLITS, Progress, split_title
from core.data.speech_commands import NOISE_FOLDER, TEST_SET_FOLDER, WORDS_FOLDER, find_tree
from core.errors import DataError
from core.records.data import Difference, Example, SplitCount, Verification
from core.text import fold, printable_name

KINDS = {
    "unreadable": "AudioLoader stops at it, so it cannot load the split",
    "only ours": "AudioLoader does not have it",
    "only AudioLoader": "only AudioLoader has it",
    "split": "in another split",
    "label": "another label",
    "speaker": "another speaker or word",
    "form": "another sample rate or number of channels",
    "samples": "other samples",
}
"""In what a clip can differ."""

EXAMPLES = 5
"""Clips of each kind that are named."""

DEMO_WORDS = (
    "The demo words are not a dataset that AudioLoader reads: only a copy of Speech Commands can be compared with it."
)

_SUBSETS: dict[str, Subset] = {"train": "training", "validation": "validation", "official": "testing"}


@dataclass
class _Tally:
    """What came out so far."""

    pack: Pack
    rows: dict[str, int]
    """Row of each file of the pack."""
    left_out: dict[str, str]
    """Why we left out a file that we did."""
    met: set[int] = field(default_factory=set)
    """Rows that AudioLoader has too, or stopped at."""
    compared: Counter[str] = field(default_factory=Counter)
    """Clips of each of our splits that both have."""
    theirs: Counter[str] = field(default_factory=Counter)
    """Clips that AudioLoader has in each split."""
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Example]] = field(default_factory=dict)

    def differ(self, kind: str, file: str, what: str) -> None:
        self.counts[kind] += 1
        examples = self.first.setdefault(kind, [])
        if len(examples) < EXAMPLES:
            examples.append(Example(printable_name(file), printable_name(what)))

    def meet(self, file: str, split: str, clip: Clip) -> None:
        """Compare a clip of AudioLoader's with ours."""
        row = self.rows.get(file)
        if row is None:
            why = f"; we left it out: {self.left_out[file]}" if file in self.left_out else ""
            self.differ("only AudioLoader", file, f"{split_title(split)}{why}")
        elif row in self.met:
            self.differ("only AudioLoader", file, f"{split_title(split)}, once more")
        else:
            self.met.add(row)
            self.compared[str(self.pack.splits[row])] += 1
            for kind, what in _differences(self.pack, row, split, clip):
                self.differ(kind, file, what)


def verify(root: Path, pack: Pack, *, progress: Progress | None = None) -> Verification:
    """Compare every clip of a dataset with AudioLoader's reading of it.

    Args:
        root: The dataset's folder.
        pack: Our reading of it.
        progress: Called after every clip; raising in it cancels.

    Raises:
        DataError: If AudioLoader is not installed, or there is no dataset that it can list.
    """
    version = audioloader_version()
    folder = _folder(root)
    listed = _listed(folder)
    rows = dict(zip(pack.files.tolist(), range(len(pack)), strict=True))
    tally = _Tally(pack, rows, {problem.file: problem.what for problem in pack.problems})
    n_done, n_all = 0, sum(map(len, listed.values()))
    for split, files in listed.items():
        tally.theirs[split] += len(files)
        for path in files:
            _compare_file(tally, split, path, folder)
            n_done += 1
            if progress:
                progress(n_done, n_all, "comparing with AudioLoader")
        if split in ("train", "validation"):
            _compare_silence(tally, split, folder)
    for file, row in tally.rows.items():
        if row not in tally.met:
            tally.differ("only ours", file, split_title(pack.splits[row]))
    return Verification(
        dataset=pack.title,
        audioloader=version,
        splits=tuple(
            SplitCount(split, int(np.sum(pack.splits == split)), tally.theirs[split], tally.compared[split])
            for split in SPLITS
        ),
        differences=tuple(
            Difference(kind, tally.counts[kind], tuple(tally.first[kind])) for kind in KINDS if kind in tally.counts
        ),
    )


def sentence(found: Verification) -> str:
    """What came out, and of how many clips."""
    both = f"Our reading of {found.dataset} and that of AudioLoader {found.audioloader}"
    compared = ", ".join(f"{split_title(count.split)} {count.compared:,}" for count in found.splits)
    n = sum(difference.n for difference in found.differences)
    outcome = f"differ in {n:,} {'place' if n == 1 else 'places'}" if n else "agree in every sample"
    return f"{both} {outcome}. Clips compared: {compared}."


def _folder(root: Path) -> Path:
    """The folder in which AudioLoader finds the dataset."""
    words = find_tree(root.expanduser().absolute()).words
    if words.name != WORDS_FOLDER:
        raise DataError(
            f"AudioLoader reads words only from a folder called {WORDS_FOLDER}, and here it is {words}. Rename it to "
            "compare the two."
        )
    return words.parent.resolve()


def _listed(folder: Path) -> dict[str, list[str]]:
    """AudioLoader's files of each split."""
    listed = {split: audioloader_files(folder, subset) for split, subset in _SUBSETS.items()}
    used = {*listed["train"], *listed["validation"]}
    listed["testing-list"] = [path for path in audioloader_files(folder, None) if path not in used]
    return listed


def _compare_file(tally: _Tally, split: str, path: str, folder: Path) -> None:
    inside = folder / (TEST_SET_FOLDER if split == "official" else WORDS_FOLDER)
    file = os.path.relpath(path, inside).replace(os.sep, "/")
    if split == "official":
        file = f"{TEST_SET_FOLDER}/{file}"
    try:
        (clip,) = audioloader_clips([path], inside, "testing")
    except DataError as error:
        tally.differ("unreadable", file, f"{split_title(split)}: {error}")
        tally.met.update({tally.rows[file]} if file in tally.rows else ())
        return
    tally.meet(file, split, clip)


def _compare_silence(tally: _Tally, split: str, folder: Path) -> None:
    """Compare the windows of noise recordings that are silence, in their order."""
    pack = tally.pack
    ours = [
        file for file, row in tally.rows.items() if pack.splits[row] == split and fold(file).startswith(NOISE_FOLDER)
    ]
    try:
        theirs = audioloader_clips([], folder / WORDS_FOLDER, _SUBSETS[split])
    except DataError as error:
        tally.differ("unreadable", f"{NOISE_FOLDER}/", f"silence of {split_title(split)}: {error}")
        tally.met.update(tally.rows[file] for file in ours)
        return
    tally.theirs[split] += len(theirs)
    for number, (file, clip) in enumerate(zip_longest(ours, theirs)):
        if clip is not None:
            tally.meet(file or f"{NOISE_FOLDER}/ window {number}", split, clip)


def _differences(pack: Pack, row: int, split: str, theirs: Clip) -> Iterator[tuple[str, str]]:
    """In what a clip of the pack and AudioLoader's differ: kind, and what exactly."""
    if pack.splits[row] != split:
        yield "split", f"{split_title(pack.splits[row])}; AudioLoader: {split_title(split)}"
    if pack.labels[row] != theirs.label:
        yield "label", f"{LABELS[pack.labels[row]]}; AudioLoader: {LABELS[theirs.label]}"
    if fold(speaker := _speaker(pack, row)) != fold(theirs.speaker):
        yield "speaker", f"{speaker}; AudioLoader: {theirs.speaker}"
    if theirs.rate != SAMPLE_RATE or theirs.waveform.shape != (1, CLIP_SAMPLES):
        channels = len(theirs.waveform)
        yield "form", f"AudioLoader leaves it at {theirs.rate:,} Hz with {channels} channel{'s' * (channels > 1)}"
        return
    apart = np.abs(theirs.waveform[0] - pack.clip(row))
    n_other = np.count_nonzero(apart)
    if n_other:
        yield "samples", f"{n_other:,} of {CLIP_SAMPLES:,} differ, by up to {apart.max():.2g} of full scale"


def _speaker(pack: Pack, row: int) -> str:
    """Who speaks, as AudioLoader has it: it leaves the word on the speaker of an ``_unknown_`` test clip."""
    word = str(pack.words[row])
    named = f"/{UNKNOWN_LABEL}/" in fold(pack.files[row]) and word != UNKNOWN_LABEL
    return f"{word}_{pack.speakers[row]}" if named else str(pack.speakers[row])
