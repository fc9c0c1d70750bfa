"""Frozen records of finished numbers: what computation hands to figures, pages and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.config import ListeningConfig

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class FilterSnapshot:
    """The front end's filters at one moment.

    ``mel_basis`` has shape (n_mels, n_bins), ``stft_cos`` and ``stft_sin`` (n_bins, n_fft); weights have no unit.
    """

    epoch: int
    mel_basis: FloatArray
    stft_cos: FloatArray
    stft_sin: FloatArray


@dataclass(frozen=True)
class Filters:
    """Initial and learned filters of one model, with what is needed to put them on an axis in Hz and ms."""

    initial: FilterSnapshot
    learned: FilterSnapshot
    sample_rate: int
    n_fft: int
    hop_length: int
    setting: str

    @property
    def trains_mel(self) -> bool:
        """Whether the mel filters were trained."""
        return self.setting in "BD"

    @property
    def trains_stft(self) -> bool:
        """Whether the STFT kernels were trained."""
        return self.setting in "CD"


@dataclass(frozen=True)
class EpochReport:
    """What one epoch of training did. Losses are mean cross-entropy (nats); accuracies lie in 0 to 1.

    Validation values are None in epochs that were not validated. ``mel_change`` and ``stft_change`` are
    ||W - W0|| / ||W0||, the relative distance from the initial filters.
    """

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    mel_change: float
    stft_change: float
    clips_per_second: float
    seconds: float
    is_best: bool


@dataclass(frozen=True)
class Evaluation:
    """A model's answers to every clip of one protocol.

    Rows of ``confusion`` are true labels, columns predicted ones; ``probabilities`` has shape (n, n_labels),
    ``truth`` (n,). ``clip_words`` and ``clip_files`` name each clip.
    """

    run: str
    dataset: str
    protocol: str
    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    loss: float
    probabilities: FloatArray
    truth: NDArray[np.int64]
    clip_words: tuple[str, ...] = ()
    clip_files: tuple[str, ...] = ()
    data_key: str = ""
    """Key of the pack it was measured on; empty in evaluations kept before this was noted."""

    @property
    def n(self) -> int:
        """Number of clips."""
        return int(self.confusion.sum())


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one label (0 to 1), and its number of clips."""

    label: str
    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True)
class Scores:
    """The figures of one evaluation.

    ``interval`` is the 95 % Wilson interval of the accuracy. ``baseline`` is the accuracy of always answering
    the most frequent label, ``baseline_label``. Averages run over the labels that have clips.
    """

    n: int
    loss: float
    accuracy: float
    interval: tuple[float, float]
    baseline: float
    baseline_label: str
    by_class: tuple[ClassScores, ...]
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float


@dataclass(frozen=True)
class Prediction:
    """A model's answer to one second of sound: labels with probabilities, best first."""

    start_s: float
    end_s: float
    ranking: tuple[tuple[str, float], ...]
    log_mel: FloatArray = field(repr=False)
    """What the model saw, (n_mels, frames), natural logarithm of power."""

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.ranking[0][0]

    @property
    def score(self) -> float:
        """Its probability, 0 to 1."""
        return self.ranking[0][1]


@dataclass(frozen=True)
class Detection:
    """A word that was heard along a stream. Times are seconds of sound since the stream began."""

    word: str
    score: float
    """Averaged probability when it was detected, 0 to 1."""
    start_s: float
    end_s: float
    """Where its sound lies, as far as it had been heard."""
    heard_s: float
    """End of the second of sound that decided: the earliest time at which the word could be reported."""


@dataclass(frozen=True, eq=False)
class WordsAlong:
    """What a model makes of a whole recording: its answers along the way, and the words detected."""

    labels: tuple[str, ...]
    end_s: NDArray[np.float64]
    """Ends of the seconds that were answered, since the recording began, (n,)."""
    probabilities: FloatArray
    """The answers, (n, n_labels); all on ``_silence_`` while nothing is said."""
    detections: tuple[Detection, ...]
    """In the order in which they were said."""
    seconds: float
    """Length of the recording (s)."""


@dataclass(frozen=True, eq=False)
class Decision:
    """What one model makes of the last second of a stream."""

    end_s: float
    """End of that second, in seconds of sound since the stream began."""
    probabilities: FloatArray
    """The network's answer, (n_labels,)."""
    smoothed: FloatArray
    """Averaged over the last answers, (n_labels,); all on ``_silence_`` while nothing is said."""
    level_db: float
    """Level of the sound since the last decision (RMS, dB of full scale, at least -100)."""
    speaking: bool
    """Whether there is a sound in the second that stands out enough to be speech."""
    log_mel: FloatArray = field(repr=False)
    """The columns that became final with this decision, (n_mels, n_columns), natural logarithm, before normalisation;
    put side by side, those of all decisions are the spectrogram of the stream."""
    detection: Detection | None
    """The word detected with this decision, if there is one."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with one file of a dataset, and what was done about it."""

    file: str
    what: str
    action: str


