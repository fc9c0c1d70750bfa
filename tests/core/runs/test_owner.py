"""A folder has one owner at a time, who is known by a lock alone: neither clocks nor numbers of processes count."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core import runs
from core.errors import RunError, WriteError
from core.files import locks
from core.files import writing as files
from core.runs import owner

PROJECT = Path(__file__).parents[3]

RACE = """
import os, sys, time
from pathlib import Path
from core.runs import owner
from core import runs
from core.errors import RunError

folder, n, how = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
ready, go = os.pipe(), os.pipe()
children = []
for _ in range(n):
    if (child := os.fork()) == 0:
        os.close(go[1])
        os.write(ready[1], b"x")
        os.read(go[0], 1)  # ends when the parent closes its end: all at once
        try:
            if how == "resume":
                runs.prepare_resume(folder)
            with owner.owned(folder):
                time.sleep(4)  # longer than anybody tries
            os._exit(0)
        except RunError:
            os._exit(1)
    children.append(child)
for _ in range(n):
    os.read(ready[0], 1)
os.close(go[1])
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print(codes.count(0), codes.count(1))
"""

HOLD = """
import sys, time
from pathlib import Path
from core.runs import owner

with owner.owned(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def holding(folder):
    """A process that owns the folder."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def stranger():
    """A process that has nothing to do with us."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def folder(runs_here, tiny_config):
    """A run that says it is running, though no process works on it."""
    folder = runs.new_run(tiny_config, None, name="run")
    runs.write_status(folder, state="running", epoch=1, step=3, steps=9)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts its racers with fork")
@pytest.mark.parametrize("how", ["take", "resume"])
def test_of_many_processes_that_take_a_run_at_once_exactly_one_gets_it(folder, how):
    """Born from a race that two processes won in 5 of 12 tries."""
    rounds = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(place), "6", how], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        for place in (_copy(folder, number) for number in range(6))
    ]
    assert [process.communicate(timeout=120)[0].split() for process in rounds] == [["1", "5"]] * 6


def _copy(folder, number):
    return Path(shutil.copytree(folder, folder.with_name(f"race-{number}")))


@pytest.mark.parametrize("step_s", [-3600, -2, 0.5, 2, 3600])
def test_setting_the_clock_changes_nothing_about_a_living_process(folder, monkeypatch, step_s):
    """Born from a live training that was declared crashed when the clock was set by two seconds."""
    with holding(folder) as process:
        runs.write_status(folder, state="running", epoch=1)
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + step_s)
        if sys.platform == "linux":
            import psutil._pslinux as linux

            booted = linux.boot_time()
            monkeypatch.setattr(linux, "boot_time", lambda: booted + step_s)
        run = runs.run_state(folder)
        assert (run.state, run.message) == ("running", "")
        assert owner.holder(folder).pid == process.pid
    assert runs.run_state(folder).state == "crashed"


