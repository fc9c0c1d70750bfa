"""The only cached loaders. A path counts with the time and size of its file, so a changed file is read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from core import metrics, runs
from core.config import SAMPLE_RATE, FrontEndConfig, ListeningConfig, RunConfig, Setting, Vocabulary
from core.data import recordings
from core.data.pack import Pack, check_root, ready_pack
from core.data.source import DataSummary
from core.device import available_devices
from core.errors import ConfigError, DataError
from core.fast.mel import FastMel
from core.frontend import resynthesis as hearing
from core.frontend.filter_facts import FilterFacts
from core.frontend.filter_facts import filter_facts as compute_filter_facts
from core.frontend.kernel_facts import KernelFacts
from core.frontend.kernel_facts import kernel_facts as compute_kernel_facts
from core.inference.classifier import Classifier
from core.inference.whole import answer as answer_to
from core.records.answers import Prediction, WordsAlong
from core.records.arrays import FloatArray, Waveform
from core.records.benchmark import BenchmarkReport
from core.records.cost import Cost
from core.records.data import Verification
from core.records.evaluation import Evaluation, Scores
from core.records.filters import Filters, FilterSnapshot, PcenBands
from core.records.robustness import Change
from core.records.training import EpochReport
from core.records.word_length import WordLengths
from core.runs import keep
from core.runs.keep import Record, Study
from core.sound.reading import Sound, read_audio
from core.studies.benchmark.kept import kept_reports, reports_folder
from core.studies.comparison import Difference, compare
from core.studies.cost.measure import cost_of
from core.studies.evaluation import STUDY as EVALUATION
from core.studies.evaluation import scores as scores_of
from core.studies.gain_map import STUDY as GAIN_MAP
from core.studies.gain_map import GainMap
from core.studies.listening import operating_point, talk
from core.studies.robustness.clips import Changer
from core.studies.word_length import word_lengths as compute_word_lengths
from core.training.checkpoint import load_checkpoint
from core.training.start import config_from as start_from

BAR_FROM_S = 60.0
"""Seconds of sound from which listening to all of it is worth a bar."""


def devices() -> tuple[str, ...]:
    """Where models can run here, the fastest first."""
    return available_devices()


def model_stamp(path: Path) -> tuple[str, int, int]:
    """A path with modification time (ns) and size of its file, of the model where it is a run's folder; 0 if none."""
    for file in (path / runs.BEST, path):
        with suppress(OSError):
            found = file.stat()
            return str(path), found.st_mtime_ns, found.st_size
    return str(path), 0, 0


KEYS: dict[str | type, Callable[[Any], Any]] = {type(Path()): model_stamp, Pack: lambda pack: pack.key}
"""What tells cached arguments apart: paths by the file behind them, datasets by their key."""


# Models


@st.cache_resource(max_entries=4, show_spinner="Loading the model …", hash_funcs=KEYS)
def classifier(run: Path, device: str) -> Classifier:
    """The model of a run, shared by all sessions."""
    return Classifier(run, device)


@st.cache_data(max_entries=8, show_spinner="Loading the filters …", hash_funcs=KEYS)
def filters(run: Path) -> Filters:
    """Initial and learned filters of a run."""
    return load_checkpoint(run).filters()


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=KEYS)
def learned_pcen(run: Path) -> tuple[PcenBands, float] | None:
    """The numbers of PCEN that a run has learned, and the time from frame to frame (ms); None where it has not."""
    checkpoint = load_checkpoint(run)
    front_end = checkpoint.config.front_end
    pcen = checkpoint.model().pcen if front_end.pcen == "learned" else None
    return None if pcen is None else (pcen.bands(), 1000 * front_end.hop_length / front_end.sample_rate)


@st.cache_data(max_entries=50, show_spinner=False, hash_funcs=KEYS)
def config_from(
    run: Path,
    setting: Setting,
    epochs: int | None = None,
    seed: int | None = None,
    vocabulary: Vocabulary | None = None,
) -> RunConfig:
    """Settings of a training that begins with the model of a run."""
    return start_from(run, setting=setting, epochs=epochs, seed=seed, vocabulary=vocabulary)


