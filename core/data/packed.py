"""A finished pack: all clips of a dataset in one memory-mapped array, with a table that says what each one is.

A pack is a folder with four files. ``clips.npy`` holds int16 samples, (n, 16000); ``table.npz`` word, label, split,
speaker and file of each row; ``noise.npy`` the training noises one after the other; ``about.json`` what the pack was
made from, the sizes of the others and a checksum of the table. Opening one reads only the last and the table.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, NO_LABEL, OWN, PROTOCOLS, SAMPLE_RATE, TWELVE, Vocabulary
from core.data.source import SPLITS, DataSummary, labels_of, require_words, summarise
from core.errors import DataError
from core.files.strict import LARGE_BYTES, read_json
from core.records.data import Problem

FORMAT = 3
"""Number of the pack's format; a pack of another format is built anew.

In 1 lists and sounds were read less carefully; 2 does not note its content."""

CLIPS_FILE, TABLE_FILE, NOISE_FILE, ABOUT_FILE = "clips.npy", "table.npz", "noise.npy", "about.json"

CLIP_BYTES = 2 * CLIP_SAMPLES

POINTED_COLUMNS = ("word", "split", "speaker")
"""Columns of which the table holds the different values, and for each row the number of its value."""


@dataclass(frozen=True, eq=False)
class Pack:
    """An opened, read-only pack. Row i of every array is about the same clip."""

    folder: Path
    key: str
    """SHA-256 of the names, sizes and times of what it was made from."""
    content: str
    """SHA-256 of what it holds: the same clips and noises have the same one, wherever they came from."""
    name: str
    """Short name of the dataset, such as "demo words"."""
    title: str
    """Name for people, with what they must know about it."""
    synthetic: bool
    """Whether the voices are a computer's."""
    clips: NDArray[np.int16]
    """Samples, memory-mapped, (n, 16000); a shorter recording ends in zeros."""
    words: NDArray[np.str_]
    """The word spoken, or ``_silence_``."""
    labels: NDArray[np.int64]
    """Number of the label in ``vocabulary``; ``NO_LABEL`` for what has none there."""
    splits: NDArray[np.str_]
    """One of ``SPLITS``."""
    speakers: NDArray[np.str_]
    """Who speaks; empty for silence."""
    files: NDArray[np.str_]
    """Path inside the dataset; for a cut from a longer recording its start stands behind an ``@``."""
    noise: dict[str, NDArray[np.int16]]
    """Whole training noises by name, memory-mapped."""
    problems: tuple[Problem, ...]
    """What was wrong with the dataset, and what was done about it."""
    vocabulary: Vocabulary = TWELVE
    """What is told apart: the same clips have other labels in another one (see ``with_words``)."""

    def __len__(self) -> int:
        return len(self.labels)

    def with_words(self, vocabulary: Vocabulary) -> Pack:
        """The same clips with the labels that they have in a vocabulary."""
        if vocabulary == self.vocabulary:
            return self
        return replace(self, vocabulary=vocabulary, labels=labels_of(self.words, vocabulary))

    def indices(self, split: str) -> NDArray[np.int64]:
        """Rows of a split that have a label, in table order.

        Raises:
            DataError: If there is no such split, or it has no clips or none but silence; or if it is the official test
                set, which has silence and unknown words, and one of them has no label.
        """
        if split not in SPLITS and split not in PROTOCOLS:
            raise DataError(f"There is no split {split!r}; there are {', '.join(SPLITS)}.")
        if split in PROTOCOLS and split not in self.vocabulary.protocols:
            raise DataError(
                f"The official test set has silence and unknown words, which {self.vocabulary.title} alone have no "
                "label for. Test on the testing list."
            )
        rows = np.flatnonzero((self.splits == split) & (self.labels != NO_LABEL)).astype(np.int64)
        if split != OWN or len(rows) == 0:
            counts = np.bincount(self.labels[rows], minlength=len(self.vocabulary.labels))
            require_words(self.title, split, counts, self.problems, vocabulary=self.vocabulary)
        return rows

    def clip(self, row: int) -> NDArray[np.float32]:
        """One clip as a waveform between -1 and 1, shape (16000,)."""
        waveform: NDArray[np.float32] = self.clips[row].astype(np.float32) / np.float32(32768)
        return waveform

    def summary(self) -> DataSummary:
        """Counts by word, label, split and speaker, the noises and the problems."""
        noise_s = [(name, len(samples) / SAMPLE_RATE) for name, samples in self.noise.items()]
        rows = (self.words.tolist(), self.splits.tolist(), self.speakers.tolist())
        return summarise(self.name, self.title, self.synthetic, rows, noise_s, self.problems, self.vocabulary)


