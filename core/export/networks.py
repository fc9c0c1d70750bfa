"""The networks as parts of an ONNX graph: plain convolutions, with batch normalisation folded into their weights.

For int8 each layer says what of it may be rounded. What flows into it may be only where its range is narrow: not the
log-mels, nor what residual connections or long depthwise sums have piled up, of which 256 steps are too few.
"""

from __future__ import annotations

from math import log
from typing import Any, cast

import torch
from torch import nn

from core.errors import ExportError
from core.export.graph import LAST, Graph, Rounded
from core.fast.channel_major import scale_and_shift
from core.models.bcresnet import SUB_BANDS, BCResNet, BroadcastBlock, SubSpectralNorm, padding_in_time
from core.models.embedding import MARGIN, RANGE_DB, SPECTROGRAM, LeakyFloor, SpeechEmbedding
from core.models.linear import Linear


@torch.no_grad()
def add_network(graph: Graph, network: nn.Module, features: str, n_frames: int) -> str:
    """Add a network; answers the name of its logits (batch, n_labels).

    Args:
        graph: The graph that it joins.
        network: One of ``core.models.NETWORKS``, in evaluation mode.
        features: Name of the normalised log-mels, (batch, n_mels, n_frames).
        n_frames: Frames of a clip.

    Raises:
        ExportError: If nobody has said yet how that network is written.
    """
    match network:
        case Linear():
            return _gemm(graph, graph.node("Flatten", features), network.classify, rounded="weights")
        case BCResNet():
            return _bcresnet(graph, network, features)
        case SpeechEmbedding():
            return _embedding(graph, network, features, n_frames)
    raise ExportError(f"{type(network).__name__} cannot be exported yet: core/export/networks.py does not know it.")


def _bcresnet(graph: Graph, network: BCResNet, features: str) -> str:
    head, norm = cast(nn.Conv2d, network.head[0]), cast(nn.BatchNorm2d, network.head[1])
    x = graph.node("Unsqueeze", features, graph.whole(1))
    x = graph.node("Relu", _along_frames(graph, x, head, norm, rounded="weights"))
    n_bands = (network.n_mels - 1) // head.stride[0] + 1
    for block in network.blocks:
        x, n_bands = _block(graph, cast(BroadcastBlock, block), x, n_bands)
    depthwise, mixing = cast(nn.Conv2d, network.tail[0]), cast(nn.Conv2d, network.tail[1])
    x = _along_frames(graph, x, depthwise)
    x = _convolution(graph, x, mixing, cast(nn.BatchNorm2d, network.tail[2]), rounded="weights")
    means = graph.node("ReduceMean", graph.node("Relu", x), graph.whole(2, 3), keepdims=0)
    return _gemm(graph, means, network.classify)