@st.cache_data(max_entries=1, show_spinner=False, hash_funcs=KEYS)
def gain_map(path: Path) -> GainMap:
    """A map of gains from its file."""
    return keep.load(GAIN_MAP, path)


# Evaluations


def evaluations(run: Path) -> dict[tuple[str, str], Path]:
    """Evaluations kept of a run, by dataset and protocol; unreadable ones are left out."""
    found = {}
    for path in keep.find_all(run, EVALUATION):
        names = _evaluation_names(path)
        if names is not None:
            found[names[:2]] = path
    return found


def standing_evaluations(run: Path) -> dict[tuple[str, str], Path]:
    """Those of them that were made of the model as it is now."""
    model = keep.model_hash(run)
    return {names: path for names, path in evaluations(run).items() if (_evaluation_names(path) or ("",))[-1] == model}


@st.cache_data(max_entries=200, show_spinner=False, hash_funcs=KEYS)
def _evaluation_names(path: Path) -> tuple[str, str, str] | None:
    try:
        one = keep.load(EVALUATION, path)
    except DataError:
        return None
    return one.dataset, one.protocol, one.checkpoint


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=KEYS)
def evaluation(path: Path) -> tuple[Evaluation, Scores]:
    """A kept evaluation and its scores."""
    one, run = keep.load(EVALUATION, path), path.parent
    if (run / runs.BEST).exists():
        # It was measured under another name if the folder was renamed since, as those that are shipped were.
        one = replace(one, run=run.name)
    return one, scores_of(one)


# Benchmark


def benchmark_reports() -> list[BenchmarkReport]:
    """Kept reports of the benchmark, the latest first; unreadable ones are left out."""
    return _benchmark_reports(sorted(reports_folder().glob("*.json")))


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def _benchmark_reports(files: list[Path]) -> list[BenchmarkReport]:  # noqa: ARG001  (the key)
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
        return _pack(root)
    except _NotPacked:
        return None


@st.cache_resource(ttl=3600, show_spinner="Opening the dataset …", validate=lambda pack: pack.folder.is_dir())
def _pack(root: Path | None) -> Pack:
    # An exception is not cached, so the next look finds a pack made meanwhile.
    pack = ready_pack(root)
    if pack is None:
        raise _NotPacked
    return pack


def forget_data() -> None:
    """Open datasets anew at the next look: the files of one have changed."""
    _pack.clear()


@st.cache_resource(show_spinner=False)
def verifications() -> dict[str, Verification]:
    """How datasets compare with AudioLoader's reading of them, by the key of their pack; gone with the server."""
    return {}


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


@st.cache_data(max_entries=8, show_spinner="Counting …", hash_funcs=KEYS)
def summary(pack: Pack) -> DataSummary:
    """Counts of the clips of a dataset."""
    return pack.summary()


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


@st.cache_data(max_entries=32, show_spinner="Reading the recording …", hash_funcs=KEYS)
def sounds_in_talk(recording: Path, heard_s: tuple[float, ...]) -> list[Waveform]:
    """What can be played of false alarms in a recording, by the ends of the seconds that decided.

    Raises:
        AudioError: If the recording is gone, or cannot be read.
    """
    return talk.sounds_of(recording, heard_s)