def test_a_killed_process_owns_nothing_even_before_anybody_took_note_of_its_end(folder):
    with holding(folder) as process:
        os.kill(process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not owner.is_owned(folder)
        assert owner.holder(folder) is None
        with owner.owned(folder):
            assert owner.holder(folder).pid == os.getpid()


def test_only_the_owner_is_ended_and_nobody_whose_number_stands_there(folder):
    with stranger() as other:
        about = {"pid": other.pid, "started": owner._start(other.pid)}
        (folder / runs.PROCESS).write_text(json.dumps(about))
        runs.stop_run(folder, wait_s=0.1)
        assert other.poll() is None, "it holds no lock"
        with owner.owned(folder):  # the lock is ours, and the number of an earlier owner, now another's, still there
            (folder / runs.PROCESS).write_text(json.dumps({**about, "started": about["started"] - 1}))
            with pytest.raises(RunError, match="cannot be seen from here"):
                runs.stop_run(folder, wait_s=0.1)
        assert other.poll() is None


def test_the_owner_is_ended_when_it_does_not_answer(folder):
    with holding(folder) as process:
        runs.stop_run(folder, wait_s=0.1)
        process.wait(20)  # psutil has waited for it already, so its code is not known here
        assert not owner.is_owned(folder)
    assert not runs.run_state(folder).alive


def test_those_who_look_neither_see_each_other_nor_keep_a_worker_from_starting(folder):
    (folder / owner.LOCK).touch()  # as a killed owner leaves it
    seen, ends = [], threading.Event()

    def look():
        while not ends.is_set():
            seen.append(owner.is_owned(folder))

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    time.sleep(0.3)
    ends.set()
    for looker in lookers:
        looker.join()
    assert len(seen) > 100
    assert not any(seen)
    ends.clear()
    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(20):
            owner.give_back(owner.take(folder))
    finally:
        ends.set()
        for looker in lookers:
            looker.join()


def nothing(new):
    """Fills a folder with nothing."""


def test_looking_leaves_nothing_in_a_folder_and_neither_does_owning_it(folder):
    before = names(folder)
    assert not owner.is_owned(folder)
    assert names(folder) == before
    with owner.owned(folder):
        assert owner.is_owned(folder)
    assert names(folder) == before


def test_an_owner_whose_folder_is_removed_or_made_anew_notices(folder):
    with owner.owned(folder) as held:
        assert not held.lost
        away = folder.rename(folder.with_name("away"))
        assert held.lost
        folder.mkdir()
        (folder / owner.LOCK).touch()
        assert held.lost
    assert names(folder) == [owner.LOCK], "it is another's now"
    assert away.exists()
    with pytest.raises(WriteError, match="folder it belongs in is gone"):
        owner.take(folder.with_name("nowhere"))


def test_a_new_owner_clears_away_what_a_killed_one_left_and_nothing_else(folder):
    (folder / ".last.pt-abc123_x").write_bytes(b"half of it")
    (folder / ".status.json-00000000").touch()
    mine = (".notes-20240101", "notes.txt", ".last.pt-short", ".evaluation.npz-ABCDEFGH")
    for name in mine:
        (folder / name).write_text("mine")
    with files._temporary(folder / runs.BEST) as (file, being_written):
        file.write(b"by another program, at this moment")
        before = set(names(folder))
        with owner.owned(folder):
            pass
        assert before - set(names(folder)) == {".last.pt-abc123_x", ".status.json-00000000"}
        assert being_written.exists()


def test_a_folder_is_made_whole_or_not_at_all(tmp_path):
    def fill(new):
        (new / "config.json").write_text("{}")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        owner.make_folder(tmp_path / "run", fill, ("config.json",))
    assert names(tmp_path) == []


@pytest.mark.parametrize("unfinished", [(), ("source.json", ".config.json-abcdefgh"), (owner.LOCK, owner.PROCESS)])
def test_a_folder_that_was_never_finished_is_made_again(tmp_path, unfinished):
    for place in (tmp_path / "run", tmp_path / ".new-abcdefgh", tmp_path / ".gone-01234567"):
        place.mkdir()
        for name in unfinished:
            (place / name).touch()
    own = ("config.json", "source.json")
    owner.make_folder(tmp_path / "run", lambda new: (new / "config.json").write_text("{}"), own)
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["config.json"]
    with pytest.raises(FileExistsError):
        owner.make_folder(tmp_path / "run", nothing, own)


def test_what_is_not_ours_or_in_use_is_not_made_again(tmp_path):
    own = ("config.json", "source.json")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("mine")
    (tmp_path / "used").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / ".new-thing").mkdir()
    with locks.hold(tmp_path / "used" / owner.LOCK):
        for name in ("notes", "used", "file"):
            with pytest.raises(FileExistsError):
                owner.make_folder(tmp_path / name, nothing, own)
    assert names(tmp_path) == [".new-thing", "file", "notes", "used"]
    assert (tmp_path / "notes" / "diary.txt").read_text() == "mine"
