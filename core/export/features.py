"""What stands between log-mels and the network, as a part of an ONNX graph: PCEN and normalisation."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from core.export.graph import LAST, Graph
from core.export.memory import Memory
from core.models import KeywordSpotter
from core.models.normalise import BandNorm
from core.models.pcen import FLOOR, PCEN


def add_features(graph: Graph, model: KeywordSpotter, log_mel: str, n_frames: int, memory: Memory | None = None) -> str:
    """Add what makes features of log-mels, both (batch, n_mels, n_frames); answers their name.

    Args:
        graph: The graph that it joins.
        model: The model.
        log_mel: Name of the log-mels.
        n_frames: Their frames.
        memory: What is remembered of a stream that the frames go on with; None where each clip begins anew.
    """
    if model.pcen is not None:
        levels = _add_levels(graph, model, log_mel, n_frames, memory)
        log_mel = _add_standing_out(graph, model.pcen, log_mel, levels)
    return _add_normalisation(graph, model.normalise, log_mel)


def _add_levels(graph: Graph, model: KeywordSpotter, log_mel: str, n_frames: int, memory: Memory | None) -> str:
    """The level of each band and frame, as ``smoothed`` has it; its weights are worked out when a runtime opens it."""
    smoothing = cast(PCEN, model.pcen).smoothing
    power = graph.node("Exp", log_mel)
    frames = graph.node("Range", *(graph.constant(float(one)) for one in (0, n_frames, 1)))
    later_by = graph.node("Sub", graph.node("Unsqueeze", frames, graph.whole(1)), frames)
    kept = graph.constant(1 - smoothing[:, None, None])
    left = graph.node("Mul", graph.node("Pow", kept, later_by), graph.constant(smoothing[:, None, None]))
    zero = graph.constant(0.0)
    weights = graph.node("Where", graph.node("Less", later_by, zero), zero, left)
    new = graph.node("MatMul", weights, graph.node("Unsqueeze", power, graph.whole(3)))
    new = graph.node("Squeeze", new, graph.whole(3))
    if memory is None:
        before = graph.cut(power, 0, 1, axis=2)
    else:
        # What a stream begins with, zeros, stands for long silence.
        silence = graph.constant(_silence(model)[:, None])
        before = graph.node("Add", memory.before(model.front_end.config.n_mels, 1), silence)
    since = graph.node("Add", frames, graph.constant(1.0))
    faded = graph.node("Mul", graph.node("Pow", graph.constant(1 - smoothing[:, None]), since), before)
    levels = graph.node("Add", new, faded)
    if memory is not None:
        memory.after(graph.node("Sub", graph.cut(levels, -1, LAST, axis=2), silence))
    return levels


def _add_standing_out(graph: Graph, pcen: PCEN, log_mel: str, levels: str) -> str:
    floor = graph.node("Log", graph.node("Add", levels, graph.constant(FLOOR)))
    divided = graph.node("Sub", log_mel, graph.node("Mul", floor, graph.constant(pcen.gain[:, None])))
    biased = graph.node("Add", graph.node("Exp", divided), graph.constant(pcen.bias[:, None]))
    compressed = graph.node("Pow", biased, graph.constant(pcen.root[:, None]))
    return graph.node("Sub", compressed, graph.constant(torch.pow(pcen.bias, pcen.root)[:, None]))


def _silence(model: KeywordSpotter) -> Tensor:
    """Power of digital silence in each band, (n_mels,)."""
    front_end = model.front_end
    samples = torch.zeros(1, front_end.config.n_fft, device=front_end.window().device)
    return cast(Tensor, front_end(samples))[0, :, 0].exp()


def _add_normalisation(graph: Graph, normalise: torch.nn.Module, log_mel: str) -> str:
    """Add what brings each band to mean 0 and deviation 1, if the model does that; answers the name of the result."""
    if not isinstance(normalise, BandNorm):
        return log_mel
    mean, scale = normalise.mean_and_scale()
    centred = graph.node("Sub", log_mel, graph.constant(mean[:, None]))
    return graph.node("Mul", centred, graph.constant(scale[:, None]))
