"""A trained model as one ONNX file: waveforms in, probabilities out, and what a listener must know in its metadata."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import onnx
import torch
from onnx import helper

from core import __version__
from core.config import CLIP_SAMPLES, SAMPLE_RATE, ListeningConfig, to_dict
from core.export.front_end import add_front_end, add_normalisation
from core.export.graph import Graph, Rounded
from core.export.networks import add_network
from core.export.read import FORMAT, KEY, graph_of
from core.files.strict import to_json
from core.models import KeywordSpotter
from core.records.export import About
from core.text import printable
from core.training.checkpoint import Checkpoint

INPUT, PROBABILITIES, LOGITS = "waveform", "probabilities", "logits"


@torch.no_grad()
def onnx_model(model: KeywordSpotter, labels: tuple[str, ...]) -> tuple[onnx.ModelProto, dict[str, Rounded]]:
    """A model as a graph, and what of its network may be rounded to int8.

    Its input ``waveform`` is (batch, 16000), float32, -1 to 1 at 16 kHz; its outputs ``probabilities`` and ``logits``
    are (batch, n_labels), float32.

    Raises:
        ExportError: If the network is of a kind that cannot be exported.
    """
    graph = Graph()
    log_mel = add_front_end(graph, model.front_end, INPUT)
    features = add_normalisation(graph, model.normalise, log_mel)
    answer = add_network(graph, model.network, features, model.front_end.config.n_frames())
    logits = graph.output(LOGITS, of=answer)
    graph.output(PROBABILITIES, of=graph.node("Softmax", logits, axis=1))
    made = graph.model(shape=(INPUT, [CLIP_SAMPLES]), outputs=[PROBABILITIES, LOGITS], n_labels=len(labels))
    return made, graph.rounded


def about(checkpoint: Checkpoint, listening: ListeningConfig, *, run: str, model_hash: str) -> About:
    """What a file of a model says about itself.

    Args:
        checkpoint: The model.
        listening: The settings kept with it.
        run: What people call it.
        model_hash: SHA-256 of its file of weights.
    """
    config = checkpoint.config
    frame = config.front_end.hop_length
    return About(
        format=FORMAT,
        labels=checkpoint.labels,
        sample_rate=SAMPLE_RATE,
        clip_samples=CLIP_SAMPLES,
        hop_samples=max(1, round(listening.hop_s * SAMPLE_RATE / frame)) * frame,
        listening=listening,
        run=printable(run),
        model_hash=model_hash,
        earshot=__version__,
        torch=torch.__version__,
        kind=config.model.name,
        setting=config.front_end.setting,
    )


def as_file(model: onnx.ModelProto, says: About) -> bytes:
    """The bytes of a file: the model, what it says about itself, and a checksum of its graph."""
    del model.metadata_props[:]
    graph = graph_of(model.SerializeToString())
    noted = replace(says, graph_sha256=hashlib.sha256(graph).hexdigest())
    helper.set_model_props(model, {KEY: to_json(to_dict(noted))})
    content: bytes = model.SerializeToString()
    return content
