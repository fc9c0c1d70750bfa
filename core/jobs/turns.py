"""Several jobs at once in one process: a turn of each after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from typing import TypeVar

Answer = TypeVar("Answer")


def in_turns(jobs: Iterable[Generator[None, None, Answer]]) -> Generator[tuple[int, Answer]]:
    """Go round all jobs, from one pause of each to its next, until all have ended.

    Each round begins with another job, so that none is always the first, which does what all need. What one of them
    raises is raised once all others have ended.

    Args:
        jobs: Each pauses where it yields.

    Yields:
        The number of a job that ended, from 0, and its answer.

    >>> def job(name, pauses):
    ...     for _ in range(pauses):
    ...         yield
    ...     return name
    >>> list(in_turns([job("long", 3), job("short", 1)]))
    [(1, 'short'), (0, 'long')]
    """
    going = deque(enumerate(jobs))
    failed: Exception | None = None
    try:
        while going:
            for _ in range(len(going)):
                number, job = going.popleft()
                try:
                    next(job)
                except StopIteration as end:
                    yield number, end.value
                except Exception as error:  # noqa: BLE001 - it is raised at the end
                    failed = failed or error
                else:
                    going.append((number, job))
            going.rotate(-1)
    finally:
        for _, job in going:
            job.close()
    if failed:
        raise failed
