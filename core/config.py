"""Every setting in frozen dataclasses: the form on a page, the JSON in a run folder, the record in a checkpoint."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import types
import typing
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from core.errors import ConfigError
from core.files.strict import shown
from core.text import fold, shortened

SAMPLE_RATE = 16_000
"""Samples per second (Hz) of every clip inside the project."""

CLIP_SAMPLES = 16_000
"""Samples in one clip: one second."""

KEYWORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
"""The ten words that a model listens for unless it was trained for others."""

SILENCE_LABEL = "_silence_"
UNKNOWN_LABEL = "_unknown_"

LABELS = (*KEYWORDS, SILENCE_LABEL, UNKNOWN_LABEL)
"""The twelve classes in the order of their numbers 0 to 11, as AudioLoader's ``SPEECHCOMMANDS_12C`` has them; other
models have other ones (see ``Vocabulary``)."""

UNKNOWN_WORDS = (
    "backward", "bed", "bird", "cat", "dog", "eight", "five", "follow", "forward", "four", "happy", "house",
    "learn", "marvin", "nine", "one", "seven", "sheila", "six", "three", "tree", "two", "visual", "wow", "zero",
)  # fmt: skip
"""The other 25 words of Speech Commands v2, which all count as ``_unknown_`` beside those ten."""

FEWEST_WORDS, MOST_WORDS = 2, 50
"""How many words a vocabulary may have; one is enough where everything else is unknown."""

LONGEST_WORD = 60
"""Letters that one of them may have."""

WORD_SIGNS = " '’-_.!+"
"""What it may have beside letters and digits, so that every system can have a folder of that name."""

Setting = Literal["A", "B", "C", "D"]

SETTINGS: dict[str, str] = {
    "A": "nothing of the spectrogram is trained",
    "B": "the mel filters are trained",
    "C": "the STFT kernels are trained",
    "D": "the mel filters and the STFT kernels are trained",
}
"""The tutorial's four experiments."""

SETTING_NAMES: dict[str, str] = {
    "A": "fixed spectrogram",
    "B": "learned mel filters",
    "C": "learned kernels",
    "D": "learned filters and kernels",
}
"""What each is called, in the name of a model and everywhere else."""


def setting_name(setting: str) -> str:
    """A setting as people read it; what is none stays as it is.

    >>> setting_name("B")
    'learned mel filters (B)'
    """
    return f"{SETTING_NAMES[setting]} ({setting})" if setting in SETTING_NAMES else setting


SETTING_TITLES: dict[str, str] = {one: f"{what.capitalize()} ({one})" for one, what in SETTING_NAMES.items()}
"""The same as headings: “Learned mel filters (B)”."""


NETWORK_NAMES: dict[str, str] = {"linear": "Linear", "bcresnet": "BC-ResNet", "embedding": "Speech embedding"}
"""What the field calls the networks, by how their names here begin."""

ENROLMENT = "enrolment"
"""The preset of a run that learns words from a few recordings (see ``core.training.enrolment``)."""

ROOM = "room"
"""The preset of a run that fits a trained model to a room (see ``core.training.room``)."""

AT_ONCE = (ENROLMENT, ROOM)
"""Presets of runs that are no training in epochs, of which the best could be chosen."""

NAMED = 3
"""Words that the title of such a run names; of more it says how many."""

MelStart = Literal["mel", "random"]

MEL_STARTS: dict[str, str] = {
    "mel": "the textbook's mel filters",
    "random": "random weights, without any order",
}
"""What the mel filters are before training."""

StftStart = Literal["fourier", "random"]

STFT_STARTS: dict[str, str] = {
    "fourier": "the waves of the Fourier transform",
    "random": "noise under the window",
}
"""What the STFT kernels are before training."""

MelShape = Literal["free", "triangle", "bell"]

MEL_SHAPES: dict[str, str] = {
    "free": "every weight learns on its own, as in nnAudio",
    "triangle": "triangles that learn their centre and width, as in FastAudio",
    "bell": "Gaussians that learn their centre and width, the response of Gabor filters as in LEAF",
}
"""What of the mel filters learns, where they are trained."""

Pcen = Literal["off", "fixed", "learned"]

PCENS: dict[str, str] = {
    "off": "the logarithm alone",
    "fixed": "per-channel energy normalisation with the published numbers",
    "learned": "per-channel energy normalisation whose numbers learn, for each band its own",
}
"""What follows the mel filters."""

NoiseKind = Literal["recorded", "computed", "coloured", "babble"]

