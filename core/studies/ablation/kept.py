"""Findings on disk: what was asked once is shown at once, as long as model, clips and question are the same."""

from __future__ import annotations

import hashlib
import json

from core.config import to_dict
from core.data.pack import Pack
from core.records.ablation import Experiment, Findings
from core.runs import keep

STUDY = keep.json_study(Findings, "experiment", "experiment", version=3, key="findings")


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
