"""Named settings that work without reading a paper, and where each comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.config import (
    BCRESNET_TAUS,
    CAUSAL,
    CAUSAL_TAUS,
    ENROLMENT,
    ROOM,
    TWELVE,
    AugmentConfig,
    FrontEndConfig,
    ModelConfig,
    Pcen,
    RunConfig,
    Setting,
    TrainingConfig,
    Vocabulary,
)
from core.errors import ConfigError

LOG_OFFSET = 1e-6
"""Our presets' floor under the logarithm, some 20 dB below a quiet room. The tutorial's 1e-10 lets the digital zeros of
padded clips lie so far below everything else that they dominate a band's statistics (validation accuracy of the linear
model after 6 epochs: 57.8 % against 55.6 %)."""


@dataclass(frozen=True)
class Preset:
    """A named starting point."""

    name: str
    title: str
    summary: str
    """Two sentences for a beginner."""
    config: RunConfig


LINEAR = Preset(
    name="linear",
    title="Linear model",
    summary="One layer on the log-mel spectrogram: trains in a minute or two, and shows what the filters alone can do. "
    "The best first run.",
    config=RunConfig(
        preset="linear",
        front_end=FrontEndConfig(log_offset=LOG_OFFSET),
        model=ModelConfig(name="linear"),
        training=TrainingConfig(epochs=20, learning_rate=3e-3, weight_decay=3e-2),
    ),
)

TUTORIAL = Preset(
    name="tutorial",
    title="Linear model, the tutorial's recipe",
    summary="The nnAudio tutorial's own training, kept for comparison: no normalisation, one step size and weight "
    "decay for everything, mel weights clamped to 0 to 1. Its notebooks leave the filters out, which is setting A.",
    config=RunConfig(
        preset="tutorial",
        model=ModelConfig(name="linear", normalise=False),
        training=TrainingConfig(
            regime="tutorial",
            epochs=200,
            learning_rate=1e-3,
            weight_decay=1e-3,
            schedule="constant",
            balance="tutorial",
            validate_every=2,
        ),
    ),
)

_FREQUENCY_MASK_BINS = {1: 0, 1.5: 1, 2: 3, 3: 5, 6: 7, 8: 7}
"""Widest SpecAugment frequency mask by width (Kim et al., 2021, section 4)."""


def _bcresnet(tau: float) -> Preset:
    """The published recipe (Kim et al., 2021): 200 epochs; scale the epochs down and the schedule follows.

    Its noise is hardly any: Speech Commands' recordings of it lie near -50 dB of full scale, and a tenth of that at
    most is some 50 dB below speech.
    """
    masks = _FREQUENCY_MASK_BINS[tau]
    return Preset(
        name=f"bcresnet-{tau:g}",
        title=f"BC-ResNet {tau:g}",
        summary="A small convolutional network, far more accurate than the linear model, trained with the published "
        "recipe: shifted in time, mixed with background noise (so faint that a room's is not learned), parts of the "
        "spectrogram masked.",
        config=RunConfig(
            preset=f"bcresnet-{tau:g}",
            front_end=FrontEndConfig(log_offset=LOG_OFFSET),
            model=ModelConfig(name=f"bcresnet-{tau:g}"),
            augment=AugmentConfig(
                time_shift_ms=100,
                noise_probability=0.8,
                noise_amplitude=0.1,
                silence_gain_db=(-30.0, 0.0),
                frequency_masks=2 if masks else 0,
                frequency_mask_bins=masks,
                time_masks=2 if masks else 0,
                time_mask_frames=20 if masks else 0,
            ),
            training=TrainingConfig(epochs=200, learning_rate=0.1, weight_decay=1e-3, warmup_epochs=5),
        ),
    )


def _causal(preset: Preset) -> Preset:
    """The same recipe for the network that goes along a stream."""
    config = preset.config
    name = preset.name + CAUSAL
    return Preset(
        name=name,
        title=f"{preset.title}, causal",
        summary="A BC-ResNet whose frames see only those before them: along a stream each is computed once, and a "
        "decision takes a fraction of the time.",
        config=replace(
            config,
            preset=name,
            front_end=replace(config.front_end, center=False),
            model=replace(config.model, name=config.model.name + CAUSAL),
        ),
    )


IN_NOISE = "-in-noise"

EARS = AugmentConfig(
    time_shift_ms=100,
    noise_probability=0.8,
    noise_snr_db=(-5.0, 25.0),
    noise_against="word",
    noise_kinds=("recorded", "computed", "coloured", "babble"),
    silence_gain_db=(-22.0, 40.0),
    silence_from_noise=0.5,
)
"""What a model has to hear in training that is to listen in a room. The silence of Speech Commands' official test set
is its noise recordings times -22 to +40 dB (each clip was found in its recording)."""


AVERAGING = 0.999
"""Averaged weights end a long training calmly (keywords of BC-ResNet 1 after 30 epochs, one seed, validation clips:
96.1 % with them, 94.8 % without)."""

UNKNOWN_WEIGHT = 2.0
"""In a room most of what is said is no keyword: unknown clips are drawn twice as often as a keyword's."""


