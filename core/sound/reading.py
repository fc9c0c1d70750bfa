"""Sound files and recordings to waveforms: one channel, 16 kHz, -1 to 1.

Reading is bounded in time and memory: a file is decoded, mixed and resampled block by block, and what it claims about
itself is not believed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import soundfile

from core.config import SAMPLE_RATE
from core.errors import AudioError
from core.records.arrays import Waveform
from core.sound.decoding import AV_ERRORS, Track, by_av, by_soundfile
from core.sound.files import open_file
from core.sound.headers import SAID_EMPTY, Length, mended
from core.sound.mixing import Note, to_full_scale
from core.sound.resampling import NOTHING, Converter, trouble_with
from core.text import printable_name

LONGEST_S = 600.0
"""Seconds that are read of one file; more is refused, not silently cut."""

LARGEST_BYTES = 200 * 2**20

MOST_VALUES = 500_000_000
"""Samples, over all channels, that are decoded of one file: ten minutes of eight channels at 96 kHz. A few bytes may
unpack to more than any computer holds."""

PROGRESS_S = 10.0
"""Seconds of sound from one report of progress to the next."""

ReadingProgress = Callable[[float, float], None]
"""Called with the seconds of sound that are read, and with how many there are, as far as the file says."""


@dataclass(frozen=True, eq=False)
class Sound:
    """What a file gave.

    ``waveform`` has shape (n,), 16 kHz, -1 to 1. ``notes`` say what had to be done to it that changes what is heard,
    each a sentence without capital and full stop; a plain file has none.
    """

    waveform: Waveform
    notes: tuple[str, ...] = ()


def read_audio(
    source: Path | bytes, *, name: str = "", longest_s: float = LONGEST_S, progress: ReadingProgress | None = None
) -> Sound:
    """The sound of a file as one channel at 16 kHz.

    soundfile reads wav, flac, ogg and mp3; PyAV, with the libraries it brings along, reads webm, m4a, mp4 and other
    formats that hold their sound themselves (``core.sound.decoding.CONTAINERS``). The format is found in the content,
    never in the name. How channels are joined and odd ranges are read, see ``core.sound.mixing``.

    Args:
        source: A path, or the file's content.
        name: What to call it in an error.
        longest_s: Seconds beyond which a file is refused.
        progress: Told how far reading has come, from time to time; what it raises ends the reading.

    Returns:
        Its samples, and what had to be done to them.

    Raises:
        AudioError: If the file is missing, empty, too long, or no sound that can be read.
    """
    name = name or (source.name if isinstance(source, Path) else "the recording")
    reading = _Reading(printable_name(name), longest_s, progress)
    try:
        with _opened(source, reading.name) as stream:
            return reading.read(stream)
    except MemoryError as error:
        raise AudioError(
            f"{reading.name} needs more memory than this computer has left. Close other programs, or cut it."
        ) from error


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[IO[bytes]]:
    """The content as a stream, after a check that it is a file of a size that is read."""
    if isinstance(source, bytes):
        _check_size(len(source), name)
        yield io.BytesIO(source)
        return
    try:
        stream = open_file(source)
    except FileNotFoundError as error:
        raise AudioError(f"There is no file {printable_name(str(source))}.") from error
    except OSError as error:
        raise AudioError(f"{name} cannot be opened ({error.strerror}). Choose a sound file.") from error
    with stream:
        _check_size(os.fstat(stream.fileno()).st_size, name)
        try:
            yield stream
        except OSError as error:
            raise AudioError(f"{name} cannot be read to its end ({error.strerror or error}).") from error


def _check_size(n_bytes: int, name: str) -> None:
    if not n_bytes:
        raise AudioError(f"{name} is empty (0 bytes). Record it again or choose another file.")
    if n_bytes > LARGEST_BYTES:
        raise AudioError(f"{name} has {n_bytes >> 20} MB; at most {LARGEST_BYTES >> 20} MB are read. Cut it.")


class _Reading:
    """How one file is read."""

    def __init__(self, name: str, longest_s: float, progress: ReadingProgress | None) -> None:
        self.name, self._longest_s, self._progress = name, longest_s, progress

    def read(self, stream: IO[bytes]) -> Sound:
        length = mended(stream)
        try:
            with by_soundfile(length.stream, self._longest_s) as track:
                samples, notes = self._joined(track)
                notes += _cut_off(length, track.seconds, len(samples) / SAMPLE_RATE)
        except soundfile.SoundFileError:
            length.stream.seek(0)
            samples, notes = self._by_av(length.stream)
        if len(samples) == 0:
            raise AudioError(f"{self.name} holds no sound: it has a header, but not one sample. Record it again.")
        samples, scaled = to_full_scale(samples, self.name)
        return Sound(samples, tuple(str(note) for note in (*notes, scaled) if note))

    def _by_av(self, stream: IO[bytes]) -> tuple[Waveform, list[Note]]:
        try:
            with by_av(stream) as track:
                if track is None:
                    raise AudioError(
                        f"{self.name} holds no sound track that can be read. Choose a recording of speech."
                    )
                return self._joined(track)
        except AV_ERRORS as error:
            raise AudioError(
                f"{self.name} is no sound file that can be read, or it is damaged ({type(error).__name__}). "
                "WAV, FLAC, OGG, MP3, WebM and M4A work."
            ) from error

    def _joined(self, track: Track) -> tuple[Waveform, list[Note]]:
        """All of a track as one channel at 16 kHz, not yet limited, and what was done to its channels."""
        parts, notes = [NOTHING], []
        converter: Converter | None = None
        read_s, n_values, told_s = 0.0, 0, 0.0
        for rate, block in track.blocks:
            if converter is None or (rate, block.shape[1]) != (converter.rate, converter.n_channels):
                if trouble := trouble_with(rate, block.shape[1]):
                    raise AudioError(f"{self.name} {trouble} Export it again as a usual sound file.")
                if converter:
                    parts.append(converter.finish())
                    notes.append(converter.note)
                converter = Converter(rate, block.shape[1])
            read_s += len(block) / rate
            n_values += block.size
            self._check_bounds(read_s - 0.5 / rate, n_values)
            parts.append(converter.push(block))
            if self._progress and read_s >= told_s + PROGRESS_S:
                told_s = read_s
                self._progress(read_s, max(read_s, min(track.seconds or 0.0, self._longest_s)))
        if converter:
            parts.append(converter.finish())
            notes.append(converter.note)
        if track.is_damaged:
            notes.append(Note(f"it is damaged after {read_s:.1f} s", "what stands before was used"))
        return np.concatenate(parts), [note for note in notes if note]

    def _check_bounds(self, read_s: float, n_values: int) -> None:
        if read_s > self._longest_s:
            raise AudioError(
                f"{self.name} is longer than {self._longest_s:g} s, which is the most that is read at once. Cut it."
            )
        if n_values > MOST_VALUES:
            raise AudioError(
                f"{self.name} holds more than {MOST_VALUES:,} samples over all its channels, which is the most that is "
                "read at once. Cut it, or export it with fewer channels."
            )


def _cut_off(length: Length, announced_s: float | None, read_s: float) -> list[Note]:
    """What to say of a file whose header does not fit to its sound."""
    if length.said_empty:
        return [SAID_EMPTY]
    if length.missing_bytes:
        what = f"it is cut off: {length.missing_bytes:,} bytes of the sound its header announces are missing"
        return [Note(what, "what is there was read")]
    if announced_s is not None and read_s < announced_s - 0.1:
        return [Note(f"it is cut off or damaged: {read_s:.1f} of {announced_s:.1f} s are there", "they were read")]
    return []
