"""The only cached loaders. Keys are paths with their modification times, so a changed file is read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import metrics, runs
from core.config import SAMPLE_RATE, FrontEndConfig, ListeningConfig, RunConfig
from core.data import recordings
from core.data.pack import Pack, open_data, pack_ready
from core.data.source import DataSummary
from core.data.speech_commands import check_root
from core.device import available_devices
from core.errors import ConfigError
from core.frontend import resynthesis as hearing
from core.frontend.filter_facts import FilterFacts
from core.frontend.filter_facts import filter_facts as compute_filter_facts
from core.frontend.kernel_facts import KernelFacts
from core.frontend.kernel_facts import kernel_facts as compute_kernel_facts
from core.inference.classifier import Classifier
from core.inference.whole import answer as answer_to
from core.records.answers import Prediction, WordsAlong
from core.records.arrays import FloatArray
from core.records.benchmark import BenchmarkReport
from core.records.evaluation import Evaluation, Scores
from core.records.filters import Filters, FilterSnapshot
from core.records.training import EpochReport
from core.runs import results_folder
from core.sound.reading import Sound, Waveform, read_audio
from core.studies.ablation.kept import content_hash, load_findings
from core.studies.ablation.outcomes import Findings
from core.studies.benchmark.kept import kept_reports, reports_folder
from core.studies.comparison import Difference, compare
from core.studies.cost.count import Cost
from core.studies.cost.measure import cost_of
from core.studies.evaluation import load_evaluation, saved_evaluation, saved_evaluations
from core.studies.evaluation import scores as scores_of
from core.studies.listening import operating_point
from core.studies.robustness.changes import Kind, Robustness
from core.studies.robustness.clips import Changer
from core.studies.robustness.clips import checkpoint_hash as compute_checkpoint_hash
from core.studies.robustness.kept import load as load_robustness
from core.training.checkpoint import load_checkpoint

BAR_FROM_S = 60.0
"""Seconds of sound from which listening to all of it is worth a bar."""


def devices() -> tuple[str, ...]:
    """Where models can run here, the fastest first."""
    return available_devices()


def _stamp(path: Path) -> int:
    """Modification time (ns); 0 for a file that is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


# Models


def model_stamp(run: Path) -> int:
    """When a run's model was written (ns): tells whether it is still the same one."""
    return _stamp(run / runs.BEST)


def classifier(run: Path, device: str) -> Classifier:
    """The model of a run, shared by all sessions."""
    return _classifier(str(run), _stamp(run / runs.BEST), device)


@st.cache_resource(max_entries=4, show_spinner="Loading the model …")
def _classifier(path: str, modified: int, device: str) -> Classifier:  # noqa: ARG001  (part of the key)
    return Classifier(Path(path), device)


def filters(run: Path) -> Filters:
    """Initial and learned filters of a run."""
    return _filters(str(run), _stamp(run / runs.BEST))


@st.cache_data(max_entries=8, show_spinner="Loading the filters …")
def _filters(path: str, modified: int) -> Filters:  # noqa: ARG001  (part of the key)
    return load_checkpoint(Path(path)).filters()


# Evaluations


def evaluations(run: Path) -> dict[tuple[str, str], Path]:
    """Evaluations kept of a run, by dataset and protocol; unreadable ones are left out."""
    found = {}
    for path in saved_evaluations(run):
        names = _evaluation_names(str(path), _stamp(path))
        if names is not None:
            found[names] = path
    return found


@st.cache_data(max_entries=200, show_spinner=False)
def _evaluation_names(path: str, modified: int) -> tuple[str, str] | None:  # noqa: ARG001  (part of the key)
    from core.errors import DataError

    try:
        one = load_evaluation(Path(path))
    except DataError:
        return None
    return one.dataset, one.protocol


def evaluation(path: Path) -> tuple[Evaluation, Scores]:
    """A kept evaluation and its scores."""
    return _evaluation(str(path), _stamp(path))


@st.cache_data(max_entries=16, show_spinner=False)
def _evaluation(path: str, modified: int) -> tuple[Evaluation, Scores]:  # noqa: ARG001  (part of the key)
    one = load_evaluation(Path(path))
    run = Path(path).parent
    if (run / runs.BEST).exists():
        # It was measured under another name if the folder was renamed since, as those that are shipped were.
        one = replace(one, run=run.name)
    return one, scores_of(one)


def is_outdated(run: Path, dataset: str, protocol: str) -> bool:
    """Whether a run was trained further since its evaluation."""
    return results_folder.is_outdated(run, saved_evaluation(run, dataset, protocol))


# Benchmark


