"""Findings on disk: what was asked once is shown at once, as long as model, clips and question are the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import to_dict
from core.records.ablation import Experiment, Findings
from core.runs import keep

if TYPE_CHECKING:
    from core.data.pack import Pack

STUDY = keep.json_study(Findings, "experiment", "experiment", version=3, key="findings")


def why_older(run: Path) -> str:
    """Why experiments that an earlier version kept are not read, in a sentence; empty where a run has none."""
    folder = keep.find(run, "experiments")
    if not folder.is_dir():
        return ""
    return f"What {folder} holds was kept by an earlier version, whose numbers mean something else: it is not read."


def file_of(data: Pack, protocol: str, experiment: Experiment, *, validation: Pack | None = None) -> str:
    """The name under which the findings of one experiment are kept with a run.

    Args:
        data: The clips.
        protocol: Which of them.
        experiment: What was asked.
        validation: Clips that the normalisation was measured on; None for ``data``.
    """
    question = [data.title, (validation or data).content, protocol, to_dict(experiment)]
    digest = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
    return STUDY.file(experiment.kind, digest[:24])
