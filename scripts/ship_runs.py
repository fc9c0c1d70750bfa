"""Copy finished runs to ``checkpoints/shipped-NAME``, with just the files that the project ships.

    python scripts/ship_runs.py RUN [RUN ...]

The runs were trained by ``python -m core train``; this only leaves out what belongs to one machine (the path of the
data, the process, the log) and what is large (the state for resuming, the kernels of single epochs).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys

from core import runs
from core.config import OWN
from core.files.writing import write_json
from core.runs import keep
from core.runs.label import LABEL
from core.studies.ablation.kept import STUDY as EXPERIMENT
from core.studies.evaluation import STUDY as EVALUATION
from core.studies.listening import operating_point
from core.studies.listening.kept import FILE as STREAM_TEST
from core.studies.robustness.kept import STUDY as ROBUSTNESS

KEPT = (runs.CONFIG, runs.PROGRESS, runs.BEST, runs.MEL_EVOLUTION)
KEPT_IF_THERE = (LABEL, STREAM_TEST, operating_point.FILE)
STATUS_KEPT = (
    "state",
    "message",
    "dataset",
    "device",
    "epoch",
    "epochs",
    "best_epoch",
    "best_accuracy",
    "trained_seconds",
    "changed",
)


def ship(name: str) -> int:
    """Copy one run; returns the size of the copy in bytes."""
    source = runs.find_run(name)
    state = runs.run_state(source)
    if state.state != "done":
        sys.exit(f"{name} is {state.state}, not done. {state.message}")
    target = runs.PROJECT / "checkpoints" / f"{runs.SHIPPED_PREFIX}{source.name}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # What was measured on somebody's own voice stays with them.
    evaluations = [path for path in keep.find_all(source, EVALUATION) if not path.stem.endswith(f"-{OWN}")]
    experiments = [path for path in keep.find_all(source, EXPERIMENT) if keep.load(EXPERIMENT, path).protocol != OWN]
    robustness = [path for path in keep.find_all(source, ROBUSTNESS) if keep.load(ROBUSTNESS, path).protocol != OWN]
    further = [source / name for name in KEPT_IF_THERE if (source / name).exists()]
    for file in (*(source / name for name in KEPT), *evaluations, *experiments, *robustness, *further):
        shutil.copyfile(file, target / file.name)
    status = json.loads((source / runs.STATUS).read_text(encoding="utf-8"))
    write_json(target / runs.STATUS, {name: status[name] for name in STATUS_KEPT})
    return sum(file.stat().st_size for file in target.iterdir())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    for run in parser.parse_args().runs:
        print(f"{run}: {ship(run) / 1e6:.1f} MB")
