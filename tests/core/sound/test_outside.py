"""Sound from outside: nothing a file is or claims makes reading wait, grow, reach out or fail without a sentence."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from core.errors import AudioError
from core.sound import reading
from core.sound.reading import read_audio
from tests.core.sound.sounds import by_av, by_soundfile, constant_flac, wav

TIME = np.arange(16_000) / 16_000
VOICE = 0.5 * np.sin(2 * np.pi * 200 * TIME) * np.sin(2 * np.pi * 2 * TIME) ** 2


def likeness(one, other):
    """The largest correlation at any shift, 1 for the same sound."""
    n = len(one) + len(other)
    shared = np.fft.irfft(np.fft.rfft(one, n) * np.conj(np.fft.rfft(other, n)))
    return float(shared.max() / np.sqrt((one @ one) * (other @ other)))


# Channels and ranges

OPPOSITE = np.stack([VOICE, -VOICE], axis=1)

CANCELLING = {
    "wav": lambda: by_soundfile(OPPOSITE, format="WAV", subtype="PCM_16"),
    "wav 44.1 kHz": lambda: by_soundfile(np.repeat(OPPOSITE, 3, axis=0), 48_000, format="WAV", subtype="FLOAT"),
    "flac": lambda: by_soundfile(OPPOSITE, format="FLAC"),
    "ogg": lambda: by_soundfile(OPPOSITE, format="OGG"),
    "mp3": lambda: by_soundfile(OPPOSITE, format="MP3"),
    "m4a": lambda: by_av(np.repeat(OPPOSITE, 3, axis=0), "ipod", "aac"),
    "webm": lambda: by_av(np.repeat(OPPOSITE, 3, axis=0), "webm", "libopus"),
}


@pytest.mark.parametrize("kind", CANCELLING)
def test_channels_that_cancel_keep_the_voice_in_every_format(kind):
    sound = read_audio(CANCELLING[kind]())
    assert likeness(sound.waveform, VOICE) > 0.98
    assert any("2 channels cancel each other" in note for note in sound.notes)


LOUD = {
    "wav": lambda: by_soundfile(VOICE * 32_768, format="WAV", subtype="FLOAT"),
    "wav of doubles": lambda: by_soundfile(VOICE * 32_768, format="WAV", subtype="DOUBLE"),
    "matroska": lambda: by_av(np.repeat(VOICE, 3) * 32_768, "matroska", "pcm_f32le"),
}


@pytest.mark.parametrize("kind", LOUD)
def test_whole_numbers_in_floating_point_are_scaled_in_every_format(kind):
    sound = read_audio(LOUD[kind]())
    assert np.abs(sound.waveform).max() == pytest.approx(np.abs(VOICE).max(), rel=0.01)
    assert any("16-bit" in note for note in sound.notes)


def test_a_range_without_a_reading_is_refused_with_the_file_s_name():
    with pytest.raises(AudioError, match=r"^odd\.wav holds floating-point samples up to"):
        read_audio(by_soundfile(VOICE * 100, format="WAV", subtype="FLOAT"), name="odd.wav")


@pytest.mark.parametrize(("subtype", "kind"), [("PCM_16", "WAV"), ("VORBIS", "OGG")])
def test_a_plain_file_has_no_notes(subtype, kind):
    assert read_audio(by_soundfile(np.stack([VOICE, VOICE], 1), format=kind, subtype=subtype)).notes == ()


# Bounds


@pytest.mark.parametrize("rate", [1, 3_999, 384_001, 655_350])
def test_only_the_rates_that_datasets_accept_are_read(rate):
    with pytest.raises(AudioError, match=f"has {rate} samples a second; 4000 to 384000"):
        read_audio(wav(bytes(64_000), rate=rate))


@pytest.mark.parametrize("channels", [65, 1_000, 65_535])
def test_more_channels_than_anything_records_are_refused(channels):
    with pytest.raises(AudioError, match=r"channels|no sound file"):
        read_audio(wav(bytes(channels * 200), channels=channels))


def test_the_number_of_samples_that_are_decoded_is_bounded(monkeypatch):
    monkeypatch.setattr(reading, "MOST_VALUES", 1_100_000)
    read_audio(constant_flac(48_000, 8, 2))
    with pytest.raises(AudioError, match="more than 1,100,000 samples over all its channels"):
        read_audio(constant_flac(48_000, 8, 4))


def test_a_few_kilobytes_that_unpack_to_an_hour_are_refused():
    content = constant_flac(16_000, 1, 3_600)
    assert len(content) < 20_000
    with pytest.raises(AudioError, match="longer than 600 s"):
        read_audio(content)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_follows_the_result_not_the_file(tmp_path):
    """590 s of eight channels at 96 kHz are 1.8 GB of samples, and 38 MB of result."""
    (tmp_path / "large.flac").write_bytes(constant_flac(96_000, 8, 589, level=100))
    program = (
        "import json, resource, sys, pathlib; from core.sound.reading import read_audio\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak(); sound = read_audio(pathlib.Path(sys.argv[1]))\n"
        "print(json.dumps([len(sound.waveform), peak() - before]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "large.flac"], capture_output=True, text=True, check=True
    )
    n_samples, grown_mb = json.loads(run.stdout)
    assert n_samples == pytest.approx(589 * 16_000, rel=0.01)
    assert grown_mb < 300


def test_no_memory_left_is_a_sentence(monkeypatch):
    def fail(*_args):
        raise MemoryError

    monkeypatch.setattr(reading, "Converter", fail)
    with pytest.raises(AudioError, match="my file needs more memory than this computer has left"):
        read_audio(wav(bytes(3_200)), name="my file")


def test_reading_a_long_file_tells_how_far_it_is():
    told = []
    read_audio(
        by_soundfile(np.zeros(35 * 8_000), 8_000, format="WAV"), progress=lambda done, total: told.append((done, total))
    )
    assert [total for _, total in told] == [35.0] * 3
    assert [done for done, _ in told] == pytest.approx([12, 24, 35], abs=3)


def test_what_progress_raises_ends_the_reading():
    def stop(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_audio(by_soundfile(np.zeros(25 * 8_000), 8_000, format="WAV"), progress=stop)


# What is opened


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes have paths on POSIX systems alone")
@pytest.mark.parametrize("kind", ["device", "pipe", "folder", "socket"])
def test_what_is_no_file_is_refused_at_once(kind, tmp_path, monkeypatch):
    path = tmp_path / "a"
    if kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        # Bound from there, since a long path does not fit into the address of a socket.
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("a")
    with pytest.raises(AudioError, match=r"a cannot be opened \(it is a .*, and only files are read\)"):
        read_audio(path)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5_000, "\ud800"])
def test_names_that_no_file_can_have_are_refused(name, tmp_path):
    with pytest.raises(AudioError):
        read_audio(tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8 exist on Linux")
def test_a_name_that_is_no_utf_8_is_read_and_can_be_written_in_an_error(tmp_path):
    path = tmp_path / os.fsdecode(b"ja\xff.wav")
    path.write_bytes(by_soundfile(VOICE, format="WAV"))
    assert len(read_audio(path).waveform) == 16_000
    path.write_bytes(b"nothing")
    with pytest.raises(AudioError) as caught:
        read_audio(path)
    assert str(caught.value).encode().startswith(rb"ja\xff.wav is no sound file")
    path.unlink()
    with pytest.raises(AudioError) as caught:
        read_audio(path)
    assert str(caught.value).encode()


@pytest.fixture
def door():
    """A port of this computer, and who knocked."""
    knocks = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def wait():
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                    knocks.append(time.time())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=wait)
        thread.start()
        yield server.getsockname()[1], knocks
        stop.set()
        thread.join()


SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n"
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '{target}'\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S">'
    '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL>'
    '<SegmentBase indexRange="0-10"/></Representation></AdaptationSet></Period></MPD>'
)


@pytest.mark.parametrize("text", [SDP, HLS, CONCAT, DASH], ids=["sdp", "hls", "concat", "dash"])
@pytest.mark.parametrize("where", ["network", "file"])
def test_a_playlist_or_session_opens_no_port_and_no_other_file(text, where, door, tmp_path):
    (tmp_path / "other.wav").write_bytes(by_soundfile(VOICE, format="WAV"))
    port, knocks = door
    target = f"http://127.0.0.1:{port}/a.ts" if where == "network" else str(tmp_path / "other.wav")
    before = {(one.fd, one.laddr) for one in psutil.Process().net_connections("inet")}
    opened = []
    done = threading.Event()

    def watch():
        while not done.is_set():
            now = {(one.fd, one.laddr) for one in psutil.Process().net_connections("udp")}
            opened.extend(now - before)
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with pytest.raises(AudioError, match="no sound file"):
            read_audio(text.format(port=port + 1, target=target).encode())
    finally:
        done.set()
        watcher.join()
    assert opened == []
    assert knocks == []
