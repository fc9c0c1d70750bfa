"""A process that does tasks of the benchmark on command: one for this project, one for all others.

Two processes, so that each side runs as its users run it: ours with the memory setting of a training process
(``core.fast.malloc``), the others without. They never work at the same time. Commands come as lines of JSON on standard
input, answers go as lines of JSON to standard output.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from core.errors import BenchmarkError
from core.runs.layout import PROJECT

REST_S = 0.02
"""Pause before a task: the other process's threads have stopped spinning by then."""

WARM_S = 0.2
"""Before the clock runs, a task is done again and again for so long (a longer one not at all): after a rest threads
sleep, caches hold what the other process left there, and the processor has slowed down."""


class Contestant:
    """The other end of the line: starts the process, asks it, and ends it.

    Args:
        ours: Whether it works for this project.
        threads: Threads that all libraries in it may use.
    """

    def __init__(self, *, ours: bool, threads: int) -> None:
        pinned = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        command = [
            sys.executable,
            "-m",
            "core.studies.benchmark.contestant",
            "ours" if ours else "others",
            str(threads),
        ]
        # A file takes any number of warnings; a pipe that nobody reads would fill up and stop the process.
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  (it lives as long as the process)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                cwd=PROJECT,
                env={**os.environ, **pinned, "PYTHONIOENCODING": "utf-8:backslashreplace"},
                encoding="utf-8",
            )
        except OSError as error:
            raise BenchmarkError(f"A process to be timed could not be started: {error}.") from error

    def ask(self, command: str, **values: Any) -> Any:
        """The answer to a command.

        Raises:
            BenchmarkError: If the process failed or is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"command": command, **values}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            self.close()
            self._said.seek(0)
            said = self._said.read().strip().splitlines()[-1:]
            raise BenchmarkError(
                f"The process that was being timed ended ({' '.join(said) or 'without a word'}). "
                "If memory ran out, close other programs, or time fewer clips."
            ) from error
        if "error" in answer:
            raise BenchmarkError(f"{answer['error']}")
        return answer["answer"]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


class _Server:
    """What runs inside the process."""

    def __init__(self) -> None:
        self.contests: dict[str, Any] = {}

    def build(self, key: str, case: dict[str, Any]) -> dict[str, float]:
        """Get a case ready, under a key of the asker's; answers what its floor follows from."""
        from core.studies.benchmark.tasks import Case

        contest = self.contests[key] = Case(**case).build()
        return {"flop": contest.flop, "n_bytes": contest.n_bytes}

    def run(self, key: str, device: str) -> float:
        """Seconds of doing it once."""
        return self._time(self.contests[key].run, device)

    def parts(self, key: str, device: str, repeats: int) -> dict[str, float]:
        """Seconds of each part, for the whole task."""
        contest = self.contests[key]
        found = {}
        for name, work in contest.parts.items():
            times = sorted(self._time(work, device, warm_s=0.0) for _ in range(repeats))
            found[name] = times[len(times) // 2] / contest.part_share
        return found

    def limits(self, device: str) -> dict[str, Any]:
        """The best rates of this machine."""
        from core.studies.benchmark.machine import measure_limits

        return vars(measure_limits(device))

    def forget(self) -> None:
        """Let go of all contests."""
        self.contests.clear()
        gc.collect()

    @staticmethod
    def _time(work: Any, device: str, warm_s: float = WARM_S) -> float:
        import torch

        def once() -> float:
            started = time.perf_counter()
            work()
            if device == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - started

        time.sleep(REST_S)
        warm_until = time.perf_counter() + warm_s
        took = once()
        if took > warm_s > 0:
            return took
        while time.perf_counter() < warm_until:
            once()
        # What takes milliseconds is timed several times: any other program's moment would be in a single one.
        times = [once()]
        while sum(times) < warm_s:
            times.append(once())
        return sorted(times)[len(times) // 2]


def main() -> None:
    """Answer commands until standard input ends."""
    side, threads = sys.argv[1], int(sys.argv[2])
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import torch

    if side == "ours":
        from core.fast.malloc import keep_freed_memory

        keep_freed_memory()
    torch.set_num_threads(threads)
    server = _Server()
    for line in sys.stdin:
        values = json.loads(line)
        command = values.pop("command")
        try:
            answer = {"answer": getattr(server, command)(**values)}
        except (RuntimeError, MemoryError, OSError, ValueError) as error:
            answer = {"error": f"{command} failed: {type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