def _in_noise(preset: Preset, averaging: float = AVERAGING, **augment: Any) -> Preset:
    """The same model, trained with noise that can be heard: its masks stay as published."""
    config = preset.config
    masks = {name: getattr(config.augment, name) for name in _MASKS}
    return Preset(
        name=preset.name + IN_NOISE,
        title=f"{preset.title}, in noise",
        summary=f"The same as {preset.title}, for a room that is not quiet: clips are mixed with noise, from 25 dB "
        "below the word to 5 dB above it, and silence is heard at every volume.",
        config=replace(
            config,
            preset=preset.name + IN_NOISE,
            augment=replace(EARS, **masks, **augment),
            training=replace(config.training, unknown_weight=UNKNOWN_WEIGHT, averaging=averaging),
        ),
    )


_MASKS = ("frequency_masks", "frequency_mask_bins", "time_masks", "time_mask_frames")

_PUBLISHED = {preset.name: preset for preset in (LINEAR, TUTORIAL, *(_bcresnet(tau) for tau in BCRESNET_TAUS))}

_CAUSAL = {preset.name: preset for preset in (_causal(_bcresnet(tau)) for tau in CAUSAL_TAUS)}

_IN_NOISE = (
    # On validation clips in a noise never trained on (running water), three seeds, 8 epochs: with the recorded kind
    # alone 33.8 % are right at 10 dB and 20.4 % at 0 dB, with all kinds 29.8 and 16.1 %; clean 49.1 and 49.2 %.
    _in_noise(LINEAR, averaging=0.0, noise_kinds=("recorded",), time_shift_ms=0.0),
    *(_in_noise(_PUBLISHED[f"bcresnet-{tau}"]) for tau in (1, 3, 8)),
    *(_in_noise(preset) for preset in _CAUSAL.values()),
)

PRESETS: dict[str, Preset] = _PUBLISHED | _CAUSAL | {preset.name: preset for preset in _IN_NOISE}
"""From a name to its preset."""

FINE_TUNING = "fine-tuning"
"""What a training that begins with a trained model is called where no other preset is chosen."""

_TUNED = TrainingConfig(epochs=1, learning_rate=1e-2, warmup_epochs=0.1, pull=0.4, mel_rate=2e-4, stft_rate=2e-5)
"""Short and careful: one epoch cannot make up for filters that move as far as those of a long training do. A second one
forgets more than it learns (BC-ResNet 1 D trained on with the demo words, seeds 0 to 2, real validation clips: 90.7,
90.6 and 91.7 % after one epoch, 89.1, 89.5 and 91.4 % after two)."""


_NEW_WORDS = TrainingConfig(epochs=20, learning_rate=5e-2, weight_decay=1e-3, warmup_epochs=1, averaging=0.99)
"""Where a trained model learns other words: what tells them apart begins anew, and the rest has to follow."""


EMBEDDING_RATE = 1e-4
"""Step size of the speech embedding, whose numbers reach 40 and which has no normalisation: at 1e-2 the loss becomes
infinite within an epoch."""


def tuned(
    known: RunConfig, *, epochs: int | None = None, seed: int | None = None, vocabulary: Vocabulary | None = None
) -> RunConfig:
    """Settings to train a model on with: its own changes to clips, and small steps that keep what it knows.

    With other words than it knows the steps are larger, and there are more of them.
    """
    words = vocabulary or known.vocabulary
    usual = _TUNED if words == known.vocabulary else _NEW_WORDS
    training = replace(usual, epochs=usual.epochs if epochs is None else epochs, seed=seed or 0)
    if known.model.name == "embedding":
        training = replace(training, learning_rate=EMBEDDING_RATE)
    return replace(known, preset=FINE_TUNING, vocabulary=words, training=training)


