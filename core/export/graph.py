"""An ONNX graph built node by node: what is added answers with its name, which the next node takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper
from torch import Tensor

OPSET = 18
"""Version of the operators. The first in which all reductions take their axes alike; runtimes since 2023 know it."""

IR_VERSION = 8
"""Version of the file format that came with these operators: a newer one only shuts out older runtimes."""


class Graph:
    """Nodes and constants in the order of computation.

    >>> graph = Graph()
    >>> graph.node("Mul", "x", graph.constant([2.0]))
    'n0'
    >>> [node.op_type for node in graph.nodes]
    ['Mul']
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[bytes, str, tuple[int, ...]], onnx.TensorProto] = {}

    def constant(self, values: ArrayLike | Tensor, dtype: type[np.generic] = np.float32) -> str:
        """The name of an array of constants; two that are alike are one."""
        array: NDArray[Any] = np.asarray(values.detach().cpu().numpy() if isinstance(values, Tensor) else values, dtype)
        key = (array.tobytes(), array.dtype.str, array.shape)
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"c{len(self._constants)}")
        return str(self._constants[key].name)

    def whole(self, *numbers: int) -> str:
        """The name of a row of whole numbers, as axes, shapes and paddings are given."""
        return self.constant(numbers, np.int64)

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node; answers the name of its output."""
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def model(self, *, shape: tuple[str, list[int]], outputs: list[str], n_labels: int) -> onnx.ModelProto:
        """The finished model.

        Args:
            shape: Name of the one input, and its lengths behind the batch axis.
            outputs: Names of the outputs, each (batch, n_labels).
            n_labels: Number of classes.
        """
        name, lengths = shape
        made = helper.make_model(
            helper.make_graph(
                self.nodes,
                "earshot",
                [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", *lengths])],
                [helper.make_tensor_value_info(one, onnx.TensorProto.FLOAT, ["batch", n_labels]) for one in outputs],
                initializer=list(self._constants.values()),
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="earshot",
        )
        made.ir_version = IR_VERSION
        return made
