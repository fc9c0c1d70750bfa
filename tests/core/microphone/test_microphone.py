"""What we make of a sound card's behaviour, good and bad, with a `sounddevice` that stands in for the real one."""

import sys
import threading
import time

import numpy as np
import pytest

from core.errors import AudioError, MicrophoneError
from core.microphone import Microphone, capture, input_devices, portaudio
from tests.core.microphone.fake_sounddevice import Device, FakeSounddevice

BLOCK_S = portaudio.BLOCK_S


@pytest.fixture
def sounddevice(monkeypatch):
    """A computer with one agreeable sound card."""
    module = FakeSounddevice([Device("Built-in", takes_any_rate=True)])
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    yield module
    module.may_open.set()


@pytest.fixture
def heard():
    """What the consumer got: samples and rate of each block."""
    return []


@pytest.fixture
def make(sounddevice, heard):
    """Makes microphones that are released at the end of the test."""
    made = []

    def microphone(consume=None, **settings):
        made.append(Microphone(consume or (lambda samples, rate: heard.append((samples, rate))), **settings))
        return made[-1]

    yield microphone
    for one in made:
        one.stop()
    assert not portaudio._open_streams


def wait_until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.01)


def test_an_agreeable_card_gives_one_channel_at_16_khz(make, sounddevice, heard):
    microphone = make()
    microphone.start()
    assert microphone.running
    sounddevice.opened[0].deliver(0.1)
    sounddevice.opened[0].deliver(0.2)
    wait_until(lambda: len(heard) == 2)
    for (samples, rate), level in zip(heard, (0.1, 0.2), strict=True):
        assert rate == 16_000
        assert samples.dtype == np.float32
        np.testing.assert_array_equal(samples, np.full(800, level, np.float32))
    assert microphone.captured_s == pytest.approx(0.1)
    assert microphone.lost_s == 0
    assert microphone.error == ""


@pytest.mark.parametrize(("takes_mono", "level"), [(True, 0.1), (False, 0.15)])
def test_a_card_that_refuses_16_khz_gives_its_own_rate_and_the_mean_of_its_channels(
    make, sounddevice, heard, takes_mono, level
):
    sounddevice._listed[0].takes_any_rate = False
    sounddevice._listed[0].takes_mono = takes_mono
    make().start()
    sounddevice.opened[0].deliver(0.1)
    wait_until(lambda: heard)
    samples, rate = heard[0]
    assert rate == 48_000
    # Several channels are compared in whole blocks of 20 ms.
    np.testing.assert_allclose(samples, np.full(2400 if takes_mono else 1920, level), rtol=1e-6)


def test_channels_of_a_card_that_cancel_each_other_keep_the_voice(make, sounddevice, heard):
    sounddevice._listed[0].takes_any_rate = sounddevice._listed[0].takes_mono = False
    make().start()
    voice = np.sin(np.arange(4_800) * 0.05).astype(np.float32)
    sounddevice.opened[0].callback(np.stack([voice, -voice], axis=1), len(voice), None, None)
    wait_until(lambda: heard)
    np.testing.assert_array_equal(heard[0][0], voice)


def test_the_list_says_number_channels_rate_and_which_is_the_default(sounddevice):
    sounddevice.plugged += [Device("Loudspeaker", channels=0), Device("Headset", channels=1, rate=44_100)]
    assert [device.name for device in input_devices()] == ["Built-in"]
    built_in, headset = input_devices(refresh=True)
    assert (built_in.number, built_in.channels, built_in.rate, built_in.is_default) == (0, 2, 48_000, True)
    assert (headset.number, headset.name, headset.rate, headset.is_default) == (2, "Headset", 44_100, False)


def test_a_device_listed_for_several_interfaces_says_which(sounddevice):
    sounddevice.plugged += [Device("Built-in", host="WASAPI")]
    assert [device.name for device in input_devices(refresh=True)] == ["Built-in (ALSA)", "Built-in (WASAPI)"]


