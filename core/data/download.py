"""Fetching Speech Commands v2 for those who have no copy: two archives, 2.5 GB, resumed where they stopped.

Each archive is fetched to ``ROOT/<name>.tar.gz.part``, checked against its SHA-256, unpacked into a folder of another
name, counted, and only then given its place. What is interrupted is never taken for finished.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import shutil
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from filelock import FileLock, Timeout

from core.data.leftovers import remove
from core.data.source import Progress
from core.data.speech_commands import (
    N_CLIPS,
    N_TEST_CLIPS,
    OUTER_FOLDER,
    TEST_SET_FOLDER,
    WORDS_FOLDER,
)
from core.data.splits import TESTING_LIST, VALIDATION_LIST
from core.errors import DataError
from core.files.strict import read_json
from core.files.writing import write_bytes
from core.text import printable_name

_SITE = "https://storage.googleapis.com/download.tensorflow.org/data/"


@dataclass(frozen=True)
class Archive:
    """A packed part of the dataset, and what is known about it."""

    url: str
    folder: str
    """Name of the folder it is unpacked to, inside ``SpeechCommands``."""
    n_bytes: int
    """Size of the archive."""
    sha256: str
    n_clips: int
    """WAV files in folders that are not hidden, without the background noise."""
    unpacked_bytes: int
    """Room its files take on a disk, rounded up."""
    needs: tuple[str, ...] = ()
    """Files that must stand in it."""

    @property
    def name(self) -> str:
        """Name of the archive's file."""
        return PurePosixPath(urllib.parse.urlparse(self.url).path).name


ARCHIVES = (
    # Sizes and SHA-256 as tensorflow_datasets lists them (url_checksums/speech_commands.txt).
    Archive(
        url=f"{_SITE}{WORDS_FOLDER}.tar.gz",
        folder=WORDS_FOLDER,
        n_bytes=2_428_923_189,
        sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        n_clips=N_CLIPS,
        unpacked_bytes=3_900_000_000,
        needs=(VALIDATION_LIST, TESTING_LIST),
    ),
    Archive(
        url=f"{_SITE}{TEST_SET_FOLDER}.tar.gz",
        folder=TEST_SET_FOLDER,
        n_bytes=112_563_277,
        sha256="cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
        n_clips=N_TEST_CLIPS,
        unpacked_bytes=200_000_000,
    ),
)

DOWNLOAD_BYTES = sum(archive.n_bytes for archive in ARCHIVES)
"""What a full download fetches (bytes): 2.54 GB, which is 2.37 GiB."""

DISK_BYTES = sum(archive.n_bytes + archive.unpacked_bytes for archive in ARCHIVES)
"""Room a full download needs while it runs (bytes); less than half is free again afterwards."""

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30.0
"""Seconds without a byte before a connection counts as lost (s)."""
SENSIBLE_BYTES = 1 << 20
"""A connection that brings less is fruitless, however often it is taken up again."""
SENSIBLE_S = 60.0
"""Seconds in which a connection has to bring ``SENSIBLE_BYTES``; otherwise another one is tried (s)."""
FRUITLESS_TRIES = 4
"""Fruitless connections in a row before giving up. With the size of an archive this bounds all tries."""
LARGEST_GROWTH = 20
"""A tar archive that unpacks to more than this many times its own size is no archive of recordings."""

DEEPEST_MEMBER, LONGEST_MEMBER = 4, 200
"""Folders above a member of an archive, and characters of its name; the official ones have 2 and 60."""
MORE_MEMBERS = 1000
"""Members that an archive may have beside its clips."""


class DownloadCancelledError(DataError):
    """The user stopped a download; what was fetched is kept and the next try goes on from there."""