def answer(
    run: Path, device: str, sound: Sound, *, one_word: bool, basis: str = "learned"
) -> tuple[Prediction, WordsAlong | None]:
    """What a model makes of a sound, with the listening settings kept for it; a long sound shows a bar.

    Args:
        run: Folder of the run.
        device: Where to compute.
        sound: The sound.
        one_word: Whether it holds one word however long it is.
        basis: "learned", or "initial" for the same network with its filters put back.

    Raises:
        CheckpointError: If the model cannot be loaded.
    """
    try:
        config = operating_point.load(run)
    except ConfigError:  # the page that listens says so
        config = ListeningConfig()
    kept = _answer(run, device, config, sound.waveform, one_word, basis)
    if not kept:
        place, seconds = st.empty(), len(sound.waveform) / SAMPLE_RATE

        def show(done_s: float) -> None:
            if seconds > BAR_FROM_S:
                place.progress(min(1.0, done_s / seconds), f"Listening: {min(done_s, seconds):.0f} of {seconds:.0f} s")

        try:
            model = classifier(run, device) if basis == "learned" else classifier(run, device).put_back()
            kept.append(answer_to(model, sound.waveform, config, one_word=one_word, progress=show))
        finally:
            place.empty()
    return kept[0]


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=KEYS)
def _answer(*key: Any) -> list[tuple[Prediction, WordsAlong | None]]:  # noqa: ARG001  (the key)
    return []


@st.cache_data(max_entries=64, show_spinner=False)
def initial_log_mel(clip: Waveform) -> tuple[FloatArray, Filters]:
    """Log-mel spectrogram of a clip before any training, and the filters that made it."""
    layer = _initial_front_end()
    with torch.inference_mode():
        image: FloatArray = layer(torch.from_numpy(clip)[None])[0].numpy()
    return image, layer.filters(0)


@st.cache_resource(show_spinner=False)
def _initial_front_end() -> FastMel:
    return FastMel(FrontEndConfig(setting="A")).eval()


# What training did to the filters


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=KEYS)
def filter_facts(run: Path) -> FilterFacts:
    """Numbers of each mel filter of a run."""
    return compute_filter_facts(filters(run))


@st.cache_data(max_entries=8, show_spinner="Measuring the kernels …", hash_funcs=KEYS)
def kernel_facts(run: Path) -> KernelFacts:
    """Numbers of each pair of STFT kernels of a run."""
    return compute_kernel_facts(filters(run))


def evolution(run: Path, filters: Filters) -> tuple[list[FilterSnapshot], list[EpochReport]]:
    """A run's filters at the kept epochs, where they have the shape of its model's, and the reports of all epochs."""
    snapshots, reports = _evolution(run, (run / runs.MEL_EVOLUTION, run / runs.PROGRESS))
    now = filters.learned
    fitting = [one for one in snapshots if one.mel_basis.shape == now.mel_basis.shape]
    return [one for one in fitting if one.stft_cos.shape in ((0, 0), now.stft_cos.shape)], reports


@st.cache_data(max_entries=4, show_spinner="Loading the filters along the way …", hash_funcs=KEYS)
def _evolution(run: Path, files: tuple[Path, ...]) -> tuple[list[FilterSnapshot], list[EpochReport]]:  # noqa: ARG001  (the key)
    return runs.evolution(run), runs.read_progress(run)


# Measures of an evaluation


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=KEYS)
def reliability(path: Path, binning: metrics.Binning) -> metrics.Reliability:
    """How sure and how often right the answers of a kept evaluation are, in bins."""
    return metrics.reliability(keep.load(EVALUATION, path), binning)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=KEYS)
def detection_curves(path: Path) -> tuple[metrics.DetectionCurve, ...]:
    """Each keyword against the rest in a kept evaluation."""
    return metrics.detection_curves(keep.load(EVALUATION, path))


@st.cache_data(max_entries=32, show_spinner="Comparing with chance …", hash_funcs=KEYS)
def chance_of_differences(path: Path, names: tuple[str, ...]) -> float:
    """How often groups of clips, one name a clip, would differ as much as they do by luck alone."""
    one = keep.load(EVALUATION, path)
    return metrics.chance_of_differences(one.probabilities.argmax(axis=1) == one.truth, names, one.truth)


