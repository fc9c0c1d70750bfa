"""Every way to do every task, by name, and which of them a report compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from core.device import has_bfloat16
from core.studies.benchmark import ours, references
from core.studies.benchmark.contest import Contest

Builder = Callable[[str, torch.device, int], Contest]
"""From setting, device and number of clips to something that can be timed."""


def _librosa(*, batched: bool, one_thread: bool) -> Builder:
    return lambda _setting, _device, n_clips: references.librosa_forward(
        batched=batched, one_thread=one_thread, n_clips=n_clips
    )


WAYS: dict[str, dict[str, Builder]] = {
    "forward": {
        "nnAudio": references.nnaudio_forward,
        "torch.stft": lambda _setting, device, n_clips: references.torch_forward(device, n_clips),
        "librosa, clip by clip, 1 thread": _librosa(batched=False, one_thread=True),
        "librosa, clip by clip": _librosa(batched=False, one_thread=False),
        "librosa, one call, 1 thread": _librosa(batched=True, one_thread=True),
        "librosa, one call": _librosa(batched=True, one_thread=False),
        "Earshot": ours.forward,
    },
    "gradient": {
        "nnAudio": references.nnaudio_gradient,
        "torch.stft": lambda _setting, device, n_clips: references.torch_gradient(device, n_clips),
        "Earshot": ours.gradient,
        "Earshot, spectra computed once": lambda _setting, device, n: ours.gradient_from_spectra(device, n),
        "Earshot, bfloat16": partial(ours.gradient, bfloat16=True),
    },
    "epoch-linear": {
        "the tutorial's loop": references.tutorial_epoch,
        "Earshot": partial(ours.epoch, "linear"),
        "Earshot, bfloat16": partial(ours.epoch, "linear", bfloat16=True),
    },
    "epoch-bcresnet-1": {
        "BC-ResNet's public recipe": lambda _setting, device, n: references.public_recipe_epoch(1, device, n),
        "Earshot": partial(ours.epoch, "bcresnet-1"),
    },
    "epoch-bcresnet-3": {
        "BC-ResNet's public recipe": lambda _setting, device, n: references.public_recipe_epoch(3, device, n),
        "Earshot": partial(ours.epoch, "bcresnet-3"),
    },
    "one-clip": {
        "nnAudio, linear model": references.nnaudio_one_clip,
        "Earshot, linear model": partial(ours.one_clip, "linear"),
        "Earshot, BC-ResNet 1": partial(ours.one_clip, "bcresnet-1"),
        "Earshot, BC-ResNet 3": partial(ours.one_clip, "bcresnet-3"),
    },
    "recording": {
        "nnAudio, each second anew": references.nnaudio_recording,
        "Earshot": partial(ours.recording, "bcresnet-1"),
    },
}
"""By task and variant."""

SETTINGS: dict[str, str] = {
    "forward": "AD",
    "gradient": "BCD",
    "epoch-linear": "ABCD",
    "epoch-bcresnet-1": "A",
    "epoch-bcresnet-3": "A",
    "one-clip": "AD",
    "recording": "AD",
}
"""Settings in which a task is timed. BC-ResNet's recipe has no trained front end, so ours has none beside it."""

ONLY_IN: dict[str, str] = {
    "torch.stft": "AB",
    "Earshot, spectra computed once": "B",
    "Earshot, bfloat16": "CD",
}
"""Settings of the variants that do not exist in all of them."""

REFERENCES = {
    "nnAudio": "nnAudio",
    "nnAudio, linear model": "nnAudio",
    "nnAudio, each second anew": "nnAudio",
    "the tutorial's loop": "nnAudio",
    "BC-ResNet's public recipe": "public recipe",
}
"""Variants that ratios are taken to, and the name of the ratio; librosa's is to the fastest of its variants."""


OF_THEIR_OWN = frozenset({"Earshot, BC-ResNet 1", "Earshot, BC-ResNet 3"})
"""Variants that do other work than any reference beside them: a ratio would say nothing."""


@dataclass(frozen=True)
class Case:
    """One bar of the report."""

    task: str
    variant: str
    setting: str
    device: str
    n_clips: int
    repeats: int

    @property
    def is_ours(self) -> bool:
        """Whether this project does the work."""
        return self.variant.startswith("Earshot")

    @property
    def is_librosa(self) -> bool:
        """Whether librosa does; it knows neither settings nor devices."""
        return self.variant.startswith("librosa")

    def build(self) -> Contest:
        """Get everything ready to be timed."""
        return WAYS[self.task][self.variant](self.setting, torch.device(self.device), self.n_clips)


SIZES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "forward": ((100, 7), (100, 25)),
    "gradient": ((100, 5), (100, 21)),
    "epoch-linear": ((400, 3), (5000, 5)),
    "epoch-bcresnet-1": ((200, 3), (1000, 5)),
    "epoch-bcresnet-3": ((100, 3), (500, 5)),
    "one-clip": ((1, 7), (1, 31)),
    "recording": ((10, 3), (60, 5)),
}
"""Clips (of a recording: seconds) and repeats of each task: in a quick run, in a full one."""


def cases(task: str, device: str, *, quick: bool, n_clips: int | None = None) -> list[Case]:
    """All that is timed side by side for a task on a device.

    Args:
        task: One of ``config.BENCHMARK_TASKS``.
        device: "cpu" or "cuda".
        quick: Fewer clips and repeats.
        n_clips: Clips of an epoch; None takes the usual number.
    """
    clips, repeats = SIZES[task][0 if quick else 1]
    if n_clips is not None and task.startswith("epoch"):
        clips = n_clips
    found = []
    for setting in SETTINGS[task]:
        for variant in WAYS[task]:
            if setting not in ONLY_IN.get(variant, "ABCD"):
                continue
            if "bfloat16" in variant and not has_bfloat16(torch.device(device)):
                continue
            case = Case(task, variant, setting, device, clips, repeats)
            if not case.is_librosa:
                found.append(case)
            elif device == "cpu" and setting == SETTINGS[task][0]:
                found.append(Case(task, variant, "", device, clips, repeats))
    return found
