"""What a pack is made from: the recordings of a dataset, the clips cut from them, and the counts to show for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, NO_LABEL, PROTOCOLS, SAMPLE_RATE, SILENCE_LABEL, TWELVE, Vocabulary
from core.errors import DataError
from core.records.data import Problem
from core.text import printable_name

Progress = Callable[[int, int, str], None]
"""Called with how much is done, the total, and what is being done; always from the caller's own thread.
An exception raised in it cancels the work."""

SPLITS = ("train", "validation", "official", "testing-list")
"""Which clips are for what: two to train with, and one for each test protocol."""

OTHER_WORD = "_other_"
"""The word of what is none of a dataset's words; no vocabulary can have it."""

SILENCE_HOP = SAMPLE_RATE // 2
"""Samples from one silence window to the next: half a second, as AudioLoader has it."""

PROBLEMS_OF_A_KIND = 200
"""Problems of one kind that are listed one by one; the rest of that kind is counted."""


class Cut(NamedTuple):
    """One clip: the second of a recording that begins at ``start`` (samples), and its row of the table."""

    start: int
    word: str
    split: str
    speaker: str
    file: str


class Recording(NamedTuple):
    """One sound file and the clips cut from it.

    ``noise_name`` is set if it is also kept whole, as noise. With ``cutting`` there is one cut, a pattern: where the
    clips begin is found once the sound is read, at each utterance or at every half second.
    """

    path: str
    file: str
    cuts: tuple[Cut, ...]
    noise_name: str = ""
    cutting: Literal["", "utterances", "seconds"] = ""


@dataclass(frozen=True)
class Source:
    """A dataset before it is packed: nothing of its sound has been read yet."""

    folder: Path
    name: str
    title: str
    synthetic: bool
    key: str
    """SHA-256 of what a pack of it depends on."""
    recordings: Callable[[], tuple[Recording, ...]]
    """Lists its recordings in table order; asked only when a pack has to be made, since opening one needs the key."""
    problems: tuple[Problem, ...]
    vocabulary: Vocabulary = TWELVE
    """What its clips are told apart as unless something else is asked for."""


@dataclass(frozen=True)
class DataSummary:
    """The counts of a dataset.

    ``word_counts`` has shape (n_words, n_splits), ``label_counts`` (n_labels, n_splits) for the labels of
    ``vocabulary``; columns are ``splits``. ``speaker_counts`` counts different speakers in each split; ``noise_s``
    gives the training noises and their length (s).
    """

    name: str
    title: str
    synthetic: bool
    n_clips: int
    splits: tuple[str, ...]
    words: tuple[str, ...]
    word_counts: NDArray[np.int64]
    label_counts: NDArray[np.int64]
    speaker_counts: tuple[int, ...]
    noise_s: tuple[tuple[str, float], ...]
    problems: tuple[Problem, ...]
    vocabulary: Vocabulary = TWELVE

    def require_trainable(self) -> None:
        """Refuse to train with this.

        Raises:
            DataError: If training or validation have no words, or clips of one class alone: the accuracy that chooses
                the best epoch would be measured on silence, or be 100 % for whoever gives one answer always. Or if
                there is no clip to train a word with that was chosen.
        """
        trained = self.word_counts[:, self.splits.index("train")] > 0
        has = [word for word, is_there in zip(self.words, trained, strict=True) if is_there]
        if self.vocabulary != TWELVE and has:
            require_in_dataset(self.vocabulary, self.title, has)
        for split in ("train", "validation"):
            counts = self.label_counts[:, self.splits.index(split)]
            require_words(self.title, split, counts, self.problems, n_classes=2, vocabulary=self.vocabulary)


def require_in_dataset(vocabulary: Vocabulary, title: str, words: Sequence[str]) -> None:
    """Refuse a vocabulary with words that a dataset of these words does not have.

    Raises:
        DataError: If it has such words.
    """
    if missing := [word for word in vocabulary.words if word not in words]:
        has = ", ".join(word for word in words if word != SILENCE_LABEL)
        raise DataError(f"{title} has no clips to train {', '.join(missing)} with. It has {has}.")


def require_words(
    title: str,
    split: str,
    label_counts: NDArray[np.int64],
    problems: tuple[Problem, ...],
    *,
    n_classes: int = 1,
    vocabulary: Vocabulary = TWELVE,
) -> None:
    """Refuse a split that tells nothing about words.

    Args:
        title: Name of the dataset, for the text.
        split: One of ``SPLITS``, or a protocol.
        label_counts: Clips of each label in it, shape (n_labels,).
        problems: What was wrong with the dataset; the text names what may be the reason.
        n_classes: How many different labels there must be.
        vocabulary: Whose labels they are.

    Raises:
        DataError: If it has no clips, silence alone, none of the words that were chosen, or too few classes.
    """
    present = [label for label, count in zip(vocabulary.labels, label_counts, strict=True) if count]
    purpose = split_title(split)
    if not present:
        fault = f"has no clips for {purpose}"
    elif present == [SILENCE_LABEL]:
        fault = f"has no words for {purpose}, only silence: what is measured on that says nothing about words"
    elif vocabulary != TWELVE and not set(present) & set(vocabulary.words):
        fault = f"has none of the words {', '.join(vocabulary.words)} for {purpose}"
    elif len(present) < n_classes:
        fault = f"has clips of one class alone ({present[0]}) for {purpose}: there is nothing to tell apart"
    else:
        return
    raise DataError(f"{title} {fault}. {_why_empty(split, problems)}")