@dataclass(frozen=True)
class Spread:
    """The middle of repeated measurements and how far they reach: median, 10th and 90th percentile."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Timing:
    """One way to do one task, timed again and again beside the others (seconds for ``n_clips`` clips).

    ``task`` is one of ``config.BENCHMARK_TASKS``. ``ratios`` say how many times faster this way is than each
    reference of the same task, setting and device ("nnAudio", "librosa", "public recipe"), from repeat to repeat.
    """

    task: str
    variant: str
    """What was timed, for people: "Earshot", "nnAudio", "the tutorial's loop", "librosa, clip by clip, 1 thread"."""
    setting: str
    """A to D; empty where nothing is trained."""
    device: str
    """"cpu" or "cuda"."""
    n_clips: int
    seconds: tuple[float, ...]
    ratios: dict[str, Spread] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)
    """Median seconds of "loading", "transfer", "features" and "model", each timed on its own; those that apply."""
    floor_s: float | None = None
    """The time that the arithmetic and the memory traffic need at the rates in ``MachineLimits``; None if unknown."""

    @property
    def is_ours(self) -> bool:
        """Whether this project did the work."""
        return self.variant.startswith("Earshot")

    @property
    def median_s(self) -> float:
        """Median time (s)."""
        return float(np.median(self.seconds))

    @property
    def low_s(self) -> float:
        """Time that a tenth of the repeats stay below (s)."""
        return float(np.quantile(self.seconds, 0.1))

    @property
    def high_s(self) -> float:
        """Time that nine tenths of the repeats stay below (s)."""
        return float(np.quantile(self.seconds, 0.9))


@dataclass(frozen=True)
class MachineLimits:
    """What the machine can do at best, measured in the same run: matrix products and copies of memory, float32."""

    device: str
    gflop_per_s: float
    copy_gb_per_s: float
    """Bytes read plus bytes written, 10^9 a second."""


@dataclass(frozen=True)
class BenchmarkReport:
    """One run of the benchmark: what was timed, where, with what, and when."""

    moment: str
    """When it ended, UTC, ISO 8601."""
    quick: bool
    threads: int
    machine: dict[str, str]
    """Such as "processor", "cores", "memory", "gpu", "system"."""
    versions: dict[str, str]
    """Of this project, Python, torch, nnAudio, librosa, numpy."""
    limits: tuple[MachineLimits, ...]
    timings: tuple[Timing, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know, such as that another program kept the processor busy."""


@dataclass(frozen=True)
class PlacedWord:
    """A word on a test track. It is spoken from ``start_s`` to ``end_s``, seconds since the track began."""

    word: str
    start_s: float
    end_s: float
    file: str
    """The clip it came from."""


@dataclass(frozen=True)
class StreamScores:
    """What a model detected on a test track at one threshold. Intervals hold the truth with 95 % probability."""

    threshold: float
    n_keywords: int
    hits: int
    """Keywords detected from their start to a second after their end, each once."""
    wrong_words: int
    """Detections of another word during a keyword."""
    false_alarms: int
    """All other detections: where no keyword was said, or of one that was a hit already."""
    free_hours: float
    """Time outside the keywords (hours), in which every detection is a false alarm."""
    misses_interval: tuple[float, float]
    """Of the share of keywords missed (Wilson), 0 to 1."""
    false_alarms_interval: tuple[float, float]
    """Of the false alarms an hour (exact Poisson; without any, the upper end is 3 divided by the hours)."""
    latencies_s: tuple[float, ...]
    """Time from the end of each word hit to the end of the sound that its detection needed (s)."""

    @property
    def misses(self) -> int:
        """Keywords that were not detected."""
        return self.n_keywords - self.hits

    @property
    def miss_share(self) -> float:
        """Share of keywords that were not detected, 0 to 1."""
        return self.misses / self.n_keywords

    @property
    def false_alarms_per_hour(self) -> float:
        """False alarms in an hour without keywords."""
        return self.false_alarms / self.free_hours

    def latency_s(self, share: float) -> float | None:
        """Latency (s) that this share of the hits stays below, such as 0.5 for the median; None without a hit."""
        return float(np.quantile(self.latencies_s, share)) if self.latencies_s else None


@dataclass(frozen=True)
class StreamTrack:
    """A model's scores on one test track, threshold by threshold."""

    protocol: str
    """Which clips it was made of: one of ``config.PROTOCOLS``."""
    snr_db: float | None
    """Speech over background (dB); None for no background."""
    minutes: float
    noise: tuple[str, ...]
    """Background recordings."""
    n_words: int
    """Words on it, keywords and others."""
    n_clips: int
    """Different clips among them."""
    as_set: StreamScores
    """With the settings as they were, thresholds of single words included."""
    scores: tuple[StreamScores, ...]
    """With one threshold for all words, in order of threshold."""


@dataclass(frozen=True)
class StreamReport:
    """A stream test of one model: tracks of validation clips to choose a threshold on, and of test clips to report."""

    run: str
    dataset: str
    seed: int
    listening: ListeningConfig
    """The settings, of which the thresholds were varied."""
    tracks: tuple[StreamTrack, ...]
