"""PortAudio, the library that reaches sound cards: which can record, and streams of sound from one of them.

All calls run on one thread, and nobody waits for them longer than ``ANSWER_S``: a sound server that hangs must not
hang a page. sounddevice is imported with the first call, since PortAudio may be missing.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import SAMPLE_RATE
from core.errors import MicrophoneError
from core.microphone.own_thread import Answer, OwnThread

ANSWER_S = 10.0
"""Longest wait for PortAudio: sound cards on Bluetooth take seconds to open."""

CLOSE_S = 2.0
"""Longest wait for a stream to close."""

BLOCK_S = 0.05
"""Length of the blocks in which sound arrives."""

UNAVAILABLE, INVALID_RATE, INVALID_CHANNELS = -9985, -9997, -9998
"""Three of PortAudio's error codes."""

Received = Callable[[NDArray[np.float32], int], None]
"""Is given each block, (n, channels), and its rate, on a thread that must not be kept waiting."""


@dataclass(frozen=True)
class InputDevice:
    """A device that can record."""

    number: int
    name: str
    channels: int
    """The most it records at once."""
    rate: int
    """Its own rate (Hz)."""
    is_default: bool


@dataclass(frozen=True)
class InputStream:
    """An open device, which delivers sound until it is closed."""

    device: InputDevice
    stream: Any

    @property
    def active(self) -> bool:
        """Whether it is alive; a device that vanishes raises no error."""
        return bool(self.stream.active)

    def close(self) -> None:
        """Let go of the device.

        Raises:
            MicrophoneError: If it does not answer. It is then closed when it does.
        """
        _ask(lambda: _close(self.stream), CLOSE_S)


def input_devices(*, refresh: bool = False) -> list[InputDevice]:
    """The devices that can record.

    Args:
        refresh: Look again. PortAudio looks once, when it starts, so it is started anew.

    Raises:
        MicrophoneError: If sound cards cannot be used here, or one is open, which a new start would close.
    """
    return _ask(lambda: _devices(_refreshed() if refresh else _sounddevice()), ANSWER_S)


def open_input(device: int | None, received: Received) -> InputStream:
    """Start recording: one channel at 16 kHz where the device agrees, else its own rate, else its channels too.

    Args:
        device: Number of the device; None for the default.
        received: Is given the sound.

    Raises:
        MicrophoneError: If there is no such device or it cannot be opened.
    """
    return _ask(lambda: _open(device, received), ANSWER_S, too_late=lambda late: _close(late.stream))


_portaudio = OwnThread("portaudio")
_open_streams: set[Any] = set()
"""Streams of sounddevice; for PortAudio's thread alone."""
_standard_error: list[int] = []
"""Where it went before sounddevice was imported."""


def _ask(
    call: Callable[[], Answer], wait_s: float, too_late: Callable[[Answer], object] = lambda _answer: None
) -> Answer:
    """The answer of a call on PortAudio's thread."""
    try:
        return _portaudio.ask(call, wait_s, too_late)
    except TimeoutError:
        _leave_alone()
        raise MicrophoneError(
            f"The sound system of this computer has not answered for {wait_s:g} s. Unplug the microphone and plug it "
            "in again, or restart the sound system (PulseAudio or PipeWire, on Linux); then try again."
        ) from None


def _leave_alone() -> None:
    """Undo what sounddevice has prepared for a PortAudio that returns."""
    sounddevice = sys.modules.get("sounddevice")
    if sounddevice:
        # When the program ends, PortAudio would be closed: that waits for ever, as this call does.
        atexit.unregister(sounddevice._exit_handler)
    # While PortAudio starts, standard error goes nowhere.
    for descriptor in _standard_error:
        os.dup2(descriptor, 2)


