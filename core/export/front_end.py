"""The front end as a part of an ONNX graph: waveforms to log-mels, in the arithmetic of ``TrainableMel``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, FrontEndConfig
from core.export.graph import LAST, Graph
from core.export.memory import Memory
from core.fast.mel import FastMel
from core.frontend.mel import TrainableMel
from core.inference.frames import FramePlan

MOST_PIECES = 8
"""Pieces that a frame is put together of; one of more is looked up sample by sample."""

FOLDING = 1e-7
"""How far the two sides of a window that folds may differ: less than float32 knows."""


def add_front_end(graph: Graph, front_end: TrainableMel, waveform: str, n_samples: int) -> str:
    """Add what makes log-mels (batch, n_mels, n_frames) of waveforms (batch, n_samples); answers their name.

    Frames times kernels, as ``power_by_frame`` has it: for few frames a runtime does products of matrices in less time
    than a convolution.
    """
    config = front_end.config
    if config.center:
        half = config.n_fft // 2
        waveform = graph.node("Pad", waveform, graph.whole(0, half, 0, half), mode=config.pad_mode)
        n_samples += 2 * half
    frames = _frames(graph, waveform, n_samples, config)
    basis = front_end.layer.mel_basis
    mel = graph.node("MatMul", _power(graph, front_end, frames), graph.constant(basis.t()))
    mel = graph.node("Transpose", mel, perm=[0, 2, 1])
    if config.power_offset:
        mel = graph.node("Add", mel, graph.constant(config.power_offset * basis.sum(dim=1, keepdim=True)))
    return graph.node("Log", graph.node("Add", mel, graph.constant(config.log_offset)))


def add_moving_front_end(graph: Graph, front_end: TrainableMel, sound: str, memory: Memory, plan: FramePlan) -> str:
    """Add what makes the log-mels of the last second, (batch, n_mels, n_frames), of the next hop of a stream.

    Only frames that are new or reach over an end of that second are computed, as ``RollingLogMel`` does.

    Args:
        graph: The graph that it joins.
        front_end: The front end.
        sound: Name of the hop, (batch, plan.hop_samples).
        memory: What is remembered of the stream.
        plan: Which frames are which.
    """
    size, n_mels = plan.part_samples, front_end.config.n_mels
    if plan.n_left + plan.n_right == 0:
        return memory.extend(
            add_new_frames(graph, front_end, sound, memory, plan), (n_mels,), plan.n_frames - plan.n_new
        )
    window = memory.extend(sound, (), CLIP_SAMPLES - plan.hop_samples)
    if size == CLIP_SAMPLES:
        return add_front_end(graph, front_end, window, size)

    def frames(first: int, end: int) -> str:
        return add_front_end(graph, front_end, graph.cut(window, first, end, axis=1), size)

    n_kept = plan.n_frames - plan.n_left - plan.n_new - plan.n_right
    left = graph.cut(frames(0, size), 0, plan.n_left, axis=2)
    right = graph.cut(frames(-size, LAST), plan.n_left, LAST, axis=2)
    log_mel = graph.node("Concat", left, memory.before(n_mels, n_kept), right, axis=2)
    memory.after(graph.cut(log_mel, plan.n_left + plan.n_new, plan.n_frames - plan.n_right, axis=2))
    return log_mel


def add_new_frames(graph: Graph, front_end: TrainableMel, sound: str, memory: Memory, plan: FramePlan) -> str:
    """Add what makes log-mels of a hop alone, (batch, n_mels, n_new), where no frame reaches over the stream's end."""
    part = memory.extend(sound, (), plan.part_samples - plan.hop_samples)
    return add_front_end(graph, front_end, part, plan.part_samples)


