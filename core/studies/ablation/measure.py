"""An experiment carried out: every clip is answered with every changed basis, and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.config import PROTOCOLS, protocol_title
from core.data.pack import Pack
from core.data.source import Progress
from core.device import choose_device
from core.errors import ConfigError
from core.models import KeywordSpotter
from core.models.normalise import BandNorm, clip_moments
from core.records.ablation import Experiment, Findings, Outcome
from core.runs import keep
from core.statistics import group_interval, pairs_of, sample
from core.studies.ablation.plan import n_quick
from core.studies.ablation.variants import Basis, Spectra, Variant, variants_of
from core.training.batches import BATCH, Clips
from core.training.checkpoint import Checkpoint, load_checkpoint

Level = tuple[Tensor, Tensor]
"""Mean and scale of each band, (n_mels,) each: what the normalisation takes off and multiplies by."""


def run_experiment(
    path: Path,
    data: Pack,
    protocol: str,
    experiment: Experiment,
    *,
    validation: Pack | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Change a model's basis, and count what it then answers right.

    Args:
        path: Run folder or checkpoint file.
        data: The clips.
        protocol: One of ``config.PROTOCOLS``.
        experiment: What to change.
        validation: Clips whose validation split the normalisation is measured on; None takes ``data``.
        device: "cpu" or "cuda"; None for the fastest.
        progress: Called with answers done, answers in all, and what is being done; raising in it cancels.

    Raises:
        CheckpointError: If the model cannot be loaded.
        ConfigError: If the model cannot be asked this.
        DataError: If there are no such clips.
        RunError: If the model was replaced meanwhile.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"There is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    began = time.perf_counter()
    with keep.unchanged(path) as checkpoint_hash:
        findings = _measured(
            load_checkpoint(path), data, protocol, experiment, validation or data, choose_device(device), progress
        )
    return replace(
        findings,
        run=keep.name_of(path),
        seconds=time.perf_counter() - began,
        checkpoint=checkpoint_hash,
        data_key=data.content,
    )


def _measured(
    checkpoint: Checkpoint,
    data: Pack,
    protocol: str,
    experiment: Experiment,
    heard: Pack,
    place: torch.device,
    progress: Progress | None,
) -> Findings:
    vocabulary = checkpoint.config.vocabulary
    data, heard = data.with_words(vocabulary), heard.with_words(vocabulary)
    model = checkpoint.model(place)
    own, changed = variants_of(model.front_end.filters(checkpoint.epoch), experiment)
    variants = [
        Variant("unchanged", own),
        *(one for one in changed if one.basis is not own or one.occluded is not None),
    ]
    rows = data.indices(protocol)
    labels = data.labels[rows]
    n_asked = n_quick(checkpoint.config.model.name, len(variants), len(rows)) if experiment.quick else len(rows)
    asked = rows[sample(labels, n_asked, experiment.seed)]
    measured_on = heard.indices("validation") if _needs_validation(model, experiment) else np.empty(0, np.int64)
    total = len(measured_on) + len(asked) * len(variants)

    def report(done: int) -> None:
        if progress:
            progress(done, total, f"Asking on the {protocol_title(protocol, vocabulary)}")

    spectra = Spectra(checkpoint, model.front_end, place)
    levels = _Levels(model, spectra)
    with torch.inference_mode():
        if len(measured_on):
            levels.measure(Clips(heard, place), measured_on, {one.basis for one in variants}, report)
        right = _answered(
            model, Clips(data, place), asked, spectra, levels, variants, lambda done: report(len(measured_on) + done)
        )
    speakers = data.speakers[asked].tolist()

    def outcome(variant: Variant) -> Outcome:
        return _outcome(variant, right[variant], right[variants[0]], speakers)

    reference = outcome(variants[0])
    counts = np.bincount(labels, minlength=len(vocabulary.labels))
    return Findings(
        experiment=experiment,
        run="",
        model=checkpoint.config.model.name,
        setting=model.front_end.config.setting,
        dataset=data.title,
        protocol=protocol,
        n_all=len(rows),
        n_validation=len(measured_on),
        baseline=float(counts.max() / len(rows)),
        baseline_label=vocabulary.labels[int(counts.argmax())],
        untouched=outcome(UNTOUCHED),
        reference=reference,
        outcomes=tuple(
            outcome(one) if one in right else replace(reference, name=one.name, place=one.place) for one in changed
        ),
        seconds=0.0,
        labels=vocabulary.labels,
    )


UNTOUCHED = Variant("as trained", Basis(()))
"""Stands for the model as it is, whatever the experiment does to the normalisation."""


def _needs_validation(model: KeywordSpotter, experiment: Experiment) -> bool:
    """Whether levels are measured: for the normalisation, or, where there is none, for a filter's mean."""
    if isinstance(model.normalise, BandNorm):
        return experiment.normalisation == "recomputed"
    return experiment.kind == "occlusion"


