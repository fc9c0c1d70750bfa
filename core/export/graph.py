"""An ONNX graph built node by node: what is added answers with its name, which the next node takes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper
from torch import Tensor

OPSET = 18
"""Version of the operators. The first in which all reductions take their axes alike; runtimes since 2023 know it."""

IR_VERSION = 8
"""Version of the file format that came with these operators: a newer one only shuts out older runtimes."""

LAST = 2**31 - 1
"""Stands for the end of an axis."""

Rounded = Literal["weights", "all"]
"""What of a layer may be rounded to int8: its weights alone, or also what flows into it."""


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
        self.rounded: dict[str, Rounded] = {}
        """What may be rounded to int8, by the name of the node."""
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

    def node(self, kind: str, *inputs: str, rounded: Rounded | None = None, **attributes: Any) -> str:
        """Add a node; answers its name, which is also that of its output."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        if rounded:
            self.rounded[name] = rounded
        return name

    def cut(self, x: str, first: int, end: int, *, axis: int, step: int = 1) -> str:
        """A part of an array along an axis; ``LAST`` is its end, and what is negative counts from there."""
        return self.node("Slice", x, *(self.whole(one) for one in (first, end, axis, step)))

    def split(self, x: str, sizes: list[int], axis: int) -> list[str]:
        """Cut an array into parts of these sizes along an axis; answers their names."""
        names = [f"n{len(self.nodes)}_{number}" for number in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [x, self.whole(*sizes)], names, names[0], axis=axis))
        return names

    def output(self, name: str, of: str) -> str:
        """Give what a node answers a name of its own, before others have taken it; answers that name."""
        next(node for node in self.nodes if node.name == of).output[0] = name
        return name

    def model(self, inputs: dict[str, int], outputs: dict[str, int]) -> onnx.ModelProto:
        """The finished model, with inputs and outputs by name: each is (batch, so many numbers)."""
        taken, given = (
            [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", n]) for name, n in rows.items()]
            for rows in (inputs, outputs)
        )
        made = helper.make_model(
            helper.make_graph(self.nodes, "earshot", taken, given, initializer=list(self._constants.values())),
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="earshot",
        )
        made.ir_version = IR_VERSION
        return made


def compact(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with short names and without remarks, which other programs leave in it; changed in place."""
    graph = model.graph
    kept = {"", *(one.name for one in (*graph.input, *graph.output))}
    short: dict[str, str] = {}

    def renamed(name: str) -> str:
        return name if name in kept else short.setdefault(name, np.base_repr(len(short), 36))

    del graph.value_info[:]
    for constant in graph.initializer:
        constant.name = renamed(constant.name)
    for node in graph.node:
        node.name = node.doc_string = ""
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
    return model
