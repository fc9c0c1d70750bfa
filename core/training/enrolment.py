"""Words learned from a few recordings: the speech embedding stays as it is and gets a new last layer.

Each recording is heard in many ways (moved, in noise, in rooms, through other microphones); all are embedded once, and
a logistic regression tells the words and everything else apart. What is said of the result comes from models that were
fitted without the recordings, and without the talk, that they are asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from core.config import CLIP_SAMPLES, SAMPLE_RATE, SILENCE_LABEL, UNKNOWN_LABEL, ListeningConfig, RunConfig, Vocabulary
from core.data.acoustics import rooms
from core.data.augment import Noise, augment_waveform
from core.data.demo import demo_noises
from core.data.pack import Pack
from core.data.source import OTHER_WORD, Progress
from core.models import KeywordSpotter
from core.models.embedding import SIZE, SpeechEmbedding
from core.records.arrays import FloatArray
from core.records.enrolment import EnrolledWord
from core.text import fold as fold_case

COPIES = 12
"""Changed copies of each recording that are learned beside it."""

STRENGTH = 0.02
"""Inverse strength of the regression's pull towards 0 (scikit-learn's ``C``)."""

UNKNOWN_SHARE = 0.3
"""How much all that is none of the words weighs, as a share of what all words weigh together."""

TALK_WEIGHT, WORDS_WEIGHT, OWN_WEIGHT = 1.0, 0.3, 1.0
"""How much of that is talk, single words, and what the user has recorded as none of the words."""

MOST_FOLDS = 10
"""Models that are fitted without a part of the recordings each."""

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
"""What the threshold is chosen from."""

LISTENING = ListeningConfig(average_s=0.2, minimum_count=1)
"""What such a model listens with, apart from the threshold. Six wake words after five recordings, at the threshold that
24 minutes of talk do not pass: 90 % are detected along their recordings, 75 % with the usual three decisions averaged
and two in a row, and none of 0.36 h of other talk either way."""

TALK_HOP_S = 0.3
"""Seconds from one embedding of talk to the next."""

AT_ONCE = 64
"""Clips embedded at a time."""


Change = Callable[[Tensor, NDArray[np.int64]], Tensor]
"""From waveforms (B, 16000), and their rows (B,), to waveforms of the same shape."""


class Talk(NamedTuple):
    """Embeddings of what is none of the words: along recordings of talk, and of single words."""

    title: str
    """What the talk is, for people."""
    embeddings: FloatArray
    """Of the talk, (n, 288), one every ``hop_s``."""
    recording: NDArray[np.int64]
    """Number of the recording that each is from, rising, (n,)."""
    hop_s: float
    words: FloatArray
    """Of single words, (m, 288)."""
    said: NDArray[np.str_]
    """Which words these are, (m,)."""

    @property
    def hours(self) -> float:
        """How long it is."""
        return len(self.recording) * self.hop_s / 3600


@dataclass(frozen=True, eq=False)
class Heard:
    """All that a head is fitted on, embedded: the recordings of the words, their copies, and what is none of them."""

    vocabulary: Vocabulary
    recordings: FloatArray
    """(n, 288), as they were recorded."""
    copies: FloatArray
    """(n, COPIES, 288)."""
    labels: NDArray[np.int64]
    """Their labels, (n,)."""
    others: FloatArray
    """Seconds of the user's own that are none of the words, (m, 288)."""
    talk: Talk

    def folds(self) -> NDArray[np.int64]:
        """Which fold each recording is in, (n,): of each word, one recording after another.

        A word with a single recording is in no fold: without it nothing would be known of the word.
        """
        fold = np.full(len(self.labels), -1, np.int64)
        n = self.n_folds
        for label in np.unique(self.labels):
            rows = np.flatnonzero(self.labels == label)
            if len(rows) > 1:
                fold[rows] = np.arange(len(rows)) % n
        return fold

    def talk_folds(self) -> NDArray[np.int64]:
        """Which fold each piece of talk is in, (n,): one recording after another."""
        return self.talk.recording % self.n_folds

    @property
    def n_folds(self) -> int:
        """How many there are."""
        return int(min(MOST_FOLDS, max(2, np.bincount(self.labels).max())))


