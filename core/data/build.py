"""Making a pack: every clip of a source is read once, in parallel, and written whole or not at all.

A pack is first built in a folder of its own beside its final place and then moved there in one step. Whoever is
killed on the way leaves a folder that nothing opens. One builder at a time works in a folder of packs: it holds a lock
of the operating system, which goes with it however it ends, so what it finds half-made was left behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES
from core.data.cutting import found_cuts
from core.data.leftovers import remove
from core.data.packed import (
    ABOUT_FILE,
    CLIP_BYTES,
    CLIPS_FILE,
    FORMAT,
    NOISE_FILE,
    POINTED_COLUMNS,
    TABLE_FILE,
    Pack,
    open_pack,
)
from core.data.sound_file import LEFT_OUT, read_sound
from core.data.source import Cut, Progress, Recording, Source, shorten_problems
from core.errors import DataError
from core.records.data import Problem

BATCH_CLIPS = 128
"""Clips that one task reads; 4 MB. Enough to make handing tasks out cheap, few enough to keep memory low."""

LOCK_FILE = ".lock"
"""Locked by the builder that works in a folder of packs; the empty file stays."""

POLL_S = 0.2
"""How often a builder that waits for another one tells so, and can be cancelled (s)."""

_BUILDING = ".building-"
_DAMAGED = ".damaged-"


class _Batch(NamedTuple):
    """What reading some recordings gave."""

    clips: NDArray[np.int16]
    cuts: list[Cut]
    noises: list[tuple[str, NDArray[np.int16]]]
    problems: list[Problem]


@dataclass
class _Table:
    """The rows written so far."""

    cuts: list[Cut] = field(default_factory=list)
    noises: list[tuple[str, NDArray[np.int16]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def build_pack(source: Source, folder: Path, *, progress: Progress | None = None, workers: int | None = None) -> Pack:
    """Pack ``source`` into ``folder`` and open it; a damaged pack there is replaced, one that fits is taken.

    Args:
        source: What to pack.
        folder: Where the pack shall stand.
        progress: Called after every few clips, and while another program packs; raising in it cancels the build and
            leaves nothing behind.
        workers: Threads that read; None chooses (see ``default_workers``).

    Raises:
        DataError: If there is not enough room, nothing usable, or the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _only_builder(folder.parent, progress):
            # Another builder may have made it while this one waited.
            with suppress(DataError):
                if (pack := open_pack(folder)).key == source.key:
                    return pack
            _clear_left_behind(folder.parent)
            recordings = source.recordings()
            _require_room(source.title, recordings, folder.parent)
            building = folder.with_name(f"{folder.name}{_BUILDING}{secrets.token_hex(4)}")
            try:
                building.mkdir()
                _write_pack(source, recordings, building, progress, workers or default_workers())
                _move_into_place(building, folder)
            finally:
                remove(building)
            return open_pack(folder)
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"The pack of {source.title} could not be written to {folder.parent} ({reason}). "
            "Set KWS_CACHE to a folder with enough room and write permission."
        ) from error


@contextmanager
def _only_builder(packs: Path, progress: Progress | None) -> Iterator[None]:
    """Wait until nobody else builds in this folder of packs."""
    lock = FileLock(packs / LOCK_FILE)
    while True:
        try:
            lock.acquire(timeout=POLL_S)
            break
        except Timeout:
            if progress:
                progress(0, 1, "waiting for another program that packs clips")
    try:
        yield
    finally:
        lock.release()


def default_workers() -> int:
    """Threads that read clips unless told otherwise.

    Reading one clip is mostly Python's own work, which threads cannot share: one thread packs files that lie in
    memory as fast as any number. A few more keep a slow disk busy.
    """
    return min(4, 2 * (os.cpu_count() or 1))


def _write_pack(
    source: Source, recordings: tuple[Recording, ...], building: Path, progress: Progress | None, workers: int
) -> None:
    """Write all files of the pack into ``building``."""
    table, content = _Table(), hashlib.sha256()
    n_done, n_all = 0, _n_clips(recordings)
    action = f"packing {source.name}"
    with (building / CLIPS_FILE).open("wb") as stream:
        _write_header(stream, 0)
        if progress:
            progress(0, n_all, action)
        for n_read, batch in _read_all(_groups(recordings), workers):
            stream.write(batch.clips.data)
            content.update(batch.clips.data)
            table.cuts += batch.cuts
            table.noises += batch.noises
            table.problems += batch.problems
            n_done += n_read
            if progress:
                progress(n_done, n_all, action)
        if not table.cuts:
            raise DataError(f"Not one clip of {source.folder} could be used. The first problem: {_first(table)}")
        stream.seek(0)
        _write_header(stream, len(table.cuts))
        _flush(stream)
    for cut in table.cuts:
        content.update(f"{cut.file}\t{cut.word}\t{cut.split}\t{cut.speaker}\n".encode("utf-8", "surrogateescape"))
    for name, samples in table.noises:
        content.update(name.encode("utf-8", "surrogateescape") + samples.astype("<i2").tobytes())
    _write_noise(building / NOISE_FILE, table)
    _write_table(building / TABLE_FILE, table)
    problems = shorten_problems((*source.problems, *table.problems))
    about = {
        "format": FORMAT,
        "key": source.key,
        "content": content.hexdigest(),
        "name": source.name,
        "title": source.title,
        "synthetic": source.synthetic,
        "made_from": str(source.folder),
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "n_clips": len(table.cuts),
        "clips_bytes": (building / CLIPS_FILE).stat().st_size,
        "noise_bytes": (building / NOISE_FILE).stat().st_size,
        "table_sha256": hashlib.sha256((building / TABLE_FILE).read_bytes()).hexdigest(),
        "problems": [[problem.file, problem.what, problem.action] for problem in problems],
    }
    with (building / ABOUT_FILE).open("wb") as stream:
        stream.write(json.dumps(about, indent=1).encode())
        _flush(stream)