EMBEDDING = "shipped-embedding"
"""The shipped model that hears unless another is named."""

FEW = AugmentConfig(
    time_shift_ms=120,
    noise_probability=0.7,
    noise_snr_db=(0.0, 30.0),
    noise_against="word",
    noise_kinds=("recorded", "computed"),
    tempo=(0.9, 1.1),
    reverb_probability=0.4,
    band_probability=0.4,
    gain_db=(-25.0, 5.0),
)
"""How copies of these recordings differ from them."""


def enrolled(known: RunConfig, vocabulary: Vocabulary, *, seed: int | None = None) -> RunConfig:
    """Settings of a run that gives a trained model a new last layer for other words; nothing else of it is changed."""
    front_end = replace(known.front_end, setting="A", mel_shape="free")
    training = TrainingConfig(epochs=1, seed=seed or 0, snapshots=1)
    return RunConfig(
        preset=ENROLMENT, vocabulary=vocabulary, front_end=front_end, model=known.model, augment=FEW, training=training
    )


def adapted(known: RunConfig, *, seed: int | None = None) -> RunConfig:
    """Settings of a run that fits a trained model to a room: of its spectrogram, PCEN alone learns, if it has any.

    Raises:
        ConfigError: If there is nothing of it that could be fitted.
    """
    if known.front_end.pcen == "off" and not known.model.normalise:
        raise ConfigError(
            "This model has neither PCEN nor bands that are normalised, so there is nothing of it that could be fitted "
            "to a room. Choose another model: BC-ResNet and the linear model have such bands."
        )
    pcen: Pcen = "off" if known.front_end.pcen == "off" else "learned"
    front_end = replace(known.front_end, setting="A", mel_shape="free", pcen=pcen)
    training = TrainingConfig(epochs=1, seed=seed or 0, snapshots=1)
    return RunConfig(
        preset=ROOM, vocabulary=known.vocabulary, front_end=front_end, model=known.model, training=training
    )


NNAUDIO_POWER_OFFSET = 1e-8
"""What nnAudio adds to every bin's power where the STFT is trainable."""


def preset_config(
    name: str,
    *,
    setting: Setting = "D",
    epochs: int | None = None,
    seed: int | None = None,
    vocabulary: Vocabulary = TWELVE,
    **front_end: Any,
) -> RunConfig:
    """A preset with the choices that every run makes, and further ones of the front end by name.

    With fewer epochs than published the warm-up keeps its share of the run. The seed is also that of random filters.

    Raises:
        ConfigError: If there is no such preset, or a choice is out of range.

    >>> preset_config("bcresnet-1", setting="A", epochs=20).training.warmup_epochs
    0.5
    """
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
    config = PRESETS[name].config
    training = config.training
    if epochs is not None:
        scale = min(1.0, epochs / training.epochs)
        training = replace(training, epochs=epochs, warmup_epochs=training.warmup_epochs * scale)
    if seed is not None:
        training = replace(training, seed=seed)
    start_seed = config.front_end.start_seed if seed is None else seed
    chosen = replace(config.front_end, setting=setting, **{"start_seed": start_seed, **front_end})
    if training.regime == "tutorial" and chosen.trains_stft:
        chosen = replace(chosen, power_offset=NNAUDIO_POWER_OFFSET)
    return replace(config, vocabulary=vocabulary, front_end=chosen, training=training)


def train_options(config: RunConfig) -> list[str]:
    """The options of ``train`` that make these settings again, apart from the data; finer settings have none.

    >>> " ".join(train_options(preset_config("linear", setting="B", seed=1, n_mels=10, pcen="learned")))
    '--preset linear --setting B --epochs 20 --seed 1 --n-mels 10 --pcen learned'
    """
    front_end, usual = config.front_end, FrontEndConfig()
    options = ["--from", config.start.name] if config.start.name else []
    if config.preset in PRESETS:
        options += ["--preset", config.preset]
    options += ["--setting", front_end.setting, "--epochs", str(config.training.epochs)]
    options += ["--seed", str(config.training.seed)]
    if config.start.name:
        return options  # its spectrogram comes along
    for name in ("n_mels", "mel_start", "stft_start", "mel_shape", "pcen"):
        if (value := getattr(front_end, name)) != getattr(usual, name):
            options += [f"--{name.replace('_', '-')}", str(value)]
    if front_end.masked_bins is not None:
        options += ["--masked-bins", "{}-{}".format(*front_end.masked_bins)]
    return options