def _sounddevice() -> Any:
    """The module, with PortAudio started."""
    if not _standard_error:
        with suppress(OSError):
            _standard_error.append(os.dup(2))
    try:
        import sounddevice

        if not sounddevice._initialized:  # a refresh failed
            sounddevice._initialize()
    except ImportError as error:
        raise MicrophoneError(
            f"Sound cards cannot be used: the Python package sounddevice is not installed ({error}). "
            "Install it with: pip install -r requirements.txt"
        ) from error
    except OSError as error:
        raise MicrophoneError(
            f"Sound cards cannot be used: PortAudio, the library that reaches them, is not installed ({error}). "
            "Install it (Debian and Ubuntu: sudo apt-get install libportaudio2) and try again."
        ) from error
    except Exception as error:
        # The class cannot be imported here: its module is what failed.
        if type(error).__name__ != "PortAudioError":
            raise
        raise MicrophoneError(
            f"Sound cards cannot be used: the sound system of this computer did not start ({_words(error)}). "
            "Mend its settings (on Linux, those of ALSA) and try again."
        ) from error
    return sounddevice


def _refreshed() -> Any:
    if _open_streams:
        raise MicrophoneError("A microphone is listening, so the list of devices cannot be renewed. Stop it first.")
    sounddevice = _sounddevice()
    sounddevice._terminate()
    return _sounddevice()


def _devices(sounddevice: Any) -> list[InputDevice]:
    found = [device for device in sounddevice.query_devices() if device["max_input_channels"] > 0]
    # Windows lists each device once for every interface it has.
    ways = {device["hostapi"]: f" ({sounddevice.query_hostapis(device['hostapi'])['name']})" for device in found}
    default = sounddevice.default.device[0]
    return [
        InputDevice(
            number=device["index"],
            name=device["name"] + (ways[device["hostapi"]] if len(ways) > 1 else ""),
            channels=device["max_input_channels"],
            rate=round(device["default_samplerate"]),
            is_default=device["index"] == default,
        )
        for device in found
    ]


def _chosen(devices: list[InputDevice], number: int | None) -> InputDevice:
    if not devices:
        raise MicrophoneError(
            "There is no microphone at this computer, or another program keeps it to itself. Plug one in, or close "
            "that program, and renew the list of devices."
        )
    if number is None:
        return next((device for device in devices if device.is_default), devices[0])
    for device in devices:
        if device.number == number:
            return device
    known = ", ".join(f"{device.number} ({device.name})" for device in devices)
    raise MicrophoneError(f"No device that can record has the number {number}. There are: {known}.")


def _open(number: int | None, received: Received) -> InputStream:
    sounddevice = _sounddevice()
    device = _chosen(_devices(sounddevice), number)
    refusal: Any = None
    for rate, channels in ((SAMPLE_RATE, 1), (device.rate, 1), (device.rate, device.channels)):
        try:
            return InputStream(device, _started(sounddevice, device.number, rate, channels, received))
        except sounddevice.PortAudioError as error:
            refusal = error
            if _code(error) not in (INVALID_RATE, INVALID_CHANNELS):
                break
    if _code(refusal) == UNAVAILABLE:
        raise MicrophoneError(
            f"The microphone {device.name} is in use by another program, or no longer there. Close that program or "
            "plug the microphone in, and try again."
        ) from refusal
    raise MicrophoneError(
        f"The microphone {device.name} cannot be opened ({_words(refusal)}). See that it is plugged in and that no "
        "other program uses it, renew the list of devices, or choose another one."
    ) from refusal


def _started(sounddevice: Any, number: int, rate: int, channels: int, received: Received) -> Any:
    def callback(samples: NDArray[np.float32], _n: int, _time: Any, _status: Any) -> None:
        received(samples.copy(), rate)

    wanted = {"device": number, "samplerate": rate, "channels": channels, "dtype": "float32", "latency": "high"}
    stream = sounddevice.InputStream(**wanted, blocksize=round(BLOCK_S * rate), callback=callback)
    _open_streams.add(stream)
    try:
        stream.start()
    except sounddevice.PortAudioError:
        _close(stream)
        raise
    return stream


def _close(stream: Any) -> None:
    if stream in _open_streams:
        stream.abort()
        stream.close()
        _open_streams.remove(stream)


def _code(error: Any) -> int | None:
    return error.args[1] if len(error.args) > 1 else None


def _words(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
