"""Sound files to blocks of samples, by soundfile or by PyAV. Nothing of a file is held but the block at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from core.sound.mixing import in_float

BLOCK_VALUES, BLOCK_S = 2**18, 4
"""Most values, over all channels, of a block (1 or 2 MB), and most seconds."""

LEAST_S = 0.2
"""Seconds that have to stand before a damage: of less nothing can be heard, and it may be no sound at all."""

MOST_FRAMES = 500_000
"""Packets of a file that are decoded; ten minutes of the shortest, 2.5 ms of Opus, are half as many."""

CONTAINERS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,ac3,eac3,amr,amrnb,amrwb,ape,asf,avi,flv,matroska,mov,mpeg,mpegts,mpc,mpc8,"
    "tak,tta,voc,wv"
)
"""Formats that FFmpeg may find in a file, by its own names. Each holds its sound itself: none is a playlist or a
session description, with which it would open other files or reach the network."""

AV_ERRORS = (av.FFmpegError, ValueError, OverflowError, RuntimeError)

UNKNOWN_FRAMES = 2**60
"""Numbers of samples from here on stand for "not known" in libsndfile."""

Block = tuple[int, NDArray[np.floating]]
"""Samples per second, and samples (n, channels), floating point; the whole numbers of a file reach from -1 to 1."""


@dataclass
class Track:
    """The sound of an open file: its form and length as its header claims them, and what can be read.

    ``is_damaged`` tells afterwards that ``blocks`` ended where it could not be read any further.
    """

    rate: int
    n_channels: int
    n_samples: int | None
    """Samples of each channel; None if the header does not say."""
    blocks: Iterator[Block]
    is_damaged: bool = False

    @property
    def seconds(self) -> float | None:
        """Its length, as far as it is known."""
        return self.n_samples / self.rate if self.n_samples is not None and self.rate > 0 else None


@contextmanager
def by_soundfile(stream: IO[bytes], longest_s: float) -> Iterator[Track]:
    """A file as libsndfile reads it (WAV, FLAC, OGG, MP3, AIFF …), one sample more than ``longest_s`` at most.

    Raises:
        soundfile.SoundFileError: If it cannot be read, also later, from ``blocks``.
    """
    with soundfile.SoundFile(_ForCallbacks(stream)) as file:
        n_samples = file.frames if 0 <= file.frames < UNKNOWN_FRAMES else None
        yield Track(file.samplerate, file.channels, n_samples, _blocks(file, longest_s))


class _ForCallbacks:
    """A stream for libraries in C to ask.

    In a damaged file they ask for odd places, and of an error there Python would print a traceback and go on.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream: Any = stream

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with suppress(ValueError, OSError):
            return int(self._stream.seek(offset, whence))
        return -1

    def tell(self) -> int:
        return int(self._stream.tell())

    def readinto(self, buffer: Any) -> int:
        with suppress(OSError):
            return int(self._stream.readinto(buffer))
        return 0

    def read(self, n_bytes: int = -1) -> bytes:
        return bytes(self._stream.read(n_bytes))


def _blocks(file: soundfile.SoundFile, longest_s: float) -> Iterator[Block]:
    # A double may be larger than float32 can hold, and is to be refused for that.
    kind = "float64" if file.subtype == "DOUBLE" else "float32"
    # One further than what is kept tells a sound that is too long from one that is not.
    left = int(longest_s * file.samplerate) + 1
    while left > 0:
        n_samples = min(left, max(1, BLOCK_VALUES // file.channels), max(1, BLOCK_S * file.samplerate))
        block = file.read(n_samples, dtype=kind, always_2d=True)
        if len(block) == 0:
            return
        yield file.samplerate, block
        left -= len(block)


@contextmanager
def by_av(content: IO[bytes]) -> Iterator[Track | None]:
    """A file as FFmpeg reads it (WebM, M4A, MP4 …); None if it has no sound track that can be decoded.

    Raises:
        AV_ERRORS: If it cannot be read, also later, from ``blocks``.
    """
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    with av.open(_ForCallbacks(content), mode="r", metadata_errors="ignore", options=options) as container:
        # A stream without a decoder has no context, and no rate.
        streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
        if not streams:
            yield None
            return
        rate = streams[0].rate or 0
        n_samples = container.duration * rate // av.time_base if container.duration else None
        track = Track(rate, streams[0].channels, n_samples, iter(()))
        track.blocks = _together(_frames(container.decode(streams[0]), track))
        yield track


def _frames(frames: Iterator[Any], track: Track) -> Iterator[Block]:
    n_frames, read_s = 0, 0.0
    try:
        for frame in frames:
            values, n_channels = frame.to_ndarray(), frame.layout.nb_channels
            samples = values.T if frame.format.is_planar else values.reshape(-1, n_channels)
            yield frame.sample_rate, in_float(samples)
            n_frames += 1
            read_s += len(samples) / max(1, frame.sample_rate)
            if n_frames > MOST_FRAMES:
                raise ValueError("too many packets")
    except av.FFmpegError:
        if read_s < LEAST_S:
            raise
        track.is_damaged = True


def _together(blocks: Iterator[Block]) -> Iterator[Block]:
    """Small blocks of one form joined to larger ones."""
    waiting: list[NDArray[np.floating]] = []
    form, n_values = (0, 0), 0
    for rate, block in blocks:
        if waiting and ((rate, block.shape[1]) != form or n_values >= BLOCK_VALUES):
            yield form[0], np.concatenate(waiting)
            waiting, n_values = [], 0
        form = rate, block.shape[1]
        waiting.append(block)
        n_values += block.size
    if waiting:
        yield form[0], np.concatenate(waiting)
