"""The changed bases of each experiment, and what a changed basis makes of sound.

No experiment needs more than three analyses of a clip. A kernel's response is linear in its weights, so the power of
kernels that have gone part of the way is a parabola in that part: it is known everywhere from its values at the start,
half-way and at the end. A kernel's gain is a factor on the power of its bin, and a silenced bin a factor of zero.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.config import SETTINGS
from core.errors import ConfigError
from core.frontend.mel import TrainableMel
from core.records.ablation import Experiment
from core.records.filters import Filters
from core.studies.ablation.between import kernel_gains, only_gain, only_shape
from core.studies.ablation.plan import ABOUT_THE_BASIS, STEPS, as_spans
from core.training.checkpoint import Checkpoint

ENDS = (0.0, 0.5, 1.0)
"""How far the kernels have gone that clips are analysed with; all others follow from these."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Mel filters and STFT kernels, as far as experiments change them."""

    parts: tuple[tuple[float, Tensor], ...]
    """The mel filters as a sum of others, (n_mels, n_bins) each, with their shares."""
    step: float = 1.0
    """How far the STFT kernels have gone from the initial (0) to the learned ones (1)."""
    bin_power: Tensor | None = None
    """Factors on the power of each STFT bin, (n_bins,); None for 1."""

    @property
    def mel(self) -> Tensor:
        """The mel filters themselves, (n_mels, n_bins)."""
        (share, first), *others = self.parts
        return sum((share * weights for share, weights in others), start=share * first)


def _basis(mel: Tensor, step: float = 1.0, bin_power: Tensor | None = None) -> Basis:
    return Basis(((1.0, mel),), step, bin_power)


@dataclass(frozen=True, eq=False)
class Variant:
    """One changed model: another basis, or the model's own with one mel filter told nothing."""

    name: str
    basis: Basis
    place: float | None = None
    occluded: int | None = None
    """A mel filter whose log-mel is replaced by its mean."""


def variants_of(filters: Filters, experiment: Experiment) -> tuple[Basis, list[Variant]]:
    """The model's own basis, and the changed ones of an experiment.

    Raises:
        ConfigError: If the model has trained nothing that the experiment could change, or it has no such filters.
    """
    own = _basis(_tensor(filters.learned.mel_basis))
    if experiment.kind in ABOUT_THE_BASIS and filters.setting == "A":
        raise ConfigError(
            f"In setting A {SETTINGS['A']}: learned equals initial, and there is nothing to put back. "
            "Choose a model with setting B, C or D, or the experiments 'mask' and 'occlusion'."
        )
    makers: dict[str, Callable[[], list[Variant]]] = {
        "interpolation": lambda: _interpolation(filters, own),
        "swap": lambda: _swap(filters, own),
        "gain-shape": lambda: _gain_shape(filters, own),
        "mask": lambda: [_mask(filters, own, experiment)],
        "occlusion": lambda: [
            Variant(f"without filter {number}", own, float(number), number) for number in range(len(own.mel))
        ],
    }
    return own, makers[experiment.kind]()


def _interpolation(filters: Filters, own: Basis) -> list[Variant]:
    start, end = _tensor(filters.initial.mel_basis), own.mel
    found = []
    for step in np.linspace(0, 1, STEPS).tolist():
        # The last step is the model's own basis itself, which is then answered only once.
        basis = own if step == 1 else Basis(((1 - step, start), (step, end)), step)
        found.append(Variant(f"{step:.1f}", basis, step))
    return found


def _swap(filters: Filters, own: Basis) -> list[Variant]:
    start = _tensor(filters.initial.mel_basis)
    found = [
        Variant("mel filters back to initial", _basis(start)) if filters.trains_mel else None,
        Variant("STFT kernels back to initial", _basis(own.mel, 0.0)) if filters.trains_stft else None,
        Variant("both back to initial", _basis(start, 0.0)) if filters.setting == "D" else None,
    ]
    return [variant for variant in found if variant]


def _gain_shape(filters: Filters, own: Basis) -> list[Variant]:
    start, end = filters.initial.mel_basis, filters.learned.mel_basis
    loud, formed = _tensor(only_gain(start, end)), _tensor(only_shape(start, end))
    gain = kernel_gains(filters)
    # Power goes with the square of a gain. Initial kernels get the learned gain, learned ones lose it.
    louder, level = _tensor(gain**2), _tensor(np.where(gain > 0, gain, 1.0) ** -2.0)
    found: list[Variant] = []
    if filters.trains_mel:
        found += [
            Variant("mel: only the gain", _basis(loud)),
            Variant("mel: only the shape", _basis(formed)),
        ]
    if filters.trains_stft:
        found += [
            Variant("STFT: only the gain", _basis(own.mel, 0.0, louder)),
            Variant("STFT: only the shape", _basis(own.mel, 1.0, level)),
        ]
    if filters.setting == "D":
        found += [
            Variant("both: only the gain", _basis(loud, 0.0, louder)),
            Variant("both: only the shape", _basis(formed, 1.0, level)),
        ]
    return found


