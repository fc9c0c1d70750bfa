"""The real PortAudio: without a sound card, with a virtual one, and with one that fails in the ways they do."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.virtual_microphone import CARD_RATE, virtual_microphone

PROJECT = Path(__file__).parents[3]

LIST = ("-m", "core", "listen", "--list-devices")

START = """
from core.microphone import Microphone
microphone = Microphone(lambda samples, rate: None, idle_s=None)
microphone.start()
"""

pytestmark = pytest.mark.sound


@pytest.fixture
def microphone():
    with virtual_microphone() as one:
        yield one


@pytest.fixture
def record(microphone, tmp_path):
    """Listens for some seconds, calls ``then`` when sound arrives, and gives the report and the samples."""

    def listen(seconds, then=lambda: None):
        path = tmp_path / "heard.npy"
        command = [sys.executable, "-m", "tests.core.microphone.record", str(seconds), str(path)]
        with (tmp_path / "errors.txt").open("w+") as errors:
            program = subprocess.Popen(
                command, cwd=PROJECT, env=microphone.environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            try:
                first = program.stdout.readline()
                assert first == "listening\n", first + (tmp_path / "errors.txt").read_text()
                then()
                output, _ = program.communicate(timeout=30)
            finally:
                program.kill()
        assert program.returncode == 0, (tmp_path / "errors.txt").read_text()
        return json.loads(output), np.load(path)

    return listen


def tone(frequency_hz, seconds):
    return (0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * CARD_RATE)) / CARD_RATE)).astype("f4")


def run(environment, *arguments):
    """A Python program, which has to end by itself."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
def test_a_tone_arrives_whole_at_16_khz(microphone, record, tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(1000, 5), CARD_RATE)
    players = []
    report, samples = record(4, lambda: players.append(microphone.play(path)))
    players[0].wait(10)
    assert report["error"] == ""
    assert ["default", True] in report["devices"]
    assert report["rates"] == [16_000]
    assert report["lost_s"] == 0
    # The first block was under way when the clock started; the last one is, when it stops.
    assert report["accounted_s"] == pytest.approx(report["seconds"], abs=0.25)
    assert len(samples) / 16_000 == pytest.approx(report["captured_s"], abs=0.11)
    # One second out of the middle of the tone: a whole number of periods, and no sample missing in between.
    second = samples[-24_000:-8_000]
    spectrum = np.abs(np.fft.rfft(second)) / 8000
    assert np.argmax(spectrum) == 1000
    assert spectrum[1000] == pytest.approx(0.3, rel=0.02)
    assert np.delete(spectrum, 1000).max() < 0.01


@pytest.mark.slow
def test_what_a_card_loses_is_told_by_the_clock(microphone, record):
    microphone.become_card()
    feeder = threading.Thread(target=microphone.deliver, args=(tone(500, 40),))
    feeder.start()
    skipped_s = []

    def skip():
        time.sleep(3)
        skipped_s.append(microphone.skip(0.6))

    report, _ = record(7, skip)
    microphone.end_delivery()
    feeder.join()
    assert report["error"] == ""
    assert report["lost_s"] == pytest.approx(skipped_s[0], abs=0.15)
    assert report["accounted_s"] == pytest.approx(report["seconds"], abs=0.4)


def test_a_card_that_delivers_nothing_any_more_counts_as_dead(microphone, record):
    microphone.become_card()
    # On a busy computer it takes seconds until the recorder listens: the sound ends after that, not at a set time.
    feeder = threading.Thread(target=microphone.deliver, args=(tone(500, 60),))
    feeder.start()

    def end():
        time.sleep(1)
        microphone.end_delivery()

    report, _ = record(20, end)
    feeder.join()
    assert "has delivered no sound for 1 s" in report["error"]
    assert report["seconds"] < 6
    assert report["stop_s"] < 1


@pytest.mark.parametrize("vanish", ["unplug", "kill"])
def test_a_microphone_that_vanishes_is_reported(microphone, record, vanish):
    report, _ = record(20, getattr(microphone, vanish))
    assert "is gone" in report["error"]
    assert "Plug it in" in report["error"]
    assert report["seconds"] < 5
    assert report["stop_s"] < 1


def test_a_sound_system_that_hangs_keeps_neither_stop_nor_the_program_from_ending(microphone, record):
    began = time.monotonic()
    report, _ = record(20, microphone.freeze)
    assert "has delivered no sound for 1 s" in report["error"]
    assert report["stop_s"] < 4
    assert time.monotonic() - began < 12


@pytest.mark.slow
def test_a_sound_system_that_hangs_from_the_start_is_reported(microphone):
    microphone.freeze()
    result = run(microphone.environment, *LIST)
    assert result.returncode == 1
    assert "has not answered for 10 s" in result.stderr


def test_devices_are_listed_as_they_are_when_asked_to_look_again(microphone):
    code = (
        "from core.microphone import input_devices\n"
        "print([(device.name, device.is_default) for device in input_devices()], flush=True)\n"
        "input()\n"
        "print(input_devices(), input_devices(refresh=True))\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=microphone.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "[('default', True)]\n"
    microphone.kill()
    output, _ = program.communicate("\n", timeout=30)
    assert output == "[InputDevice(number=0, name='default', channels=32, rate=44100, is_default=True)] []\n"


def test_without_any_device_the_list_is_empty_and_listening_says_what_to_do(microphone):
    microphone.kill()
    result = run(microphone.environment, *LIST)
    assert (result.returncode, result.stdout) == (0, "")
    assert "no device that can record" in result.stderr
    result = run(microphone.environment, "-c", START)
    assert "MicrophoneError: There is no microphone at this computer" in result.stderr
    assert "Plug one in" in result.stderr


def test_a_server_that_went_away_after_the_list_was_made_is_no_riddle(microphone):
    code = f"import os, signal, sounddevice\nos.kill({microphone.server.pid}, signal.SIGKILL)\n{START}"
    result = run(microphone.environment, "-c", code)
    assert "MicrophoneError: The microphone default cannot be opened" in result.stderr
    assert "plugged in" in result.stderr


def test_a_missing_portaudio_is_named_with_the_package_to_install(microphone):
    code = f"import ctypes.util\nctypes.util.find_library = lambda name: None\n{START}"
    result = run(microphone.environment, "-c", code)
    assert "MicrophoneError: Sound cards cannot be used: PortAudio" in result.stderr
    assert "libportaudio2" in result.stderr


def test_a_sound_system_that_does_not_start_is_reported(microphone, tmp_path):
    broken = tmp_path / "alsa.conf"
    broken.write_text("pcm.default { type nothing ]]] {{{\n")
    result = run({**microphone.environment, "ALSA_CONFIG_PATH": str(broken)}, *LIST)
    assert result.returncode == 1
    assert "the sound system of this computer did not start" in result.stderr


def test_a_program_that_forgets_to_stop_ends_all_the_same(microphone):
    result = run(
        microphone.environment, "-c", f"import time\n{START}\ntime.sleep(0.5)\nprint(microphone.captured_s > 0)"
    )
    assert (result.returncode, result.stdout) == (0, "True\n"), result.stderr
