"""Work that takes longer than a page should wait: threads of the server that pages start, watch and cancel.

A job belongs to the server, not to a page: it goes on when a person clicks elsewhere or closes the browser.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import streamlit as st

from core import runs
from core.errors import KeywordSpottingError

Progress = Callable[[int, int, str], None]
"""Called with what is done, what is to do in all, and what is being done."""

Unit = Literal["", "clips", "bytes"]
"""What progress is counted in."""

log = logging.getLogger(__name__)


class Cancelled(Exception):  # noqa: N818  (a request, not an error)
    """Raised inside the work when a person cancelled it."""


@dataclass
class Job:
    """One piece of work and how far it has come."""

    name: str
    title: str
    unit: Unit
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    done: int = 0
    total: int = 0
    what: str = ""
    message: str = ""
    started: float = field(default_factory=time.monotonic)
    cancelling: bool = False

    @property
    def running(self) -> bool:
        """Whether it still goes on."""
        return self.state == "running"

    @property
    def seconds_left(self) -> float | None:
        """Time left at the speed so far (s); None while too little is done to tell."""
        passed = time.monotonic() - self.started
        if passed < 3 or not self.total or self.done < self.total / 200:
            return None
        return passed * (self.total - self.done) / self.done

    def report(self, done: int, total: int, what: str) -> None:
        """Say how far the work is; raises ``Cancelled`` once a person asked for it."""
        self.done, self.total, self.what = int(done), int(total), what
        if self.cancelling:
            raise Cancelled


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}


_starting = threading.Lock()


def start(name: str, title: str, work: Callable[[Progress], object], *, unit: Unit = "") -> Job:
    """Begin ``work`` in a thread, unless a job of that name is still running; answers the job."""
    with _starting:
        job = _jobs().get(name)
        if job is not None and job.running:
            return job
        job = _jobs()[name] = Job(name, title, unit)
    threading.Thread(target=_run, args=(job, work), name=f"job {name}", daemon=True).start()
    return job


def _run(job: Job, work: Callable[[Progress], object]) -> None:
    try:
        work(job.report)
    except Cancelled:
        job.state, job.message = "cancelled", "Cancelled."
    except KeywordSpottingError as error:
        job.message, job.state = str(error), "failed"
    except Exception as error:
        # A thread has no page to be loud on: the log gets the trace, the page one sentence.
        log.exception("%s failed", job.title)
        job.message = f"{job.title} failed unexpectedly ({type(error).__name__}: {error}). The server's log says more."
        job.state = "failed"
    else:
        job.state = "done"


def find(name: str) -> Job | None:
    """The latest job of that name."""
    return _jobs().get(name)


def is_running(name: str) -> bool:
    """Whether a job of that name is going on."""
    job = find(name)
    return job is not None and job.running


def cancel(name: str) -> None:
    """Ask a job to end; it does so at its next report."""
    job = find(name)
    if job is not None:
        job.cancelling = True


def forget(name: str) -> None:
    """Drop a job that has ended."""
    job = find(name)
    if job is not None and not job.running:
        _jobs().pop(name, None)


def make_at_once(run: Path, report: Progress) -> None:
    """Make a run that takes seconds, inside a job; one that did not come to its end goes to the trash.

    Raises:
        Cancelled: If the job was cancelled.
        KeywordSpottingError: What went wrong.
    """
    from core.jobs.worker import work_at_once  # PyTorch, which whoever only looks need not wait for

    def told(done: int, total: int, what: str) -> None:
        try:
            report(done, total, what)
        except Cancelled:
            runs.request_stop(run)

    if work_at_once(run, told).state != "done":
        raise Cancelled
