"""How much sound stands behind a header that says too little or too much.

A recorder that crashed leaves a length of 0, a program that writes to a pipe the largest number there is, a copy that
broke off more than the file has. libsndfile believes the first, and takes the chunks behind the sound (title, program)
for samples in the others.
"""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal, NamedTuple

from core.sound.mixing import Note

MOST_CHUNKS = 10_000

TAIL_BYTES = 8 * 2**20
"""Bytes at the end of a file in which chunks behind the sound are looked for."""

LEFT_OPEN = 0x7FFF_F000
"""Lengths from here on stand for "not known": such a file would have to be larger than any that is read."""

_CHUNKS_BEHIND = re.compile(
    rb"LIST|id3 |ID3 |fact|PEAK|cue |smpl|inst|bext|iXML|axml|_PMX|JUNK|junk|FLLR|PAD |DISP|acid|afsp|cart|chna|levl|"
    rb"plst|umid|minf|elm1|regn|note|labl|ltxt|NAME|AUTH|ANNO|\(c\) |COMT|MARK|INST|APPL"
)

SAID_EMPTY = Note("its header says that it is empty, as after a crash of the recorder", "all behind it was read")


class Length(NamedTuple):
    """What was found: the file to read, whose header is right; bytes of sound that are missing; whether it said 0."""

    stream: IO[bytes]
    missing_bytes: int = 0
    said_empty: bool = False


@dataclass(frozen=True)
class _Field:
    """Where a header tells the length of its sound, and what it says."""

    place: int
    code: str
    """The number's kind, for ``struct``."""
    start: int
    """Byte at which the sound begins."""
    said: int
    counted: int = 0
    """Bytes that the number counts on top of the sound."""
    chunks: str = ""
    """Byte order of chunks that may stand behind the sound, for ``struct``; empty if there are none."""


def mended(stream: IO[bytes]) -> Length:
    """A sound file with a header that tells the true length, whatever it told before.

    WAV (RIFF, RF64), W64, AIFF and AU are looked at; of others their own readers know best.

    Args:
        stream: The whole file; it is not changed.
    """
    size = stream.seek(0, os.SEEK_END)
    field = _field(stream, size)
    stream.seek(0)
    if field is None or field.start >= size or 0 < field.said <= size - field.start:
        return Length(stream)
    end = _end_of_sound(stream, field, size)
    stream.seek(0)
    n_bytes = end - field.start
    most = struct.calcsize(field.code) * 8
    right = struct.pack(field.code, min(n_bytes + field.counted, 2**most - 1))
    view: Any = _View(stream, end, field.place, right)
    missing = 0 if field.said <= 0 or field.said >= LEFT_OPEN else field.said - n_bytes
    return Length(view, missing, said_empty=field.said <= 0 < n_bytes)


def _field(stream: IO[bytes], size: int) -> _Field | None:
    stream.seek(0)
    opening = stream.read(16)
    if opening[:4] in (b"RIFF", b"RF64", b"BW64") and opening[8:12] == b"WAVE":
        return _wav(stream, size)
    if opening[:4] == b"FORM" and opening[8:12] in (b"AIFF", b"AIFC"):
        return _aiff(stream, size)
    if opening[:4] == b"riff" and opening[4:8] == b".\x91\xcf\x11":
        return _w64(stream, size)
    if opening[:4] == b".snd" and len(opening) >= 12:
        start, said = struct.unpack(">II", opening[4:12])
        return _Field(8, ">I", start, said)
    return None


def _wav(stream: IO[bytes], size: int) -> _Field | None:
    long = None
    for name, place, said in _chunks(stream, size, "little"):
        if name == b"ds64":
            stream.seek(place + 16)
            long = place + 16, int.from_bytes(stream.read(8), "little")
        if name == b"data":
            if long and said in (0, 0xFFFF_FFFF):
                return _Field(long[0], "<Q", place + 8, long[1], chunks="<")
            return _Field(place + 4, "<I", place + 8, said, chunks="<")
    return None


def _aiff(stream: IO[bytes], size: int) -> _Field | None:
    for name, place, said in _chunks(stream, size, "big"):
        if name == b"SSND":
            # Two numbers stand before the samples and are counted.
            return _Field(place + 4, ">I", place + 16, said - 8, counted=8, chunks=">")
    return None


def _chunks(stream: IO[bytes], size: int, order: Literal["little", "big"]) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and said length (bytes) of the chunks of a RIFF or AIFF file, one behind the other."""
    place = 12
    for _ in range(MOST_CHUNKS):
        stream.seek(place)
        head = stream.read(8)
        if len(head) < 8:
            return
        said = int.from_bytes(head[4:], order)
        yield head[:4], place, said
        place = _behind(stream, place + 8 + said, size)


def _w64(stream: IO[bytes], size: int) -> _Field | None:
    place = 40
    for _ in range(MOST_CHUNKS):
        stream.seek(place)
        head = stream.read(24)
        if len(head) < 24:
            return None
        said = int.from_bytes(head[16:], "little")
        if head[:4] == b"data":
            return _Field(place + 16, "<Q", place + 24, said - 24, counted=24)
        place = min(place + max(24, said + -said % 8), size)
    return None


def _behind(stream: IO[bytes], place: int, size: int) -> int:
    """Where the next chunk begins: chunks of odd length are followed by a byte, which some programs leave out."""
    if place % 2 == 0 or place >= size:
        return min(place, size)
    stream.seek(place)
    return place if re.fullmatch(rb"[A-Za-z0-9_( ][ -~]{3}", stream.read(4)) else place + 1


def _end_of_sound(stream: IO[bytes], field: _Field, size: int) -> int:
    """Where the sound ends: before the chunks that lie one behind the other and end exactly where the file does."""
    if not field.chunks:
        return size
    first = max(field.start, size - TAIL_BYTES)
    stream.seek(first)
    tail = stream.read(size - first)
    begins: dict[int, int] = {}
    for found in _CHUNKS_BEHIND.finditer(tail):
        place = found.start()
        if place + 8 <= len(tail):
            n_bytes = struct.unpack_from(f"{field.chunks}I", tail, place + 4)[0]
            begins |= {first + place + 8 + n_bytes + padding: first + place for padding in (0, n_bytes % 2)}
    end = size
    while (begin := begins.get(end, end)) < end:
        end = begin
    return end


class _View(io.RawIOBase):
    """A file up to a byte, with some of its bytes replaced."""

    def __init__(self, stream: IO[bytes], end: int, place: int, right: bytes) -> None:
        self._stream, self._end, self._at = stream, end, 0
        self._place, self._right = place, right

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._stream.seek(self._at)
        content = bytearray(self._stream.read(max(0, min(len(buffer), self._end - self._at))))
        shift = self._place - self._at
        if -len(self._right) < shift < len(content):
            for number, byte in enumerate(self._right):
                if 0 <= shift + number < len(content):
                    content[shift + number] = byte
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