@st.cache_data(max_entries=8, show_spinner="Measuring level and noise of the clips …", hash_funcs=KEYS)
def clip_levels(path: Path, pack: Pack, rows: NDArray[np.int64]) -> metrics.ClipLevels:  # noqa: ARG001  (part of the key)
    """Level and noise of the clips of a kept evaluation; ``rows`` are theirs in the pack, -1 for missing ones."""
    return metrics.clip_levels(pack.clips, rows[rows >= 0])


@st.cache_data(max_entries=8, show_spinner="Measuring the length of the words …", hash_funcs=KEYS)
def word_lengths(path: Path, pack: Pack) -> WordLengths:
    """Accuracy by length of the word, of a kept evaluation and the clips it is about."""
    return compute_word_lengths(keep.load(EVALUATION, path), pack)


# Changed clips


@st.cache_resource(max_entries=8, show_spinner="Preparing the noises …", hash_funcs=KEYS)
def changer(pack: Pack, dataset: Pack, protocol: str, kind: Change, seed: int) -> Changer:
    """What changes the clips of a protocol, with noises of ``dataset``."""
    return Changer(pack, protocol, kind, seed, dataset)


# Runs side by side


@st.cache_data(max_entries=32, show_spinner="Comparing clip by clip …", hash_funcs=KEYS)
def differences(runs_and_files: Sequence[tuple[str, Path]], baseline: str) -> tuple[Difference, ...]:
    """Each of the other runs beside a baseline, on the clips of these evaluations.

    Raises:
        DataError: If they were not measured on the same clips.
    """
    evaluations = [replace(keep.load(EVALUATION, path), run=name) for name, path in runs_and_files]
    return compare(evaluations, baseline=[name for name, _ in runs_and_files].index(baseline))


@st.cache_data(max_entries=200, show_spinner="Counting multiplications …", hash_funcs=KEYS)
def cost(run: Path, config: RunConfig) -> Cost:
    """What the model of a run costs.

    Raises:
        CheckpointError: If there is no model.
    """
    return cost_of(run, config)


# What a front end hears


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=KEYS)
def heard(run: Path, device: str, clip: Waveform) -> hearing.Comparison:
    """A second of sound through the initial and the learned filters of a run."""
    model = classifier(run, device)
    initial, learned = (log_mel(clip[None])[0].cpu().numpy() for log_mel in (model.initial_log_mel, model.log_mel))
    return hearing.compare(initial, learned)


@st.cache_data(max_entries=32, show_spinner="Making sound from the mel spectra …", hash_funcs=KEYS)
def resynthesis(run: Path, device: str, clip: Waveform) -> tuple[FloatArray, FloatArray]:
    """A second of sound made again from what the initial and what the learned filters pass on of it."""
    model, own = classifier(run, device), filters(run)
    config = model.checkpoint.config.front_end

    def again(log_mel: FloatArray, which: hearing.Which) -> FloatArray:
        power = hearing.mel_power(log_mel, own, which, log_offset=config.log_offset, power_offset=config.power_offset)
        return hearing.loudness_matched(hearing.resynthesised(power, own, which, len(clip)))

    return (
        again(model.initial_log_mel(clip[None])[0].cpu().numpy(), "initial"),
        again(model.log_mel(clip[None])[0].cpu().numpy(), "learned"),
    )


# What was measured on a run


def current(study: Study[Record], run: Path, name: str, data_key: str) -> Record | None:
    """The record of a run under that name if there is one that can be read and still holds (see ``core.runs.keep``)."""
    record = _record(study, keep.find(run, name))
    return None if record is None or keep.why_outdated(record, run, data_key) else record


def all_current(study: Study[Record], run: Path) -> list[Record]:
    """Every record kept of a run that can be read and is about its model as it is, whatever the clips."""
    records = [_record(study, path) for path in keep.find_all(run, study)]
    return [one for one in records if one is not None and not keep.why_outdated(one, run)]


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={**KEYS, Study: lambda study: study.name})
def _record(study: Study[Any], path: Path) -> Any:
    try:
        return keep.load(study, path)
    except DataError:
        return None
