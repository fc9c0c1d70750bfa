"""Filters, answers and reports for the figure tests, made from librosa and scipy rather than our own front end."""

from collections.abc import Callable, Sequence

import librosa
import numpy as np
import pytest
import scipy.signal

from core.config import LABELS
from core.frontend.kernel_facts import KernelFacts, kernel_facts
from core.records.answers import Detection, Prediction, WordsAlong
from core.records.evaluation import ClassScores, Evaluation, Scores
from core.records.filters import Filters, FilterSnapshot
from core.records.listening import StreamScores, StreamTrack
from core.records.training import EpochReport

SAMPLE_RATE, N_FFT, N_MELS = 16_000, 480, 40


def _initial() -> FilterSnapshot:
    angles = 2 * np.pi * np.outer(np.arange(N_FFT // 2 + 1), np.arange(N_FFT)) / N_FFT
    window = scipy.signal.get_window("hann", N_FFT)
    return FilterSnapshot(
        epoch=0,
        mel_basis=librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS),
        stft_cos=(np.cos(angles) * window).astype(np.float32),
        stft_sin=(np.sin(angles) * window).astype(np.float32),
    )


def _filters(setting: str, mel_gain: float = 1.0, noise: float = 0.0) -> Filters:
    start, rng = _initial(), np.random.default_rng(0)

    def trained(weights: np.ndarray, gain: float) -> np.ndarray:
        shaken = weights + noise * weights.max() * rng.standard_normal(weights.shape)
        return (gain * shaken).astype(np.float32)

    learned = FilterSnapshot(
        epoch=20,
        mel_basis=np.maximum(trained(start.mel_basis, mel_gain), 0) if setting in "BD" else start.mel_basis.copy(),
        stft_cos=trained(start.stft_cos, 0.5) if setting in "CD" else start.stft_cos.copy(),
        stft_sin=trained(start.stft_sin, 0.5) if setting in "CD" else start.stft_sin.copy(),
    )
    return Filters(start, learned, SAMPLE_RATE, N_FFT, 160, setting)


@pytest.fixture(scope="session")
def trained() -> Filters:
    """Made once: its arrays cannot be written to."""
    filters = _filters("D", noise=0.02)
    for snapshot in (filters.initial, filters.learned):
        for array in (snapshot.mel_basis, snapshot.stft_cos, snapshot.stft_sin):
            array.setflags(write=False)
    return filters


@pytest.fixture(scope="session")
def trained_kernels() -> KernelFacts:
    """The facts about the kernels of ``trained``; they take longer than any figure."""
    return kernel_facts(_filters("D", noise=0.02))


@pytest.fixture
def untrained() -> Filters:
    return _filters("A")


@pytest.fixture
def exploded() -> Filters:
    """Filters like the tutorial's published ones: no triangles any more, and 75 times as large."""
    return _filters("D", mel_gain=75.0, noise=0.5)


@pytest.fixture
def broken() -> Filters:
    """Filter 7 and bin 10 are silent, filter 12 and bin 20 hold no numbers."""
    filters = _filters("D", noise=0.02)
    filters.learned.mel_basis[7], filters.learned.mel_basis[12] = 0, np.nan
    for kernels in (filters.learned.stft_cos, filters.learned.stft_sin):
        kernels[10], kernels[20] = 0, np.nan
    return filters


@pytest.fixture(scope="session")
def evaluation() -> Evaluation:
    """No clip of silence; "down" is taken for "go" 3 times out of 10, everything else is right. Fixed."""
    confusion = np.diag([7, *[10] * 9, 0, 50]).astype(np.int64)
    confusion[0, 1] = 3
    n = int(confusion.sum())
    probabilities, truth = np.zeros((n, 12), np.float32), np.zeros(n, np.int64)
    for array in (confusion, probabilities, truth):
        array.setflags(write=False)
    return Evaluation("a run", "demo words", "testing-list", LABELS, confusion, 1.0, probabilities, truth)


@pytest.fixture(scope="session")
def scores() -> Scores:
    rows = tuple(ClassScores(label, 0.5, 0.25, 1 / 3, 0 if label == "_silence_" else 10) for label in LABELS)
    return Scores(110, 1.0, 0.6, (0.5, 0.69), 0.09, "down", rows, *[0.6] * 9)


@pytest.fixture(scope="session")
def make_reports() -> Callable[..., list[EpochReport]]:
    def make(epochs: int, every: int = 1, best: int | None = None) -> list[EpochReport]:
        return [
            EpochReport(
                epoch=epoch,
                epochs=epochs,
                train_loss=2 / epoch,
                train_accuracy=1 - 0.9 / epoch,
                validation_loss=None if epoch % every else 2.5 / epoch,
                validation_accuracy=None if epoch % every else 0.9 - 0.8 / epoch,
                learning_rate=0.01,
                mel_change=0.01 * epoch,
                stft_change=0.0,
                clips_per_second=1000.0,
                seconds=1.0,
                is_best=epoch == best,
            )
            for epoch in range(1, epochs + 1)
        ]

    return make


@pytest.fixture(scope="session")
def make_predictions() -> Callable[..., list[Prediction]]:
    def make(winners: list[str], hop_s: float = 0.25) -> list[Prediction]:
        """One window a winner, with probability 0.6 for it and the rest shared out."""
        return [
            Prediction(
                hop_s * at,
                hop_s * at + 1,
                ((winner, 0.6), *((label, 0.4 / 11) for label in LABELS if label != winner)),
                np.zeros((40, 101), np.float32),
            )
            for at, winner in enumerate(winners)
        ]

    return make


@pytest.fixture(scope="session")
def make_along() -> Callable[..., WordsAlong]:
    def make(
        *detections: tuple[str, float, float], seconds: float = 10.0, probable: Sequence[tuple[str, int, float]] = ()
    ) -> WordsAlong:
        """A recording with words detected at (word, start, end), answered every tenth of a second."""
        end_s = np.arange(1, round(10 * seconds) + 1) / 10
        probabilities = np.zeros((len(end_s), len(LABELS)), np.float32)
        probabilities[:, LABELS.index("_silence_")] = 1
        for word, place, probability in probable:
            probabilities[place, LABELS.index(word)] = probability
        found = tuple(Detection(word, 0.9, start, end, end + 0.2) for word, start, end in detections)
        return WordsAlong(LABELS, end_s, probabilities, found, seconds)

    return make


@pytest.fixture(scope="session")
def make_track() -> Callable[..., StreamTrack]:
    def make(snr_db: float | None, *rows: tuple[float, int, int]) -> StreamTrack:
        """A track of 50 keywords and a quarter of an hour; a row is a threshold, its misses and its false alarms."""
        scores = tuple(
            StreamScores(
                threshold=threshold,
                n_keywords=50,
                hits=50 - misses,
                wrong_words=0,
                false_alarms=alarms,
                free_hours=0.25,
                misses_interval=(0.0, 1.0),
                false_alarms_interval=(1.5, 99.0),
                latencies_s=(),
            )
            for threshold, misses, alarms in rows
        )
        return StreamTrack("validation", snr_db, 20.0, ("tap",), 80, 70, scores[0], scores)

    return make


@pytest.fixture(scope="session")
def tracks(make_track: Callable[..., StreamTrack]) -> list[StreamTrack]:
    return [
        make_track(None, (0.3, 1, 40), (0.7, 5, 2), (0.99, 40, 0)),
        make_track(10.0, (0.3, 4, 60), (0.7, 9, 10), (0.99, 45, 1)),
    ]
