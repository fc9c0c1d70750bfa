import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from core.config import CLIP_SAMPLES, LABELS
from core.data import build
from core.data.build import build_pack
from core.data.pack import SPLITS, open_data, open_pack, packs_folder, ready_pack
from core.data.speech_commands import speech_commands
from core.errors import DataError

PROJECT = Path(__file__).parents[3]


def packs():
    """Names of everything in the packs folder but the lock."""
    found = packs_folder().iterdir() if packs_folder().exists() else []
    return sorted(path.name for path in found if path.name != build.LOCK_FILE)


def never(*_):
    raise AssertionError("a pack was built although there was one")


def content(pack):
    return [
        pack.clips.tobytes(),
        *(a.tolist() for a in (pack.words, pack.labels, pack.splits, pack.speakers, pack.files)),
    ]


# --- what a pack holds


def test_every_row_is_the_second_its_file_names(tree, words_folder, test_set_folder):
    import soundfile

    pack = open_data(tree)
    assert set(pack.splits) == set(SPLITS)
    for row in range(len(pack)):
        file, _, start = pack.files[row].partition("@")
        folder = test_set_folder.parent if file.startswith("speech_commands_test") else words_folder
        samples, _ = soundfile.read(folder / file, dtype="int16", start=int(16_000 * float(start.rstrip("s") or 0)))
        expected = np.zeros(CLIP_SAMPLES, np.int16)
        expected[: len(samples)] = samples[:CLIP_SAMPLES]
        np.testing.assert_array_equal(pack.clips[row], expected)


def test_clips_are_a_memory_map_that_cannot_be_written(tree):
    pack = open_data(tree)
    assert isinstance(pack.clips, np.memmap)
    assert all(isinstance(noise, np.memmap) for noise in pack.noise.values())
    assert pack.clips.dtype == np.int16
    assert pack.clips.shape == (len(pack), CLIP_SAMPLES)
    with pytest.raises(ValueError, match="read-only"):
        pack.clips[0, 0] = 1


def test_a_clip_is_a_waveform_between_minus_one_and_one(tree):
    pack = open_data(tree)
    waveform = pack.clip(0)
    assert waveform.dtype == np.float32
    np.testing.assert_array_equal(np.rint(waveform * 32768), pack.clips[0])


def test_an_unknown_split_is_an_error_that_lists_the_known_ones(tree):
    with pytest.raises(DataError, match=r"'training'.*train, validation, official, testing-list"):
        open_data(tree).indices("training")


def test_speakers_and_files_outside_ascii_survive(tree, words_folder, wav_bytes, tone):
    (words_folder / "yes" / "Zoë_nohash_0.wav").write_bytes(wav_bytes(tone(300)))
    pack = open_data(tree)
    (row,) = np.flatnonzero(pack.speakers == "Zoë")
    assert pack.files[row] == "yes/Zoë_nohash_0.wav"
    assert pack.words[row] == "yes"


def test_the_order_of_clips_does_not_depend_on_the_number_of_threads(tree, tmp_path):
    source = speech_commands(tree)
    one, many = (build_pack(source, tmp_path / f"{n}", workers=n) for n in (1, 7))
    assert content(one) == content(many)


def test_groups_of_any_size_give_the_same_pack(tree, tmp_path, monkeypatch):
    source = speech_commands(tree)
    whole = build_pack(source, tmp_path / "whole")
    monkeypatch.setattr(build, "BATCH_CLIPS", 3)
    assert content(build_pack(source, tmp_path / "pieces")) == content(whole)


def test_only_a_few_groups_are_read_ahead(monkeypatch):
    drawn = []
    groups = (drawn.append(number) or () for number in range(1000))
    monkeypatch.setattr(build, "_read_group", lambda group: group)
    reading = build._read_all(groups, workers=2)
    next(reading)
    assert len(drawn) <= 6
    reading.close()


# --- bad clips


