import hashlib
import io
import os
import shutil
import tarfile
import threading
import time
from collections import namedtuple
from contextlib import nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.data import download
from core.data.download import (
    ARCHIVES,
    DOWNLOAD_BYTES,
    Archive,
    DownloadCancelledError,
    download_speech_commands,
)
from core.data.pack import open_data
from core.errors import DataError


class Server:
    """A local web server whose faults can be chosen."""

    def __init__(self):
        self.files = {}
        self.ranges = True
        self.etag = '"one"'
        self.drop_after = []  # bytes after which each coming answer breaks off
        self.answer = 200
        self.redirect = None
        self.drop_s = 0.0  # seconds between two bytes, if it sends them one by one
        self.range_shift = 0  # how far the partial answers are from what was asked
        self.asked = []  # (path, Range header) of every request
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.reply(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def reply(self, handler):
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        if self.redirect:
            handler.send_response(302)
            handler.send_header("Location", self.redirect)
            handler.end_headers()
            return
        if self.answer != 200:
            handler.send_error(self.answer)
            return
        content, start = self.files[handler.path], 0
        same = handler.headers.get("If-Range", self.etag) == self.etag
        if wanted and self.ranges and same:
            start = int(wanted.removeprefix("bytes=").rstrip("-")) + self.range_shift
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.send_header("ETag", self.etag)
        handler.end_headers()
        n_bytes = self.drop_after.pop(0) if self.drop_after else len(content)
        if not self.drop_s:
            handler.wfile.write(content[start : start + n_bytes])
        with suppress(ConnectionError):
            for byte in content[start:] if self.drop_s else b"":
                handler.wfile.write(bytes([byte]))
                time.sleep(self.drop_s)
        handler.close_connection = True

    def offer(self, name, content, **values):
        """Serve an archive, and describe it."""
        self.files[f"/{name}.tar.gz"] = content
        described = {
            "url": f"{self.url}/{name}.tar.gz",
            "folder": name,
            "n_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "n_clips": 2,
            "unpacked_bytes": 10_000,
        }
        return Archive(**(described | values))


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.thread.join()
    server.http.server_close()


def packed(members):
    """A .tar.gz of (name, content) or ready TarInfo members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            name, content = member
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def content(wav_bytes):
    """A small archive, flat like the official one; its noise keeps it from being compressed to nothing."""
    import numpy as np

    samples = np.random.default_rng(0).integers(-9000, 9000, (3, 16_000))
    return packed(
        [
            ("./README.md", b"About."),
            ("./yes/0a1b2c3d_nohash_0.wav", wav_bytes(samples[0])),
            ("./bed/026290a7_nohash_0.wav", wav_bytes(samples[1])),
            ("./_background_noise_/hum.wav", wav_bytes(samples[2])),
            ("./validation_list.txt", b"bed/026290a7_nohash_0.wav\n"),
        ]
    )


def fetch(root, *archives, **options):
    return download_speech_commands(root, archives=archives, pause_s=0, **options)


def folder_of(root, archive):
    return root / "SpeechCommands" / archive.folder


def left_in(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_the_official_archives_are_described():
    assert [archive.name for archive in ARCHIVES] == [
        "speech_commands_v0.02.tar.gz",
        "speech_commands_test_set_v0.02.tar.gz",
    ]
    assert round(DOWNLOAD_BYTES / 1e9, 2) == 2.54
    assert all(len(archive.sha256) == 64 and archive.url.startswith("https://") for archive in ARCHIVES)
    assert [archive.n_clips for archive in ARCHIVES] == [105_829, 4_890]


def test_both_parts_are_fetched_checked_and_unpacked_to_their_folders(server, content, tmp_path, wav_bytes, tone):
    words = server.offer("speech_commands_v0.02", content, needs=("validation_list.txt",))
    test_clips = packed([("./yes/0c540988_nohash_0.wav", wav_bytes(tone(300)))])
    test_set = server.offer("speech_commands_test_set_v0.02", test_clips, n_clips=1)
    calls = []
    assert fetch(tmp_path / "new" / "root", words, test_set, progress=lambda *call: calls.append(call)) is not None
    root = tmp_path / "new" / "root"
    assert left_in(root) == [
        "SpeechCommands/speech_commands_test_set_v0.02/yes/0c540988_nohash_0.wav",
        "SpeechCommands/speech_commands_v0.02/README.md",
        "SpeechCommands/speech_commands_v0.02/_background_noise_/hum.wav",
        "SpeechCommands/speech_commands_v0.02/bed/026290a7_nohash_0.wav",
        "SpeechCommands/speech_commands_v0.02/validation_list.txt",
        "SpeechCommands/speech_commands_v0.02/yes/0a1b2c3d_nohash_0.wav",
    ]
    actions = list(dict.fromkeys(action for _, _, action in calls))
    assert actions == [f"{verb} {a.name}" for a in (words, test_set) for verb in ("fetching", "checking", "unpacking")]
    assert all(0 <= done <= total for done, total, _ in calls)
    pack = open_data(root)
    assert set(pack.words.tolist()) == {"yes", "bed"}
    assert len(pack.indices("official")) == 1


def test_what_is_there_already_is_not_fetched_again(server, content, tmp_path):
    archive = server.offer("words", content)
    fetch(tmp_path, archive)
    fetch(tmp_path, archive)
    assert len(server.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_lost_connection_is_taken_up_again(server, content, tmp_path, ranges):
    server.ranges = ranges
    server.drop_after = [20_000, 30_000]
    archive = server.offer("words", content)
    fetch(tmp_path, archive)
    assert (folder_of(tmp_path, archive) / "yes").is_dir()
    offsets = [wanted for _, wanted in server.asked]
    # Without ranges the second try begins anew and gets further; the third gets everything.
    assert offsets == [None, "bytes=20000-", f"bytes={50_000 if ranges else 30_000}-"]


def test_a_cancelled_download_is_kept_and_gone_on_with(server, content, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "CHUNK_BYTES", 10_000)
    archive = server.offer("words", content)
    asked = []

    def stop():
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(DownloadCancelledError, match="goes on"):
        fetch(tmp_path, archive, cancelled=stop)
    n_kept = (tmp_path / "words.tar.gz.part").stat().st_size
    assert 0 < n_kept <= 30_000
    assert (tmp_path / "words.tar.gz.part").read_bytes() == content[:n_kept]
    assert not folder_of(tmp_path, archive).exists()
    fetch(tmp_path, archive)
    assert server.asked[-1] == ("/words.tar.gz", f"bytes={n_kept}-")
    assert left_in(tmp_path)[-1].startswith("SpeechCommands/words/")


def test_an_error_in_the_progress_display_stops_it_too(server, content, tmp_path):
    archive = server.offer("words", content)

    def broken(_done, _total, action):
        if action.startswith("unpacking"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fetch(tmp_path, archive, progress=broken)
    assert left_in(tmp_path) == ["words.tar.gz"]
    assert not list((tmp_path / "SpeechCommands").iterdir())


def test_an_archive_that_changed_on_the_server_is_fetched_from_the_start(server, content, tmp_path):
    (tmp_path / "words.tar.gz.part").write_bytes(b"x" * 1000)
    (tmp_path / "words.tar.gz.part.json").write_text('{"etag": "\\"old\\""}')
    fetch(tmp_path, archive := server.offer("words", content))
    assert len(server.asked) == 1
    assert folder_of(tmp_path, archive).is_dir()


def test_a_spoilt_beginning_is_noticed_by_the_checksum_and_fetched_anew(server, content, tmp_path):
    (tmp_path / "words.tar.gz.part").write_bytes(b"x" * 1000)
    fetch(tmp_path, archive := server.offer("words", content))
    assert [wanted for _, wanted in server.asked] == ["bytes=1000-", None]
    assert folder_of(tmp_path, archive).is_dir()


@pytest.mark.parametrize("n_extra", [0, 500])
def test_a_wrong_checksum_is_refused_and_nothing_kept(server, content, tmp_path, n_extra):
    archive = server.offer("words", content)
    server.files["/words.tar.gz"] = content[:-1] + b"!" + b"?" * n_extra
    with pytest.raises(DataError, match="wrong SHA-256"):
        fetch(tmp_path, archive)
    assert left_in(tmp_path) == []


def test_an_archive_the_user_has_is_used_and_kept(server, content, tmp_path):
    (tmp_path / "words.tar.gz").write_bytes(content)
    fetch(tmp_path, archive := server.offer("words", content))
    assert server.asked == []
    assert folder_of(tmp_path, archive).is_dir()
    assert (tmp_path / "words.tar.gz").read_bytes() == content


def test_another_file_of_the_archives_name_is_refused_and_kept(server, content, tmp_path):
    (tmp_path / "words.tar.gz").write_bytes(b"mine")
    with pytest.raises(DataError, match="not the official archive"):
        fetch(tmp_path, server.offer("words", content))
    assert (tmp_path / "words.tar.gz").read_bytes() == b"mine"


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


EVIL = {
    "parent": ("../outside.wav", b"evil"),
    "parent inside": ("yes/../../outside.wav", b"evil"),
    "absolute": ("/tmp/earshot-outside.wav", b"evil"),
    "windows parent": ("yes\\..\\..\\outside.wav", b"evil"),
    "windows drive": ("C:\\outside.wav", b"evil"),
    "windows share": ("\\\\host\\outside.wav", b"evil"),
    "symbolic link": special("yes/link.wav", tarfile.SYMTYPE, "/etc/passwd"),
    "harmless symbolic link": special("yes/link.wav", tarfile.SYMTYPE, "0a1b2c3d_nohash_0.wav"),
    "hard link": special("yes/link.wav", tarfile.LNKTYPE, "../../../outside.wav"),
    "device": special("yes/device.wav", tarfile.CHRTYPE),
    "pipe": special("yes/pipe.wav", tarfile.FIFOTYPE),
    "deep": ("yes/" * 10 + "a.wav", b"evil"),
    "deep folder": special("a/" * 90 + "b", tarfile.DIRTYPE),
    "long": ("yes/" + "a" * 300 + ".wav", b"evil"),
}


@pytest.mark.parametrize("kind", EVIL)
def test_a_member_that_leaves_its_folder_or_is_no_file_stops_everything(server, tmp_path, kind):
    root = tmp_path / "root"
    archive = server.offer("words", packed([("yes/0a1b2c3d_nohash_0.wav", b"1"), EVIL[kind], ("yes/b.wav", b"2")]))
    with pytest.raises(DataError, match=r"leads out of the folder|neither a file nor a folder"):
        fetch(root, archive)
    assert left_in(tmp_path) == ["root/words.tar.gz"]
    assert not list((root / "SpeechCommands").iterdir())


def test_an_archive_that_grows_without_end_is_stopped(server, tmp_path):
    archive = server.offer("words", packed([("yes/a.wav", bytes(8_000_000))]))
    with pytest.raises(DataError, match="far more than it should"):
        fetch(tmp_path, archive)
    assert left_in(tmp_path) == ["words.tar.gz"]


def test_an_archive_of_endless_folders_is_stopped(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MORE_MEMBERS", 10)
    folders = [special(f"yes/{number}", tarfile.DIRTYPE) for number in range(20)]
    archive = server.offer("words", packed(folders))
    with pytest.raises(DataError, match="far more than it should"):
        fetch(tmp_path, archive)
    assert not list((tmp_path / "SpeechCommands").iterdir())


def test_an_archive_with_too_few_clips_is_not_taken_for_the_dataset(server, content, tmp_path):
    with pytest.raises(DataError, match="2 clips instead of 3"):
        fetch(tmp_path, server.offer("words", content, n_clips=3))
    assert not list((tmp_path / "SpeechCommands").iterdir())


def test_an_archive_without_its_lists_is_not_taken_for_the_dataset(server, content, tmp_path):
    with pytest.raises(DataError, match=r"no testing_list\.txt"):
        fetch(tmp_path, server.offer("words", content, needs=("testing_list.txt",)))


def test_a_file_that_is_no_archive_is_told_so(server, tmp_path):
    with pytest.raises(DataError, match="cannot be unpacked"):
        fetch(tmp_path, server.offer("words", b"not a gzip file"))


def test_a_folder_that_is_half_full_is_refused_and_left_alone(server, content, tmp_path):
    archive = server.offer("words", content)
    mine = folder_of(tmp_path, archive) / "yes" / "mine.wav"
    mine.parent.mkdir(parents=True)
    mine.touch()
    with pytest.raises(DataError, match="1 of 2 clips"):
        fetch(tmp_path, archive)
    assert server.asked == []
    assert left_in(tmp_path) == ["SpeechCommands/words/yes/mine.wav"]


def test_too_little_room_is_said_before_the_first_byte(server, content, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(DataError, match="0 GB left"):
        fetch(tmp_path, server.offer("words", content))
    assert server.asked == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://localhost/words.tar.gz", "data:,hello"])
def test_only_web_addresses_are_fetched(server, content, tmp_path, url):
    with pytest.raises(DataError, match="not an http"):
        fetch(tmp_path, server.offer("words", content, url=url))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/words.tar.gz"])
def test_a_redirection_away_from_the_web_is_refused(server, content, tmp_path, target):
    server.redirect = target
    with pytest.raises(DataError, match=r"not a safe address|is not allowed"):
        fetch(tmp_path, server.offer("words", content))
    assert len(server.asked) == 1


def test_a_missing_file_on_the_server_is_told_at_once(server, content, tmp_path):
    server.answer = 404
    with pytest.raises(DataError, match="answered 404"):
        fetch(tmp_path, server.offer("words", content))
    assert len(server.asked) == 1


def test_a_server_in_trouble_is_tried_a_few_times(server, content, tmp_path):
    server.answer = 503
    with pytest.raises(DataError, match="cannot be fetched"):
        fetch(tmp_path, server.offer("words", content))
    assert len(server.asked) == download.FRUITLESS_TRIES


def test_no_server_at_all_is_told(content, tmp_path):
    archive = Archive("http://127.0.0.1:9/words.tar.gz", "words", len(content), "0" * 64, 2, 10)
    with pytest.raises(DataError, match="Check the connection"):
        fetch(tmp_path, archive)


def test_a_second_download_to_the_same_place_is_refused(server, content, tmp_path):
    archive = server.offer("words", content)
    messages = []

    def try_again(*_):
        if not messages:
            with pytest.raises(DataError) as caught:
                fetch(tmp_path, archive)
            messages.append(str(caught.value))

    fetch(tmp_path, archive, progress=try_again)
    assert "Another download" in messages[0]
    assert folder_of(tmp_path, archive).is_dir()


# --- servers and neighbours that mean no good


def test_a_server_that_sends_a_byte_a_connection_is_given_up(server, content, tmp_path):
    """It was asked for ever: one byte counted as progress."""
    server.drop_after = [1] * 10_000
    with pytest.raises(DataError, match=r"next to nothing.*goes on from what is there"):
        fetch(tmp_path, server.offer("words", content))
    assert len(server.asked) == download.FRUITLESS_TRIES


@pytest.mark.parametrize("behaves", ["begins anew", "answers another range"])
def test_a_server_that_sends_the_same_beginning_for_ever_is_given_up(server, content, tmp_path, monkeypatch, behaves):
    monkeypatch.setattr(download, "SENSIBLE_BYTES", 10_000)
    server.ranges, server.range_shift = behaves != "begins anew", 5
    server.drop_after = [30_000] * 10_000
    with pytest.raises(DataError, match="cannot be fetched"):
        fetch(tmp_path, server.offer("words", content))
    assert len(server.asked) <= 2 * download.FRUITLESS_TRIES


def test_a_bad_line_that_brings_a_little_each_time_comes_to_its_end(server, content, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "SENSIBLE_BYTES", 5_000)
    server.drop_after = [2_000] * 10_000
    archive = server.offer("words", content)
    fetch(tmp_path, archive)
    assert folder_of(tmp_path, archive).is_dir()
    assert len(server.asked) > 10


def test_a_server_that_sends_drop_by_drop_is_given_up_and_can_be_stopped(server, content, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "SENSIBLE_S", 0.05)
    server.drop_s = 0.001
    archive = server.offer("words", content)
    with pytest.raises(DataError, match="next to nothing"):
        fetch(tmp_path, archive)
    assert len(server.asked) == download.FRUITLESS_TRIES
    monkeypatch.setattr(download, "SENSIBLE_S", 1000)
    with pytest.raises(DownloadCancelledError):
        fetch(tmp_path, archive, cancelled=lambda: True)


@pytest.mark.parametrize("name", ["words.tar.gz.part", "words.tar.gz.part.json", ".download.lock"])
@pytest.mark.parametrize("kind", ["link", "second name", "link to nothing", "pipe"])
def test_nothing_is_written_through_a_planted_name(server, content, tmp_path, name, kind):
    root, precious = tmp_path / "root", tmp_path / "precious"
    root.mkdir()
    precious.write_bytes(b"mine")
    if kind == "link":
        (root / name).symlink_to(precious)
    elif kind == "second name":
        (root / name).hardlink_to(precious)
    elif kind == "pipe":
        os.mkfifo(root / name)
    else:
        (root / name).symlink_to(tmp_path / "new")
    # A lock is written nothing into, so a second name or a pipe in its place does no harm.
    harmless = name == ".download.lock" and kind in ("second name", "pipe")
    with nullcontext() if harmless else pytest.raises(DataError, match=r"link|stopped"):
        fetch(root, server.offer("words", content))
    assert precious.read_bytes() == b"mine"
    assert not (tmp_path / "new").exists()


def test_what_a_killed_download_left_is_removed_whatever_the_clock_says_and_links_are_not_followed(
    server, content, tmp_path
):
    outer, elsewhere = tmp_path / "root" / "SpeechCommands", tmp_path / "elsewhere"
    for folder in (outer / "words.unpacking-1", outer / "words.unpacking-2", elsewhere):
        (folder / "yes").mkdir(parents=True)
        (folder / "yes" / "a.wav").touch()
    os.utime(outer / "words.unpacking-2", (2**33, 2**33))
    (outer / "words.unpacking-3").symlink_to(elsewhere)
    archive = server.offer("words", content)
    fetch(tmp_path / "root", archive)
    assert [path.name for path in outer.iterdir()] == ["words"]
    assert (elsewhere / "yes" / "a.wav").exists()


def test_a_link_in_the_place_of_the_dataset_is_not_unpacked_into(server, content, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "root" / "SpeechCommands").mkdir(parents=True)
    (tmp_path / "root" / "SpeechCommands" / "words").symlink_to(elsewhere)
    with pytest.raises(DataError):
        fetch(tmp_path / "root", server.offer("words", content))
    assert not list(elsewhere.iterdir())


def test_a_running_download_keeps_its_half_unpacked_folder(server, content, tmp_path):
    archive = server.offer("words", content)
    seen = []

    def second(_done, _total, action):
        if action.startswith("unpacking") and not seen:
            seen.extend(path.name for path in (tmp_path / "SpeechCommands").iterdir())
            with pytest.raises(DataError, match="Another download"):
                fetch(tmp_path, archive)
            assert [path.name for path in (tmp_path / "SpeechCommands").iterdir()] == seen

    fetch(tmp_path, archive, progress=second)
    assert "unpacking" in seen[0]
    assert folder_of(tmp_path, archive).is_dir()
