"""What the pages look at, trained models and the demo words: where it comes from, gets damaged, and goes away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from core import runs
from core.data.pack import open_data
from tests.browser.server import PROJECT, environment

SHIPPED = {"linear": "shipped-linear-D*", "bcresnet": "shipped-bcresnet-*"}
"""Models that come with the project, by kind."""


def shipped_models() -> dict[str, Path]:
    """The folder of one shipped model of each kind, as far as there are any."""
    found = {
        kind: sorted(path.parent for path in (PROJECT / "checkpoints").glob(f"{pattern}/{runs.BEST}"))
        for kind, pattern in SHIPPED.items()
    }
    return {kind: folders[0] for kind, folders in found.items() if folders}


def train_on_demo_words(home: Path, folder: Path) -> Path:
    """A linear model made here, as one would on the command line: seconds, good enough to be looked at."""
    command = [sys.executable, "-m", "core", "train", "--preset", "linear", "--setting", "B", "--data", "demo"]
    subprocess.run(
        [*command, "--epochs", "6", "--run", "browser"],
        cwd=PROJECT,
        env={**environment(home), "KWS_RUNS": str(folder)},
        check=True,
    )
    return folder / "browser"


def lend_demo_words(home: Path) -> None:
    """Lay the pack of the demo words where a server would make it at the first look at Data: that takes seconds."""
    pack = open_data(None)
    shutil.copytree(pack.folder, home / "packs" / pack.folder.name)


def copy_model(source: Path, target: Path) -> Path:
    """A copy that counts as the user's own, so that it can be evaluated and deleted; only what a checkout has too."""
    unwanted = shutil.ignore_patterns("last.pt", "log.txt", "source.json")
    return Path(shutil.copytree(source, target, ignore=unwanted))


def truncate(file: Path) -> None:
    """Cut a file in half, as a full disk does."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def remove_runs(folder: Path) -> None:
    """End and delete every run in a folder, and what the pages keep beside them."""
    for run in folder.iterdir():
        if run.is_file():  # what the tour remembers
            run.unlink()
            continue
        if runs.run_state(run).alive:
            runs.stop_run(run, wait_s=20)
        shutil.rmtree(run)
