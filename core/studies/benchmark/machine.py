"""What a report says about the computer: its processor, its versions, and the rates it can reach."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import torch

from core import __version__
from core.records.benchmark import MachineLimits

PRODUCT_SIZE = {"cpu": 1024, "cuda": 8192}
"""Side of the square matrices whose product gives the rate of arithmetic."""

COPY_BYTES = {"cpu": 2**27, "cuda": 2**30}
"""Size of the block whose copying gives the rate of memory: far more than any cache holds."""


def describe_machine() -> dict[str, str]:
    """Processor, cores, memory, GPU and system, in words."""
    machine = {
        "processor": _processor(),
        "cores": str(os.cpu_count() or 1),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
    }
    if torch.cuda.is_available():
        machine["gpu"] = torch.cuda.get_device_name()
    return machine


def describe_versions() -> dict[str, str]:
    """Of this project, Python, and the libraries that are timed."""
    libraries = {name: importlib.metadata.version(name) for name in ("torch", "nnAudio", "librosa", "numpy")}
    return {"earshot": __version__, "python": platform.python_version(), **libraries}


def measure_limits(device: str, seconds: float = 1.0) -> MachineLimits:
    """The best rates of a product of float32 matrices and of a copy of memory, each tried for ``seconds``.

    The floor of a task follows from them: no program on this machine multiplies or moves numbers faster.
    """
    size, n_numbers = PRODUCT_SIZE[device], COPY_BYTES[device] // 4
    left, right = torch.rand(size, size, device=device), torch.rand(size, size, device=device)
    product = torch.empty_like(left)
    source, target = torch.rand(n_numbers, device=device), torch.empty(n_numbers, device=device)
    return MachineLimits(
        device=device,
        gflop_per_s=2 * size**3 / 1e9 / _best_time(lambda: torch.mm(left, right, out=product), device, seconds),
        copy_gb_per_s=2 * 4 * n_numbers / 1e9 / _best_time(lambda: target.copy_(source), device, seconds),
    )


def _best_time(work: Callable[[], object], device: str, seconds: float) -> float:
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until or best == float("inf"):
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best


def _processor() -> str:
    """The processor's name; the system's own word for it where there is no better one."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