def test_bad_clips_of_every_kind_are_reported_and_never_stop_a_build(tree, words_folder, wav_bytes, tone):
    yes = words_folder / "yes"
    names = {
        "aa000000_nohash_0.wav": b"",
        "aa000001_nohash_0.wav": wav_bytes([]),
        "aa000003_nohash_0.wav": wav_bytes(tone(300))[:5000],
        "aa000005_nohash_0.wav": b"no sound at all" * 50,
        "aa000006_nohash_0.wav": wav_bytes(tone(300, 8000), 8000),
        "aa000007_nohash_0.wav": wav_bytes(tone(300, 32_000), channels=2),
        "aa000008_nohash_0.wav": wav_bytes(tone(300, 20_000)),
    }
    for name, raw in names.items():
        (yes / name).write_bytes(raw)
    pack = open_data(tree)
    reported = {Path(problem.file).name: problem.action for problem in pack.problems if "nohash" in problem.file}
    assert reported == dict(
        zip(names, [*["left out"] * 4, "resampled", "channels averaged", "first second used"], strict=True)
    )
    files = set(pack.files.tolist())
    for name, action in reported.items():
        assert (f"yes/{name}" in files) == (action != "left out")
    assert len(pack) == len(pack.clips) == len(pack.files)
    assert open_pack(pack.folder).problems == pack.problems


def test_a_clip_that_vanishes_during_the_build_is_left_out(tree, words_folder):
    source = speech_commands(tree)
    gone = next((words_folder / "bed").iterdir())
    gone.unlink()
    pack = build_pack(source, packs_folder() / "a")
    assert [(p.what, p.action) for p in pack.problems if p.file == f"bed/{gone.name}"] == [("it is gone", "left out")]
    assert f"bed/{gone.name}" not in pack.files


def test_a_noise_that_is_cut_off_is_left_out_and_reported(tree, words_folder):
    noise = words_folder / "_background_noise_" / "white_noise.wav"
    noise.write_bytes(noise.read_bytes()[:60_000])
    pack = open_data(tree)
    assert "white_noise" not in pack.noise
    assert any(problem.file == "_background_noise_/white_noise.wav" for problem in pack.problems)
    assert not any("white_noise" in file for file in pack.files)


def test_a_dataset_without_one_usable_clip_is_an_error_and_leaves_nothing(tree):
    for path in tree.rglob("*.wav"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="Not one clip"):
        open_data(tree)
    assert packs() == []


# --- keyed by what it was made from


def test_a_pack_is_made_once_and_then_opened(tree):
    assert not ready_pack(tree)
    first = open_data(tree)
    assert ready_pack(tree)
    second = open_data(tree, progress=never)
    assert second.folder == first.folder
    assert content(second) == content(first)


def test_a_changed_clip_makes_a_new_pack(tree, words_folder, wav_bytes, tone):
    first = open_data(tree)
    clip = words_folder / first.files[0]
    clip.write_bytes(wav_bytes(tone(777, 100)))
    assert not ready_pack(tree)
    second = open_data(tree)
    assert second.folder != first.folder
    assert np.count_nonzero(second.clips[0, 100:]) == 0


def test_no_dataset_is_not_ready(tmp_path):
    assert not ready_pack(tmp_path / "nowhere")