def benchmark_reports() -> list[BenchmarkReport]:
    """Kept reports of the benchmark, the latest first; unreadable ones are left out."""
    return _benchmark_reports(tuple((str(path), _stamp(path)) for path in sorted(reports_folder().glob("*.json"))))


@st.cache_data(max_entries=4, show_spinner=False)
def _benchmark_reports(files: tuple[tuple[str, int], ...]) -> list[BenchmarkReport]:  # noqa: ARG001  (the key)
    return kept_reports()


# Data


class _NotPacked(Exception):  # noqa: N818  (a state, not an error)
    """The dataset has no pack that fits."""


def data(root: Path | None) -> Pack | None:
    """The clips of a dataset, or None if they have to be prepared first.

    Raises:
        DataError: If there is no usable dataset.
    """
    try:
        return _pack(str(root) if root else None)
    except _NotPacked:
        return None


@st.cache_resource(ttl=3600, show_spinner="Opening the dataset …", validate=lambda pack: pack.folder.is_dir())
def _pack(root: str | None) -> Pack:
    path = Path(root) if root else None
    # An exception is not cached, so the next look finds a pack made meanwhile.
    if not pack_ready(path):
        raise _NotPacked
    return open_data(path)


def own_recordings() -> Pack:
    """The recordings of the user's own, as they are now.

    Raises:
        DataError: If there are none to test on, or their folder cannot be read.
    """
    return _own_recordings(recordings.stamp())


# One entry: what was deleted does not stay in memory.
@st.cache_resource(max_entries=1, show_spinner=False)
def _own_recordings(files: tuple[tuple[str, int, int], ...]) -> Pack:  # noqa: ARG001  (part of the key)
    return recordings.own_pack()


@st.cache_data(ttl=60, show_spinner="Looking at the folder …")
def check(root: Path) -> DataSummary:
    """Counts and problems of a dataset that has not been prepared yet."""
    return check_root(root)


@st.cache_data(max_entries=8, show_spinner="Counting …")
def summary(_pack: Pack, key: str) -> DataSummary:  # noqa: ARG001  (part of the key)
    """Counts of the clips; ``key`` is the pack's."""
    return _pack.summary()


# Sound


def sound(content: bytes, name: str) -> Sound:
    """An uploaded or recorded file as one channel at 16 kHz, and what had to be done to it; a long one shows a bar.

    Raises:
        AudioError: If it cannot be read.
    """
    kept = _sound(content, name)
    if not kept:
        place = st.empty()

        def show(done_s: float, all_s: float) -> None:
            place.progress(min(1.0, done_s / all_s), f"Reading the sound: {done_s:.0f} of {all_s:.0f} s")

        try:
            kept.append(read_audio(content, name=name, progress=show))
        finally:
            place.empty()
    return kept[0]


# The place for a sound rather than the sound: what a cached function draws would be drawn again by each look.
@st.cache_resource(max_entries=4, show_spinner=False)
def _sound(content: bytes, name: str) -> list[Sound]:  # noqa: ARG001  (the key)
    return []


def answer(run: Path, device: str, sound: Sound, *, one_word: bool) -> tuple[Prediction, WordsAlong | None]:
    """What a model makes of a sound, with the listening settings kept for it; a long sound shows a bar.

    Raises:
        CheckpointError: If the model cannot be loaded.
    """
    try:
        config = operating_point.load(run)
    except ConfigError:  # the page that listens says so
        config = ListeningConfig()
    kept = _answer(str(run), model_stamp(run), device, repr(config), sound.waveform, one_word)
    if not kept:
        place, seconds = st.empty(), len(sound.waveform) / SAMPLE_RATE

        def show(done_s: float) -> None:
            if seconds > BAR_FROM_S:
                place.progress(min(1.0, done_s / seconds), f"Listening: {min(done_s, seconds):.0f} of {seconds:.0f} s")

        try:
            model = classifier(run, device)
            kept.append(answer_to(model, sound.waveform, config, one_word=one_word, progress=show))
        finally:
            place.empty()
    return kept[0]


@st.cache_resource(max_entries=8, show_spinner=False)
def _answer(
    path: str,  # noqa: ARG001  (all of them are the key)
    modified: int,  # noqa: ARG001
    device: str,  # noqa: ARG001
    config: str,  # noqa: ARG001
    waveform: Waveform,  # noqa: ARG001
    one_word: bool,  # noqa: ARG001
) -> list[tuple[Prediction, WordsAlong | None]]:
    return []


@st.cache_data(max_entries=64, show_spinner=False)
def initial_log_mel(clip: Waveform) -> tuple[FloatArray, Filters]:
    """Log-mel spectrogram of a clip before any training, and the filters that made it."""
    return _initial_front_end().log_mel(clip)