NOISE_KINDS: dict[str, str] = {
    "recorded": "the dataset's own noise recordings",
    "computed": "the demo words' computed noises: white, pink, dishes, mains hum, a crowd",
    "coloured": "hiss of any colour, steady or swelling",
    "babble": "many training clips at once, played backwards",
}
"""What training noise is cut from."""

OWN = "own"
"""The protocol of the recordings that a user kept; on the command line also the name of that dataset."""

DEMO = "demo"
"""What names the demo words where a dataset's folder would stand."""

PROTOCOLS: dict[str, str] = {
    "official": "official test set",
    "testing-list": "testing list",
    "validation": "validation",
    OWN: "recordings of your own",
}
"""Which clips a score was measured on; the name stands wherever a score is shown."""

PROTOCOL_NOTES: dict[str, str] = {
    "official": "twelve balanced classes, with silence",
    "testing-list": "no silence, mostly unknown words",
    "validation": "used to choose the best epoch, so its score flatters",
    OWN: "your voice, your room; a biased sample",
}


BENCHMARK_TASKS: dict[str, str] = {
    "forward": "waveforms to mel spectrograms, no training",
    "gradient": "mel spectrograms and the gradients of the filters",
    "epoch-linear": "an epoch of the linear model",
    "epoch-bcresnet-1": "an epoch of BC-ResNet 1",
    "epoch-bcresnet-3": "an epoch of BC-ResNet 3",
    "one-clip": "the answer to one clip",
    "recording": "every word of a recording, by BC-ResNet 1",
}
"""What the benchmark times, by name."""


LARGEST_FFT = 4096
"""Longest frame (samples). Kernels of twice the length already take a gigabyte while they are trained."""

LARGEST_FEATURES = 10_000_000
"""Numbers that the spectrogram of one clip may have."""

LARGEST_BATCH = 500_000_000
"""Numbers that the spectrograms of one step may have together."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


def _one_of(name: str, value: object, allowed: typing.Iterable[object]) -> None:
    allowed = tuple(allowed)
    _require(value in allowed, f"{name} is {shown(value)}; it must be one of {', '.join(map(repr, allowed))}.")


def _between(name: str, value: float, low: float, high: float) -> None:
    # Written so that NaN, which is neither above nor below anything, fails it too.
    _require(low <= value <= high, f"{name} is {shown(value)}; it must lie between {low:,} and {high:,}.")


Config = TypeVar("Config")


def parse_span(text: str, what: str) -> tuple[int, int]:
    """Two whole numbers typed as a span.

    Raises:
        ConfigError: If it is none; ``what`` names it in the message.

    >>> parse_span(" 25 - 49", "masked bins")
    (25, 49)
    """
    first, _, last = (part.strip() for part in text.partition("-"))
    if not (first.isdecimal() and last.isdecimal() and len(first + last) < 20):
        raise ConfigError(f"{what} is {shortened(text)!r}; give the first and the last number, as in 25-49.")
    return int(first), int(last)


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain values that ``json`` can write.

    >>> to_dict(ModelConfig())
    {'name': 'linear', 'normalise': True}
    """
    return dataclasses.asdict(config)


def from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """A config from plain values; the inverse of ``to_dict``.

    Raises:
        ConfigError: If a name is unknown or a value is of the wrong type or out of range.

    >>> from_dict(RunConfig, to_dict(RunConfig())) == RunConfig()
    True
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"A {kind.__name__} must be a table of names and values, not {shown(values)}.")
    hints, needed = _fields(typing.cast(Any, kind))
    unknown = [name for name in values if name not in hints]
    if unknown:
        names = ", ".join(map(str, unknown[:5]))
        raise ConfigError(f"{kind.__name__} has no setting called {names:.200}; it has {', '.join(hints)}.")
    if missing := needed - set(values):
        raise ConfigError(f"A {kind.__name__} needs {', '.join(sorted(missing))}, which is not given.")
    return kind(**{name: _convert(name, hints[name], value) for name, value in values.items()})


@functools.cache
def _fields(kind: type) -> tuple[dict[str, Any], frozenset[str]]:
    """The fields of a dataclass by name with their types, and the names of those without a default."""
    missing = dataclasses.MISSING
    fields = dataclasses.fields(kind)
    hints = typing.get_type_hints(kind)
    return (
        {one.name: hints[one.name] for one in fields},
        frozenset(one.name for one in fields if one.default is missing and one.default_factory is missing),
    )


def _check_kinds(config: Any) -> None:
    """A ConfigError where a field holds a value of another kind than it is declared with."""
    for name, hint in _fields(typing.cast(Any, type(config)))[0].items():
        _convert(name, hint, getattr(config, name))


def _convert(name: str, hint: Any, value: Any) -> Any:
    """``value`` as the type ``hint`` asks for, or a ConfigError that names it."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    for option in options:
        origin, kinds = typing.get_origin(option), typing.get_args(option)
        if dataclasses.is_dataclass(option):
            return value if isinstance(value, typing.cast(type, option)) else from_dict(option, value)  # type: ignore[arg-type]
        if origin is Literal and any(type(value) is type(one) and value == one for one in kinds):
            return value
        if origin is tuple and isinstance(value, list | tuple):
            each = (kinds[0],) * len(value) if kinds[-1] is Ellipsis else kinds
            if len(each) == len(value):
                return tuple(_convert(name, kind, item) for kind, item in zip(each, value, strict=True))
        if origin is dict and isinstance(value, Mapping):
            return {_convert(name, kinds[0], key): _convert(name, kinds[1], item) for key, item in value.items()}
        if option is float and isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value):
            return float(value)
        if option in (int, str, bool) and type(value) is option:
            return value
    raise ConfigError(f"{name} is {shown(value)}; it must be {' or '.join(map(_in_words, options))}.")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _in_words(hint: Any) -> str:
    """What a type takes, for a person.

    >>> _in_words(tuple[float, float]), _in_words(Literal["A", 1])
    ('a list of (a finite number, a finite number)', "one of 'A', 1")
    """
    origin, kinds = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(map(repr, kinds))}"
    if origin is tuple:
        each = "any number of such values" if kinds[-1] is Ellipsis else ", ".join(map(_in_words, kinds))
        return f"a list of ({each})"
    words = {int: "a whole number", float: "a finite number", str: "text", bool: "true or false", type(None): "nothing"}
    return words.get(hint, "a table")


