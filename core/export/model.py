"""A trained model as one ONNX file: waveforms in, probabilities out, and what a listener must know in its metadata."""

from __future__ import annotations

import onnx
import torch
from onnx import helper

from core import __version__
from core.config import CLIP_SAMPLES, SAMPLE_RATE, ListeningConfig, to_dict
from core.export.causal import add_causal_network
from core.export.features import add_features
from core.export.front_end import add_front_end, add_moving_front_end, add_new_frames
from core.export.graph import Graph, Rounded
from core.export.memory import Memory
from core.export.networks import add_network
from core.export.read import CHECKSUM, FORMAT, KEY, checksum, graph_of
from core.files.strict import to_json
from core.inference.frames import FramePlan
from core.models import KeywordSpotter
from core.models.bcresnet import BCResNet
from core.records.export import About
from core.text import printable
from core.training.checkpoint import Checkpoint

INPUT, PROBABILITIES, LOGITS = "waveform", "probabilities", "logits"
SOUND, STATE, NEXT_STATE = "sound", "state", "next_state"


@torch.no_grad()
def onnx_model(model: KeywordSpotter, labels: tuple[str, ...]) -> tuple[onnx.ModelProto, dict[str, Rounded]]:
    """A model as a graph, and what of its network may be rounded to int8.

    Its input ``waveform`` is (batch, 16000), float32, -1 to 1 at 16 kHz; its outputs ``probabilities`` and ``logits``
    are (batch, n_labels), float32.

    Raises:
        ExportError: If the network is of a kind that cannot be exported.
    """
    graph = Graph()
    log_mel = add_front_end(graph, model.front_end, INPUT, CLIP_SAMPLES)
    features = add_features(graph, model, log_mel, n_frames := model.front_end.config.n_frames())
    answer = add_network(graph, model.network, features, n_frames)
    return graph.model({INPUT: CLIP_SAMPLES}, _answers(graph, answer, labels)), graph.rounded


@torch.no_grad()
def streaming_model(
    model: KeywordSpotter, labels: tuple[str, ...], hop_s: float
) -> tuple[onnx.ModelProto, dict[str, Rounded]]:
    """A model along a stream as a graph: a hop and what is remembered go in, the answer to the last second comes out.

    Its inputs are ``sound``, (batch, hop_samples), and ``state``, (batch, n_numbers), zeros at first and then what was
    given as ``next_state``. A causal network computes new frames alone; any other one gets the spectrogram of the last
    second, of which new frames alone are computed. Beside ``next_state`` its outputs are ``probabilities`` and
    ``logits``, (batch, n_labels).

    Raises:
        ExportError: If the network is of a kind that cannot be exported.
    """
    graph = Graph()
    memory = Memory(graph, STATE)
    plan = FramePlan.of_hop(model.front_end.config, hop_s)
    network = model.network
    if isinstance(network, BCResNet) and network.causal:
        log_mel = add_new_frames(graph, model.front_end, SOUND, memory, plan)
        features = add_features(graph, model, log_mel, plan.n_new, memory)
        answer = add_causal_network(graph, network, features, memory, n_new=plan.n_new, n_frames=plan.n_frames)
    else:
        log_mel = add_moving_front_end(graph, model.front_end, SOUND, memory, plan)
        answer = add_network(graph, network, add_features(graph, model, log_mel, plan.n_frames), plan.n_frames)
    given = _answers(graph, answer, labels)
    graph.output(NEXT_STATE, of=memory.close())
    given[NEXT_STATE] = memory.size
    # Weights alone are rounded to int8: what flows along a stream has no clips to find its ranges on.
    rounded: dict[str, Rounded] = dict.fromkeys(graph.rounded, "weights")
    return graph.model({SOUND: plan.hop_samples, STATE: memory.size}, given), rounded


def _answers(graph: Graph, answer: str, labels: tuple[str, ...]) -> dict[str, int]:
    """Name what a network answers, and add its probabilities; gives the outputs and their lengths."""
    logits = graph.output(LOGITS, of=answer)
    graph.output(PROBABILITIES, of=graph.node("Softmax", logits, axis=1))
    return {PROBABILITIES: len(labels), LOGITS: len(labels)}


def about(
    checkpoint: Checkpoint, listening: ListeningConfig, *, run: str, model_hash: str, streaming: bool = False
) -> About:
    """What a file of a model says about itself.

    Args:
        checkpoint: The model.
        listening: The settings kept with it.
        run: What people call it.
        model_hash: SHA-256 of its file of weights.
        streaming: Whether the file takes a stream hop by hop.
    """
    config = checkpoint.config
    return About(
        format=FORMAT,
        labels=checkpoint.labels,
        sample_rate=SAMPLE_RATE,
        clip_samples=CLIP_SAMPLES,
        hop_samples=FramePlan.of_hop(config.front_end, listening.hop_s).hop_samples,
        streaming=streaming,
        listening=listening,
        run=printable(run),
        model_hash=model_hash,
        earshot=__version__,
        torch=torch.__version__,
        kind=config.model.name,
        setting=config.front_end.setting,
    )


def as_file(model: onnx.ModelProto, says: About) -> bytes:
    """The bytes of a file: the model, what it says about itself, and a checksum of both."""
    del model.metadata_props[:]
    text = to_json(to_dict(says))
    helper.set_model_props(model, {KEY: text, CHECKSUM: checksum(graph_of(model.SerializeToString()), text)})
    content: bytes = model.SerializeToString()
    return content