class _FrontEnd:
    """The untrained front end."""

    def __init__(self) -> None:
        from core.fast.mel import FastMel

        self.layer = FastMel(FrontEndConfig(setting="A")).eval()

    def log_mel(self, clip: Waveform) -> tuple[FloatArray, Filters]:
        import torch

        with torch.inference_mode():
            image: FloatArray = self.layer(torch.from_numpy(clip)[None])[0].numpy()
        return image, self.layer.filters(0)


@st.cache_resource(show_spinner=False)
def _initial_front_end() -> _FrontEnd:
    return _FrontEnd()


# What training did to the filters


def filter_facts(run: Path) -> FilterFacts:
    """Numbers of each mel filter of a run."""
    return _filter_facts(str(run), _stamp(run / runs.BEST))


@st.cache_data(max_entries=8, show_spinner=False)
def _filter_facts(path: str, modified: int) -> FilterFacts:
    return compute_filter_facts(_filters(path, modified))


def kernel_facts(run: Path) -> KernelFacts:
    """Numbers of each pair of STFT kernels of a run."""
    return _kernel_facts(str(run), _stamp(run / runs.BEST))


@st.cache_data(max_entries=8, show_spinner="Measuring the kernels …")
def _kernel_facts(path: str, modified: int) -> KernelFacts:
    return compute_kernel_facts(_filters(path, modified))


def evolution(run: Path, filters: Filters) -> tuple[list[FilterSnapshot], list[EpochReport]]:
    """A run's filters at the kept epochs, where they have the shape of its model's, and the reports of all epochs."""
    snapshots, reports = _evolution(str(run), _stamp(run / runs.MEL_EVOLUTION), _stamp(run / runs.PROGRESS))
    now = filters.learned
    fitting = [one for one in snapshots if one.mel_basis.shape == now.mel_basis.shape]
    return [one for one in fitting if one.stft_cos.shape in ((0, 0), now.stft_cos.shape)], reports


@st.cache_data(max_entries=4, show_spinner="Loading the filters along the way …")
def _evolution(path: str, filters_stamp: int, progress_stamp: int) -> tuple[list[FilterSnapshot], list[EpochReport]]:  # noqa: ARG001  (part of the key)
    return runs.evolution(Path(path)), runs.read_progress(Path(path))


# Measures of an evaluation


def reliability(path: Path, binning: metrics.Binning) -> metrics.Reliability:
    """How sure and how often right the answers of a kept evaluation are, in bins."""
    return _reliability(str(path), _stamp(path), binning)


@st.cache_data(max_entries=32, show_spinner=False)
def _reliability(path: str, modified: int, binning: metrics.Binning) -> metrics.Reliability:  # noqa: ARG001  (the key)
    return metrics.reliability(load_evaluation(Path(path)), binning)


def detection_curves(path: Path) -> tuple[metrics.DetectionCurve, ...]:
    """Each keyword against the rest in a kept evaluation."""
    return _detection_curves(str(path), _stamp(path))


@st.cache_data(max_entries=16, show_spinner=False)
def _detection_curves(path: str, modified: int) -> tuple[metrics.DetectionCurve, ...]:  # noqa: ARG001  (the key)
    return metrics.detection_curves(load_evaluation(Path(path)))


def chance_of_differences(path: Path, names: tuple[str, ...]) -> float:
    """How often groups of clips, one name a clip, would differ as much as they do by luck alone."""
    return _chance_of_differences(str(path), _stamp(path), names)


@st.cache_data(max_entries=32, show_spinner="Comparing with chance …")
def _chance_of_differences(path: str, modified: int, names: tuple[str, ...]) -> float:  # noqa: ARG001  (the key)
    one = load_evaluation(Path(path))
    return metrics.chance_of_differences(one.probabilities.argmax(axis=1) == one.truth, names, one.truth)


def clip_levels(path: Path, pack: Pack, rows: NDArray[np.int64]) -> metrics.ClipLevels:
    """Level and noise of the clips of a kept evaluation; ``rows`` are theirs in the pack, -1 for missing ones."""
    return _clip_levels(str(path), _stamp(path), pack.key, pack, rows)


@st.cache_data(max_entries=8, show_spinner="Measuring level and noise of the clips …")
def _clip_levels(
    path: str,  # noqa: ARG001  (part of the key)
    modified: int,  # noqa: ARG001  (part of the key)
    key: str,  # noqa: ARG001  (part of the key)
    _pack: Pack,
    _rows: NDArray[np.int64],
) -> metrics.ClipLevels:
    return metrics.clip_levels(_pack.clips, _rows[_rows >= 0])


# Changed clips


def robustness(path: Path) -> Robustness | None:
    """A kept measurement on changed clips; None if there is none that can be read."""
    return _robustness(str(path), _stamp(path))


