"""Which words of a dataset a model shall tell apart, chosen by their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.config import SILENCE_LABEL, Vocabulary
from core.data.pack import source_of
from core.data.source import OTHER_WORD
from core.errors import ConfigError
from core.text import fold, shortened

ALL = "all"
"""Stands for every word of the dataset."""


def trained_words(root: Path | None) -> tuple[str, ...]:
    """The words that a dataset has training clips of, and ``_silence_`` if it has that, by alphabet.

    Only names are read, no sound: a second for all of Speech Commands.

    Args:
        root: The folder that holds ``SpeechCommands``; None for the demo words.

    Raises:
        DataError: If there is no such dataset.
    """
    cuts = (cut for recording in source_of(root).recordings() for cut in recording.cuts)
    return tuple(sorted({cut.word for cut in cuts if cut.split == "train"}))


def usual(root: Path | None) -> Vocabulary:
    """What a dataset's clips are told apart as unless somebody chooses: of a folder of words all that it has.

    Raises:
        DataError: If there is no such dataset.
    """
    return source_of(root).vocabulary


def chosen(names: Sequence[str], words: Sequence[str]) -> Vocabulary:
    """The vocabulary of some words of a dataset: the rest is unknown, and silence is told apart where there is any.

    ``ALL`` takes every word by its name, and neither silence nor unknown: with Speech Commands v2 that is its 35-word
    protocol. Names are compared without case; the order is that of the alphabet, so that the same words are the same
    vocabulary.

    Args:
        names: What was chosen.
        words: What the dataset has, as ``trained_words`` answers.

    Raises:
        ConfigError: If the dataset has no such word, or there are too few or too many.

    >>> chosen(["No", "yes"], ["_silence_", "no", "up", "yes"])
    Vocabulary(words=('no', 'yes'), silence=True, unknown=True)
    >>> chosen(["all"], ["_silence_", "no", "up", "yes"])
    Vocabulary(words=('no', 'up', 'yes'), silence=False, unknown=False)
    """
    spoken = {fold(word): word for word in words if word not in (SILENCE_LABEL, OTHER_WORD)}
    if [fold(name) for name in names] == [ALL] and ALL not in spoken:
        return Vocabulary(words=tuple(sorted(spoken.values())), silence=False, unknown=False)
    if missing := [name for name in names if fold(name) not in spoken]:
        raise ConfigError(
            f"The dataset has no word {', '.join(repr(shortened(name, 60)) for name in missing[:5])} to train with; "
            f"it has {', '.join(spoken.values())}."
        )
    taken = tuple(sorted(spoken[fold(name)] for name in names))
    others = OTHER_WORD in words or len(set(taken)) < len(spoken)
    return Vocabulary(words=taken, silence=SILENCE_LABEL in words, unknown=others)


def typed(text: str | None, root: Path | None) -> Vocabulary:
    """What ``--words`` asks for: names between commas, ``ALL``, or, where it is not given, what is usual.

    Raises:
        ConfigError: If the dataset has no such word, or there are too few or too many.
        DataError: If there is no such dataset.
    """
    if text is None:
        return usual(root)
    return chosen([name.strip() for name in text.split(",")], trained_words(root))


def named(vocabulary: Vocabulary) -> str:
    """What chooses a vocabulary, as it is typed behind ``--words``.

    >>> named(Vocabulary(words=("no", "yes"))), named(Vocabulary(words=("no", "yes"), silence=False, unknown=False))
    ('no,yes', 'all')
    """
    return ",".join(vocabulary.words) if vocabulary.silence or vocabulary.unknown else ALL
