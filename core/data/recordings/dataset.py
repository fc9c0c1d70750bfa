"""The recordings as a dataset that any model can be measured on."""

from __future__ import annotations

import hashlib

import numpy as np

from core.config import CLIP_SAMPLES, OWN, TWELVE
from core.data.packed import Pack
from core.data.recordings.folder import all_recordings
from core.data.sound_file import read_sound
from core.data.source import labels_of
from core.errors import DataError

TITLE = "My own recordings"
"""Name of the dataset for people."""

BIAS = (
    "You kept these clips because a model heard a word in them or missed one. That makes them a biased sample: the "
    "score flatters or punishes the model that listened, and says little about other voices and other rooms."
)
"""What must stand beside a score on them."""

HOW_TO_KEEP_THEM = (
    "Let a model listen and answer “Was that right?” beside what it heard: every clip that you confirm or correct "
    "becomes one to test on."
)
HOW_TO_GET_THEM = f"In Try, {HOW_TO_KEEP_THEM[0].lower()}{HOW_TO_KEEP_THEM[1:]}"
"""The same where a person is not there yet."""


def own_pack() -> Pack:
    """The clips of which the truth is known, oldest first: what the protocol "own" is measured on.

    Its key depends on every sample and every truth: it tells whether anything changed.

    Raises:
        DataError: If the folder cannot be read, or has no such clips.
    """
    collection = all_recordings()
    problems = list(collection.problems)
    rows, clips = [], []
    for row in reversed(collection.recordings):
        if row.has_sound and row.truth:
            samples, problem = read_sound(str(collection.folder / row.file), row.file)
            problems += [problem] if problem else []
            if samples is not None:
                rows.append(row)
                clips.append(np.pad(samples, (0, CLIP_SAMPLES - len(samples))))
    if not rows:
        n = len(collection.recordings)
        unused = f" {n} in {collection.folder} cannot be used: nobody said what was spoken, or the sound is damaged."
        raise DataError(f"There are no recordings of your own to test on yet.{unused if n else ''} {HOW_TO_GET_THEM}")
    sounds = np.stack(clips)
    sounds.flags.writeable = False
    words = np.array([row.truth for row in rows])
    names = "\n".join(f"{row.file} {row.truth}" for row in rows)
    content = hashlib.sha256(names.encode() + sounds.tobytes()).hexdigest()
    return Pack(
        folder=collection.folder,
        key=content,
        content=content,
        name=OWN,
        title=TITLE,
        synthetic=False,
        clips=sounds,
        words=words,
        labels=labels_of(words, TWELVE),
        splits=np.full(len(rows), OWN),
        speakers=np.full(len(rows), ""),
        files=np.array([row.file for row in rows]),
        noise={},
        problems=tuple(problems),
    )