def is_word(text: str) -> bool:
    """Whether a text can be a word of a vocabulary: a name that a folder can have on every system, and no label's.

    >>> is_word("marvin"), is_word("hey computer"), is_word("_silence_"), is_word("../up")
    (True, True, False, False)
    """
    return (
        0 < len(text) <= LONGEST_WORD
        and all(unicodedata.category(one)[0] in "LMN" or one in WORD_SIGNS for one in text)
        and text[0].isalnum()
        and text[-1] not in " ._"
    )


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What a model tells apart: some words by name, and perhaps silence, and all other words together.

    Its labels are the words in their order, then silence, then unknown; the number of a label is its place there.
    """

    words: tuple[str, ...] = KEYWORDS
    """The words that have a label each."""
    silence: bool = True
    """Whether silence has a label."""
    unknown: bool = True
    """Whether all other words have a label together. Otherwise they have none, and are neither learned nor tested."""

    def __post_init__(self) -> None:
        _check_kinds(self)
        n, fewest = len(self.words), 1 if self.unknown else FEWEST_WORDS
        _require(fewest <= n <= MOST_WORDS, f"words has {n}; a vocabulary has {fewest} to {MOST_WORDS} words.")
        for word in self.words:
            _require(
                is_word(word),
                f"words has {shown(word)}; a word has at most {LONGEST_WORD} letters and digits, begins with one, and "
                f"has no other signs than {' '.join(WORD_SIGNS.strip())} and spaces.",
            )
        folded = [fold(word) for word in self.words]
        double = next((word for word in self.words if folded.count(fold(word)) > 1), None)
        _require(double is None, f"words has {shown(double)} twice (upper and lower case are one).")

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels in the order of their numbers from 0.

        >>> Vocabulary(words=("yes", "no")).labels
        ('yes', 'no', '_silence_', '_unknown_')
        """
        others = ((SILENCE_LABEL, self.silence), (UNKNOWN_LABEL, self.unknown))
        return (*self.words, *(label for label, is_there in others if is_there))

    def label_of(self, word: str) -> int:
        """Number of the label of a spoken word, of ``_silence_`` or of ``_unknown_``; ``NO_LABEL`` if it has none.

        >>> TWELVE.label_of("yes"), TWELVE.label_of("_silence_"), TWELVE.label_of("marvin")
        (9, 10, 11)
        >>> ALL_35.label_of("marvin"), ALL_35.label_of("_silence_"), ALL_35.label_of("alexa")
        (16, -1, -1)
        """
        labels = self.labels
        if word in labels:
            return labels.index(word)
        return labels.index(UNKNOWN_LABEL) if self.unknown and word != SILENCE_LABEL else NO_LABEL

    @property
    def protocols(self) -> tuple[str, ...]:
        """What it can be measured on, the usual one first.

        The official test set has silence and unknown words; where one of them has no label, the testing list is left.

        >>> TWELVE.protocols[0], ALL_35.protocols[0]
        ('official', 'testing-list')
        """
        return tuple(name for name in PROTOCOLS if name != "official" or (self.silence and self.unknown))

    @classmethod
    def of_labels(cls, labels: Sequence[str]) -> Vocabulary:
        """The vocabulary that has these labels.

        Raises:
            ConfigError: If none has.

        >>> Vocabulary.of_labels(LABELS) == TWELVE
        True
        """
        words = tuple(label for label in labels if label not in (SILENCE_LABEL, UNKNOWN_LABEL))
        vocabulary = cls(words=words, silence=SILENCE_LABEL in labels, unknown=UNKNOWN_LABEL in labels)
        _require(
            vocabulary.labels == tuple(labels),
            f"labels is {shown(list(labels))}; silence and unknown stand once, behind the words.",
        )
        return vocabulary

    @property
    def title(self) -> str:
        """How many words, for people.

        >>> Vocabulary(words=("yes", "no", "marvin")).title
        '3 words'
        """
        return f"{len(self.words)} words" if len(self.words) > 1 else self.words[0]