def _n_clips(recordings: tuple[Recording, ...]) -> int:
    return sum(len(recording.cuts) for recording in recordings)


def _groups(recordings: tuple[Recording, ...]) -> Iterator[tuple[Recording, ...]]:
    """The recordings in order, in groups of about ``BATCH_CLIPS`` clips."""
    first, n_clips = 0, 0
    for number, recording in enumerate(recordings, start=1):
        n_clips += len(recording.cuts)
        if n_clips >= BATCH_CLIPS or number == len(recordings):
            yield recordings[first:number]
            first, n_clips = number, 0


def _read_all(groups: Iterator[tuple[Recording, ...]], workers: int) -> Iterator[tuple[int, _Batch]]:
    """Read the groups in several threads; yields clips looked at and what they gave, in the groups' order.

    Only a few batches are under way at a time, so memory stays the same however many clips there are.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="pack")
    waiting: deque[tuple[int, Future[_Batch]]] = deque()
    try:
        for group in groups:
            waiting.append((_n_clips(group), pool.submit(_read_group, group)))
            if len(waiting) > 2 * workers:
                n_read, future = waiting.popleft()
                yield n_read, future.result()
        while waiting:
            n_read, future = waiting.popleft()
            yield n_read, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_group(recordings: tuple[Recording, ...]) -> _Batch:
    """Read some recordings and cut their clips; a recording that cannot be used becomes a problem."""
    clips: list[NDArray[np.int16]] = []
    batch = _Batch(np.zeros((0, CLIP_SAMPLES), dtype="<i2"), [], [], [])
    for recording in recordings:
        long = bool(recording.cutting or recording.noise_name) or recording.cuts[0].start > 0 or len(recording.cuts) > 1
        samples, problem = read_sound(recording.path, recording.file, whole=long)
        if problem:
            batch.problems.append(problem)
        if samples is None:
            continue
        for cut in found_cuts(recording.cuts[0], recording.cutting, samples) if recording.cutting else recording.cuts:
            piece = samples[cut.start : cut.start + CLIP_SAMPLES]
            if len(piece) == 0:
                batch.problems.append(Problem(cut.file, "the recording ends before this clip", LEFT_OUT))
                continue
            clips.append(np.pad(piece, (0, CLIP_SAMPLES - len(piece))))
            batch.cuts.append(cut)
        if recording.noise_name:
            batch.noises.append((recording.noise_name, samples))
    return batch._replace(clips=np.stack(clips).astype("<i2", copy=False)) if clips else batch


def _write_header(stream: BinaryIO, n_clips: int) -> None:
    """Write the header of a ``.npy`` of ``n_clips`` clips. Its length is the same for any number of them."""
    header = {"descr": "<i2", "fortran_order": False, "shape": (n_clips, CLIP_SAMPLES)}
    np.lib.format.write_array_header_1_0(stream, header)


def _write_noise(path: Path, table: _Table) -> None:
    """Write the noise recordings one after the other."""
    noises = [samples for _, samples in table.noises]
    with path.open("wb") as stream:
        np.save(stream, np.concatenate([*noises, np.zeros(0, dtype=np.int16)]), allow_pickle=False)
        _flush(stream)


def _write_table(path: Path, table: _Table) -> None:
    """Write what each row of the clips is, and where each noise begins.

    Words, splits and speakers are stored once each and pointed at; the table is a tenth of the size then.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for column in POINTED_COLUMNS:
        values = [getattr(cut, column) for cut in table.cuts]
        names = {value: number for number, value in enumerate(dict.fromkeys(values))}
        arrays[column] = np.array(list(names), dtype=np.str_)
        arrays[f"{column}_index"] = np.array([names[value] for value in values], dtype=np.int32)
    arrays["files"] = np.array([cut.file.encode("utf-8", "surrogateescape") for cut in table.cuts], dtype=np.bytes_)
    arrays["noise_names"] = np.array([name for name, _ in table.noises], dtype=np.str_)
    arrays["noise_lengths"] = np.array([len(samples) for _, samples in table.noises], dtype=np.int64)
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
        _flush(stream)


def _first(table: _Table) -> str:
    return " ".join((table.problems[0].file, table.problems[0].what)) if table.problems else "it names no clips."


def _flush(stream: BinaryIO) -> None:
    """Bring a file to the disk, so that a pack that is in place is complete even after a power cut."""
    stream.flush()
    os.fsync(stream.fileno())


def _require_room(title: str, recordings: tuple[Recording, ...], folder: Path) -> None:
    needed = CLIP_BYTES * sum(len(recording.cuts) for recording in recordings)
    free = shutil.disk_usage(folder).free
    if free < 1.02 * needed:
        raise DataError(
            f"The pack of {title} takes {needed / 1e9:.2f} GB and {folder} has {free / 1e9:.2f} GB left. "
            "Make room, or set KWS_CACHE to a folder on another disk."
        )


def _clear_left_behind(packs: Path) -> None:
    """Remove what killed builds left; for whoever holds the lock."""
    for pattern in (f"*{_BUILDING}*", f"*{_DAMAGED}*"):
        for folder in packs.glob(pattern):
            remove(folder)


def _move_into_place(building: Path, folder: Path) -> None:
    """Give the finished pack its name, and remove what stood there."""
    aside = folder.with_name(f"{folder.name}{_DAMAGED}{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        folder.rename(aside)
    building.rename(folder)
    remove(aside)
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
