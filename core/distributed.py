"""One model on several devices: the processes that ``torchrun`` started, each of which computes a part of every batch.

All have the same weights and the same random numbers, so that together they take the steps that one process would take,
up to rounding: gradients, and the statistics of normalisations, are added up over all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from core.data.draws import PartOfBatch
from core.errors import ConfigError, RunError

PATIENCE = timedelta(days=1)
"""How long one process waits for another: the first one may have a large dataset to pack. One that died is noticed at
once."""

Told = TypeVar("Told")


class Peers:
    """The processes that train one model together; with a single one everything stays as it is.

    Args:
        rank: Number of this process, from 0. The first one writes the files.
        size: How many there are.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size
        self.n_clips, self.mine = 0, slice(None)
        self._generators: list[PartOfBatch] = []

    def part(self, n: int) -> slice:
        """Which of ``n`` things are this process's: as many as the others have, or one more.

        >>> [Peers(rank, 3).part(7) for rank in range(3)]
        [slice(0, 2, None), slice(2, 4, None), slice(4, 7, None)]
        """
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def require_batch(self, n_clips: int) -> None:
        """Refuse batches of which a process would get nothing.

        Raises:
            ConfigError: If there are more processes than clips in a batch.
        """
        if n_clips < self.size:
            raise ConfigError(
                f"A batch has {n_clips} clips, too few for {self.size} processes. Start at most {n_clips} of them."
            )

    def generator(self, device: torch.device) -> torch.Generator:
        """A generator of what is drawn for the clips of a batch."""
        if self.size == 1:
            return torch.Generator(device)
        self._generators.append(PartOfBatch(device))
        return self._generators[-1]

    def begin(self, rows: Tensor) -> Tensor:
        """This process's part of a batch, (n,) of (batch,); from now on that batch is meant."""
        if self.size == 1:
            return rows
        self.n_clips, self.mine = len(rows), self.part(len(rows))
        for generator in self._generators:
            generator.n_clips, generator.mine = self.n_clips, self.mine
        return rows[self.mine]

    def total(self, n: int) -> int:
        """How many there are in the whole batch of what this process's clips have ``n`` of."""
        return n if self.size == 1 else n // (self.mine.stop - self.mine.start) * self.n_clips

    def share_of(self, mean: Tensor) -> Tensor:
        """What the mean over this process's clips adds to the mean over the batch."""
        return mean if self.size == 1 else mean * ((self.mine.stop - self.mine.start) / self.n_clips)

    def add_up(self, numbers: Tensor) -> Tensor:
        """The sum over all processes, in place and without a gradient.

        Raises:
            RunError: If another process has ended.
        """
        if self.size > 1:
            with _watched():
                torch.distributed.all_reduce(numbers)
        return numbers

    def add_up_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Give all parameters the sums of their gradients over all processes, in one message."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self.add_up(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, summed in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(summed.view_as(gradient))

    def any(self, mine: bool) -> bool:
        """Whether one of the processes says so."""
        return mine if self.size == 1 else bool(self.add_up(torch.tensor(float(mine))))

    def tell(self, what: Told | None = None) -> Told | None:
        """What the first process says, in all of them; plain values."""
        if self.size == 1:
            return what
        told = [what]
        with _watched():
            torch.distributed.broadcast_object_list(told)
        return told[0]


ALONE = Peers()
"""A training of one process."""


def peers_of(module: nn.Module) -> Peers:
    """With whom a layer computes that goes by all clips of a batch."""
    return cast(Peers, getattr(module, "peers", ALONE))


def share_batches(model: nn.Module, peers: Peers) -> None:
    """Let the layers of a model that go by all clips of a batch reckon with the other processes."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.Dropout2d):
            # A plain object, which is no part of the model's state.
            module.__dict__["peers"] = peers


def join() -> Peers:
    """The processes that ``torchrun`` started, this one among them; ``ALONE`` without it.

    On GPUs each process takes its own, which is the current one from then on.

    Raises:
        ConfigError: If this PyTorch cannot do that, or there are fewer GPUs here than processes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        return ALONE
    if not torch.distributed.is_available():
        raise ConfigError("This PyTorch was built without torch.distributed: train in one process, without torchrun.")
    if torch.cuda.is_available():
        number, n_gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if number >= n_gpus:
            raise ConfigError(
                f"There are {n_gpus} GPUs here, and more processes. Start at most {n_gpus} with --nproc-per-node, or "
                "hide the GPUs (CUDA_VISIBLE_DEVICES=) to train on the CPU."
            )
        torch.cuda.set_device(number)
    # Without a backend: gloo for what lies in memory, and NCCL for what lies on GPUs.
    torch.distributed.init_process_group(timeout=PATIENCE)
    return Peers(torch.distributed.get_rank(), torch.distributed.get_world_size())


def leave(peers: Peers) -> None:
    """Let go of the other processes."""
    if peers.size > 1:
        torch.distributed.destroy_process_group()


@contextmanager
def _watched() -> Iterator[None]:
    """Say in words that another process ended: PyTorch has a class of its own for it with NCCL, and none with gloo."""
    try:
        yield
    except RuntimeError as error:
        raise RunError(
            "Another process of this training ended, or could not be reached. The last finished epoch is kept: the run "
            "can be resumed, by any number of processes."
        ) from error
