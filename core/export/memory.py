"""What a graph remembers of a stream from one hop to the next: one row of numbers that goes in and comes out."""

from __future__ import annotations

from math import prod

from onnx import helper

from core.export.graph import LAST, Graph


class Memory:
    """The state of a graph along a stream, (batch, n_numbers), all zeros where a stream begins.

    Each part of the graph asks for what it left there in the last hop (``before``) and says what it leaves for the next
    one (``after``), in turn.

    Args:
        graph: The graph.
        state: Name of the input that holds the row.
    """

    def __init__(self, graph: Graph, state: str) -> None:
        self._graph, self._state = graph, state
        self._sizes: list[int] = []
        self._after: list[str] = []

    @property
    def size(self) -> int:
        """Numbers in the row."""
        return sum(self._sizes)

    def before(self, *shape: int) -> str:
        """Name of what was left here in the last hop, (batch, *shape)."""
        self._sizes.append(prod(shape))
        row = f"before{len(self._sizes) - 1}"
        return row if len(shape) == 1 else self._graph.node("Reshape", row, self._graph.whole(0, *shape))

    def after(self, name: str) -> None:
        """Leave an array of the shape last asked for to the next hop."""
        self._after.append(self._graph.node("Flatten", name))

    def extend(self, name: str, shape: tuple[int, ...], n: int) -> str:
        """Name of an array (batch, *shape, W) behind the last ``n`` numbers of its last axis that came before it."""
        if n == 0:
            return name
        extended = self._graph.node("Concat", self.before(*shape, n), name, axis=-1)
        self.after(self._graph.cut(extended, -n, LAST, axis=-1))
        return extended

    def close(self) -> str:
        """Name of the row for the next hop, once all parts have been asked."""
        graph, sizes = self._graph, self._graph.whole(*self._sizes)
        names = [f"before{number}" for number in range(len(self._sizes))]
        graph.nodes.insert(0, helper.make_node("Split", [self._state, sizes], names, "before", axis=1))
        return graph.node("Concat", *self._after, axis=1)
