"""Findings on disk: what was asked once is shown at once, as long as model, clips and question are the same."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from core.config import from_dict, to_dict
from core.records.ablation import Experiment, Findings
from core.runs import keep

if TYPE_CHECKING:
    from core.data.pack import Pack

STUDY = keep.Study(
    name="experiment",
    title="experiment",
    again="Measure again.",
    version=3,
    write=to_dict,
    read=lambda values: from_dict(Findings, values),
    key="findings",
)


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
