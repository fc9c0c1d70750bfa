"""A causal BC-ResNet along a stream as a part of an ONNX graph: a hop of few frames, and as few nodes as possible.

With so few frames a runtime spends its time on nodes, not on numbers. So everything that is constant is multiplied out
as in ``core.fast.folded``, whose matrices along bands become convolutions with one group a channel, and blocks
that reach equally far back remember their frames in one array.

Shapes: C channels, H bands, W new frames; (batch, C * H, 1, W) between the blocks: with that 1 a runtime knows the
quicker way of a convolution along frames.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional

from core.export.graph import LAST, Graph
from core.export.memory import Memory
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
    # Blocks that reach equally far back remember their frames in one array.
    for _, alike in itertools.groupby(folded.blocks, key=lambda block: block.padding[0]):
        blocks = list(alike)
        n_channels, reach = [len(block.matrix) for block in blocks], blocks[0].padding[0]
        before = memory.before(sum(n_channels), 1, reach)
        means = []
        for block, earlier in zip(blocks, graph.split(before, n_channels, axis=1), strict=True):
            x, mean = _block(graph, block, x, earlier, further=int(block is not folded.blocks[0]))
            means.append(mean)
        together = graph.node("Concat", before, graph.node("Concat", *means, axis=1), axis=3)
        memory.after(graph.cut(together, -reach, LAST, axis=3))
    known = memory.extend(_tail(graph, folded, x, memory, n_new), (len(folded.mixing[0]), 1), n_frames - n_new)
    over_time = graph.node("ReduceMean", known, graph.whole(2, 3), keepdims=0)
    weight, bias = folded.last
    return graph.node("Gemm", over_time, graph.constant(weight), graph.constant(bias), rounded="weights", transB=1)


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
    return graph.node(
        "Reshape", graph.node("Relu", x), graph.whole(0, len(weight) * (n_mels // folded.stride[0]), 1, -1)
    )


def _block(graph: Graph, block: FoldedBlock, x: str, earlier: str, further: int) -> tuple[str, str]:
    """What a block gives, with one row more than bands in each channel, and the mean over bands, (batch, C, 1, W).

    The further row is that mean. The next block has a weight of zero for it, which is cheaper than to cut it off.
    """
    n_channels, n_rows, n_bands = block.matrix.shape
    # The residual connection joins the matrix.
    matrix = block.matrix if block.transition else block.matrix + torch.eye(n_rows, n_bands)
    matrix = functional.pad(matrix, (0, further))
    bands = x
    if block.entry is not None:
        weight, bias = block.entry
        by_channel = graph.node("Reshape", x, graph.whole(0, weight.shape[1], 1, -1))
        bands = graph.node("Relu", _convolution(graph, by_channel, weight[:, :, None], bias, rounded=True))
        bands = graph.node("Reshape", bands, graph.whole(0, n_channels * (n_bands + further), 1, -1))
    out = _convolution(graph, bands, matrix.flatten(0, 1)[:, :, None], block.shift, n_channels)
    mean = graph.cut(out, n_rows - 1, LAST, axis=1, step=n_rows)
    along = graph.node("Concat", earlier, mean, axis=3)
    time = _convolution(graph, along, torch.stack(block.taps, dim=2), block.time_shift, n_channels, block.dilation)
    time = graph.node("Mul", time, graph.node("Sigmoid", time))
    # Its product goes to all rows of a channel.
    mixing = graph.node("Expand", graph.constant(block.mixing[:, None, :, None]), graph.whole(1, n_rows, 1, 1))
    mixing = graph.node("Reshape", mixing, graph.whole(n_channels * n_rows, n_channels, 1, 1))
    return graph.node("Relu", graph.node("Add", out, graph.node("Conv", time, mixing))), mean


def _tail(graph: Graph, folded: FoldedBCResNet, x: str, memory: Memory, n_new: int) -> str:
    """What is known of each new frame, (batch, n_features, 1, n_new)."""
    n_channels, n_rows, n_bands = folded.taps.shape
    n_out = n_rows // folded.width
    extended = memory.extend(x, (n_channels * (n_bands + 1), 1), folded.tail_padding[0])
    taps = folded.taps.view(n_channels, folded.width, n_out, n_bands).permute(0, 2, 3, 1)
    taps = functional.pad(taps, (0, 0, 0, 1)).flatten(0, 1)
    x = _convolution(graph, extended, taps, None, n_channels)
    weight, bias = folded.mixing
    by_channel = graph.node("Reshape", x, graph.whole(0, n_channels, 1, -1))
    known = graph.node("Relu", _convolution(graph, by_channel, weight[:, :, None], bias, rounded=True))
    if n_out == 1:
        return known
    by_band = graph.node("Reshape", known, graph.whole(0, len(weight), n_out, n_new))
    return graph.node("ReduceMean", by_band, graph.whole(2), keepdims=1)


def _convolution(
    graph: Graph,
    x: str,
    weight: Tensor,
    bias: Tensor | None,
    groups: int = 1,
    dilation: int = 1,
    *,
    rounded: bool = False,
) -> str:
    """A convolution along frames, (batch, C, 1, W), without padding."""
    constants = [graph.constant(weight[:, :, None]), *([] if bias is None else [graph.constant(bias.flatten())])]
    attributes = {"group": groups, "dilations": [1, dilation]}
    return graph.node("Conv", x, *constants, rounded="weights" if rounded else None, **attributes)
