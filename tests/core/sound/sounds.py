"""Small sound files of every kind, made in the test."""

import io
import struct

import av
import numpy as np
import soundfile


def by_soundfile(samples, rate=16_000, **kind):
    """Samples, (n,) or (n, channels), in a format that libsndfile writes."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **kind)
    return buffer.getvalue()


def by_av(samples, container_format, codec, rate=48_000):
    """Samples, (n,) or (n, 2), in a format that FFmpeg writes."""
    samples = np.asarray(samples, np.float32)
    channels = samples[:, None] if samples.ndim == 1 else samples
    layout = ("mono", "stereo")[channels.shape[1] - 1]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=960)
        frame = av.AudioFrame.from_ndarray(channels.reshape(1, -1), format="flt", layout=layout)
        frame.rate = rate
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def wav(content, *, code=1, channels=1, rate=16_000, bits=16, said=None, behind=b""):
    """A WAV written by hand: ``said`` is the length in its header, ``behind`` what follows the sound."""
    align = channels * bits // 8
    form = struct.pack("<IHHIIHH", 16, code, channels, rate, rate * align % 2**32, align % 2**16, bits)
    body = b"WAVEfmt " + form + b"data" + struct.pack("<I", len(content) if said is None else said) + content + behind
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(name, content):
    """A chunk of a WAV, padded to an even length."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


TITLE = chunk(b"LIST", b"INFO" + chunk(b"ISFT", b"Lavf60.16.100"))
"""What FFmpeg puts behind the sound."""


def constant_flac(rate, channels, seconds, *, level=0, block=65_535):
    """A FLAC whose every block is one number a channel: a few dozen bytes that unpack to a megabyte."""
    tables = []
    for polynomial, bits in ((0x07, 8), (0x8005, 16)):
        top, mask = 1 << (bits - 1), (1 << bits) - 1
        table = []
        for byte in range(256):
            value = byte << (bits - 8)
            for _ in range(8):
                value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
            table.append(value)
        tables.append(table)

    def crc8(data):
        value = 0
        for byte in data:
            value = tables[0][value ^ byte]
        return value

    def crc16(data):
        value = 0
        for byte in data:
            value = ((value << 8) & 0xFFFF) ^ tables[1][(value >> 8) ^ byte]
        return value

    def number_of(frame):
        if frame < 0x80:
            return bytes([frame])
        if frame < 0x800:
            return bytes([0xC0 | frame >> 6, 0x80 | frame & 63])
        return bytes([0xE0 | frame >> 12, 0x80 | frame >> 6 & 63, 0x80 | frame & 63])

    n_frames = -(-round(seconds * rate) // block)
    about = (rate << 44) | ((channels - 1) << 41) | (15 << 36) | (n_frames * block)
    info = struct.pack(">HH", block, block) + bytes(6) + about.to_bytes(8, "big") + bytes(16)
    parts = [b"fLaC\x80" + len(info).to_bytes(3, "big") + info]
    values = (b"\0" + struct.pack(">h", level)) * channels
    for frame in range(n_frames):
        head = bytes([0xFF, 0xF8, 0x70, (channels - 1) << 4 | 0x08]) + number_of(frame) + struct.pack(">H", block - 1)
        whole = head + bytes([crc8(head)]) + values
        parts.append(whole + struct.pack(">H", crc16(whole)))
    return b"".join(parts)