class _Levels:
    """What the normalisation takes for the mean and the deviation of each band: training's, or measured anew."""

    def __init__(self, model: KeywordSpotter, spectra: Spectra) -> None:
        self._norm = model.normalise if isinstance(model.normalise, BandNorm) else None
        self._pcen = model.pcen
        self._spectra = spectra
        self._measured: dict[Basis, Level] = {}

    @property
    def recomputed(self) -> bool:
        """Whether the network sees other levels than in training."""
        return self._norm is not None and bool(self._measured)

    def measure(
        self, clips: Clips, rows: NDArray[np.int64], bases: Iterable[Basis], report: Callable[[int], None]
    ) -> None:
        """Measure them on these clips, for each basis its own; ``report`` is told how many are done."""
        sums = {basis: torch.zeros(2, len(basis.mel), dtype=torch.float64, device=clips.device) for basis in bases}
        done = 0
        for part in torch.from_numpy(rows).split(BATCH):
            self._spectra.listen(clips.waveforms(part))
            for basis, moments in sums.items():
                moments += clip_moments(self.heard(basis)).sum(dim=0)
            done += len(part)
            report(done)
        for basis, moments in sums.items():
            mean, square = moments / len(rows)
            scale = torch.rsqrt((square - mean * mean).clamp_min(0) + (self._norm.eps if self._norm else 0))
            self._measured[basis] = mean.float(), scale.float()

    def heard(self, basis: Basis) -> Tensor:
        """What a basis makes of the clips that are listened to, up to the normalisation, (n, n_mels, n_frames)."""
        log_mel = self._spectra.log_mel(basis)
        return log_mel if self._pcen is None else cast(Tensor, self._pcen(log_mel))

    def seen(self, heard: Tensor, variant: Variant) -> Tensor:
        """What the network sees of what is ``heard``, the same shape."""
        mean, scale = self._measured.get(variant.basis) or self._trained()
        if self._norm is None:
            seen = heard.clone() if variant.occluded is not None else heard
        else:
            seen = (heard - mean[:, None]) * scale[:, None]
        if variant.occluded is not None:
            seen[:, variant.occluded] = 0.0 if self._norm else mean[variant.occluded]
        return seen

    def untouched(self, heard: Tensor) -> Tensor:
        """What it sees of that in the model as it is."""
        return self._norm(heard) if self._norm is not None else heard

    def _trained(self) -> Level:
        return (torch.empty(0), torch.empty(0)) if self._norm is None else self._norm.mean_and_scale()


def _answered(
    model: KeywordSpotter,
    clips: Clips,
    rows: NDArray[np.int64],
    spectra: Spectra,
    levels: _Levels,
    variants: list[Variant],
    report: Callable[[int], None],
) -> dict[Variant, NDArray[np.bool_]]:
    """Which clips are answered right with each variant and with the model as it is, (n,) each."""
    right: dict[Variant, list[Tensor]] = {variant: [] for variant in variants}
    untouched: list[Tensor] = []
    done = 0
    for part in torch.from_numpy(rows).split(BATCH):
        truth = clips.labels[part.to(clips.device)]
        spectra.listen(clips.waveforms(part))
        own = levels.heard(variants[0].basis)
        if levels.recomputed:
            untouched.append(model.network(levels.untouched(own)).argmax(dim=1) == truth)
        for variant in variants:
            heard = own if variant.basis is variants[0].basis else levels.heard(variant.basis)
            right[variant].append(model.network(levels.seen(heard, variant)).argmax(dim=1) == truth)
            done += len(part)
            report(done)
    right[UNTOUCHED] = untouched or right[variants[0]]
    return {variant: torch.cat(parts).cpu().numpy() for variant, parts in right.items()}


def _outcome(variant: Variant, right: NDArray[np.bool_], reference: NDArray[np.bool_], speakers: list[str]) -> Outcome:
    pairs = pairs_of(reference, right)
    return Outcome(
        name=variant.name,
        place=variant.place,
        n=len(right),
        correct=int(right.sum()),
        won=pairs.only_b,
        lost=pairs.only_a,
        speaker_interval=group_interval(right.astype(np.int64) - reference, speakers),
    )
