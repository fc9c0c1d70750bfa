"""What several trainings of one process have in common, made by the first that asks.

Everything has a key that holds all that decides it. Whoever asks with another key computes as if it were alone, so that
sharing can be in vain, and never wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

Made = TypeVar("Made")

STEPS = 2
"""Steps that are kept: of trainings that resumed together one may be an epoch behind the others."""


class ChangedClips:
    """The clips of a step after their sound was changed, and the power spectra that were asked for.

    Args:
        waveform: (n, n_samples).
        after: State of the generator once all changes were drawn.
    """

    def __init__(self, waveform: Tensor, after: Tensor) -> None:
        self.waveform, self.after = waveform, after
        self._spectra: dict[Hashable, list[Tensor]] = {}

    def spectra(self, key: Hashable, make: Callable[[Tensor], list[Tensor]]) -> list[Tensor]:
        """What ``make`` gives of the waveforms; ``key`` says how it computes them."""
        if key not in self._spectra:
            self._spectra[key] = make(self.waveform)
        return self._spectra[key]


class Shared:
    """What a group of trainings shares, as long as it goes on."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}
        self._numbered: dict[int, object] = {}
        self._steps: OrderedDict[Hashable, ChangedClips] = OrderedDict()

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made at the first call with this key.

        >>> shared = Shared()
        >>> shared.once("three", lambda: 3), shared.once("three", lambda: 4)
        (3, 3)
        """
        if key not in self._made:
            self._made[key] = make()
        return cast(Made, self._made[key])

    def number(self, thing: object) -> int:
        """A number for a key that stands for this very object, which is kept so that no other one gets it."""
        self._numbered[id(thing)] = thing
        return id(thing)

    def changed(
        self, key: Hashable, rows: Tensor, generator: torch.Generator, change: Callable[[], Tensor]
    ) -> ChangedClips:
        """The changed clips of a step. The generator is afterwards where it would be if they had been computed.

        Args:
            key: All that decides the changes, apart from what follows.
            rows: Which clips, (n,), on the CPU.
            generator: What the changes are drawn from.
            change: Computes them, (n, n_samples).
        """
        before = generator.get_state()
        asked = (key, rows.numpy().tobytes(), before.numpy().tobytes())
        if asked in self._steps:
            generator.set_state(self._steps[asked].after)
            self._steps.move_to_end(asked)
        else:
            self._steps[asked] = ChangedClips(change(), generator.get_state())
            if len(self._steps) > STEPS:
                self._steps.popitem(last=False)
        return self._steps[asked]


@dataclass(frozen=True)
class Share:
    """The part that one training has in what is shared."""

    shared: Shared
    sound: Hashable
    """All that decides how its clips sound, changes included, apart from what is drawn."""
    generator: torch.Generator
    """What its changes are drawn from."""