def test_the_list_is_not_renewed_under_a_microphone_that_listens(make, sounddevice):
    microphone = make()
    microphone.start()
    with pytest.raises(MicrophoneError, match="Stop it first"):
        input_devices(refresh=True)
    assert sounddevice.opened[0].active
    microphone.stop()
    assert input_devices(refresh=True)


def test_after_a_refresh_that_fails_the_next_look_starts_portaudio_again(sounddevice, monkeypatch):
    def fails():
        raise sounddevice.PortAudioError("Error initializing PortAudio: Unanticipated host error", -9999)

    with monkeypatch.context() as broken:
        broken.setattr(sounddevice, "_initialize", fails)
        with pytest.raises(MicrophoneError, match=r"did not start.*Unanticipated host error"):
            input_devices(refresh=True)
    assert [device.name for device in input_devices()] == ["Built-in"]


def test_no_device_unknown_device_busy_device(make, sounddevice):
    with pytest.raises(
        MicrophoneError, match=r"No device that can record has the number 7\. There are: 0 \(Built-in\)"
    ):
        make(device=7).start()
    sounddevice.plugged[0].is_busy = True
    busy = make()
    with pytest.raises(MicrophoneError, match="Built-in is in use by another program"):
        busy.start()
    assert not busy.running
    assert "Close that program" in busy.error
    sounddevice.plugged[0].is_busy = False
    busy.start()
    assert busy.running
    assert busy.error == ""
    busy.stop()
    sounddevice.plugged.clear()
    assert input_devices(refresh=True) == []
    with pytest.raises(MicrophoneError, match="There is no microphone at this computer"):
        make().start()


def test_a_device_unplugged_since_the_list_was_made_cannot_be_opened(make, sounddevice):
    sounddevice.plugged.clear()
    with pytest.raises(MicrophoneError, match="no longer there"):
        make().start()


def test_the_missing_package_is_named(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MicrophoneError, match="package sounddevice is not installed"):
        input_devices()
    with pytest.raises(MicrophoneError, match="pip install"):
        make().start()


def test_a_device_that_dies_says_so_after_the_last_block_was_heard(make, sounddevice, heard):
    microphone = make()
    microphone.start()
    for _ in range(3):
        sounddevice.opened[0].deliver()
    sounddevice.opened[0].active = False
    wait_until(lambda: sounddevice.opened[0].closed)
    assert len(heard) == 3
    assert "Built-in is gone" in microphone.error


def test_a_device_that_falls_silent_counts_as_dead_after_a_second(make, sounddevice):
    microphone = make()
    microphone.start()
    sounddevice.opened[0].deliver()
    began = time.monotonic()
    wait_until(lambda: not microphone.running)
    assert 0.9 < time.monotonic() - began < 3
    assert "no sound for 1 s" in microphone.error
    wait_until(lambda: sounddevice.opened[0].closed)


def test_a_slow_consumer_loses_nothing_for_30_s_and_then_what_is_counted(make, sounddevice, heard):
    go_on = threading.Event()

    def slow(samples, rate):
        go_on.wait(20)
        heard.append(samples[0])

    microphone = make(slow)
    microphone.start()
    levels = np.linspace(0, 1, 650, dtype=np.float32)
    sounddevice.opened[0].deliver(levels[0])
    wait_until(lambda: not microphone._capture._blocks.qsize())  # the consumer has the first
    for level in levels[1:601]:
        sounddevice.opened[0].deliver(level)
    assert microphone.captured_s == pytest.approx(601 * BLOCK_S)
    assert microphone.lost_s == 0
    for level in levels[601:]:
        sounddevice.opened[0].deliver(level)
    assert microphone.captured_s == pytest.approx(601 * BLOCK_S)
    assert microphone.lost_s == pytest.approx(49 * BLOCK_S)
    go_on.set()
    wait_until(lambda: len(heard) >= 601)
    np.testing.assert_array_equal(heard, levels[:601])


