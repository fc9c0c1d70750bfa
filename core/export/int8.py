"""The network of an exported model in int8: per channel, with ranges found on training clips; never the front end.

The spectrogram spans more than a hundred decibels, of which eight bits hold forty-eight: rounding all of its graph took
BC-ResNet 1 D from 86.6 to 21.0 % of the official test clips.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from core.export.graph import Rounded, compact
from core.records.arrays import Waveform

FEWEST_WEIGHTS = 256
"""Weights from which a layer is computed in int8: what describes the ranges of a smaller one takes more room than its
weights."""

LARGEST = 127
"""The largest whole number of eight bits whose negative is one too."""

BATCH = 16
"""Clips whose ranges are looked at at once."""


def in_int8(content: bytes, rounded: Mapping[str, Rounded], clips: Waveform) -> onnx.ModelProto:
    """The same model, with the large layers of its network in int8.

    Args:
        content: The file in float32.
        rounded: What may be rounded, by the name of the layer.
        clips: Training clips, (n, 16000), on which the ranges of what flows into layers are found.
    """
    model = onnx.load_from_string(content)
    sizes = {one.name: int(np.prod(one.dims)) for one in model.graph.initializer}
    large = [node for node in model.graph.node if node.name in rounded and sizes[node.input[1]] >= FEWEST_WEIGHTS]
    # Layers with the very same weights share them, and the first one brings them back for all.
    first = {node.input[1]: node for node in reversed(large) if rounded[node.name] == "weights"}
    for node in first.values():
        _round_weights(model.graph, node)
    whole = [node.name for node in large if rounded[node.name] == "all"]
    return compact(_with_ranges(model, whole, clips) if whole else model)


def _round_weights(graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """Put the weights of a layer there in int8, and what brings them back: a scale for each output channel."""
    name = node.input[1]
    found = next(one for one in graph.initializer if one.name == name)
    weights = numpy_helper.to_array(found)
    scale = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), initial=1e-12) / LARGEST
    steps = np.round(weights / scale.reshape(-1, *[1] * (weights.ndim - 1))).astype(np.int8)
    graph.initializer.remove(found)
    graph.initializer.extend(
        [
            numpy_helper.from_array(steps, f"{name}_int8"),
            numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"),
        ]
    )
    back = helper.make_node("DequantizeLinear", [f"{name}_int8", f"{name}_scale"], [name], axis=0)
    graph.node.insert(list(graph.node).index(node), back)


def _with_ranges(model: onnx.ModelProto, layers: Sequence[str], clips: Waveform) -> onnx.ModelProto:
    """Weights of layers and what flows into them in int8, as ONNX Runtime does it."""
    with tempfile.TemporaryDirectory(prefix="earshot-int8-") as folder, _without_advice():
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        onnx.save(model, str(before))
        quantize_static(
            str(before),
            str(after),
            _Clips(clips),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=list(layers),
            calibrate_method=CalibrationMethod.MinMax,
            # Logits are compared with each other: in 256 steps the two largest would often be one.
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm"]},
        )
        return onnx.load(str(after))


class _Clips(CalibrationDataReader):  # type: ignore[misc]
    """Clips as ONNX Runtime asks for them, a batch at a time."""

    def __init__(self, clips: Waveform) -> None:
        self._batches = iter([clips[first : first + BATCH] for first in range(0, len(clips), BATCH)])

    def get_next(self) -> dict[str, Any] | None:
        """The next batch; None behind the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"waveform": batch}


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep back what ONNX Runtime advises about graphs that were not folded beforehand; ours is."""
    root = logging.getLogger()

    def is_other(record: logging.LogRecord) -> bool:
        return "onnxruntime" not in record.pathname

    root.addFilter(is_other)
    try:
        yield
    finally:
        root.removeFilter(is_other)
