"""Experiments on disk: what was measured once is shown at once, as long as model, clips and question are the same."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from core.config import from_dict, to_dict
from core.data.pack import Pack
from core.errors import DataError, RunError
from core.files.strict import LARGE_BYTES, read_json
from core.files.writing import write_json
from core.runs.results_folder import make_room, results_folder
from core.studies.ablation.outcomes import Findings, Outcome
from core.studies.ablation.plan import Experiment

FORMAT, VERSION = "earshot-experiment", 2
"""The version changes with what experiments mean, so that older results are measured again."""

CHECKPOINT = "best.pt"


def content_hash(path: Path) -> str:
    """Hash of a run's model, or of a checkpoint file: the same weights have the same one, wherever they lie.

    Raises:
        DataError: If it cannot be read.
    """
    file = path / CHECKPOINT if path.is_dir() else path
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"The model {file} cannot be read ({error.strerror}).") from error


def kept_path(
    run: Path,
    model: str,
    data: Pack,
    protocol: str,
    experiment: Experiment,
    *,
    validation: Pack | None = None,
) -> Path:
    """Where the findings of one experiment are kept.

    Args:
        run: Run folder or checkpoint file.
        model: Its ``content_hash``.
        data: The clips.
        protocol: Which of them.
        experiment: What was asked.
        validation: Clips that the normalisation was measured on; None for ``data``.
    """
    question = [VERSION, model, data.key, (validation or data).key, protocol, to_dict(experiment)]
    key = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:24]
    return results_folder(run) / "experiments" / f"{experiment.kind}-{key}.json"


def save_findings(path: Path, findings: Findings) -> None:
    """Keep findings, whole or not at all.

    Raises:
        RunError: If nothing can be written there.
    """
    try:
        make_room(path)
        write_json(path, {"format": FORMAT, "version": VERSION, "findings": to_dict(findings)})
    except OSError as error:
        raise RunError(
            f"The experiment cannot be kept in {path.parent} ({error.strerror}). Make it writable."
        ) from error


def load_findings(path: Path) -> Findings | None:
    """Kept findings, or None where there are none that can be used; they are then measured again."""
    try:
        kept = read_json(path, LARGE_BYTES)
        if kept["format"] != FORMAT or kept["version"] != VERSION:
            return None
        return from_dict(Findings, kept["findings"])
    except (OSError, ValueError, KeyError):
        return None


def as_record(findings: Findings) -> dict[str, Any]:
    """Findings with their shares and intervals as plain values, for JSON."""
    values: dict[str, Any] = to_dict(findings)
    for name in ("untouched", "reference"):
        values[name] = _record(getattr(findings, name))
    values["outcomes"] = [_record(one) for one in findings.outcomes]
    values["n"] = findings.n
    return values


def as_csv(findings: Findings) -> str:
    """A line for the model as it is, one for its own basis, and one for each change."""
    about = {
        "run": findings.run, "dataset": findings.dataset, "protocol": findings.protocol,
        "experiment": findings.experiment.kind, "normalisation": findings.experiment.normalisation,
    }  # fmt: skip
    rows = [about | _flat(one) for one in (findings.untouched, findings.reference, *findings.outcomes)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _record(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "place": outcome.place,
        "n": outcome.n,
        "correct": outcome.correct,
        "accuracy": outcome.accuracy,
        "interval": list(outcome.interval),
        "won": outcome.won,
        "lost": outcome.lost,
        "difference": outcome.difference,
        "difference_interval": list(outcome.difference_interval),
        "speaker_interval": list(outcome.speaker_interval) if outcome.speaker_interval else None,
    }


def _flat(outcome: Outcome) -> dict[str, Any]:
    record = _record(outcome)
    for name in ("interval", "difference_interval", "speaker_interval"):
        record[f"{name}_low"], record[f"{name}_high"] = record.pop(name) or ("", "")
    return record