NO_LABEL = -1
"""Number of a clip that has no label in a vocabulary."""

TWELVE = Vocabulary()
"""The ten words, silence and unknown: the twelve classes that most of what is published was measured with."""

ALL_35 = Vocabulary(words=tuple(sorted((*KEYWORDS, *UNKNOWN_WORDS))), silence=False, unknown=False)
"""The 35-word protocol of Speech Commands v2: every word by name, no silence and nothing unknown, the official
validation and testing lists."""


def protocol_title(protocol: str, vocabulary: Vocabulary = TWELVE) -> str:
    """Which clips a score was measured on, and what was to be told apart unless it was the usual twelve classes.

    >>> protocol_title("official"), protocol_title("testing-list", ALL_35)
    ('official test set', 'testing list, 35-word protocol')
    >>> protocol_title("official", Vocabulary(words=("yes", "no", "marvin")))
    'official test set, 3 words'
    """
    title = PROTOCOLS.get(protocol, protocol)
    if vocabulary == TWELVE:
        return title
    return f"{title}, {'35-word protocol' if vocabulary == ALL_35 else vocabulary.title}"


def protocol_note(protocol: str, vocabulary: Vocabulary = TWELVE) -> str:
    """What a person must know of the clips of a protocol, beside a score on them."""
    if vocabulary == TWELVE or protocol not in ("official", "testing-list"):
        return PROTOCOL_NOTES[protocol]
    if protocol == "official":
        return "made for twelve balanced classes, counted as these labels"
    return "no silence, mostly unknown words" if vocabulary.unknown else "no silence, nothing unknown"


