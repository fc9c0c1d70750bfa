"""Models as the ONNX files that the runtimes take, for tests that do not want the exporter's own checks each time."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import onnx
import torch

from core.config import CLIP_SAMPLES, SAMPLE_RATE, ListeningConfig
from core.export import model
from core.export.model import as_file, onnx_model, streaming_model
from core.training.checkpoint import load_checkpoint


def about(labels, listening=None, **other):
    """What an exported file says about itself."""
    return {
        "format": 1,
        "labels": list(labels),
        "sample_rate": SAMPLE_RATE,
        "clip_samples": CLIP_SAMPLES,
        "hop_samples": 1_600,
        "listening": dataclasses.asdict(listening or ListeningConfig()),
        "run": "a-run",
        "model_hash": "0" * 64,
        "earshot": "0.1.0",
        "torch": torch.__version__,
        "kind": "bcresnet-1",
        "setting": "A",
        **other,
    }


def onnx_file(run: Path, *, streaming: bool = False, listening: ListeningConfig | None = None):
    """The model of a run as a file, without the comparison of ``export_onnx``; and what of it may be rounded."""
    checkpoint, listening = load_checkpoint(run), listening or ListeningConfig()
    spotter, labels = checkpoint.model(), checkpoint.labels
    graph, rounded = streaming_model(spotter, labels, listening.hop_s) if streaming else onnx_model(spotter, labels)
    said = model.about(checkpoint, listening, run=run.name, model_hash="0" * 64, streaming=streaming)
    return as_file(graph, said), rounded


def write_onnx(run: Path, path: Path, **how) -> Path:
    """The same file, written."""
    path.write_bytes(onnx_file(run, **how)[0])
    return path


def with_about(source: Path, target: Path, values: object) -> Path:
    """A copy of a file that says something else about itself; text stands as it is, None says nothing."""
    model = onnx.load(source)
    del model.metadata_props[:]
    if values is not None:
        text = values if isinstance(values, str) else json.dumps(values)
        onnx.helper.set_model_props(model, {"earshot": text})
    onnx.save(model, target)
    return target