def open_pack(folder: Path) -> Pack:
    """Open a pack after checking it; takes a few hundredths of a second at any size.

    Raises:
        DataError: If it is no pack, of another format, or damaged; the text says which file is wrong and how.
    """
    about = _read_about(folder)
    try:
        raw_table = (folder / TABLE_FILE).read_bytes()
        if hashlib.sha256(raw_table).hexdigest() != about["table_sha256"]:
            raise _damaged(folder, TABLE_FILE, "its checksum is not the one noted when the pack was made")
        with np.load(io.BytesIO(raw_table), allow_pickle=False) as arrays:
            table = dict(arrays)
        return _pack_of(folder, about, table)
    except FileNotFoundError as error:
        raise _damaged(folder, Path(str(error.filename)).name, "the file is missing") from error
    except (OSError, KeyError, ValueError, TypeError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(folder, "a file", f"its content cannot be understood ({error})") from error


def _damaged(folder: Path, file: str, what: str) -> DataError:
    return DataError(f"The pack {folder} is damaged: {file}: {what}. It is made anew when its dataset is opened.")


def _read_about(folder: Path) -> dict[str, Any]:
    """The content of ``about.json``, with its format checked."""
    try:
        about = read_json(folder / ABOUT_FILE, LARGE_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"There is no pack in {folder}: it has no {ABOUT_FILE}.") from error
    except (OSError, ValueError) as error:
        raise _damaged(folder, ABOUT_FILE, f"it cannot be read ({error})") from error
    found = about.get("format")
    if found != FORMAT:
        raise DataError(
            f"The pack {folder} has format {found!r}; this version reads format {FORMAT}. "
            "It is made anew when its dataset is opened."
        )
    return about


def _pack_of(folder: Path, about: dict[str, Any], table: dict[str, NDArray[Any]]) -> Pack:
    """The pack whose about.json and table these are, with its arrays mapped and everything fitted together."""
    n_clips = int(about["n_clips"])
    columns = {}
    for column in POINTED_COLUMNS:
        values, index = table[column], table[f"{column}_index"]
        if index.shape != (n_clips,) or index.min() < 0 or values.dtype.kind != "U":
            raise _damaged(folder, TABLE_FILE, f"the column {column} does not have one entry for each clip")
        columns[column] = values[index]
    if not set(table["split"].tolist()) <= set(SPLITS):
        raise _damaged(folder, TABLE_FILE, "it has a split that does not exist")
    if table["files"].shape != (n_clips,) or table["files"].dtype.kind != "S":
        raise _damaged(folder, TABLE_FILE, "the column file does not have one entry for each clip")

    ends = np.cumsum(table["noise_lengths"])
    noise = _map(folder, NOISE_FILE, about["noise_bytes"], (int(ends[-1]) if len(ends) else 0,))
    pieces = np.split(noise, ends[:-1])
    return Pack(
        folder=folder,
        key=str(about["key"]),
        content=str(about["content"]),
        name=str(about["name"]),
        title=str(about["title"]),
        synthetic=bool(about["synthetic"]),
        clips=_map(folder, CLIPS_FILE, about["clips_bytes"], (n_clips, CLIP_SAMPLES)),
        words=columns["word"],
        labels=labels_of(table["word"], TWELVE)[table["word_index"]],
        splits=columns["split"],
        speakers=columns["speaker"],
        files=_decoded(table["files"]),
        noise=dict(zip(table["noise_names"].tolist(), pieces, strict=False)),
        problems=tuple(Problem(*problem) for problem in about["problems"]),
    )


def _decoded(files: NDArray[np.bytes_]) -> NDArray[np.str_]:
    """Text from UTF-8; five times as fast when all of it is ASCII, as in the official dataset."""
    if (files.view(np.uint8) < 128).all():
        return files.astype(np.str_)
    return np.strings.decode(files, "utf-8", "surrogateescape")


def _map(folder: Path, file: str, n_bytes: int, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Memory-map an int16 array, which must have the noted size and shape."""
    path = folder / file
    found = path.stat().st_size
    if found != n_bytes:
        raise _damaged(folder, file, f"it has {found:,} bytes, not {n_bytes:,}")
    # Nothing can be mapped of an empty array.
    samples = np.load(path, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
    if samples.shape != shape or samples.dtype != np.dtype("<i2"):
        raise _damaged(folder, file, f"it holds {samples.dtype} {samples.shape}, not int16 {shape}")
    return np.asanyarray(samples, dtype=np.int16)
