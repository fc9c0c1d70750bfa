"""Sound files and recordings to waveforms: one channel, 16 kHz, -1 to 1. Reading is bounded in time and memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from core.config import SAMPLE_RATE
from core.errors import AudioError

LONGEST_S = 600.0
"""Seconds that are read of one file; more is refused, not silently cut."""

LARGEST_BYTES = 200 * 2**20

Waveform = NDArray[np.float32]


def read_audio(source: Path | bytes, *, name: str = "", longest_s: float = LONGEST_S) -> Waveform:
    """The sound of a file as one channel at 16 kHz.

    soundfile reads wav, flac, ogg and mp3; PyAV, with the libraries it brings along, reads webm, m4a, mp4 and what
    else FFmpeg knows. The format is found in the content, never in the name.

    Args:
        source: A path, or the file's content.
        name: What to call it in an error.
        longest_s: Seconds beyond which a file is refused.

    Returns:
        Samples in -1 to 1, shape (n,).

    Raises:
        AudioError: If the file is missing, empty, too long, or no sound that can be read.
    """
    name = name or (source.name if isinstance(source, Path) else "the recording")
    content = source if isinstance(source, bytes) else _content(source, name)
    if not content:
        raise AudioError(f"{name} is empty (0 bytes). Record it again or choose another file.")
    if len(content) > LARGEST_BYTES:
        raise AudioError(f"{name} has {len(content) >> 20} MB; at most {LARGEST_BYTES >> 20} MB are read. Cut it.")
    try:
        samples, rate = _by_soundfile(content, name, longest_s)
    except soundfile.LibsndfileError:
        samples, rate = _by_av(content, name, longest_s)
    if len(samples) == 0:
        raise AudioError(f"{name} holds no sound: it has a header, but not one sample. Record it again.")
    if not np.isfinite(samples).all():
        raise AudioError(f"{name} holds samples that are no numbers; it is damaged. Choose another file.")
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE)
    return np.clip(samples, -1, 1).astype(np.float32)


def _content(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise AudioError(f"{name} has {path.stat().st_size >> 20} MB; at most {LARGEST_BYTES >> 20} MB are read.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise AudioError(f"There is no file {path}.") from error
    except OSError as error:
        raise AudioError(f"{name} cannot be opened ({error.strerror}).") from error


def _too_long(name: str, longest_s: float) -> AudioError:
    return AudioError(f"{name} is longer than {longest_s:g} s, which is the most that is read at once. Cut it.")


def _by_soundfile(content: bytes, name: str, longest_s: float) -> tuple[Waveform, int]:
    with soundfile.SoundFile(io.BytesIO(content)) as file:
        most = int(longest_s * file.samplerate)
        # A header may claim any length; what is read decides.
        samples = file.read(most + 1, dtype="float32", always_2d=True)
        rate = int(file.samplerate)
    if len(samples) > most:
        raise _too_long(name, longest_s)
    return samples.mean(axis=1), rate


def _by_av(content: bytes, name: str, longest_s: float) -> tuple[Waveform, int]:
    try:
        with av.open(io.BytesIO(content), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise AudioError(f"{name} holds no sound track. Choose a recording of speech.")
            samples = np.concatenate([np.zeros(0, np.float32), *_mono_parts(container, name, longest_s)])
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise AudioError(
            f"{name} is no sound file that can be read, or it is damaged ({type(error).__name__}). "
            "WAV, FLAC, OGG, MP3, WebM and M4A work."
        ) from error
    return samples, SAMPLE_RATE


def _mono_parts(container: av.container.InputContainer, name: str, longest_s: float) -> Iterator[Waveform]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    n_samples = 0
    for frame in chain(container.decode(audio=0), [None]):
        for part in resampler.resample(frame):
            samples = part.to_ndarray()[0]
            n_samples += len(samples)
            if n_samples > longest_s * SAMPLE_RATE:
                raise _too_long(name, longest_s)
            yield samples