def _frames(graph: Graph, waveform: str, n_samples: int, config: FrontEndConfig) -> str:
    """Cut waveforms (batch, n_samples) into frames that overlap, (batch, n_frames, n_fft)."""
    n_fft, hop = config.n_fft, config.hop_length
    n_frames, n_pieces = 1 + (n_samples - n_fft) // hop, -(-n_fft // hop)
    if n_pieces > MOST_PIECES:
        begins, within = _range(graph, 0, hop * n_frames, hop), _range(graph, 0, n_fft)
        where = graph.node("Add", graph.node("Unsqueeze", begins, graph.whole(1)), within)
        return graph.node("Gather", waveform, where, axis=1)
    length = (n_frames + n_pieces - 1) * hop
    if length > n_samples:
        waveform = graph.node("Pad", waveform, graph.whole(0, 0, 0, length - n_samples))
    elif length < n_samples:
        waveform = graph.cut(waveform, 0, length, axis=1)
    hops = graph.node("Reshape", waveform, graph.whole(0, -1, hop))
    pieces = [graph.cut(hops, number, number + n_frames, axis=1) for number in range(n_pieces)]
    frames = graph.node("Concat", *pieces, axis=2) if n_pieces > 1 else pieces[0]
    return frames if n_pieces * hop == n_fft else graph.cut(frames, 0, n_fft, axis=2)


def _power(graph: Graph, front_end: TrainableMel, frames: str) -> str:
    """The power of each bin in frames (batch, n_frames, n_fft), (batch, n_frames, n_bins).

    Fixed kernels are cosines, alike to both sides of a frame's middle, and sines, alike but for their sign: a frame is
    folded there, which halves the work.
    """
    stft, n_fft = front_end.layer.stft, front_end.config.n_fft
    cosine, sine = frames, frames
    if not (isinstance(front_end, FastMel) and front_end.is_fourier()):
        kernels = [graph.constant(one[:, 0].detach().t()) for one in (stft.wcos, stft.wsin)]
    else:
        window = front_end.window().detach().cpu().double().numpy()
        first = 0
        if _folds(window):
            first, middle = 1, n_fft // 2
            # The middle meets itself.
            window = np.append(window[1:middle], window[middle] / 2)
            near = graph.cut(frames, 1, middle + 1, axis=2)
            far = graph.cut(frames, n_fft - 1, middle - 1, axis=2, step=-1)
            cosine, sine = graph.node("Add", near, far), graph.node("Sub", near, far)
        kernels = _fourier_kernels(graph, front_end.config, window, first)
    real, imaginary = (graph.node("MatMul", part, kernel) for part, kernel in zip((cosine, sine), kernels, strict=True))
    return graph.node("Add", graph.node("Mul", real, real), graph.node("Mul", imaginary, imaginary))


def _folds(window: NDArray[np.float64]) -> bool:
    """Whether a window is alike to both sides of its middle, and silent where it begins."""
    return bool(abs(window[0]) < FOLDING and np.abs(window[1:] - window[:0:-1]).max() < FOLDING)


def _fourier_kernels(graph: Graph, config: FrontEndConfig, window: NDArray[np.float64], first: int) -> list[str]:
    """Cosines and sines under a window whose first sample is ``first``, each (len(window), n_bins), as a formula.

    It is worked out once, when a runtime opens the file: a cosine is looked up by its angle in whole steps of the
    circle, and is rounded to float32 after the window and not before.
    """
    n_fft = config.n_fft
    samples, bins = _range(graph, first, first + len(window)), _range(graph, 0, config.n_bins)
    turned = graph.node("Mul", graph.node("Unsqueeze", samples, graph.whole(1)), bins)
    steps = graph.node("Mod", turned, graph.constant(n_fft, np.int64))
    angles = 2 * np.pi * np.arange(n_fft) / n_fft
    under = graph.constant(window[:, None], np.float64)
    waves = (
        graph.node("Mul", graph.node("Gather", graph.constant(wave, np.float64), steps), under)
        for wave in (np.cos(angles), np.sin(angles))
    )
    return [graph.node("Cast", wave, to=1) for wave in waves]  # to float32


def _range(graph: Graph, begin: int, end: int, step: int = 1) -> str:
    """Whole numbers, worked out when a runtime opens the file."""
    return graph.node("Range", *(graph.constant(one, np.int64) for one in (begin, end, step)))