def test_packs_go_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "here"))
    assert packs_folder() == tmp_path / "here"
    monkeypatch.delenv("KWS_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert packs_folder() == tmp_path / "xdg" / "earshot" / "packs"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert packs_folder() == Path.home() / "Library" / "Caches" / "earshot" / "packs"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert packs_folder() == tmp_path / "local" / "earshot" / "packs"


# --- whole or not at all


def test_progress_rises_to_the_end_in_the_callers_thread(tree):
    calls = []
    open_data(tree, progress=lambda *call: calls.append((threading.get_ident(), *call)))
    threads, done, totals, actions = zip(*calls, strict=True)
    assert set(threads) == {threading.get_ident()}
    assert list(done) == sorted(done)
    assert (done[0], done[-1]) == (0, totals[0])
    assert len(set(totals)) == len(set(actions)) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_cancelled_build_leaves_nothing(tree, error, monkeypatch):
    monkeypatch.setattr(build, "BATCH_CLIPS", 4)

    def cancel(done, _total, _action):
        if done > 10:
            raise error

    with pytest.raises(error):
        open_data(tree, progress=cancel)
    assert packs() == []
    assert not any(thread.name.startswith("pack") for thread in threading.enumerate())


SLOW_BUILD = (
    "import sys, time\nfrom pathlib import Path\n"
    "from core.data import build\nfrom core.data.pack import open_data\n"
    "build.BATCH_CLIPS = 4\n"
    "def slow(done, total, action):\n"
    "    if done: print('half', flush=True); time.sleep(60)\n"
    "open_data(Path(sys.argv[1]), progress=slow)"
)


@pytest.fixture
def half_built(tree):
    """A process that has written half a pack of ``tree`` and goes no further."""
    process = subprocess.Popen([sys.executable, "-c", SLOW_BUILD, tree], cwd=PROJECT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"half\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_build_leaves_nothing_that_opens_and_the_next_one_clears_it_away(tree, half_built):
    half_built.send_signal(signal.SIGKILL)
    half_built.wait()
    (left,) = packs()
    assert ".building-" in left
    with pytest.raises(DataError):
        open_pack(packs_folder() / left)
    assert not ready_pack(tree)
    # Whatever the clock says about its age.
    (packs_folder() / "0123.building-4567").mkdir()
    os.utime(packs_folder() / "0123.building-4567", (2**33, 2**33))
    (packs_folder() / "0123.damaged-4567").symlink_to(tree)
    pack = open_data(tree)
    assert packs() == [pack.folder.name]
    assert (tree / "SpeechCommands").is_dir()


def test_what_another_process_builds_is_waited_for_and_left_alone(tree, half_built):
    class CancelledError(Exception):
        pass

    told = []

    def wait_twice(done, total, action):
        told.append(action)
        if len(told) > 2:
            raise CancelledError

    (before,) = packs()
    with pytest.raises(CancelledError):
        open_data(tree, progress=wait_twice)
    assert set(told) == {"waiting for another program that packs clips"}
    assert packs() == [before]
    assert (packs_folder() / before / "clips.npy").stat().st_size > 0


def test_of_two_builders_at_once_one_waits_and_takes_what_the_other_made(tree):
    waiting = threading.Event()
    results, told = {}, {"first": [], "second": []}

    def build_one(name):
        def tell(done, total, action):
            told[name].append(action)
            if name == "second":
                waiting.set()
            else:
                assert waiting.wait(60)

        results[name] = open_data(tree, progress=tell)

    threads = {name: threading.Thread(target=build_one, args=(name,)) for name in told}
    threads["first"].start()
    while not told["first"]:
        time.sleep(0.01)
    threads["second"].start()
    for thread in threads.values():
        thread.join()
    assert set(told["second"]) == {"waiting for another program that packs clips"}
    assert packs() == [results["first"].folder.name]
    assert content(results["first"]) == content(results["second"]) == content(open_pack(results["first"].folder))


def test_processes_that_pack_at_once_all_get_the_same_pack_whoever_is_killed(tree):
    code = (
        "import sys; from pathlib import Path; from core.data.pack import open_data\n"
        "print(len(open_data(Path(sys.argv[1]))))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, tree], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    while not packs() and processes[0].poll() is None:
        time.sleep(0.001)
    processes[0].kill()
    answers = [process.communicate()[0] for process in processes]
    assert answers[1] == answers[2] == f"{len(open_data(tree, progress=never))}\n"
    assert len(packs()) == 1


@pytest.mark.parametrize("limit", [0, 100, 40_000, 700_000, 840_000])
def test_a_limit_on_the_size_of_files_is_said_and_nothing_half_made_stays(tree, limit):
    """Stands for a full disk too: writing fails at some moment of any of the files."""
    resource = pytest.importorskip("resource")
    code = (
        "import sys; from pathlib import Path\n"
        "from core.data.pack import open_data; from core.errors import DataError\n"
        "try: open_data(Path(sys.argv[1]))\n"
        "except DataError as error: print(error)"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code, tree],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        check=False,
    )
    assert "File too large" in asked.stdout
    assert "KWS_CACHE" in asked.stdout
    assert asked.stderr == ""
    assert packs() == []
    assert len(open_data(tree)) > 0


@pytest.mark.parametrize("fails", ["_write_noise", "_write_table", "_flush", "_move_into_place"])
def test_a_full_disk_at_any_file_is_said_and_nothing_half_made_stays(tree, fails, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(build, fails, full)
        with pytest.raises(DataError, match=r"No space left.*KWS_CACHE"):
            open_data(tree)
    assert packs() == []
    assert len(open_data(tree)) > 0


def test_a_lock_file_that_is_a_link_is_not_followed(tree, tmp_path):
    packs_folder().mkdir(parents=True)
    (tmp_path / "precious").write_text("mine")
    (packs_folder() / build.LOCK_FILE).symlink_to(tmp_path / "precious")
    with pytest.raises(DataError, match="KWS_CACHE"):
        open_data(tree)
    assert (tmp_path / "precious").read_text() == "mine"


def test_too_little_room_is_said_before_the_build(tree, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(DataError, match=r"takes 0\.00 GB .* KWS_CACHE"):
        open_data(tree, progress=never)
    assert packs() == []


def test_a_cache_that_cannot_be_written_is_named(tree, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "file" / "packs"))
    with pytest.raises(DataError, match="KWS_CACHE"):
        open_data(tree)


# --- checked on load


def flip(path, place):
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(bytes(raw))


def cut(path, n_bytes):
    path.write_bytes(path.read_bytes()[:-n_bytes])


def change_about(folder, **values):
    about = json.loads((folder / "about.json").read_text())
    (folder / "about.json").write_text(json.dumps(about | values))


DAMAGES = {
    "clips are cut off": (lambda folder: cut(folder / "clips.npy", 2), "clips.npy"),
    "clips are longer": (lambda folder: (folder / "clips.npy").open("ab").write(b"00"), "clips.npy"),
    "clips have another header": (lambda folder: flip(folder / "clips.npy", 20), "content"),
    "noise is cut off": (lambda folder: cut(folder / "noise.npy", 2), "noise.npy"),
    "one bit of the table is flipped": (lambda folder: flip(folder / "table.npz", 1000), "table.npz"),
    "the table is cut off": (lambda folder: cut(folder / "table.npz", 10), "table.npz"),
    "clips are missing": (lambda folder: (folder / "clips.npy").unlink(), "clips.npy"),
    "the table is missing": (lambda folder: (folder / "table.npz").unlink(), "table.npz"),
    "noise is missing": (lambda folder: (folder / "noise.npy").unlink(), "noise.npy"),
    "about is missing": (lambda folder: (folder / "about.json").unlink(), "about.json"),
    "about is no JSON": (lambda folder: (folder / "about.json").write_text("{"), "about.json"),
    "about is a list": (lambda folder: (folder / "about.json").write_text("[]"), "must hold a table"),
    "about lacks values": (lambda folder: (folder / "about.json").write_text('{"format": 3}'), "content"),
    "the number of clips is another": (lambda folder: change_about(folder, n_clips=3), "table.npz"),
    "the number of clips is text": (lambda folder: change_about(folder, n_clips="many"), "content"),
    "the format is of another version": (lambda folder: change_about(folder, format=99), "99"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pack_is_refused_by_name_and_made_anew(tree, damage):
    pack = open_data(tree)
    before, folder = content(pack), pack.folder
    del pack
    harm, named = DAMAGES[damage]
    harm(folder)
    with pytest.raises(DataError, match=named) as caught:
        open_pack(folder)
    assert str(folder) in str(caught.value)
    assert not ready_pack(tree)
    assert content(open_data(tree)) == before
    assert content(open_pack(folder)) == before
    assert packs() == [folder.name]


def test_a_pack_whose_key_was_changed_is_made_anew(tree):
    folder = open_data(tree).folder
    change_about(folder, key="0" * 64)
    assert not ready_pack(tree)
    assert open_data(tree).key == speech_commands(tree).key


def test_a_folder_without_a_pack_is_told_so(tmp_path):
    with pytest.raises(DataError, match="no pack"):
        open_pack(tmp_path)
    with pytest.raises(DataError, match="no pack"):
        open_pack(tmp_path / "nowhere")


def test_a_summary_counts_what_the_table_holds(tree):
    pack = open_data(tree)
    summary = pack.summary()
    assert summary.n_clips == len(pack) == int(summary.word_counts.sum()) == int(summary.label_counts.sum())
    for number, split in enumerate(SPLITS):
        rows = pack.indices(split)
        assert (
            summary.label_counts[:, number].tolist() == np.bincount(pack.labels[rows], minlength=len(LABELS)).tolist()
        )
        assert summary.speaker_counts[number] == len(set(pack.speakers[rows].tolist()) - {""})
