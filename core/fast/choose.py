"""Which twin computes what, and when: the only place that chooses between a readable thing and a faster one.

| readable                      | twin                                | chosen                                     |
|-------------------------------|-------------------------------------|--------------------------------------------|
| `TrainableMel`                | `FastMel`; in it `_way`, by kernels | always                                     |
| `Linear`                      | `TurnedLinear`                      | always                                     |
| `BandNorm`                    | `FastBandNorm`                      | on a CPU, and by several processes         |
| `PCEN`                        | `FastPCEN`                          | on a CPU                                   |
| `BCResNet`                    | `ChannelMajorBCResNet`              | on a CPU, and by several processes         |
| `BCResNet`, for answers       | `FoldedBCResNet`                    | on a CPU, once training is over            |
| causal `BCResNet`, a stream   | `Stream` of a `FoldedBCResNet`      | on a CPU, wherever the model is            |
| `KeywordSpotter.classify`     | `NormalisedLinearSpotter`           | on a CPU by one process, where linear      |
| waveforms in every step       | `StoredSpectra`, `StoredLogMels`    | where they do not change and fit in memory |
| waveforms changed in a step   | `SharedWaveforms`                   | on a CPU, where trainings go on together   |
| steps in turn                 | `Replay`, a CUDA graph              | on one GPU that holds all that a step reads|
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.config import RunConfig
from core.data.source import Progress
from core.distributed import ALONE, Peers, share_batches
from core.fast.bcresnet import ChannelMajorBCResNet
from core.fast.cuda_graph import Replay
from core.fast.folded import FoldedBCResNet, Stream
from core.fast.linear import NormalisedLinearSpotter, TurnedLinear
from core.fast.mel import FastMel
from core.fast.normalise import FastBandNorm
from core.fast.pcen import FastPCEN
from core.fast.shared import Share
from core.fast.sources import SharedWaveforms, StepSource, StoredLogMels, StoredSpectra
from core.frontend.mel import TrainableMel
from core.models import KeywordSpotter, build_model
from core.models.bcresnet import BCResNet
from core.models.linear import Linear
from core.models.normalise import BandNorm
from core.models.pcen import PCEN

Part = TypeVar("Part", bound=nn.Module)

Steps = Callable[[Tensor, list[list[float]]], Iterator[tuple[Tensor, Tensor]]]
"""From the clips of each step, (steps, batch), and its step sizes to loss and logits of one after another."""


def faster(part: Part, device: torch.device | str = "cpu", peers: Peers = ALONE) -> Part:
    """Move a model, or a part of one, to a device and let it compute through its twins there.

    It changes in place and stays on that device from then on: weights, names and answers (up to rounding) stay.

    Args:
        part: The model, or a part of it.
        device: Where it computes.
        peers: Who computes the rest of each batch, in training.
    """
    on_cpu = torch.device(device).type == "cpu"
    for module in part.modules():
        twin = _twin_of(module, on_cpu=on_cpu, alone=peers.size == 1)
        if twin is not None:
            # A twin differs in its methods alone.
            cast(Any, module).__class__ = twin
    if peers.size > 1:
        share_batches(part, peers)
    return part.to(device)


def _twin_of(module: nn.Module, *, on_cpu: bool, alone: bool = True) -> type[nn.Module] | None:
    match module:
        case TrainableMel():
            return FastMel
        case Linear():
            return TurnedLinear
        case BandNorm() if on_cpu or not alone:
            return FastBandNorm
        case PCEN() if on_cpu:
            return FastPCEN
        case BCResNet() if on_cpu or not alone:
            return ChannelMajorBCResNet
        case KeywordSpotter(network=Linear(), normalise=BandNorm()) if on_cpu and alone:
            return NormalisedLinearSpotter
    return None


def model(
    config: RunConfig, device: torch.device | str = "cpu", *, bfloat16: bool = False, peers: Peers = ALONE
) -> KeywordSpotter:
    """A new keyword spotter as ``core.models.build_model`` makes it, through its twins.

    Args:
        config: What to build.
        device: Where it computes, from now on.
        bfloat16: Whether products with trained kernels are made in bfloat16.
        peers: Who computes the rest of each batch.
    """
    spotter = faster(build_model(config), device, peers)
    cast(FastMel, spotter.front_end).uses_bfloat16 = bfloat16
    return spotter


def network_for_answers(spotter: KeywordSpotter, device: torch.device) -> Callable[[Tensor], Tensor]:
    """The network of a model that learns no more, for features of clips, (n, n_mels, n_frames)."""
    network = spotter.network
    return FoldedBCResNet(network) if isinstance(network, BCResNet) and device.type == "cpu" else network


def stream(spotter: KeywordSpotter, n_frames: int) -> Stream:
    """The network of a causal model along a stream, on a CPU: single frames leave a GPU idle.

    Args:
        spotter: The model, which learns no more.
        n_frames: Frames that an answer is about.
    """
    return Stream(FoldedBCResNet(cast(BCResNet, copy.deepcopy(spotter.network).cpu())), n_frames)


def source(
    waveforms: StepSource,
    rows: NDArray[np.int64],
    *,
    augmented: bool,
    budget_bytes: int,
    progress: Progress | None = None,
    share: Share | None = None,
) -> StepSource:
    """Log-mels or spectra computed once, if training does not change them and memory suffices; else ``waveforms``.

    Args:
        waveforms: Gives waveforms, and log-mels of them in every step.
        rows: All rows that will be asked for.
        augmented: Whether waveforms are changed before they are used.
        budget_bytes: Memory that spectra or log-mels computed once may take.
        progress: Called while they are computed; raising in it cancels.
        share: What other trainings may have computed already; None for one that goes on alone.
    """
    front_end = cast(FastMel, waveforms.front_end)
    config = front_end.config
    if augmented and share and front_end.window().device.type == "cpu":
        return SharedWaveforms(waveforms, share)
    if augmented or config.trains_stft:
        return waveforms
    stored, width = (StoredSpectra, config.n_bins) if config.trains_mel else (StoredLogMels, config.n_mels)
    chosen = torch.from_numpy(rows)
    n_numbers = len(rows) * config.n_frames(waveforms.read(chosen[:1]).shape[1]) * width
    for dtype in (torch.float32, stored.half):
        if n_numbers * dtype.itemsize <= budget_bytes:
            compute = partial(_computed_once, stored, waveforms, chosen, dtype, progress)
            if share is None:
                return compute()
            decides = front_end.decides_spectra() if config.trains_mel else front_end.decides_log_mels()
            key = (stored, dtype, decides, share.sound, rows.tobytes())
            return share.shared.once(key, compute).behind(front_end)
    return waveforms


@torch.no_grad()
def _computed_once(
    stored: type[StoredSpectra] | type[StoredLogMels],
    waveforms: StepSource,
    rows: Tensor,
    dtype: torch.dtype,
    progress: Progress | None,
) -> StoredSpectra | StoredLogMels:
    return stored(waveforms, rows, dtype, progress)


def in_common(config: RunConfig) -> Hashable:
    """The same for trainings that are worth going on together on a CPU, if their data are the same; else None.

    With noise and other changes to the sound they share the clips of each step, and so they need the same seed. Where
    nothing changes before the mel filters, they share what is computed once, whatever their seeds; those of a group
    need no more memory for it than one alone does, and log-mels of the test clips at the end.
    """
    front_end, training = config.front_end, config.training
    if config.augment.changes_waveforms:
        drawn = training.seed, training.batch_size, training.balance, training.unknown_weight
        return config.vocabulary, config.augment, drawn
    if front_end.trains_stft:
        return None
    random = "random" in (front_end.stft_start, "mel" if front_end.trains_mel else front_end.mel_start)
    seed = front_end.start_seed if random else 0
    if not front_end.trains_mel:
        return config.vocabulary, training.cache_mb, replace(front_end, start_seed=seed)
    frames = front_end.n_fft, front_end.hop_length, front_end.center, front_end.pad_mode
    kernels = front_end.window, front_end.win_length, front_end.stft_start, seed
    return config.vocabulary, training.cache_mb, frames, kernels


def replayed(
    step: Callable[[Tensor], tuple[Tensor, Tensor]],
    groups: Sequence[dict[str, Any]],
    generators: Sequence[torch.Generator],
    device: torch.device,
    *,
    n_labels: int,
    resident: bool,
) -> Steps | None:
    """The steps of an epoch as a CUDA graph, or None where there can be none.

    A graph finds everything where it was; clips from the computer's memory are somewhere else each time (not
    ``resident``).
    """
    return Replay(step, groups, generators, device, n_labels) if device.type == "cuda" and resident else None
