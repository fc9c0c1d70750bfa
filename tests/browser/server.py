"""The dashboard as its users start it: `streamlit run dashboard/app.py`, on a free port and with folders of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
APP = PROJECT / "dashboard" / "app.py"
STREAMLIT = Path(sys.executable).with_name("streamlit")

START_S = 120


@dataclass(frozen=True)
class Server:
    """A running dashboard."""

    url: str
    process: subprocess.Popen
    log: Path
    runs: Path
    """Its KWS_RUNS: where the tests lay models and it puts new ones."""


def start_server(home: Path, folder: Path = PROJECT, options: Sequence[str] = ()) -> Server:
    """Start a dashboard that keeps runs and packs below ``home``, as one would in ``folder``; wait until it answers."""
    runs = home / "runs"
    runs.mkdir(exist_ok=True)
    port = _free_port()
    script = APP.relative_to(folder) if APP.is_relative_to(folder) else APP
    log = home / f"server-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [STREAMLIT, "run", script, f"--server.port={port}", *options],
            cwd=folder,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log, runs)
    deadline = time.monotonic() + START_S
    while not _is_healthy(server):
        if process.poll() is not None or time.monotonic() > deadline:
            stop_server(server)
            raise AssertionError(f"The dashboard did not start:\n{log.read_text()}")
        time.sleep(0.05)
    return server


def stop_server(server: Server) -> None:
    """End the process that ``start_server`` started, and no other."""
    server.process.terminate()
    try:
        server.process.wait(10)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()


@contextmanager
def running_server(home: Path, folder: Path = PROJECT, options: Sequence[str] = ()):
    """A dashboard for the length of a ``with`` block."""
    server = start_server(home, folder, options)
    try:
        yield server
    finally:
        stop_server(server)


def environment(home: Path) -> dict[str, str]:
    """The environment of a program that keeps its runs, packs and recordings below ``home``."""
    folders = {"KWS_RUNS": "runs", "KWS_CACHE": "packs", "KWS_RECORDINGS": "recordings"}
    return {**os.environ, **{variable: str(home / name) for variable, name in folders.items()}}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _is_healthy(server: Server) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2) as answer:
        return answer.status == 200
    return False
