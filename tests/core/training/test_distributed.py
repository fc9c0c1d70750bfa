"""One model trained by several processes: the weights of one process, and a clear end if one of them is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from core import runs
from core.distributed import Peers, join
from core.errors import ConfigError
from core.training.loop import Training
from tests.core.training.part_of_a_training import CLIPS, an_epoch, config, gradients

PROJECT = Path(__file__).parents[3]

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--", "core")


def together(n, before, after):
    """What ``n`` processes found, started as torchrun starts them, without its own program."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(n), "PYTHONPATH": str(PROJECT)}
    program = PROJECT / "tests/core/training/part_of_a_training.py"
    started = [
        subprocess.Popen(
            [sys.executable, program, str(before), str(after)],
            env={**os.environ, **where, "RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
        )
        for rank in range(n)
    ]
    assert [process.wait(timeout=300) for process in started] == [0] * n
    return torch.load(after, weights_only=True)


def assert_alike(found, expected, tolerance):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=tolerance, atol=tolerance, msg=name)


@pytest.mark.slow
def test_two_processes_and_then_four_take_the_steps_of_one(tmp_path):
    """An epoch of two, resumed by four."""
    first, first_told = an_epoch(None)
    second, second_told = an_epoch(first)
    state, told, gradients_of_two = together(2, "", tmp_path / "first.pt")
    assert told == pytest.approx(first_told, abs=1e-5)
    assert_alike(state["model"], first["model"], 1e-5)
    torch.save(state, tmp_path / "between.pt")
    state, told, gradients_of_four = together(4, tmp_path / "between.pt", tmp_path / "second.pt")
    assert told == pytest.approx(second_told, abs=1e-5)
    assert_alike(state["model"], second["model"], 1e-5)
    assert state["epoch"] == 2
    alone = gradients()
    assert_alike(gradients_of_two, alone, 1e-9)
    assert_alike(gradients_of_four, alone, 1e-9)


def test_more_processes_than_clips_in_a_batch_are_refused(few_tones):
    with pytest.raises(ConfigError, match=f"A batch has {CLIPS} clips, too few for 11 processes"):
        Training(config("linear", "A"), few_tones, "cpu", peers=Peers(0, 11))


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="There are 1 GPUs here, and more processes"):
        join()


def test_every_clip_of_a_batch_is_of_one_process():
    for size in (1, 2, 3, 7):
        parts = [list(range(20))[Peers(rank, size).part(20)] for rank in range(size)]
        assert [clip for part in parts for clip in part] == list(range(20))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def torchrun(*arguments):
    return subprocess.Popen(
        [*TORCHRUN, *map(str, arguments)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def processes_of(launcher):
    """The numbers of the processes that it started."""
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    return [int(child) for child in children]


@pytest.mark.slow
def test_the_command_trains_with_torchrun_and_loses_no_epoch_with_a_process(runs_here, tone_root):
    """Killed in the middle, resumed by two more, stopped as by Ctrl-C, and resumed by one: as if left alone."""
    options = ("--preset", "linear-in-noise", "--setting", "B", "--data", tone_root, "--device", "cpu")
    running = torchrun("train", *options, "--epochs", 40, "--run", "shared")
    folder = runs_here / "shared"
    wait_for_epoch(folder, 2, running)
    os.kill(processes_of(running)[-1], signal.SIGKILL)
    said, _ = running.communicate(timeout=120)
    assert running.returncode != 0
    assert "Another process of this training ended" in said or "Stopping after this step" in said
    reached = runs.run_state(folder).epoch
    assert 2 <= reached < 40
    resumed = torchrun("train", "--resume", "shared")
    wait_for_epoch(folder, reached + 1, resumed)
    resumed.send_signal(signal.SIGINT)
    said, _ = resumed.communicate(timeout=120)
    assert runs.run_state(folder).state == "stopped", said
    assert len(runs.read_progress(folder)) == runs.run_state(folder).epoch


def wait_for_epoch(folder, epoch, process, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not (folder.exists() and runs.run_state(folder).epoch >= epoch):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
