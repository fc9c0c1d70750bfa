"""The log-mel of the last second, moved on by frames: only new ones are computed, and those at the window's edges.

A front end that centres its frames mirrors the window at both ends, so the few frames that reach over an end are
different in every window. All others depend on nothing but the sound under them and are kept from one window to the
next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.config import CLIP_SAMPLES, SAMPLE_RATE, FrontEndConfig
from core.records.arrays import Waveform

FrontEnd = Callable[[Waveform], Tensor]
"""Waveforms (n_clips, n_samples) to log-mels (n_clips, n_mels, n_frames)."""


@dataclass(frozen=True)
class FramePlan:
    """Which frames of a one-second window have to be computed when it has moved by ``n_new`` frames."""

    n_frames: int
    """Frames of a window."""
    n_new: int
    """Frames from one window to the next."""
    n_left: int
    """Frames that reach over the beginning of the window."""
    n_right: int
    """Frames that reach over its end."""
    hop_length: int
    """Samples from one frame to the next."""

    @classmethod
    def of(cls, config: FrontEndConfig, n_new: int) -> FramePlan:
        """The plan for a front end and windows ``n_new`` frames apart.

        >>> FramePlan.of(FrontEndConfig(), n_new=10)
        FramePlan(n_frames=101, n_new=10, n_left=2, n_right=2, hop_length=160)
        """
        n_frames, hop = config.n_frames(), config.hop_length
        reach = config.n_fft // 2 if config.center else 0
        behind_last = CLIP_SAMPLES - (n_frames - 1) * hop
        return cls(
            n_frames=n_frames,
            n_new=n_new,
            n_left=-(-reach // hop),
            n_right=max(0, -(-(reach - behind_last) // hop)) if config.center else 0,
            hop_length=hop,
        )

    @classmethod
    def of_hop(cls, config: FrontEndConfig, hop_s: float) -> FramePlan:
        """The plan for windows about ``hop_s`` seconds apart: a whole number of frames."""
        return cls.of(config, n_new=max(1, round(hop_s * SAMPLE_RATE / config.hop_length)))

    @property
    def hop_samples(self) -> int:
        """Samples from one window to the next."""
        return self.n_new * self.hop_length

    @property
    def part_samples(self) -> int:
        """Samples at either end of the window that are enough for all frames that change; 16,000 if all do."""
        n_kept = self.n_frames - self.n_left - self.n_new - self.n_right
        return CLIP_SAMPLES - max(0, n_kept) * self.hop_length

    def final(self, log_mel: Tensor) -> Tensor:
        """The columns of a window (or of its last part) that are new and that no later window changes.

        They end ``n_right`` frames before the window does.
        """
        end = log_mel.shape[-1] - self.n_right
        return log_mel[..., max(0, end - self.n_new) : end]


def log_mel_of_windows(front_end: FrontEnd, sound: Waveform, starts: NDArray[np.int64], plan: FramePlan) -> Tensor:
    """The log-mels, (n, n_mels, n_frames), of seconds of one sound; what several of them hold is computed once.

    Equal to the front end of each, up to rounding.

    Args:
        front_end: Gives the log-mels.
        sound: (n_samples,).
        starts: Where the seconds begin, ascending, a whole number of frames apart.
        plan: Of that front end.
    """
    size, n_kept = replace(plan, n_new=0).part_samples, plan.n_frames - plan.n_left - plan.n_right
    if n_kept <= 0:
        return front_end(np.lib.stride_tricks.sliding_window_view(sound, CLIP_SAMPLES)[starts])
    parts = []
    # Seconds with others between them have nothing in common.
    for run in np.split(starts, np.flatnonzero(np.diff(starts) > CLIP_SAMPLES) + 1):
        along = front_end(sound[None, run[0] : run[-1] + CLIP_SAMPLES])[0]
        firsts = torch.from_numpy((run - run[0]) // plan.hop_length + plan.n_left).to(along.device)
        kept = along.unfold(1, n_kept, 1)[:, firsts].transpose(0, 1)
        left = [sound[start : start + size] for start in run] if plan.n_left else []
        right = [sound[start + CLIP_SAMPLES - size : start + CLIP_SAMPLES] for start in run] if plan.n_right else []
        if not left and not right:
            parts.append(kept)
            continue
        ends = front_end(np.stack([*left, *right]))
        begins = ends[: len(left), :, : plan.n_left]
        rests = ends[len(left) :, :, plan.n_left :]
        parts.append(torch.cat([each for each in (begins, kept, rests) if len(each)], dim=2))
    return torch.cat(parts)


class RollingLogMel:
    """The log-mel of the last second of a stream, window by window.

    Equal to the front end of each whole window, up to rounding.
    """

    def __init__(self, front_end: FrontEnd, plan: FramePlan) -> None:
        self.plan = plan
        self._front_end = front_end
        self._log_mel: Tensor | None = None

    def advance(self, window: Waveform) -> Tensor:
        """The log-mel, (1, n_mels, n_frames), of a window (16,000,) that begins ``hop_samples`` after the last one."""
        plan, size = self.plan, self.plan.part_samples
        if self._log_mel is None or size == CLIP_SAMPLES:
            self._log_mel = self._front_end(window[None])
            return self._log_mel
        ends = [window[:size], window[-size:]] if plan.n_left else [window[-size:]]
        parts = self._front_end(np.stack(ends))
        kept = self._log_mel[:, :, plan.n_left + plan.n_new : plan.n_frames - plan.n_right]
        self._log_mel = torch.cat([parts[:1, :, : plan.n_left], kept, parts[-1:, :, plan.n_left :]], dim=2)
        return self._log_mel