def download_speech_commands(
    root: Path,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    archives: Sequence[Archive] = ARCHIVES,
    pause_s: float = 2.0,
) -> Path:
    """Put Speech Commands v2 below ``root``; parts that are there already are left alone.

    Args:
        root: Folder that shall hold ``SpeechCommands``; made if it is missing.
        progress: Called with bytes done and in all, and what is being done; raising in it stops the download.
        cancelled: Asked whenever something came; True stops the download.
        archives: What to fetch.
        pause_s: Waiting time before a lost connection is tried again (s); doubled each time.

    Returns:
        ``root``, ready for ``open_data``.

    Raises:
        DownloadCancelledError: If ``cancelled`` said so.
        DataError: If there is no room, no connection, a wrong checksum, an unsafe archive, or a folder in the way.
    """
    root = root.expanduser()
    fetcher = _Fetcher(progress or _ignore, cancelled or _never, pause_s)
    try:
        outer = root / OUTER_FOLDER
        outer.mkdir(parents=True, exist_ok=True)
        with _only_one(root):
            _clear_left_behind(outer)
            missing = [archive for archive in archives if not _is_there(archive, outer)]
            _require_room(missing, root)
            for archive in missing:
                fetcher.provide(archive, root / archive.name, outer)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The download to {root} stopped: {reason}. Starting it again goes on from there.") from error
    return root


def _is_there(archive: Archive, outer: Path) -> bool:
    """Whether a part of the dataset is complete already; a folder that is neither complete nor empty is refused."""
    folder = outer / archive.folder
    if not folder.exists():
        return False
    n_clips = _count_clips(folder)
    lacks = [name for name in archive.needs if not (folder / name).is_file()]
    if n_clips == archive.n_clips and not lacks:
        return True
    if not any(folder.iterdir()):
        folder.rmdir()
        return False
    raise DataError(
        f"{folder} holds {n_clips:,} of {archive.n_clips:,} clips{''.join(f', and no {name}' for name in lacks)}. "
        "It is left untouched: move it away, or choose another folder for the download."
    )


def _count_clips(folder: Path) -> int:
    """WAV files one folder down, without noise and hidden folders."""
    words = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "." and "_noise_" not in path.name]
    return sum(entry.name.endswith(".wav") for word in words for entry in os.scandir(word))


def _require_room(archives: Sequence[Archive], root: Path) -> None:
    """Refuse to begin what cannot end."""
    needed = sum(archive.unpacked_bytes for archive in archives)
    for archive in archives:
        here = [root / archive.name, _part(root / archive.name)]
        needed += max(0, archive.n_bytes - sum(path.stat().st_size for path in here if path.is_file()))
    free = shutil.disk_usage(root).free
    if free < needed:
        raise DataError(
            f"The download and its files take {needed / 1e9:.1f} GB and {root} has {free / 1e9:.1f} GB left. "
            "Make room, or choose a folder on another disk."
        )


