"""A `sounddevice` module without PortAudio, which errs as the real one does and whose devices a test plugs in."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

UNAVAILABLE, INVALID_RATE, INVALID_CHANNELS = -9985, -9997, -9998


class PortAudioError(Exception):
    """As sounddevice's: text and PortAudio's code."""


@dataclass
class Device:
    """Something plugged in."""

    name: str
    channels: int = 2
    rate: int = 48_000
    host: str = "ALSA"
    takes_any_rate: bool = False
    takes_mono: bool = True
    is_busy: bool = False


@dataclass(eq=False)
class Stream:
    """An opened device; the test delivers its sound."""

    module: FakeSounddevice
    samplerate: int
    channels: int
    blocksize: int
    callback: object
    active: bool = False
    closed: bool = False

    def start(self):
        self.active = True

    def abort(self):
        self.active = False

    def close(self):
        self.active, self.closed = False, True

    def deliver(self, level=0.1):
        """One block, in memory that is used again at once, as PortAudio's is. Channels are of different levels."""
        levels = level * np.arange(1, self.channels + 1, dtype=np.float32)
        block = np.tile(levels, (self.blocksize, 1))
        self.callback(block, self.blocksize, None, None)
        block[:] = np.nan


@dataclass
class FakeSounddevice:
    """The module."""

    plugged: list[Device] = field(default_factory=list)
    opened: list[Stream] = field(default_factory=list)
    may_open: threading.Event = field(default_factory=threading.Event)
    PortAudioError: type = PortAudioError
    default: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(device=[-1, -1]))
    _initialized: int = 0

    def __post_init__(self):
        self.may_open.set()
        self._initialize()

    def _initialize(self):
        self._initialized += 1
        self._listed = list(self.plugged)
        self._hosts = list(dict.fromkeys(device.host for device in self._listed))
        self.default.device = [0 if self._listed else -1, -1]

    def _terminate(self):
        self._initialized -= 1
        for stream in self.opened:
            stream.close()

    def _exit_handler(self):
        pass

    def query_hostapis(self, index):
        return {"name": self._hosts[index]}

    def query_devices(self):
        if not self._initialized:
            raise PortAudioError("Error querying device count: PortAudio not initialized", -10000)
        return [
            {
                "index": number,
                "name": device.name,
                "hostapi": self._hosts.index(device.host),
                "max_input_channels": device.channels,
                "default_samplerate": float(device.rate),
            }
            for number, device in enumerate(self._listed)
        ]

    def InputStream(self, *, device, samplerate, channels, dtype, blocksize, latency, callback):  # noqa: N802
        assert (dtype, latency) == ("float32", "high")
        self.may_open.wait(30)
        card = self._listed[device]
        code = None
        if card not in self.plugged or card.is_busy:
            code, text = UNAVAILABLE, "Device unavailable"
        elif samplerate != card.rate and not card.takes_any_rate:
            code, text = INVALID_RATE, "Invalid sample rate"
        elif channels > card.channels or (channels < card.channels and not card.takes_mono):
            code, text = INVALID_CHANNELS, "Invalid number of channels"
        if code is not None:
            raise PortAudioError(f"Error opening InputStream: {text}", code)
        self.opened.append(Stream(self, samplerate, channels, blocksize, callback))
        return self.opened[-1]
