"""Training steps on a GPU, recorded once and replayed: a small model's step is all launching and hardly arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

WARM_STEPS = 3
"""Steps done in the ordinary way before one is recorded: libraries set themselves up in them, optimisers too."""


class Replay:
    """The steps of an epoch as a CUDA graph that is told nothing and asked nothing while it runs.

    Which clips a step takes and how large it is stand in tables on the GPU, and so do its loss and its answers; a
    counter there tells how far the epoch is. A replayed step costs one launch instead of a hundred. The first steps
    of the first epoch are done in the ordinary way, and count: recording changes nothing about what is learned.

    Args:
        step: Loss () and logits (batch, labels) of the clips in some rows (batch,). It must not read a number
            from the GPU, and must find its tensors where they were.
        optimizers: Their step sizes are taken over: from now on they are tensors, set by the table.
        n_steps: Steps of an epoch.
        batch_size: Clips a step.
        generators: What the step draws random numbers from, apart from the default generator.
        device: The GPU.
    """

    def __init__(
        self,
        step: Callable[[Tensor], tuple[Tensor, Tensor]],
        optimizers: Iterable[torch.optim.Optimizer],
        *,
        n_steps: int,
        batch_size: int,
        generators: Sequence[torch.Generator],
        device: torch.device,
    ) -> None:
        self._step = step
        self._generators = generators
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm = 0
        groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        self._number = torch.zeros(1, dtype=torch.int64, device=device)
        self._rows = torch.zeros(n_steps, batch_size, dtype=torch.int64, device=device)
        self._rates = torch.zeros(n_steps, len(groups), device=device)
        self._rate = torch.zeros(len(groups), device=device)
        for number, group in enumerate(groups):
            group["lr"] = self._rate[number]
        self.losses = torch.zeros(n_steps, device=device)
        """Of the steps of this epoch, (n_steps,)."""
        self.answers = torch.zeros(n_steps, batch_size, dtype=torch.int64, device=device)
        """Likewise, (n_steps, batch_size)."""

    def begin(self, rows: Tensor, rates: Tensor) -> None:
        """An epoch begins: its rows (n_steps, batch_size) and step sizes (n_steps, parameter groups)."""
        self._rows.copy_(rows)
        self._rates.copy_(rates)
        self._number.zero_()

    def step(self) -> None:
        """The next step; it is queued, not waited for."""
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
        self.losses.index_copy_(0, self._number, loss[None])
        self.answers.index_copy_(0, self._number, logits.argmax(dim=1)[None])
        self._number += 1