def _block(graph: Graph, block: BroadcastBlock, x: str, n_bands: int) -> tuple[str, int]:
    """One block, and the bands that it leaves."""
    *entry, depthwise, sub_spectral = block.along_frequency
    bands = x
    if entry:
        widened = _convolution(graph, x, cast(nn.Conv2d, entry[0]), cast(nn.BatchNorm2d, entry[1]), rounded="weights")
        bands = graph.node("Relu", widened)
    convolution = cast(nn.Conv2d, depthwise)
    n_bands = (n_bands - 1) // convolution.stride[0] + 1
    # Each group of bands has a normalisation of its own, which no weight that they share can hold.
    scale, shift = (
        values.view(-1, SUB_BANDS, 1).expand(-1, -1, n_bands // SUB_BANDS).reshape(-1, n_bands, 1)
        for values in scale_and_shift(cast(SubSpectralNorm, sub_spectral).norm)
    )
    bands = graph.node("Mul", _convolution(graph, bands, convolution), graph.constant(scale))
    bands = graph.node("Add", bands, graph.constant(shift))
    along, norm, _, mixing, _ = block.along_time
    over_bands = graph.node("ReduceMean", bands, graph.whole(2), keepdims=1)
    time = _along_frames(graph, over_bands, cast(nn.Conv2d, along), cast(nn.BatchNorm2d, norm))
    time = graph.node("Mul", time, graph.node("Sigmoid", time))
    out = graph.node("Add", bands, _convolution(graph, time, cast(nn.Conv2d, mixing), rounded="all"))
    return graph.node("Relu", out if block.transition else graph.node("Add", out, x)), n_bands


def _embedding(graph: Graph, network: SpeechEmbedding, features: str, n_frames: int) -> str:
    level = graph.node("Div", features, graph.constant(log(10)))
    loudest = graph.node("ReduceMax", level, graph.whole(1, 2), keepdims=1)
    level = graph.node("Max", level, graph.node("Sub", loudest, graph.constant(RANGE_DB / 10)))
    quiet = graph.node("ReduceMin", level, graph.whole(1, 2), keepdims=1)
    margin = graph.node("Tile", quiet, graph.whole(1, SPECTROGRAM.n_mels, MARGIN))
    frames = graph.node("Concat", margin, level, margin, axis=2)
    frames = graph.node("Unsqueeze", graph.node("Transpose", frames, perm=[0, 2, 1]), graph.whole(1))
    x = graph.node("Add", frames, graph.constant(2.0))
    for layer in network.layers:
        x = _layer(graph, layer, x)
    along = graph.node("Squeeze", x, graph.whole(3))
    half = network.layers(torch.zeros(1, 1, n_frames + 2 * MARGIN, SPECTROGRAM.n_mels)).shape[2] // 2

    def mean(values: str) -> str:
        return graph.node("ReduceMean", values, graph.whole(2), keepdims=0)

    middle = graph.node("ReduceMean", along, graph.whole(2), keepdims=1)
    from_middle = graph.node("Sub", along, middle)
    variance = mean(graph.node("Mul", from_middle, from_middle))
    deviation = graph.node("Sqrt", graph.node("Add", variance, graph.constant(1e-6)))
    drift = graph.node("Sub", mean(graph.cut(along, -half, LAST, axis=2)), mean(graph.cut(along, 0, half, axis=2)))
    return _gemm(
        graph, graph.node("Concat", mean(along), deviation, drift, axis=1), network.classify, rounded="weights"
    )


def _layer(graph: Graph, layer: nn.Module, x: str) -> str:
    match layer:
        case nn.Conv2d():
            return _convolution(graph, x, layer, rounded="weights")
        case LeakyFloor():
            return graph.node("Max", graph.node("LeakyRelu", x, alpha=0.2), graph.constant(-0.4))
        case nn.MaxPool2d():
            size = list(cast(tuple[int, int], layer.kernel_size))
            return graph.node("MaxPool", x, kernel_shape=size, strides=size)
    raise ExportError(f"A layer of the kind {type(layer).__name__} cannot be exported yet.")


def _along_frames(
    graph: Graph, x: str, layer: nn.Conv2d, norm: nn.BatchNorm2d | None = None, *, rounded: Rounded | None = None
) -> str:
    """A convolution that keeps the number of frames, with the normalisation behind it."""
    before, behind = padding_in_time(layer)
    rows = int(layer.padding[0])
    return _convolution(graph, x, layer, norm, rounded=rounded, pads=[rows, before, rows, behind])


def _convolution(
    graph: Graph,
    x: str,
    layer: nn.Conv2d,
    norm: nn.BatchNorm2d | None = None,
    *,
    rounded: Rounded | None = None,
    pads: list[int] | None = None,
) -> str:
    """A convolution, with the normalisation behind it."""
    weight, bias = layer.weight, layer.bias
    if norm is not None:
        scale, shift = scale_and_shift(norm)
        weight, bias = weight * scale[:, None, None, None], cast(Any, shift)
    constants = [graph.constant(one) for one in (weight, bias) if one is not None]
    pads = pads or [int(one) for one in layer.padding] * 2
    attributes = {"strides": layer.stride, "dilations": layer.dilation, "pads": pads, "group": layer.groups}
    return graph.node("Conv", x, *constants, rounded=rounded, **attributes)


def _gemm(graph: Graph, x: str, layer: nn.Linear, rounded: Rounded = "all") -> str:
    weights = graph.constant(layer.weight), graph.constant(layer.bias)
    return graph.node("Gemm", x, *weights, rounded=rounded, transB=1)
