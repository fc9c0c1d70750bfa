"""Compressed audio that comes out the same bytes every time."""

from pathlib import Path

import numpy as np
import soundfile
from clip import SAMPLE_RATE
from numpy.typing import NDArray


def write_ogg(path: Path, waveform: NDArray[np.float32], compression: float) -> None:
    """Write one Ogg Opus file, and check that it reads back sample for sample in place.

    Args:
        path: Where.
        waveform: Shape (n_samples,), full scale ±1.
        compression: libsndfile's level, 0 (largest file) to 1 (smallest).

    Raises:
        RuntimeError: If the file reads back at another length or rate.
    """
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "OPUS", format="OGG", compression_level=compression) as file:
        file.write(waveform)
    path.write_bytes(with_serial_number(path.read_bytes(), 1))
    decoded, sample_rate = soundfile.read(path, dtype="float32")
    if (len(decoded), sample_rate) != (len(waveform), SAMPLE_RATE):
        raise RuntimeError(f"{path.name} reads back as {len(decoded)} samples at {sample_rate} Hz.")


def with_serial_number(ogg: bytes, serial: int) -> bytes:
    """The same Ogg stream under a fixed number: libsndfile draws one from the clock.

    A page is a 27-byte header (serial number at byte 14, checksum at 22, number of segments at 26), a table of
    segment lengths, and the segments (RFC 3533, section 6).
    """
    pages = bytearray(ogg)
    start = 0
    while start < len(pages):
        n_segments = pages[start + 26]
        body = start + 27 + n_segments
        stop = body + sum(pages[start + 27 : body])
        pages[start + 14 : start + 18] = serial.to_bytes(4, "little")
        pages[start + 22 : start + 26] = bytes(4)
        pages[start + 22 : start + 26] = _checksum(pages[start:stop]).to_bytes(4, "little")
        start = stop
    return bytes(pages)


def _checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32: polynomial 0x04c11db7, not reflected, starting at 0."""
    remainder = 0
    for byte in page:
        remainder = (remainder << 8 & 0xFFFFFFFF) ^ _CHECKSUM_OF_BYTE[remainder >> 24 ^ byte]
    return remainder


def _checksum_of_byte(byte: int) -> int:
    remainder = byte << 24
    for _ in range(8):
        remainder = (remainder << 1 ^ (0x04C11DB7 if remainder & 0x80000000 else 0)) & 0xFFFFFFFF
    return remainder


_CHECKSUM_OF_BYTE = [_checksum_of_byte(byte) for byte in range(256)]
