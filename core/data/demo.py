"""The demo words: synthetic recordings of the 35 words that ship with the project, so that nothing must be downloaded.

``demo_words/`` holds one Ogg file a word with its one-second clips back to back (``clips.csv`` says who speaks each
one), noises (``noise.csv``), and ``about.json`` with the SHA-256 of every sound file. A voice is in one split only.
The test voices make both test protocols: "official" is balanced over the twelve classes with silence from noises that
neither training nor validation hears, "testing-list" is every test clip and no silence.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, KEYWORDS, SAMPLE_RATE, UNKNOWN_WORDS
from core.data.sound_file import read_sound
from core.data.source import Cut, Recording, Source, silence_cuts
from core.errors import DataError
from core.records.data import Problem

DEMO_FOLDER = Path(__file__).parent / "demo_words"
"""Where the shipped demo words are."""

NAME, TITLE = "demo words", "Demo words"

CAUTION = "was trained on synthetic voices alone: real voices are often misheard"
"""What is said of a model that never heard a person, wherever it listens to one."""

_Row = dict[str, str]


def has_synthetic_voices(*datasets: str) -> bool:
    """Whether datasets of these titles, as a run or a checkpoint names them, are spoken by synthetic voices alone.

    >>> has_synthetic_voices("Demo words (2,654 clips of 12 synthetic voices)")
    True
    """
    return all(dataset.startswith(TITLE) for dataset in datasets)


def demo_words(folder: Path = DEMO_FOLDER) -> Source:
    """The demo words, ready to be packed.

    Raises:
        DataError: If they are incomplete.
    """
    try:
        sums = json.loads((folder / "about.json").read_bytes())["sha256"]
        clip_rows, noise_rows = (_rows(folder / table) for table in ("clips.csv", "noise.csv"))
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.ogg"))}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"The demo words in {folder} are incomplete ({error}). Install the project again.") from error

    problems = []
    for name in sorted({*sums, *found}):
        if name not in found:
            problems.append(Problem(name, "the file is missing", "left out"))
        elif found[name] != sums.get(name):
            problems.append(Problem(name, "it is not the file that about.json describes", "left out"))
            del found[name]
    lines = [NAME, *(f"{name}\t{digest}" for name, digest in found.items()), repr(clip_rows), repr(noise_rows)]
    lines += [repr(problem) for problem in problems]
    n_voices = len({row["voice"] for row in clip_rows})
    return Source(
        folder=folder,
        name=NAME,
        title=f"{TITLE} ({len(clip_rows):,} clips of {n_voices} synthetic voices)",
        synthetic=True,
        key=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        recordings=lambda: tuple(
            recording for recording in _recordings(folder, clip_rows, noise_rows) if recording.file in found
        ),
        problems=tuple(problems),
    )


def demo_noises(folder: Path = DEMO_FOLDER) -> dict[str, NDArray[np.int16]]:
    """The training noises of the demo words: name to int16 samples at 16 kHz.

    Raises:
        DataError: If one of them cannot be read.
    """
    source = demo_words(folder)
    noises = {}
    for recording in source.recordings():
        if recording.noise_name:
            samples, problem = read_sound(recording.path, recording.file, whole=True)
            if samples is None:
                raise DataError(f"{recording.file} of the demo words: {problem and problem.what}. Install it again.")
            noises[recording.noise_name] = samples
    return noises


def _rows(path: Path) -> list[_Row]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def _recordings(folder: Path, clip_rows: list[_Row], noise_rows: list[_Row]) -> Iterator[Recording]:
    """Word files in order, then the noises."""
    by_word: dict[str, list[_Row]] = {}
    for row in clip_rows:
        by_word.setdefault(row["word"], []).append(row)
    tests = {word: [row for row in rows if row["split"] == "test"] for word, rows in by_word.items()}
    n_each = _mean_count([len(tests.get(word, [])) for word in KEYWORDS])
    balanced = {id(row) for word in KEYWORDS for row in tests.get(word, [])}
    balanced.update(id(row) for row in _evenly([tests.get(word, []) for word in UNKNOWN_WORDS], n_each))
    for word, rows in by_word.items():
        cuts = [cut for row in rows for cut in _cuts(row, id(row) in balanced)]
        yield Recording(str(folder / f"{word}.ogg"), f"{word}.ogg", tuple(cuts))

    silences = {row["name"]: _silence(row) for row in noise_rows}
    test_silence = [list(silences[row["name"]]) for row in noise_rows if row["split"] == "test"]
    kept = set(_evenly(test_silence, n_each))
    for row in noise_rows:
        file = f"noise_{row['name']}.ogg"
        windows = tuple(cut for cut in silences[row["name"]] if row["split"] != "test" or cut in kept)
        noise_name = row["name"] if row["split"] == "train" else ""
        yield Recording(str(folder / file), file, windows, noise_name)


def _cuts(row: _Row, in_balanced: bool) -> Iterator[Cut]:
    """A clip's rows in the table: one in its own split, or for a test voice one in each protocol it belongs to."""
    index = int(row["index"])
    splits: tuple[str, ...] = (row["split"],)
    if row["split"] == "test":
        splits = ("official", "testing-list") if in_balanced else ("testing-list",)
    for split in splits:
        yield Cut(index * CLIP_SAMPLES, row["word"], split, row["voice"], f"{row['word']}.ogg@{index}s")


def _silence(row: _Row) -> tuple[Cut, ...]:
    """Every silence window of a noise."""
    split = "official" if row["split"] == "test" else row["split"]
    return silence_cuts(f"noise_{row['name']}.ogg", int(float(row["seconds"]) * SAMPLE_RATE), split)


def _mean_count(counts: list[int]) -> int:
    return round(sum(counts) / len(counts))


def _evenly(groups: list[list[Any]], n_wanted: int) -> list[Any]:
    """``n_wanted`` members, as many from each group as from the next, spread over each group; the same every time."""
    chosen = []
    for number, members in enumerate(groups):
        quota = min(len(members), n_wanted // len(groups) + (number < n_wanted % len(groups)))
        # Each group begins elsewhere, so that not the same voices are taken of every word.
        chosen += [members[(number + turn * len(members) // quota) % len(members)] for turn in range(quota)]
    return chosen