@st.cache_data(max_entries=64, show_spinner=False)
def _robustness(path: str, modified: int) -> Robustness | None:
    from core.errors import DataError

    try:
        return load_robustness(Path(path)) if modified else None
    except DataError:
        return None


def checkpoint_hash(run: Path) -> str:
    """SHA-256 of a run's model."""
    return _checkpoint_hash(str(run), _stamp(run / runs.BEST))


@st.cache_data(max_entries=64, show_spinner=False)
def _checkpoint_hash(path: str, modified: int) -> str:  # noqa: ARG001  (part of the key)
    return compute_checkpoint_hash(Path(path))


@st.cache_resource(max_entries=8, show_spinner="Preparing the noises …")
def changer(
    _pack: Pack,
    _dataset: Pack,
    keys: tuple[str, str],  # noqa: ARG001  (part of the key)
    protocol: str,
    kind: Kind,
    seed: int,
) -> Changer:
    """What changes the clips of a protocol; ``keys`` are those of the packs."""
    return Changer(_pack, protocol, kind, seed, _dataset)


# Runs side by side


def differences(runs_and_files: Sequence[tuple[str, Path]], baseline: str) -> tuple[Difference, ...]:
    """Each of the other runs beside a baseline, on the clips of these evaluations.

    Raises:
        DataError: If they were not measured on the same clips.
    """
    return _differences(tuple((name, str(path), _stamp(path)) for name, path in runs_and_files), baseline)


@st.cache_data(max_entries=32, show_spinner="Comparing clip by clip …")
def _differences(files: tuple[tuple[str, str, int], ...], baseline: str) -> tuple[Difference, ...]:
    evaluations = [replace(_evaluation(path, stamp)[0], run=name) for name, path, stamp in files]
    return compare(evaluations, baseline=[name for name, _, _ in files].index(baseline))


def cost(run: Path, config: RunConfig) -> Cost:
    """What the model of a run costs.

    Raises:
        CheckpointError: If there is no model.
    """
    return _cost(str(run), _stamp(run / runs.BEST), config)


@st.cache_data(max_entries=200, show_spinner="Counting multiplications …")
def _cost(path: str, modified: int, config: RunConfig) -> Cost:  # noqa: ARG001  (part of the key)
    return cost_of(Path(path), config)


# What a front end hears


def heard(run: Path, device: str, clip: Waveform) -> hearing.Comparison:
    """A second of sound through the initial and the learned filters of a run."""
    return _heard(str(run), _stamp(run / runs.BEST), device, clip)


@st.cache_data(max_entries=32, show_spinner=False)
def _heard(path: str, modified: int, device: str, clip: Waveform) -> hearing.Comparison:
    model = _classifier(path, modified, device)
    initial, learned = (log_mel(clip[None])[0].cpu().numpy() for log_mel in (model.initial_log_mel, model.log_mel))
    return hearing.compare(initial, learned)


def resynthesis(run: Path, device: str, clip: Waveform) -> tuple[FloatArray, FloatArray]:
    """A second of sound made again from what the initial and what the learned filters pass on of it."""
    return _resynthesis(str(run), _stamp(run / runs.BEST), device, clip)


@st.cache_data(max_entries=32, show_spinner="Making sound from the mel spectra …")
def _resynthesis(path: str, modified: int, device: str, clip: Waveform) -> tuple[FloatArray, FloatArray]:
    model = _classifier(path, modified, device)
    filters, config = _filters(path, modified), model.checkpoint.config.front_end

    def again(log_mel: FloatArray, which: hearing.Which) -> FloatArray:
        power = hearing.mel_power(
            log_mel, filters, which, log_offset=config.log_offset, power_offset=config.power_offset
        )
        return hearing.loudness_matched(hearing.resynthesised(power, filters, which, len(clip)))

    return (
        again(model.initial_log_mel(clip[None])[0].cpu().numpy(), "initial"),
        again(model.log_mel(clip[None])[0].cpu().numpy(), "learned"),
    )


# Experiments on the basis


def model_hash(run: Path) -> str:
    """Hash of a run's model."""
    return _model_hash(str(run), _stamp(run / runs.BEST))


@st.cache_data(max_entries=64, show_spinner=False)
def _model_hash(path: str, modified: int) -> str:  # noqa: ARG001  (part of the key)
    return content_hash(Path(path))


def findings(path: Path) -> Findings | None:
    """Kept findings of an experiment, or None."""
    return _findings(str(path), _stamp(path))


@st.cache_data(max_entries=64, show_spinner=False)
def _findings(path: str, modified: int) -> Findings | None:  # noqa: ARG001  (part of the key)
    return load_findings(Path(path))
