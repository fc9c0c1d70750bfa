"""A causal BC-ResNet along a stream as a part of an ONNX graph: a hop of few frames, and as few nodes as possible.

With so few frames a runtime spends its time on nodes, not on numbers. So everything that is constant is multiplied out
as in ``core.fast.folded``, whose matrices along bands become convolutions with one group a channel, and all blocks
remember their frames in one array.

Shapes: C channels, H bands, W new frames; (batch, C * H, W) between the blocks.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.export.graph import Graph
from core.export.memory import LAST, Memory
from core.fast.folded import FoldedBCResNet, FoldedBlock
from core.models.bcresnet import BCResNet


@torch.no_grad()
def add_causal_network(
    graph: Graph, network: BCResNet, features: str, memory: Memory, *, n_new: int, n_frames: int
) -> str:
    """Add a causal BC-ResNet; answers the name of its logits (batch, n_labels).

    Args:
        graph: The graph that it joins.
        network: The network, in evaluation mode.
        features: Name of the normalised log-mels of new frames, (batch, n_mels, n_new).
        memory: What is remembered of the stream.
        n_new: New frames.
        n_frames: Frames that the answer is about.
    """
    folded = FoldedBCResNet(network)
    x = _head(graph, folded, features, memory, network.n_mels)
    longest = max(block.padding[0] for block in folded.blocks)
    n_rows = [len(block.taps[0]) for block in folded.blocks]
    before = memory.before(sum(n_rows), longest)
    earlier = graph.split(before, n_rows, axis=1)
    overs = []
    for block, past in zip(folded.blocks, earlier, strict=True):
        x, over = _block(graph, block, x, past, longest)
        overs.append(over)
    together = graph.node("Concat", before, graph.node("Concat", *overs, axis=1), axis=2)
    memory.after(_last(graph, together, longest))
    known = memory.extend(_tail(graph, folded, x, memory, n_new), (len(folded.mixing[0]),), n_frames - n_new)
    means = graph.node("ReduceMean", known, graph.whole(2), keepdims=0)
    weight, bias = folded.last
    return graph.node("Gemm", means, graph.constant(weight), graph.constant(bias), rounded="weights", transB=1)


def _head(graph: Graph, folded: FoldedBCResNet, features: str, memory: Memory, n_mels: int) -> str:
    before = folded.head_padding[0]
    image = graph.node("Unsqueeze", memory.extend(features, (n_mels,), before), graph.whole(1))
    weight, bias = folded.head
    x = graph.node(
        "Conv",
        image,
        graph.constant(weight),
        graph.constant(bias),
        rounded="weights",
        strides=folded.stride,
        pads=[2, 0, 2, 0],
    )
    return graph.node("Reshape", graph.node("Relu", x), graph.whole(0, len(weight) * (n_mels // folded.stride[0]), -1))


def _block(graph: Graph, block: FoldedBlock, x: str, past: str, longest: int) -> tuple[str, str]:
    """What a block gives, and the mean over bands that it wants to see again."""
    n_channels, n_rows, n_bands = block.matrix.shape
    bands = x
    if block.entry is not None:
        weight, bias = block.entry
        by_channel = graph.node("Reshape", x, graph.whole(0, weight.shape[1], -1))
        bands = graph.node("Relu", _convolution(graph, by_channel, weight[:, :, None], bias, rounded=True))
        bands = graph.node("Reshape", bands, graph.whole(0, n_channels * n_bands, -1))
    matrix, shift = block.matrix[:, :-1], block.shift[:, :-1]
    over = _convolution(graph, bands, block.matrix[:, -1:].transpose(1, 2), block.shift[:, -1], n_channels)
    if not block.transition:  # the residual connection joins the matrix
        matrix = matrix + torch.eye(n_bands)
    out = _convolution(graph, bands, matrix.flatten(0, 1)[:, :, None], shift, n_channels)
    taps = torch.zeros(n_channels, 1, longest + 1)
    taps[:, 0, -1 - 2 * block.dilation :: block.dilation] = torch.cat(block.taps, dim=1)
    time = _convolution(graph, graph.node("Concat", past, over, axis=2), taps, block.time_shift, n_channels)
    time = graph.node("Mul", time, graph.node("Sigmoid", time))
    # Its product goes to all bands of a channel.
    mixing = graph.node("Expand", graph.constant(block.mixing[:, None, :, None]), graph.whole(1, n_rows - 1, 1, 1))
    mixing = graph.node("Reshape", mixing, graph.whole(n_channels * (n_rows - 1), n_channels, 1))
    return graph.node("Relu", graph.node("Add", out, graph.node("Conv", time, mixing))), over


def _tail(graph: Graph, folded: FoldedBCResNet, x: str, memory: Memory, n_new: int) -> str:
    """What is known of each new frame, (batch, n_features, n_new)."""
    n_channels, n_rows, n_bands = folded.taps.shape
    n_out = n_rows // folded.width
    extended = memory.extend(x, (n_channels * n_bands,), folded.tail_padding[0])
    taps = folded.taps.view(n_channels, folded.width, n_out, n_bands).permute(0, 2, 3, 1)
    x = _convolution(graph, extended, taps.reshape(n_channels * n_out, n_bands, folded.width), None, n_channels)
    weight, bias = folded.mixing
    by_channel = graph.node("Reshape", x, graph.whole(0, n_channels, -1))
    known = graph.node("Relu", _convolution(graph, by_channel, weight[:, :, None], bias, rounded=True))
    if n_out == 1:
        return known
    by_band = graph.node("Reshape", known, graph.whole(0, len(weight), n_out, n_new))
    return graph.node("ReduceMean", by_band, graph.whole(2), keepdims=0)


def _convolution(
    graph: Graph, x: str, weight: Tensor, bias: Tensor | None, groups: int = 1, *, rounded: bool = False
) -> str:
    """A convolution along frames, (batch, C, W), without padding."""
    constants = [graph.constant(weight), *([] if bias is None else [graph.constant(bias.flatten())])]
    return graph.node("Conv", x, *constants, group=groups, rounded="weights" if rounded else None)


def _last(graph: Graph, x: str, n: int) -> str:
    """The last frames of an array."""
    return graph.node("Slice", x, *(graph.whole(one) for one in (-n, LAST, -1)))