def _why_empty(split: str, problems: tuple[Problem, ...]) -> str:
    """What may be missing when a split is empty, and what to do."""
    mark = {"official": "test_set", "testing-list": "testing_list", "validation": "validation_list"}.get(split, "")
    reasons = [f"{problem.file}: {problem.what}." for problem in problems if mark and mark in problem.file]
    advice = "Complete the dataset, or choose another one."
    if split == "official":
        advice = (
            "It needs the folder speech_commands_test_set_v0.02 beside the word folders; downloading the dataset "
            "to the same place fetches what is missing."
        )
    return " ".join((*reasons[:1], advice))


def split_title(split: str) -> str:
    """What people call a split.

    >>> split_title("train"), split_title("official")
    ('training', 'official test set')
    """
    return PROTOCOLS.get(split, "training")


def labels_of(words: NDArray[np.str_], vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Number of the label of each word, of any shape (see ``Vocabulary.label_of``).

    >>> labels_of(np.array(["yes", "_silence_", "marvin"]), TWELVE).tolist()
    [9, 10, 11]
    """
    different, place = np.unique(words, return_inverse=True)
    numbers = np.array([vocabulary.label_of(word) for word in different.tolist()], dtype=np.int64)
    return numbers[place]


def silence_starts(n_samples: int) -> range:
    """Where the silence windows of a noise recording begin (samples).

    A last window that would end exactly with the recording is not taken: AudioLoader's range stops before it.

    >>> list(silence_starts(40_000))
    [0, 8000, 16000]
    """
    return range(0, n_samples - CLIP_SAMPLES, SILENCE_HOP)


def silence_cuts(file: str, n_samples: int, split: str) -> tuple[Cut, ...]:
    """The silence windows of a noise recording of ``n_samples`` samples as clips of ``split``."""
    return tuple(
        Cut(start, SILENCE_LABEL, split, "", f"{file}@{start / SAMPLE_RATE:g}s") for start in silence_starts(n_samples)
    )


def shorten_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems, fit to be printed, with at most ``PROBLEMS_OF_A_KIND`` of each kind and a count of the rest.

    Two problems are of one kind if they differ only in numbers, so a dataset that is wrong all over stays readable.
    """
    kept: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for problem in problems:
        kind = (re.sub(r"[\d.,]+", "#", problem.what), problem.action)
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= PROBLEMS_OF_A_KIND:
            kept.append(Problem(printable_name(problem.file), printable_name(problem.what), problem.action))
    for (what, action), count in seen.items():
        if count > PROBLEMS_OF_A_KIND:
            kept.append(Problem(f"{count - PROBLEMS_OF_A_KIND:,} more files", what.replace("#", "…"), action))
    return tuple(kept)


def counts_of(source: Source) -> DataSummary:
    """Counts and problems of a dataset before any of its clips is read; only noise is opened, for its length."""
    recordings = source.recordings()
    cuts = [cut for recording in recordings for cut in recording.cuts]
    return summarise(
        source.name,
        source.title,
        source.synthetic,
        ([cut.word for cut in cuts], [cut.split for cut in cuts], [cut.speaker for cut in cuts]),
        [(one.noise_name, soundfile.info(one.path).duration) for one in recordings if one.noise_name],
        source.problems,
        source.vocabulary,
    )


def summarise(
    name: str,
    title: str,
    synthetic: bool,
    rows: tuple[Sequence[str], Sequence[str], Sequence[str]],
    noise_s: Iterable[tuple[str, float]],
    problems: tuple[Problem, ...],
    vocabulary: Vocabulary = TWELVE,
) -> DataSummary:
    """Count clips; ``rows`` holds the words, the splits and the speakers of all clips, one entry a clip each."""
    words, splits, speakers = (np.asarray(column, dtype=np.str_) for column in rows)
    names, word_index = np.unique(words, return_inverse=True)
    split_index = np.zeros(len(splits), dtype=np.int64)
    for number, split in enumerate(SPLITS):
        split_index[splits == split] = number
    word_counts = np.zeros((len(names), len(SPLITS)), dtype=np.int64)
    np.add.at(word_counts, (word_index, split_index), 1)
    label_counts = np.zeros((len(vocabulary.labels), len(SPLITS)), dtype=np.int64)
    labels = labels_of(names, vocabulary)
    np.add.at(label_counts, labels[labels != NO_LABEL], word_counts[labels != NO_LABEL])
    return DataSummary(
        name=name,
        title=title,
        synthetic=synthetic,
        n_clips=len(words),
        splits=SPLITS,
        words=tuple(str(word) for word in names),
        word_counts=word_counts,
        label_counts=label_counts,
        speaker_counts=tuple(int(np.sum(np.unique(speakers[splits == split]) != "")) for split in SPLITS),
        noise_s=tuple(noise_s),
        problems=problems,
        vocabulary=vocabulary,
    )