class Head(NamedTuple):
    """A last layer: weights (n_labels, 288) and biases (n_labels,)."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def probabilities(self, embeddings: FloatArray) -> NDArray[np.float64]:
        """Answers to embeddings (n, 288): (n, n_labels)."""
        return np.asarray(softmax(embeddings @ self.weight.T + self.bias, axis=1))


def hear(
    model: KeywordSpotter,
    data: Pack,
    talk: Talk,
    device: torch.device,
    config: RunConfig,
    progress: Progress | None = None,
) -> Heard:
    """Embed recordings and their copies; the seed of the settings decides how these differ.

    Args:
        model: With the speech embedding as its network, on ``device``.
        data: The recordings (see ``core.data.pack.open_to_enrol``).
        talk: What else is none of the words.
        device: Where the model is.
        config: Settings (see ``core.training.presets.enrolled``).
        progress: Called with the clips done; raising in it cancels.
    """
    vocabulary = data.vocabulary
    trained = data.splits == "train"
    spoken = np.flatnonzero(trained & np.isin(data.words, vocabulary.words))
    others = np.flatnonzero(trained & np.isin(data.words, (OTHER_WORD, SILENCE_LABEL)))
    changes, seed = config.augment, config.training.seed
    generator = torch.Generator(device).manual_seed(seed)
    noise = Noise(dict(data.noise), device, CLIP_SAMPLES, [demo_noises()])
    echoes = rooms(changes.reverb_s, seed, device)
    total = len(spoken) * (1 + COPIES) + len(others)
    done = 0

    def changed(clips: Tensor, rows: NDArray[np.int64]) -> Tensor:
        labels = torch.from_numpy(data.labels[rows]).to(device)
        return augment_waveform(clips, labels, noise, changes, generator, None, vocabulary, echoes)

    def embedded(rows: NDArray[np.int64], change: Change | None = None) -> FloatArray:
        nonlocal done
        before = done

        def told(n: int) -> None:
            nonlocal done
            done = before + n
            if progress:
                progress(done, total, "Hearing the recordings")

        return embed_clips(model, data.clips, told, rows=rows, change=change)

    recordings = embedded(spoken)
    copies = embedded(np.repeat(spoken, COPIES), changed).reshape(len(spoken), COPIES, -1)
    return Heard(vocabulary, recordings, copies, data.labels[spoken], embedded(others), talk)


@torch.inference_mode()
def embed(model: KeywordSpotter, clips: Tensor) -> FloatArray:
    """Embeddings (n, 288) of clips (n, 16000), on the model's device."""
    embeddings = cast(SpeechEmbedding, model.network).embed(model.normalise(model.front_end(clips)))
    return cast(FloatArray, embeddings.cpu().numpy())


def embed_clips(
    model: KeywordSpotter,
    clips: NDArray[np.int16],
    progress: Callable[[int], None],
    *,
    rows: NDArray[np.int64] | None = None,
    change: Change | None = None,
) -> FloatArray:
    """Embed clips, some at a time.

    Args:
        model: With the speech embedding as its network.
        clips: Samples, (n, 16000).
        progress: Called with how many are done.
        rows: Which of them; None for all, in order.
        change: What is done to them first.

    Returns:
        Embeddings, (n_rows, 288).
    """
    device = next(model.parameters()).device
    rows = np.arange(len(clips)) if rows is None else rows
    found: list[FloatArray] = [np.zeros((0, SIZE), np.float32)]
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        waveforms = torch.from_numpy(clips[some].astype(np.float32) / np.float32(32768)).to(device)
        found.append(embed(model, change(waveforms, some) if change else waveforms))
        progress(first + len(some))
    return np.concatenate(found)


def embed_talk(
    model: KeywordSpotter,
    title: str,
    recordings: Sequence[NDArray[np.int16]],
    clips: NDArray[np.int16],
    said: NDArray[np.str_],
    progress: Progress | None = None,
) -> Talk:
    """Embed what is none of the words.

    Args:
        model: With the speech embedding as its network.
        title: What the talk is, for people.
        recordings: Talk, each a row of samples; before it half a second of silence is heard, and one after it.
        clips: Single words, (m, 16000).
        said: Which words these are, (m,).
        progress: Called with what is done; raising in it cancels.
    """
    hop, before, after = round(TALK_HOP_S * SAMPLE_RATE), CLIP_SAMPLES // 2, CLIP_SAMPLES
    padded = [np.pad(samples, (before, after)) for samples in recordings]
    windows = [np.lib.stride_tricks.sliding_window_view(samples, CLIP_SAMPLES)[::hop] for samples in padded]
    total = sum(map(len, windows)) + len(clips)
    done = 0

    def told(n: int) -> None:
        if progress:
            progress(done + n, total, "Hearing what is none of the words")

    along = []
    for some in windows:
        along.append(embed_clips(model, some, told))
        done += len(some)
    recording = np.repeat(np.arange(len(windows)), [len(some) for some in windows])
    return Talk(title, np.concatenate(along), recording, TALK_HOP_S, embed_clips(model, clips, told), said)


