"""The front end as a part of an ONNX graph: waveforms to log-mels, in the arithmetic of ``TrainableMel``."""

from __future__ import annotations

import numpy as np

from core.config import CLIP_SAMPLES
from core.export.graph import LAST, Graph
from core.export.memory import Memory
from core.fast.mel import FastMel
from core.frontend.mel import TrainableMel
from core.inference.frames import FramePlan


def add_front_end(graph: Graph, front_end: TrainableMel, waveform: str) -> str:
    """Add what makes log-mels (batch, n_mels, n_frames) of waveforms (batch, n_samples); answers their name."""
    config = front_end.config
    if config.center:
        half = config.n_fft // 2
        waveform = graph.node("Pad", waveform, graph.whole(0, half, 0, half), mode=config.pad_mode)
    clip = graph.node("Unsqueeze", waveform, graph.whole(1))
    spectrum = graph.node("Conv", clip, _kernels(graph, front_end), strides=[config.hop_length])
    parts = graph.node("Reshape", graph.node("Mul", spectrum, spectrum), graph.whole(0, 2, config.n_bins, -1))
    power = graph.node("ReduceSum", parts, graph.whole(1), keepdims=0)
    mel = graph.node("MatMul", graph.constant(front_end.layer.mel_basis), power)
    if config.power_offset:
        everywhere = config.power_offset * front_end.layer.mel_basis.sum(dim=1, keepdim=True)
        mel = graph.node("Add", mel, graph.constant(everywhere))
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
        return add_front_end(graph, front_end, window)

    def frames(first: int, end: int) -> str:
        return add_front_end(graph, front_end, graph.cut(window, first, end, axis=1))

    n_kept = plan.n_frames - plan.n_left - plan.n_new - plan.n_right
    left = graph.cut(frames(0, size), 0, plan.n_left, axis=2)
    right = graph.cut(frames(-size, LAST), plan.n_left, LAST, axis=2)
    log_mel = graph.node("Concat", left, memory.before(n_mels, n_kept), right, axis=2)
    memory.after(graph.cut(log_mel, plan.n_left + plan.n_new, plan.n_frames - plan.n_right, axis=2))
    return log_mel


def add_new_frames(graph: Graph, front_end: TrainableMel, sound: str, memory: Memory, plan: FramePlan) -> str:
    """Add what makes log-mels of a hop alone, (batch, n_mels, n_new), where no frame reaches over the stream's end."""
    return add_front_end(graph, front_end, memory.extend(sound, (), plan.part_samples - plan.hop_samples))


def _kernels(graph: Graph, front_end: TrainableMel) -> str:
    """The STFT kernels, cosines above sines, (2 n_bins, 1, n_fft); fixed ones as their formula.

    The formula is worked out once, when a runtime opens the file: a cosine is looked up by its angle in whole steps of
    the circle, and is rounded to float32 after the window and not before.
    """
    stft = front_end.layer.stft
    if not (isinstance(front_end, FastMel) and front_end.is_fourier()):
        return graph.constant(np.concatenate([stft.wcos.detach().numpy(), stft.wsin.detach().numpy()]))
    n_fft = front_end.config.n_fft
    bins = graph.node("Range", *(graph.constant(one, np.int64) for one in (0, front_end.config.n_bins, 1)))
    samples = graph.node("Range", *(graph.constant(one, np.int64) for one in (0, n_fft, 1)))
    turned = graph.node("Mul", graph.node("Unsqueeze", bins, graph.whole(1)), samples)
    steps = graph.node("Mod", turned, graph.constant(n_fft, np.int64))
    angles = 2 * np.pi * np.arange(n_fft) / n_fft
    window = graph.constant(front_end.window(), np.float64)
    waves = (
        graph.node("Mul", graph.node("Gather", graph.constant(wave, np.float64), steps), window)
        for wave in (np.cos(angles), np.sin(angles))
    )
    kernels = graph.node("Cast", graph.node("Concat", *waves, axis=0), to=1)  # to float32
    return graph.node("Unsqueeze", kernels, graph.whole(1))