def _clear_left_behind(outer: Path) -> None:
    """Remove half-unpacked folders that a killed download left; for whoever holds the lock."""
    for folder in outer.glob("*.unpacking-*"):
        remove(folder)


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Let one download at a time write below ``root``. The lock goes with the process, however that ends."""
    path = root / ".download.lock"
    try:
        lock = FileLock(path).acquire(timeout=0)
    except Timeout as error:
        raise DataError(f"Another download to {root} is running. Wait for it, or stop it first.") from error
    with lock:
        try:
            yield
        finally:
            # Windows removes no open file; it stays there, empty.
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _part(packed: Path) -> Path:
    return packed.with_name(f"{packed.name}.part")


def _ignore(_done: int, _total: int, _action: str) -> None:
    """Stands in for a progress display."""


def _never() -> bool:
    return False


class _Fetcher:
    """Fetches, checks and unpacks, telling how far it is and asking whether to go on."""

    def __init__(self, progress: Progress, cancelled: Callable[[], bool], pause_s: float) -> None:
        self.progress = progress
        self.cancelled = cancelled
        self.pause_s = pause_s
        self.opener = urllib.request.build_opener(_SafeRedirects)

    def tell(self, done: int, total: int, action: str) -> None:
        """Pass on how far it is, and stop here if the user wants to."""
        self.progress(done, total, action)
        if self.cancelled():
            raise DownloadCancelledError("The download was stopped. Starting it again goes on from there.")

    def provide(self, archive: Archive, packed: Path, outer: Path) -> None:
        """Bring one part of the dataset into ``outer``; an archive that lies there already is used and kept."""
        own = not packed.exists()
        if own:
            self.fetch(archive, packed)
        elif not self.matches(archive, packed):
            raise DataError(
                f"{packed} is not the official archive: its SHA-256 is another one. Delete or move it, "
                "so that it can be fetched anew."
            )
        self.unpack(archive, packed, outer)
        if own:
            packed.unlink()

    def fetch(self, archive: Archive, packed: Path) -> None:
        """Fetch an archive to ``packed``, going on with what an earlier try left; twice if the checksum is wrong."""
        part = _part(packed)
        for path in (part, _etag_file(part)):
            _refuse_planted(path)
        resumed = part.exists() and part.stat().st_size > 0
        for may_retry in (resumed, False):
            self._fetch_all(archive, part)
            if self.matches(archive, part):
                part.rename(packed)
                _etag_file(part).unlink(missing_ok=True)
                return
            # The old beginning may have been of another version: once, all of it is fetched anew.
            _forget(part)
            if not may_retry:
                break
        raise DataError(
            f"{archive.url} came with a wrong SHA-256: the file on the server has changed or was damaged on the way. "
            "Nothing of it was kept; try again later."
        )

    def _fetch_all(self, archive: Archive, part: Path) -> None:
        """Connect as often as needed until the whole archive is there."""
        fruitless, pause_s, furthest = 0, self.pause_s, _size(part)
        while True:
            try:
                if self._fetch_some(archive, part):
                    return
                error: Exception | None = None
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as lost:
                # A busy server may answer later; any other refusal stays one.
                if isinstance(lost, urllib.error.HTTPError) and lost.code < 500 and lost.code not in (408, 416, 429):
                    raise DataError(f"{archive.url} answered {lost.code} ({lost.reason}).") from lost
                error = lost
            # What counts is how far it came ever, not what came: a server may give the same beginning for ever.
            if _size(part) >= furthest + SENSIBLE_BYTES:
                fruitless, pause_s, furthest = 0, self.pause_s, _size(part)
            else:
                fruitless, pause_s = fruitless + 1, 2 * pause_s
            if fruitless >= FRUITLESS_TRIES:
                reason = (
                    getattr(error, "reason", None) or error or "connections close too early, or bring next to nothing"
                )
                raise DataError(
                    f"{archive.url} cannot be fetched ({reason}). Check the connection and start again: "
                    "it goes on from what is there."
                ) from error
            time.sleep(pause_s if fruitless else 0)

    def _fetch_some(self, archive: Archive, part: Path) -> bool:
        """Fetch over one connection; returns whether the archive is complete."""
        start = _size(part)
        if start > archive.n_bytes:
            _forget(part)
            start = 0
        if start == archive.n_bytes:
            return True
        with self.opener.open(_request(archive.url, start, part), timeout=TIMEOUT_S) as response:
            if response.status == 206 and _range_start(response) != start:
                _forget(part)
                return False
            if response.status != 206:
                start = 0
            write_bytes(_etag_file(part), json.dumps({"etag": response.headers.get("ETag", "")}).encode())
            with _open_part(part, "ab" if start else "wb") as stream:
                done, counted, since = start, start, time.monotonic()
                # What has come, and not a whole chunk: a server that sends drop by drop can be stopped, too.
                while chunk := response.read1(min(CHUNK_BYTES, archive.n_bytes + 1 - done)):
                    stream.write(chunk)
                    done += len(chunk)
                    self.tell(min(done, archive.n_bytes), archive.n_bytes, f"fetching {archive.name}")
                    if done >= counted + SENSIBLE_BYTES:
                        counted, since = done, time.monotonic()
                    elif time.monotonic() > since + SENSIBLE_S:
                        break
        return done >= archive.n_bytes

    def matches(self, archive: Archive, path: Path) -> bool:
        """Whether a file is the archive, by its SHA-256."""
        digest, done = hashlib.sha256(), 0
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                self.tell(done, path.stat().st_size, f"checking {archive.name}")
        return digest.hexdigest() == archive.sha256

    def unpack(self, archive: Archive, packed: Path, outer: Path) -> None:
        """Unpack to a folder of another name, count, and move it into place.

        Raises:
            DataError: If a member would leave the folder or is no plain file, or clips are missing.
        """
        folder = outer / f"{archive.folder}.unpacking-{secrets.token_hex(4)}"
        folder.mkdir()
        try:
            with packed.open("rb") as stream:
                self._unpack_members(archive, stream, folder)
            n_clips = _count_clips(folder)
            lacks = [name for name in archive.needs if not (folder / name).is_file()]
            if n_clips != archive.n_clips or lacks:
                raise DataError(
                    f"{packed} unpacks to {n_clips:,} clips instead of {archive.n_clips:,}"
                    f"{''.join(f' and has no {name}' for name in lacks)}. Delete it and start again."
                )
            folder.rename(outer / archive.folder)
        except (tarfile.TarError, EOFError, UnicodeError) as error:
            raise DataError(f"{packed} cannot be unpacked ({error}). Delete it and start again.") from error
        finally:
            remove(folder)

    def _unpack_members(self, archive: Archive, stream: IO[bytes], folder: Path) -> None:
        size = os.fstat(stream.fileno()).st_size
        n_bytes = 0
        with tarfile.open(fileobj=stream, mode="r:gz") as tar:
            for number, member in enumerate(tar):
                _refuse_unsafe(member, archive.name)
                n_bytes += member.size
                too_large = n_bytes > LARGEST_GROWTH * max(archive.n_bytes, size) + CHUNK_BYTES
                if too_large or number > archive.n_clips + MORE_MEMBERS:
                    raise DataError(f"{archive.name} unpacks to far more than it should; it was not unpacked.")
                tar.extract(member, folder, filter="data")
                # The list of members would otherwise grow to a hundred thousand.
                tar.members = []  # type: ignore[attr-defined]
                if number % 200 == 0:
                    self.tell(stream.tell(), size, f"unpacking {archive.name}")
        self.tell(size, size, f"unpacking {archive.name}")


def _refuse_unsafe(member: tarfile.TarInfo, archive: str) -> None:
    """Refuse anything but plain files and folders that stay inside: before and beside tarfile's own filter."""
    # A name is judged as both systems read it: on Windows, backslashes and drive letters lead out too.
    posix, windows = PurePosixPath(member.name), PureWindowsPath(member.name)
    leaves = posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts)
    deep = len(posix.parts) > DEEPEST_MEMBER + 1 or len(windows.parts) > DEEPEST_MEMBER + 1
    if leaves or deep or len(member.name) > LONGEST_MEMBER or not (member.isreg() or member.isdir()):
        what = "leads out of the folder" if leaves else "is neither a file nor a folder of a dataset"
        raise DataError(f"{archive} holds {printable_name(member.name)!r}, which {what}. It was not unpacked.")


