"""False alarms an hour of real talk: a folder of recordings in which nobody means the model, listened to once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import numpy as np

from core.config import SAMPLE_RATE, ListeningConfig
from core.data import near_misses
from core.errors import AudioError, DataError
from core.files.paths import path_from
from core.inference.classifier import Classifier
from core.inference.whole import Heard, at_threshold, detect, hear_to_the_end
from core.records.answers import Detection
from core.records.arrays import Waveform
from core.records.talk import FalseAlarm, TalkReport, TalkScores
from core.runs import keep
from core.sound.folders import files_below
from core.sound.reading import read_audio
from core.statistics import rate_interval
from core.studies.listening.measure import THRESHOLDS
from core.text import printable

LONGEST_S = 3600.0
"""Longest recording (s); a longer one is left out, since it is held in memory as a whole."""

MOST_FILES = 20_000
"""Files that are listened to; a folder with more was hardly meant."""

AROUND_S = (1.5, 0.5)
"""Seconds that are played of what fired, before and after the end of the second that decided: all that can be learned
from it."""

STUDY = keep.json_study(TalkReport, "talk", "test on real talk", again="Listen again.")
FILE = STUDY.file()

Progress = Callable[[int, int, str], None]


def files_of_talk(folder: Path) -> list[Path]:
    """Every file in a folder and those below it that may be a recording, in order of name; hidden ones are not.

    Raises:
        DataError: If there is no such folder, or no file in it, or more than ``MOST_FILES``.
    """
    found = files_below(folder, "talk", MOST_FILES)
    if not found:
        raise DataError(f"{printable(folder)} holds no recordings. Give a folder with recordings of talk.")
    return found


def talk_test(
    classifier: Classifier,
    folder: Path,
    config: ListeningConfig,
    *,
    name: str,
    checkpoint: str = "",
    progress: Progress | None = None,
) -> TalkReport:
    """Let a model listen to a folder of talk, each recording as a stream of its own that silence follows.

    Every detection counts as a false alarm, so the talk should be free of keywords.

    Args:
        classifier: The model.
        folder: Recordings of any usual format, also in folders below it.
        config: The settings; the curve varies their thresholds.
        name: What to call the model.
        checkpoint: SHA-256 of its file.
        progress: Called with the files done, those to do in all, and what is done; raising in it cancels.

    Raises:
        DataError: If there is no such folder, or no recording in it that can be read.
    """
    settings = [config, *(at_threshold(config, threshold) for threshold in THRESHOLDS)]
    counts = np.zeros(len(settings), np.int64)
    alarms: list[FalseAlarm] = []
    left_out: list[tuple[str, str]] = []
    content = hashlib.sha256()
    n_files = n_samples = 0
    for file, waveform, heard in listened(classifier, folder, config, left_out, progress):
        found = [detect(heard, each) for each in settings]
        counts += [len(detections) for detections in found]
        alarms += [_alarm(file, detection, len(waveform) / SAMPLE_RATE) for detection in found[0]]
        content.update(f"{file!r} {len(waveform)}\n".encode())
        content.update(np.ascontiguousarray(waveform, "<f4").tobytes())
        n_files, n_samples = n_files + 1, n_samples + len(waveform)
    hours = n_samples / SAMPLE_RATE / 3600
    as_set, *scores = _scores(settings, counts.tolist(), hours)
    return TalkReport(
        run=name,
        folder=folder.resolve().name,
        n_files=n_files,
        hours=hours,
        left_out=tuple(left_out),
        listening=config,
        as_set=as_set,
        alarms=tuple(alarms),
        scores=tuple(scores),
        checkpoint=checkpoint,
        sound_key=content.hexdigest(),
        path=str(folder.resolve()),
    )


def listened(
    classifier: Classifier,
    folder: Path,
    config: ListeningConfig,
    left_out: list[tuple[str, str]],
    progress: Progress | None = None,
) -> Iterator[tuple[str, Waveform, Heard]]:
    """Each recording of a folder: its path in it, its sound (16 kHz, -1 to 1, (n,)), and what the model heard.

    Args:
        classifier: The model.
        folder: The recordings.
        config: Of it only ``hop_s`` matters here.
        left_out: Files that cannot be read are added to it, each with the reason.
        progress: Called with the files done, those to do in all, and what is done; raising in it cancels.

    Raises:
        DataError: If there is no such folder, or no recording in it that can be read.
    """
    files = files_of_talk(folder)
    for number, path in enumerate(files):
        file = path.relative_to(folder).as_posix()
        if progress:
            progress(number, len(files), "Listening to talk (files)")
        try:
            waveform = _sound_of(path)
        except AudioError as error:
            left_out.append((file, str(error)))
            continue
        yield file, waveform, hear_to_the_end(classifier, waveform, config)
    if len(left_out) == len(files):
        raise DataError(f"No file in {printable(folder)} can be read as sound: {left_out[0][1]}")


def learn_from(
    alarms: Sequence[FalseAlarm], talk: Path, folder: Path, *, progress: Progress | None = None
) -> tuple[int, int]:
    """Cut false alarms out of the recordings of talk as near-misses to be learned (see ``core.data.near_misses``).

    Args:
        alarms: Which, in order of file.
        talk: The recordings that were listened to.
        folder: Where the cuts go, for ``train --more``.
        progress: Called with the files done, those to do in all, and what is done; raising in it cancels.

    Returns:
        How many clips are new in the folder, and how many there are in all.

    Raises:
        AudioError: If the sound of one is gone, or cannot be read.
        DataError: If the cuts would lie among the recordings.
        WriteError: If a cut cannot be written.
    """
    require_outside(talk, folder)
    by_file = {file: list(found) for file, found in groupby(alarms, lambda alarm: alarm.file)}
    n_new = 0
    for number, (file, found) in enumerate(by_file.items()):
        if progress:
            progress(number, len(by_file), "Cutting what fired (files)")
        waveform = _sound_of(recording(talk, file))
        n_new += near_misses.add((cut for alarm in found for cut in near_misses.cuts(waveform, alarm.heard_s)), folder)
    return n_new, near_misses.count(folder)


def require_outside(talk: Path, folder: Path) -> None:
    """Refuse to write cuts among the recordings that they are cut from, where the next test would hear them.

    Raises:
        DataError: If the folder lies in that of the talk.
    """
    if folder.resolve().is_relative_to(talk.resolve()):
        raise DataError(
            f"{printable(folder)} lies in the folder of talk, {printable(talk)}: what is cut would be listened to with "
            "it. Name another folder."
        )


def recording(talk: Path, file: str) -> Path:
    """A recording of talk by its path in the folder, as a record has it; whether it is there is not asked.

    Raises:
        AudioError: If no file can have that name.
    """
    return path_from(str(talk / file), "The recording", AudioError)


def sounds_of(path: Path, heard_s: Sequence[float]) -> list[Waveform]:
    """What can be played of the detections in a recording: two seconds of each, 16 kHz, -1 to 1, (32000,).

    Args:
        path: The recording.
        heard_s: Ends of the seconds that decided.

    Raises:
        AudioError: If the recording is gone, or cannot be read.
    """
    before, after = AROUND_S
    waveform = _sound_of(path)
    return [near_misses.stretch(waveform, end_s - before, before + after) for end_s in heard_s]


def _sound_of(path: Path) -> Waveform:
    return read_audio(path, longest_s=LONGEST_S).waveform


def _scores(settings: Sequence[ListeningConfig], counts: Sequence[int], hours: float) -> list[TalkScores]:
    return [
        TalkScores(each.threshold, count, count / hours, rate_interval(count, hours))
        for each, count in zip(settings, counts, strict=True)
    ]


def _alarm(file: str, detection: Detection, seconds: float) -> FalseAlarm:
    return FalseAlarm(file, **{**asdict(detection), "end_s": min(detection.end_s, seconds)})
