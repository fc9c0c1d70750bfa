"""Training steps on a GPU, recorded once and replayed: a small model's step is all launching and hardly arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

WARM_STEPS = 3
"""Steps done in the ordinary way before one is recorded: libraries set themselves up in them, optimisers too."""


class Replay:
    """The steps of an epoch as a CUDA graph that is told nothing and asked nothing while it runs.

    Which clips a step takes and how large it is stand in tables on the GPU, and so do its loss and its logits; a
    counter there tells how far the epoch is. A replayed step costs one launch instead of a hundred. The first steps
    of the first epoch are done in the ordinary way, and count: recording changes nothing about what is learned.

    Args:
        step: Loss () and logits (batch, labels) of the clips in some rows (batch,). It must not read a number from the
            GPU, and must find its tensors where they were.
        groups: The optimisers' groups of parameters. Their step sizes are taken over: from the first step on they are
            tensors, set by the table.
        generators: What the step draws random numbers from, apart from the default generator.
        device: The GPU.
        n_labels: Logits of a clip.
    """

    def __init__(
        self,
        step: Callable[[Tensor], tuple[Tensor, Tensor]],
        groups: Sequence[dict[str, Any]],
        generators: Sequence[torch.Generator],
        device: torch.device,
        n_labels: int,
    ) -> None:
        self._step, self._groups, self._generators = step, groups, generators
        self._n_labels = n_labels
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm = 0
        self._number = torch.zeros(1, dtype=torch.int64, device=device)

    def __call__(self, rows: Tensor, rates: list[list[float]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Loss () and logits (batch, labels) of one step after another; each is queued, not waited for.

        Args:
            rows: The clips of each step, (steps, batch); of the same shape in each epoch.
            rates: Step size of each group of parameters in each step.
        """
        if self._warm == 0:
            self._make_tables(rows)
        self._rows.copy_(rows)
        self._rates.copy_(torch.tensor(rates))
        self._number.zero_()
        for loss, logits in zip(self._losses, self._logits, strict=True):
            self._next()
            yield loss, logits

    def _make_tables(self, rows: Tensor) -> None:
        device = rows.device
        self._rows = torch.zeros_like(rows)
        self._rates = torch.zeros(len(rows), len(self._groups), device=device)
        self._rate = torch.zeros(len(self._groups), device=device)
        for number, group in enumerate(self._groups):
            group["lr"] = self._rate[number]
        self._losses = torch.zeros(len(rows), device=device)
        self._logits = torch.zeros(*rows.shape, self._n_labels, device=device)

    def _next(self) -> None:
        if self._graph is not None:
            self._graph.replay()
        elif self._warm < WARM_STEPS:
            self._warm += 1
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                self._once()
            torch.cuda.current_stream().wait_stream(aside)
        else:
            graph = torch.cuda.CUDAGraph()
            for generator in self._generators:
                graph.register_generator_state(generator)
            with torch.cuda.graph(graph):
                self._once()
            self._graph = graph
            graph.replay()

    def _once(self) -> None:
        self._rate.copy_(self._rates.index_select(0, self._number)[0])
        loss, logits = self._step(self._rows.index_select(0, self._number)[0])
        self._losses.index_copy_(0, self._number, loss[None])
        self._logits.index_copy_(0, self._number, logits[None])
        self._number += 1
