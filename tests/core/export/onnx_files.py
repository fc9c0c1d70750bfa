"""Models as the ONNX files that the runtimes take, for tests that do not want the exporter's own checks each time."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import onnx
import torch

from core.config import CLIP_SAMPLES, SAMPLE_RATE, ListeningConfig
from core.models import build_model
from core.training.checkpoint import load_checkpoint


class _Answering(torch.nn.Module):
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return self.model(waveform).softmax(dim=1)


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


def write_onnx(run: Path, path: Path) -> Path:
    """The model of a run as a file; for one second at a time, which is all that a stream asks for."""
    checkpoint = load_checkpoint(run)
    model = build_model(checkpoint.config)
    model.load_state_dict(dict(checkpoint.weights))
    program = torch.onnx.export(
        _Answering(model).eval(),
        (torch.zeros(1, CLIP_SAMPLES),),
        dynamo=True,
        input_names=["waveform"],
        output_names=["probabilities"],
        # Its optimiser takes the 1e-12 that keeps the logarithm of silence finite for a zero, and leaves it out.
        optimize=False,
        verbose=False,
    )
    program.save(path)
    return with_about(path, path, about(checkpoint.labels, run=run.name))


def with_about(source: Path, target: Path, values: object) -> Path:
    """A copy of a file that says something else about itself; text stands as it is, None says nothing."""
    model = onnx.load(source)
    del model.metadata_props[:]
    if values is not None:
        text = values if isinstance(values, str) else json.dumps(values)
        onnx.helper.set_model_props(model, {"earshot": text})
    onnx.save(model, target)
    return target