def _refuse_planted(path: Path) -> None:
    """Refuse to write to a name that stands for something else: a link, another name of a file, or no file at all."""
    if path.is_symlink() or (path.exists() and not (path.is_file() and path.stat().st_nlink == 1)):
        raise DataError(f"{path} is a link or no plain file, so nothing is written to it. Remove it and start again.")


def _open_part(part: Path, mode: str) -> IO[bytes]:
    """Open what is being fetched; a link that was put there meanwhile is an error."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o644)

    return open(part, mode, opener=opener)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _request(url: str, start: int, part: Path) -> urllib.request.Request:
    """A request for the rest of an archive, if what is there is of the same version."""
    if urllib.parse.urlparse(url).scheme not in ("http", "https"):
        raise DataError(f"{url} is not an http or https address; nothing else is fetched.")
    request = urllib.request.Request(url, headers={"User-Agent": "earshot"})
    if start:
        request.add_header("Range", f"bytes={start}-")
        with suppress(OSError, ValueError):
            etag = read_json(_etag_file(part)).get("etag")
            if isinstance(etag, str) and etag.isprintable() and etag and not etag.startswith("W/"):
                request.add_header("If-Range", etag)
    return request


def _range_start(response: Any) -> int:
    """The byte a partial answer begins with, -1 if it does not say."""
    unit, _, rest = str(response.headers.get("Content-Range", "")).partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdigit() else -1


def _etag_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _etag_file(part).unlink(missing_ok=True)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to http and https only, and never from https down to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urllib.parse.urlparse(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme != "https"):
            raise DataError(f"{req.full_url} leads to {newurl}, which is not a safe address; nothing was fetched.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