def _mask(filters: Filters, own: Basis, experiment: Experiment) -> Variant:
    n_mels, n_bins = filters.learned.mel_basis.shape
    for numbers, n, what in ((experiment.bins, n_bins, "STFT bins"), (experiment.mels, n_mels, "mel filters")):
        if numbers and not (min(numbers) >= 0 and max(numbers) < n):
            raise ConfigError(f"The model has {what} from 0 to {n - 1}; {max(numbers)} is none of them.")
    mel, bin_power = own.mel.clone(), torch.ones(n_bins)
    mel[list(experiment.mels)] = 0
    bin_power[list(experiment.bins)] = 0
    return Variant(_silenced(experiment), _basis(mel, 1.0, bin_power))


def _silenced(experiment: Experiment) -> str:
    """What a mask silences, in few words."""
    found = []
    for numbers, one, many in (
        (experiment.bins, "STFT bin", "STFT bins"),
        (experiment.mels, "mel filter", "mel filters"),
    ):
        if numbers:
            spans = as_spans(numbers)
            found.append(
                f"{one if len(numbers) == 1 else many} {spans}" if len(spans) < 16 else f"{len(numbers)} {many}"
            )
    return " and ".join(found) + " silenced"


class Spectra:
    """The log-mels that changed bases make of clips; nothing is analysed that no basis asks for.

    Args:
        checkpoint: The model, for its initial filters.
        front_end: Its front end.
        device: Where to compute.
    """

    def __init__(self, checkpoint: Checkpoint, front_end: TrainableMel, device: torch.device) -> None:
        self.config = front_end.config
        self._moved = self.config.trains_stft
        self._ends = {1.0: front_end}
        if self._moved:
            self._ends[0.0] = checkpoint.initial_front_end(device)
            self._ends[0.5] = _half_way(front_end)
        self._waveforms = torch.empty(0)
        self._power: dict[float, Tensor] = {}
        self._products: dict[tuple[float, Tensor], Tensor] = {}

    def listen(self, waveforms: Tensor) -> None:
        """Take other clips, (n_clips, n_samples)."""
        self._waveforms, self._power, self._products = waveforms, {}, {}

    def log_mel(self, basis: Basis) -> Tensor:
        """Log-mels of the clips, (n_clips, n_mels, n_frames)."""
        step = basis.step if self._moved else 1.0
        if step in (0.0, 1.0):
            mel = self._mel(step, basis)
        else:
            # The parabola through the powers at 0, 1/2 and 1.
            shares = ((1 - 2 * step) * (1 - step), 4 * step * (1 - step), step * (2 * step - 1))
            start, middle, end = (share * self._mel(at, basis) for share, at in zip(shares, ENDS, strict=True))
            mel = (start + middle + end).clamp_(min=0)
        if self.config.power_offset:
            # The offset is added behind the kernels: silent ones let it through.
            mel = mel + self.config.power_offset * basis.mel.sum(dim=1).to(mel.device)
        return torch.log(mel + self.config.log_offset).transpose(1, 2)

    def _mel(self, end: float, basis: Basis) -> Tensor:
        """Mel power through the kernels at one end, (n_clips, n_frames, n_mels)."""
        if end not in self._power:
            self._power[end] = self._ends[end].power_by_frame(self._waveforms)
        power = self._power[end]
        if basis.bin_power is not None:
            return power @ (basis.mel * basis.bin_power).t().to(power.device)
        for _, weights in basis.parts:
            # Steps share their products: the mel filters on the way are a sum of those at its ends.
            if (end, weights) not in self._products:
                self._products[end, weights] = power @ weights.t().to(power.device)
        (share, first), *others = ((share, self._products[end, weights]) for share, weights in basis.parts)
        if not others:
            return first
        return sum((share * product for share, product in others), start=share * first)


def _half_way(front_end: TrainableMel) -> TrainableMel:
    """The front end with kernels half-way between the initial and the learned ones."""
    middle, start = copy.deepcopy(front_end), front_end.initial()
    with torch.no_grad():
        for name in ("wcos", "wsin"):
            kernels = cast(Tensor, getattr(middle.layer.stft, name))
            kernels.copy_((kernels + start[name]) / 2)
    return middle


def _tensor(values: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