def fit(heard: Heard, fold: int | None = None) -> Head:
    """The head that tells the words and everything else apart; without one of the folds, if it is named."""
    kept = np.flatnonzero(heard.folds() != fold)
    one_each = np.concatenate([heard.recordings[kept, None], heard.copies[kept]], axis=1)
    spoken = one_each.reshape(-1, one_each.shape[-1])
    labels = np.repeat(heard.labels[kept], one_each.shape[1])
    talk, vocabulary = heard.talk, heard.vocabulary
    own = np.array([fold_case(word) not in vocabulary.words for word in talk.said], bool)
    others = (
        (talk.embeddings[heard.talk_folds() != fold], TALK_WEIGHT),
        (talk.words[own], WORDS_WEIGHT),
        (heard.others, OWN_WEIGHT),
    )
    n_words, unknown = len(vocabulary.words), vocabulary.label_of(UNKNOWN_LABEL)
    counts = np.bincount(labels, minlength=n_words)
    weights = [1 / counts[labels]]
    weight_of_all = sum(weight for some, weight in others if len(some))
    for some, weight in others:
        weights.append(np.full(len(some), UNKNOWN_SHARE * n_words * weight / weight_of_all / max(1, len(some))))
    numbers = np.concatenate([spoken, *(some for some, _ in others)]).astype(np.float64)
    answers = np.concatenate([labels, np.full(len(numbers) - len(labels), unknown)])
    mean, deviation = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
    each = np.concatenate(weights)
    regression = LogisticRegression(C=STRENGTH, max_iter=300)
    regression.fit((numbers - mean) / deviation, answers, sample_weight=each * len(each) / each.sum())
    return _head(regression, mean, deviation)


def _head(regression: LogisticRegression, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Head:
    """The regression as a layer behind embeddings as they are; of two classes it has one row, the difference."""
    if len(regression.classes_) == 2:
        rows, biases = np.stack([-regression.coef_[0], regression.coef_[0]]) / 2, np.array([-0.5, 0.5])
        biases = biases * regression.intercept_[0]
    else:
        rows, biases = regression.coef_, regression.intercept_
    weight = rows / deviation
    return Head(weight, biases - weight @ mean)


class Unheard(NamedTuple):
    """Answers to recordings, and to talk, by heads that were fitted without them."""

    recordings: NDArray[np.float64]
    """(n, n_labels); NaN where there is no such head."""
    talk: NDArray[np.float64]
    """The largest probability of a word, (n,)."""


def answers_unheard(heard: Heard, progress: Progress | None = None) -> Unheard:
    """What heads answer to what they were not fitted on: one for each fold."""
    is_out, talk_out = heard.folds(), heard.talk_folds()
    answers = np.full((len(heard.labels), len(heard.vocabulary.labels)), np.nan)
    talked = np.zeros(len(talk_out))
    for fold in range(heard.n_folds):
        head = fit(heard, fold)
        answers[is_out == fold] = head.probabilities(heard.recordings[is_out == fold])
        words = head.probabilities(heard.talk.embeddings[talk_out == fold])[:, : len(heard.vocabulary.words)]
        talked[talk_out == fold] = words.max(axis=1)
        if progress:
            progress(fold + 1, heard.n_folds, "Trying it on what it has not heard")
    return Unheard(answers, talked)


def false_alarms(unheard: Unheard, heard: Heard, threshold: float) -> int:
    """How often the talk passes a threshold: stretches above it, each once."""
    above, recording = unheard.talk >= threshold, heard.talk.recording
    goes_on = np.concatenate([[False], above[:-1] & (recording[1:] == recording[:-1])])
    return int((above & ~goes_on).sum())


def choose_threshold(unheard: Unheard, heard: Heard, allowed: int = 0) -> float:
    """The lowest threshold at which talk that was not learned gives no more false alarms than allowed.

    Where even the highest gives more, that one is taken.
    """
    fine = (threshold for threshold in THRESHOLDS if false_alarms(unheard, heard, threshold) <= allowed)
    return next(fine, THRESHOLDS[-1])


def score_words(unheard: Unheard, heard: Heard, threshold: float) -> Iterator[EnrolledWord]:
    """How each word fares, by answers of heads that had not heard the recording."""
    names = heard.vocabulary.labels
    for label, word in enumerate(heard.vocabulary.words):
        answers = unheard.recordings[(heard.labels == label) & ~np.isnan(unheard.recordings[:, 0])]
        best = answers.argmax(axis=1) if len(answers) else np.zeros(0, np.int64)
        wrong = [names[other] for other in best if other != label]
        yield EnrolledWord(
            word,
            n=len(answers),
            right=int((best == label).sum()),
            accepted=int(((best == label) & (answers[:, label] >= threshold)).sum()),
            mistaken=tuple((name, wrong.count(name)) for name in sorted(set(wrong))),
        )
