"""A microphone without a sound card: a PulseAudio server of our own, whose default source hears what tests play.

PortAudio reaches it through ALSA's plugin for PulseAudio. It looks for sound servers when it starts, by the
environment, so whatever listens has to be a process of its own, started with ``environment``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest

PROGRAMS = ("pulseaudio", "pactl", "paplay")
PLUGIN = "alsa-lib/libasound_module_pcm_pulse.so"

START_S = 15

CARD_RATE = 16_000
"""Rate (Hz) of the card that ``deliver`` feeds."""


class VirtualMicrophone:
    """A running PulseAudio server and its microphone.

    ``play`` is heard as it is played; it is silent otherwise. ``become_card`` makes it a card that delivers what
    ``deliver`` hands it and no more, so that it can lose sound.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        socket = folder / "native"
        # Sound cards that this computer may have are left out.
        alsa = folder / "alsa.conf"
        alsa.write_text("pcm.default { type pulse }\nctl.default { type pulse }\n")
        self.environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "PULSE_COOKIE": str(folder / "cookie"),
            "PULSE_SERVER": f"unix:{socket}",
            "ALSA_CONFIG_PATH": str(alsa),
        }
        self._card: int | None = None
        self._skipping = self._ended = False
        self._log = folder / "pulseaudio.log"
        calm = "--daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no --disable-shm=yes"
        command = ["pulseaudio", "-n", *calm.split(), "--realtime=no", "--high-priority=no"]
        command += ["-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"]
        # Without norewinds the first sample takes two seconds.
        command += ["-L", "module-null-sink sink_name=speaker norewinds=1 rate=48000 channels=1"]
        with self._log.open("wb") as log:
            self.server = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while self._control("set-default-source", "speaker.monitor").returncode:
            if self.server.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"PulseAudio did not start:\n{self._log.read_text()}")
            time.sleep(0.05)

    def play(self, wav: Path) -> subprocess.Popen[bytes]:
        """Play a file into the microphone, in its own time; the process ends with it."""
        return subprocess.Popen(["paplay", "--device=speaker", str(wav)], env=self.environment)

    def become_card(self) -> None:
        """Listen to ``deliver`` from now on."""
        fifo = self.folder / "card"
        looks = ("source_name=card", "format=s16le", f"rate={CARD_RATE}", "channels=1")
        loaded = self._control("load-module", "module-pipe-source", f"file={fifo}", *looks)
        assert loaded.returncode == 0, loaded.stderr
        assert self._control("set-default-source", "card").returncode == 0
        self._card = os.open(fifo, os.O_WRONLY)

    def deliver(self, samples: np.ndarray) -> None:
        """Hand samples to the card at its rate; returns when they are handed over, or after ``end_delivery``."""
        assert self._card is not None
        content = np.round(32767 * samples).astype("<i2")
        began, done = time.monotonic(), 0
        while done < len(content) and not self._ended:
            due = min(int((time.monotonic() - began) * CARD_RATE), len(content))
            if not self._skipping:
                os.write(self._card, content[done:due].tobytes())
            done = due
            time.sleep(0.02)

    def skip(self, seconds: float) -> float:
        """Let what ``deliver`` has to hand over in the next seconds pass in vain; how long it did so (s)."""
        began = time.monotonic()
        self._skipping = True
        time.sleep(seconds)
        self._skipping = False
        return time.monotonic() - began

    def end_delivery(self) -> None:
        """Hand over no more."""
        self._ended = True

    def unplug(self) -> None:
        """Take the microphone away; the server stays."""
        for module in ("module-pipe-source", "module-null-sink"):
            self._control("unload-module", module)

    def freeze(self) -> None:
        """Let the server hang: it answers nobody and delivers nothing."""
        self.server.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End the server at once."""
        self.server.kill()
        self.server.wait()
        if self._card is not None:
            os.close(self._card)
            self._card = None

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["pactl", *arguments], env=self.environment, capture_output=True, text=True, timeout=10)


def _plugin_is_there() -> bool:
    return any(next(Path("/usr").glob(f"{folder}/{PLUGIN}"), None) for folder in ("lib*", "lib*/*"))


@contextmanager
def virtual_microphone() -> Iterator[VirtualMicrophone]:
    """A microphone for the length of a ``with`` block; skips the test where PulseAudio is not installed."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    missing += ["PortAudio"] if find_library("portaudio") is None else []
    missing += ["ALSA's plugin for PulseAudio"] if not _plugin_is_there() else []
    if missing:
        pytest.skip(f"no {', no '.join(missing)}: scripts/setup_system.sh names the packages")
    # A socket's path may have 107 characters, so the folder of a test would be too deep.
    folder = Path(tempfile.mkdtemp(prefix="microphone-"))
    try:
        microphone = VirtualMicrophone(folder)
        try:
            yield microphone
        finally:
            microphone.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