@dataclass(frozen=True, kw_only=True)
class FrontEndConfig:
    """How a waveform becomes a log-mel spectrogram; the defaults are the nnAudio tutorial's."""

    setting: Setting = "D"
    """Which parts learn: one of A, B, C, D (see ``SETTINGS``)."""
    sample_rate: int = SAMPLE_RATE
    """Samples per second (Hz)."""
    n_fft: int = 480
    """Length of a frame in samples: 480 are 30 ms."""
    win_length: int | None = None
    """Length of the window in samples; None means ``n_fft``."""
    hop_length: int = 160
    """Samples from one frame to the next: 160 are 10 ms."""
    n_mels: int = 40
    """Number of mel filters."""
    window: str = "hann"
    """Window shape, a name that ``scipy.signal.get_window`` knows."""
    fmin: float = 0.0
    """Lowest frequency of the initial filters (Hz)."""
    fmax: float | None = None
    """Highest frequency of the initial filters (Hz); None means half the sample rate."""
    htk: bool = False
    """True for the HTK mel formula, False for Slaney's."""
    norm: Literal[1] | None = 1
    """1 gives each initial triangle the same area, None the same height."""
    center: bool = True
    """Whether a frame is centred on its time stamp (the clip is then padded by half a frame)."""
    pad_mode: Literal["reflect", "constant"] = "reflect"
    """How a centred clip is padded."""
    log_offset: float = 1e-10
    """Added to the mel power before the logarithm, so that digital silence stays finite."""
    power_offset: float = 0.0
    """Added to the power of every STFT bin; nnAudio adds 1e-8 where the STFT is trainable, and so do its models."""
    mel_start: MelStart = "mel"
    """What the mel filters are before training (see ``MEL_STARTS``)."""
    stft_start: StftStart = "fourier"
    """What the STFT kernels are before training (see ``STFT_STARTS``)."""
    start_seed: int = 0
    """Seed of random filters."""
    mel_shape: MelShape = "free"
    """What of trained mel filters learns (see ``MEL_SHAPES``)."""
    pcen: Pcen = "off"
    """What of per-channel energy normalisation (PCEN) follows the mel filters (see ``PCENS``)."""
    masked_bins: tuple[int, int] | None = None
    """First and last STFT bin that no mel filter hears, before training and after; None lets them hear all."""

    def __post_init__(self) -> None:
        _check_kinds(self)
        _between("sample_rate", self.sample_rate, 1, 1_000_000)
        _between("n_fft", self.n_fft, 2, LARGEST_FFT)
        _require(self.n_fft % 2 == 0, f"n_fft is {self.n_fft}; it must be even.")
        _between("hop_length", self.hop_length, 1, CLIP_SAMPLES)
        _between("n_mels", self.n_mels, 1, 1024)
        # A float32 cannot tell a smaller one from zero, whose logarithm is no number.
        _between("log_offset", self.log_offset, 1e-37, 1.0)
        _between("power_offset", self.power_offset, 0, 1)
        if self.win_length is not None:
            _between("win_length", self.win_length, 1, self.n_fft)
        _between("start_seed", self.start_seed, 0, 2**31 - 1)
        _require(
            self.mel_shape == "free" or self.mel_start == "mel",
            f"mel_shape is {self.mel_shape!r} and mel_start 'random'; only free filters can start at random.",
        )
        if self.masked_bins is not None:
            low, high = self.masked_bins
            _require(
                0 <= low <= high < self.n_bins and high - low + 1 < self.n_bins,
                f"masked_bins is {self.masked_bins}; it must be (first, last) of bins 0 to {self.n_bins - 1}, not all.",
            )
        top_hz = self.sample_rate / 2 if self.fmax is None else self.fmax
        _require(
            0 <= self.fmin < top_hz <= self.sample_rate / 2,
            f"fmin is {self.fmin} and fmax {self.fmax} Hz; they need 0 <= fmin < fmax <= {self.sample_rate / 2}.",
        )
        features = self.n_frames() * max(self.n_bins, 5 * self.n_mels)
        _require(
            0 < features <= LARGEST_FEATURES,
            f"hop_length is {self.hop_length}; with n_fft {self.n_fft} a clip has {self.n_frames():,} frames of "
            f"{self.n_bins} bins and {self.n_mels} mels. It must be at least one frame, and at most "
            f"{LARGEST_FEATURES:,} numbers (five times the mels count like bins). Choose another hop.",
        )

    @property
    def trains_mel(self) -> bool:
        """Whether the mel filters are trained."""
        return self.setting in "BD"

    @property
    def trains_stft(self) -> bool:
        """Whether the STFT kernels are trained."""
        return self.setting in "CD"

    @property
    def n_bins(self) -> int:
        """Frequency bins of the STFT."""
        return self.n_fft // 2 + 1

    def n_frames(self, n_samples: int = CLIP_SAMPLES) -> int:
        """Frames in a clip of ``n_samples`` samples.

        >>> FrontEndConfig().n_frames()
        101
        """
        padded = n_samples + (2 * (self.n_fft // 2) if self.center else 0)
        return (padded - self.n_fft) // self.hop_length + 1


BCRESNET_TAUS = (1, 1.5, 2, 3, 6, 8)
"""Published widths of BC-ResNet (Kim et al., 2021)."""

CAUSAL, CAUSAL_TAUS = "-causal", (1, 3)
"""How the names of causal networks end, and the widths that they come in."""

MODELS: dict[str, str] = {
    "linear": "one linear layer on the flattened log-mel",
    **{f"bcresnet-{tau:g}": f"BC-ResNet, width {tau:g}" for tau in BCRESNET_TAUS},
    **{
        f"bcresnet-{tau:g}{CAUSAL}": f"BC-ResNet, width {tau:g}, causal: it can go along a stream"
        for tau in CAUSAL_TAUS
    },
    "embedding": "Google's speech embedding, and one linear layer on it",
}
"""Network names and what they are."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Which network stands behind the front end."""

    name: str = "linear"
    """One of ``MODELS``."""
    normalise: bool = True
    """Whether each mel band is brought to mean 0 and deviation 1 before the network."""

    def __post_init__(self) -> None:
        _check_kinds(self)
        _one_of("model name", self.name, MODELS)

    @property
    def causal(self) -> bool:
        """Whether what it makes of a frame depends on no later one, so that it can go along a stream."""
        return self.name.endswith(CAUSAL)


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Changes made to training clips, drawn anew for every clip and epoch. Zero switches a change off."""

    time_shift_ms: float = 0.0
    """Largest shift to either side (ms)."""
    noise_probability: float = 0.0
    """Share of clips that get background noise, 0 to 1."""
    noise_amplitude: float = 0.1
    """Noise is scaled by a factor drawn from 0 to this (used when ``noise_snr_db`` is None)."""
    noise_snr_db: tuple[float, float] | None = None
    """Lowest and highest signal-to-noise ratio (dB); None scales by ``noise_amplitude`` instead."""
    noise_against: Literal["clip", "word"] = "clip"
    """What that ratio compares noise with: the mean power of the whole clip, or of its word while it is spoken."""
    noise_kinds: tuple[NoiseKind, ...] = ("recorded",)
    """What noise is cut from (see ``NOISE_KINDS``), each kind alike often."""
    tempo: tuple[float, float] = (1.0, 1.0)
    """Slowest and fastest that clips are played, 1 as they are; pitch goes with it."""
    reverb_probability: float = 0.0
    """Share of clips that are heard in a room, 0 to 1."""
    reverb_s: tuple[float, float] = (0.1, 0.6)
    """Shortest and longest reverberation time of a room: in it the echoes fall by 60 dB (s)."""
    band_probability: float = 0.0
    """Share of clips that are heard by a microphone with a narrower band, noise included, 0 to 1."""
    gain_db: tuple[float, float] = (0.0, 0.0)
    """Lowest and highest gain (dB) given to clips of words, noise included."""
    silence_gain_db: tuple[float, float] = (0.0, 0.0)
    """Lowest and highest gain (dB) given to silence clips, which are noise at one recorded volume otherwise."""
    silence_from_noise: float = 0.0
    """Share of silence clips that are cut from training noise of every kind, 0 to 1; a dataset's own come from few
    recordings."""
    talk_share: float = 0.0
    """Share of unknown clips that become seconds of talk: training clips in pieces, with no whole keyword, 0 to 1."""
    frequency_masks: int = 0
    """Masks over mel bands a clip (SpecAugment)."""
    frequency_mask_bins: int = 0
    """Widest frequency mask (mel bands)."""
    time_masks: int = 0
    """Masks over frames a clip (SpecAugment)."""
    time_mask_frames: int = 0
    """Widest time mask (frames)."""

    @property
    def changes_waveforms(self) -> bool:
        """Whether the sound itself is changed, and not only its spectrogram."""
        louder = (self.gain_db, self.silence_gain_db) != ((0.0, 0.0), (0.0, 0.0))
        others = self.talk_share > 0 or self.silence_from_noise > 0
        heard = self.tempo != (1.0, 1.0) or self.reverb_probability > 0 or self.band_probability > 0
        return self.time_shift_ms > 0 or self.noise_probability > 0 or others or louder or heard

    def __post_init__(self) -> None:
        _check_kinds(self)
        _between("time_shift_ms", self.time_shift_ms, 0, 1000)
        for name in ("noise_probability", "silence_from_noise", "talk_share", "reverb_probability", "band_probability"):
            _between(name, getattr(self, name), 0, 1)
        _between("noise_amplitude", self.noise_amplitude, 0, 10)
        _require(
            0 < len(self.noise_kinds) == len(set(self.noise_kinds)),
            f"noise_kinds is {shown(self.noise_kinds)}; it must name one kind or several, each once.",
        )
        for name, least, most in (
            ("noise_snr_db", -200, 200),
            ("gain_db", -200, 200),
            ("silence_gain_db", -200, 200),
            ("tempo", 0.5, 2),
            ("reverb_s", 0.01, 5),
        ):
            value = getattr(self, name)
            if value is not None:
                lowest, highest = value
                _require(lowest <= highest, f"{name} is {value!r}; it must be (lowest, highest).")
                _between(f"the first of {name}", lowest, least, most)
                _between(f"the last of {name}", highest, least, most)
        for name in ("frequency_masks", "frequency_mask_bins", "time_masks", "time_mask_frames"):
            _between(name, getattr(self, name), 0, 1000)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the model is trained."""

    regime: Literal["matched", "tutorial"] = "matched"
    """"matched" gives the filters their own step size; "tutorial" trains all parts alike, as the tutorial does."""
    epochs: int = 20
    batch_size: int = 100
    """Clips a step."""
    seed: int = 0
    learning_rate: float = 1e-2
    """Peak step size of the network (SGD)."""
    momentum: float = 0.9
    weight_decay: float = 0.0
    """Pull of the network's weights towards zero; the filters get none, except in the regime "tutorial"."""
    warmup_epochs: float = 0.0
    """Epochs over which the step size grows from 0 to its peak."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """Whether the step size then stays or falls to 0 along a cosine."""
    mel_rate: float = 1e-3
    """Size of one step of the mel filters, as a share of their typical weight."""
    stft_rate: float = 1e-3
    """Size of one step of the STFT kernels, as a share of their typical weight."""
    pcen_rate: float = 1e-3
    """Size of one step of the numbers of PCEN, as a share of what each is at the start."""
    pull: float = 0.0
    """Part of the way that all weights are pulled back, after every epoch, to the model that they began with: it
    forgets less of what that model knew. A run from scratch has nothing to be pulled to."""
    balance: Literal["uniform", "tutorial", "none"] = "uniform"
    """How clips are drawn: every class alike, with the tutorial's weights, or as they come."""
    unknown_weight: float = 1.0
    """How often an unknown clip is drawn, as a multiple of what ``balance`` says."""
    products: Literal["float32", "bfloat16"] = "float32"
    """Dtype of the large matrix multiplications with trained STFT kernels. bfloat16 is faster on hardware made for it;
    it changes log-mels by less than 0.01 and gradients by about 0.3 %."""
    cache_mb: int = 1024
    """Memory (MB) for spectrograms that training does not change, computed once; 0 computes them in every step."""
    label_smoothing: float = 0.0
    """Share of the answer that is spread over all labels while learning (Szegedy et al., 2016), 0 to 1."""
    averaging: float = 0.0
    """Share that averaged weights keep of themselves in a step: 0.999 averages about a thousand steps. They are what
    is validated and kept; 0 keeps the weights as they are."""
    validate_every: int = 1
    """Epochs from one validation to the next."""
    snapshots: int = 8
    """Number of epochs, beside the start, whose filters are kept to show how they evolved."""

    def __post_init__(self) -> None:
        _check_kinds(self)
        _between("cache_mb", self.cache_mb, 0, 10_000_000)
        _between("epochs", self.epochs, 1, 10_000)
        _between("batch_size", self.batch_size, 2, 10_000)
        _between("seed", self.seed, 0, 2**31 - 1)
        _between("momentum", self.momentum, 0, 0.9999)
        _between("pull", self.pull, 0, 1)
        _between("averaging", self.averaging, 0, 0.99999)
        _between("unknown_weight", self.unknown_weight, 0.01, 100)
        _between("label_smoothing", self.label_smoothing, 0, 0.9)
        _between("validate_every", self.validate_every, 1, 10_000)
        _between("snapshots", self.snapshots, 1, 1000)
        _between("warmup_epochs", self.warmup_epochs, 0, 10_000)
        for name in ("learning_rate", "weight_decay", "mel_rate", "stft_rate", "pcen_rate"):
            _between(name, getattr(self, name), 0, 1e38)


@dataclass(frozen=True, kw_only=True)
class StartConfig:
    """The trained model whose weights a run begins with; all empty where it begins from scratch.

    "Initial" then means: before this training began, which is what that model had learned. Where it had learned
    nothing of its filters they are the textbook's, which follow from the settings of the front end alone.
    """

    name: str = ""
    """What it was called."""
    checkpoint: str = ""
    """SHA-256 of its file."""
    setting: Setting = "A"
    """What of its spectrogram had been trained before (see ``SETTINGS``)."""
    datasets: tuple[str, ...] = ()
    """What it was trained on, for people: the first training first."""

    def __post_init__(self) -> None:
        _check_kinds(self)
        is_hash = re.fullmatch("[0-9a-f]{64}", self.checkpoint) is not None
        empty = not self.checkpoint and not self.datasets and self.setting == "A"
        _require(
            is_hash if self.name else empty,
            f"checkpoint is {shown(self.checkpoint)}; a run that begins from a model has its name and its SHA-256.",
        )
        for text in (self.name, *self.datasets):
            _require(len(text) <= 400, f"start names {shown(text)}; a name has at most 400 characters.")
        _require(len(self.datasets) <= 100, f"start has {len(self.datasets)} datasets; it can have 100.")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that decides a training run, apart from the data."""

    preset: str = "linear"
    """Name of the preset it started from (see ``core.training.presets``)."""
    vocabulary: Vocabulary = TWELVE
    """What it learns to tell apart."""
    front_end: FrontEndConfig = field(default_factory=FrontEndConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    start: StartConfig = field(default_factory=StartConfig)

    def __post_init__(self) -> None:
        _check_kinds(self)
        _require(
            re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", self.preset) is not None,
            f"preset is {shown(self.preset)}; a name has at most 60 letters, digits, '.', '_' and '-'.",
        )
        _require(
            not (self.model.causal and self.front_end.center),
            f"center is True; {self.model.name} goes along a stream, where no frame can mirror the end of a clip, so "
            "center must be False.",
        )
        _require(
            self.model.name != "embedding" or self.front_end.pcen == "off",
            f"pcen is {self.front_end.pcen!r}; the speech embedding was trained on log-mels, so pcen must be 'off'.",
        )
        _require(
            self.training.products == "float32" or self.front_end.stft_start == "fourier",
            "products is 'bfloat16', which computes only what differs from Fourier kernels; "
            "with stft_start 'random' it must be 'float32'.",
        )
        _require(
            self.training.products == "float32" or self.start.setting in "AB",
            "products is 'bfloat16', which computes only what differs from Fourier kernels; a run that begins from a "
            "model with trained kernels needs 'float32'.",
        )
        _require(
            self.training.batch_size * self.front_end.n_frames() * self.front_end.n_bins <= LARGEST_BATCH,
            f"batch_size is {self.training.batch_size}; with {self.front_end.n_frames():,} frames of "
            f"{self.front_end.n_bins} bins a clip, a step would take gigabytes. Take fewer clips, or a longer hop.",
        )

    @property
    def title(self) -> str:
        """Short name for a person: network, what is learned, and whatever is not the tutorial's own.

        >>> RunConfig(front_end=FrontEndConfig(n_mels=10, mel_start="random")).title
        'Linear, learned filters and kernels (D), 10 mels, random mels'
        """
        front_end = self.front_end
        kind, *width = self.model.name.removesuffix(CAUSAL).split("-")
        network = " ".join([NETWORK_NAMES[kind], *width, *(["causal"] if self.model.causal else [])])
        if self.preset == ENROLMENT:
            few = self.vocabulary.words[:NAMED]
            return f"{network}, {', '.join(few) if few == self.vocabulary.words else self.vocabulary.title}"
        if self.preset == ROOM:
            return f"{network}, fitted to a room, from {shortened(self.start.name, 40)}"
        parts = [network, setting_name(front_end.setting)]
        if self.vocabulary != TWELVE:
            parts.append(self.vocabulary.title)
        if self.training.regime == "tutorial":
            parts.append("tutorial")
        if front_end.n_mels != FrontEndConfig.n_mels and kind != "embedding":
            parts.append(f"{front_end.n_mels} mels")
        if front_end.mel_start == "random":
            parts.append("random mels")
        if front_end.stft_start == "random":
            parts.append("random kernels")
        if front_end.mel_shape != "free":
            parts.append(f"{front_end.mel_shape}s")
        if front_end.pcen != "off":
            parts.append("learned PCEN" if front_end.pcen == "learned" else "PCEN")
        if front_end.masked_bins is not None:
            parts.append("bins {}–{} masked".format(*front_end.masked_bins))
        if self.augment.noise_snr_db is not None:
            parts.append("in noise")
        if self.start.name:
            parts.append(f"fine-tuned from {shortened(self.start.name, 40)}")
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class ListeningConfig:
    """How answers along a stream become detections; threshold, average, count and refractory time are the knobs."""

    hop_s: float = 0.1
    """Seconds from one decision to the next (rounded to whole frames of the front end)."""
    average_s: float = 0.3
    """Probabilities are averaged over this long (s). Longer is calmer, and later."""
    threshold: float = 0.7
    """Averaged probability from which a word counts, 0 to 1. Higher gives fewer false alarms, and more misses."""
    word_thresholds: tuple[tuple[str, float], ...] = ()
    """Words with a threshold of their own."""
    minimum_count: int = 2
    """Decisions in a row in which a word must reach its threshold. More are safer, and later."""
    refractory_s: float = 0.7
    """After a detection nothing is detected for this long (s). Longer loses words that are spoken fast."""

    def __post_init__(self) -> None:
        _check_kinds(self)
        _between("hop_s", self.hop_s, 0.01, 0.5)
        _between("average_s", self.average_s, 0, 5)
        _between("threshold", self.threshold, 0, 1)
        _between("minimum_count", self.minimum_count, 1, 100)
        _between("refractory_s", self.refractory_s, 0, 10)
        for word, threshold in self.word_thresholds:
            _require(is_word(word), f"word_thresholds has a threshold for {shown(word)}, which can be no word.")
            _between(f"threshold of {word!r}", threshold, 0, 1)
        words = [word for word, _ in self.word_thresholds]
        _require(len(set(words)) == len(words), f"word_thresholds names a word twice: {', '.join(words)}.")

    def threshold_of(self, word: str) -> float:
        """The threshold that holds for a word.

        >>> config = ListeningConfig(threshold=0.7, word_thresholds=(("go", 0.9),))
        >>> config.threshold_of("go"), config.threshold_of("yes")
        (0.9, 0.7)
        """
        return dict(self.word_thresholds).get(word, self.threshold)