def test_it_is_released_when_nobody_watches(make, sounddevice):
    microphone = make(idle_s=1.0)
    microphone.start()
    for _ in range(15):
        time.sleep(0.1)
        microphone.touch()
        sounddevice.opened[0].deliver()
    assert microphone.running
    # The device goes on delivering; it is not for want of sound.
    wait_until(lambda: sounddevice.opened[0].deliver() or not microphone.running)
    wait_until(lambda: sounddevice.opened[0].closed)
    assert microphone.error == ""


def test_starting_and_stopping_twice_is_as_good_as_once(make, sounddevice, heard):
    microphone = make()
    microphone.stop()
    microphone.start()
    microphone.start()
    sounddevice.opened[0].deliver()
    assert microphone.captured_s > 0
    microphone.stop()
    microphone.stop()
    assert [stream.closed for stream in sounddevice.opened] == [True]
    microphone.start()
    assert microphone.running
    assert microphone.captured_s == 0
    assert [stream.closed for stream in sounddevice.opened] == [True, False]


def test_many_threads_that_start_and_stop_never_have_it_open_twice(make, sounddevice):
    microphone = make()
    most = []

    def press():
        for _ in range(3):
            microphone.start()
            most.append(sum(stream.active for stream in list(sounddevice.opened)))
            microphone.stop()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert not microphone.running
    assert all(stream.closed for stream in sounddevice.opened)


def test_a_consumer_may_stop_it(make, sounddevice):
    microphone = make(lambda *_block: microphone.stop())
    microphone.start()
    sounddevice.opened[0].deliver()
    wait_until(lambda: sounddevice.opened[0].closed)
    assert not microphone.running
    assert microphone.error == ""


def test_a_consumer_that_fails_ends_it_with_the_reason(make, sounddevice):
    def fails(samples, rate):
        raise AudioError("The rate changed.")

    microphone = make(fails)
    microphone.start()
    sounddevice.opened[0].deliver()
    wait_until(lambda: sounddevice.opened[0].closed)
    assert microphone.error == "The rate changed."


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_in_the_consumer_ends_it_loudly(make, sounddevice):
    def fails(samples, rate):
        raise ZeroDivisionError("mistake")

    microphone = make(fails)
    microphone.start()
    sounddevice.opened[0].deliver()
    wait_until(lambda: sounddevice.opened[0].closed)
    assert "mistake" in microphone.error


def test_stopping_does_not_wait_for_a_consumer_that_hangs(make, sounddevice, monkeypatch):
    monkeypatch.setattr(capture, "STOP_S", 0.3)
    go_on = threading.Event()
    microphone = make(lambda *_block: go_on.wait(20))
    microphone.start()
    sounddevice.opened[0].deliver()
    began = time.monotonic()
    microphone.stop()
    assert time.monotonic() - began < 2
    assert sounddevice.opened[0].closed
    go_on.set()


def test_a_sound_system_that_hangs_is_not_waited_for_and_opens_nothing_later(make, sounddevice, monkeypatch):
    monkeypatch.setattr(portaudio, "ANSWER_S", 0.3)
    sounddevice.may_open.clear()
    microphone = make()
    for _ in range(2):
        with pytest.raises(MicrophoneError, match=r"has not answered for 0\.3 s"):
            microphone.start()
    assert "restart the sound system" in microphone.error
    sounddevice.may_open.set()
    wait_until(lambda: sounddevice.opened)
    wait_until(lambda: sounddevice.opened[0].closed)
    microphone.start()
    assert microphone.running
    assert [stream.closed for stream in sounddevice.opened] == [True, False]


def test_the_age_of_a_sound_grows_with_the_clock_and_with_what_came_after(make, sounddevice, heard):
    microphone = make()
    microphone.start()
    for _ in range(4):
        sounddevice.opened[0].deliver()
    first = microphone.age_s(0.1)
    assert 0.1 <= first < 1
    time.sleep(0.2)
    assert microphone.age_s(0.1) - first == pytest.approx(0.2, abs=0.15)
