"""What a model makes of a whole recording or track: the engine's decisions, many windows at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.config import CLIP_SAMPLES, SAMPLE_RATE, TWELVE, ListeningConfig, Vocabulary
from core.inference.classifier import Classifier
from core.inference.detector import Detector, silence
from core.inference.engine import LISTENED_ON_S
from core.inference.frames import FramePlan, log_mel_of_windows
from core.inference.one_thread import in_one_thread
from core.records.answers import Detection, Prediction, WordsAlong
from core.records.arrays import FloatArray, Waveform
from core.sound.speech import Utterance, utterances_along

WINDOWS_AT_ONCE = 24

ONE_WORD_S = 4.0
"""A recording up to this long is one word, as people record one (s). The answer to a longer one is every word in it."""


def answer(
    classifier: Classifier,
    waveform: Waveform,
    config: ListeningConfig,
    *,
    one_word: bool = False,
    progress: Callable[[float], None] | None = None,
) -> tuple[Prediction, WordsAlong | None]:
    """What a recording holds: the second of its word, or, if it is long, every word in it and the surest one's second.

    Where no word is detected in a long one, the second is that in which ``Classifier.classify`` hears most.

    Args:
        classifier: The model.
        waveform: The recording, 16 kHz, -1 to 1, (n,).
        config: What counts as a word.
        one_word: Whether it holds one word however long it is, as when a person was asked for one.
        progress: Called with the seconds done; raising in it cancels.

    Raises:
        AudioError: If the waveform is no row of samples.
    """
    if one_word or len(waveform) <= ONE_WORD_S * SAMPLE_RATE:
        return classifier.classify(waveform), None
    along = words_along(classifier, waveform, config, progress=progress)
    if not along.detections:
        return classifier.classify(waveform), along
    surest = max(along.detections, key=lambda one: one.score)
    return classifier.classify_at(waveform, round((surest.heard_s - 1) * SAMPLE_RATE)), along


def words_along(
    classifier: Classifier,
    waveform: Waveform,
    config: ListeningConfig,
    *,
    progress: Callable[[float], None] | None = None,
) -> WordsAlong:
    """Every word in a recording, as ``core.inference.Engine`` detects them in the same sound followed by silence.

    Args:
        classifier: The model.
        waveform: The recording, 16 kHz, -1 to 1, (n,).
        config: What counts as a word.
        progress: Called with the seconds done; raising in it cancels.
    """
    heard = hear_to_the_end(classifier, waveform, config, progress=progress)
    seconds = len(waveform) / SAMPLE_RATE
    return WordsAlong(
        labels=classifier.checkpoint.labels,
        end_s=np.array(heard.end_s),
        probabilities=heard.probabilities,
        detections=tuple(replace(one, end_s=min(one.end_s, seconds)) for one in detect(heard, config)),
        seconds=seconds,
    )


@dataclass(frozen=True, eq=False)
class Heard:
    """The answers of a model along a track, hop by hop: all that a ``Detector`` wants."""

    end_s: tuple[float, ...]
    """Ends of the windows, seconds since the track began."""
    probabilities: FloatArray
    """Answers, (n, n_labels); all on ``_silence_`` while nothing is said, when the network is not asked."""
    utterances: tuple[tuple[Utterance, ...], ...]
    """What was said lately at each hop; empty while nothing is said."""
    vocabulary: Vocabulary = TWELVE
    """What the answers are about."""


def hear(
    classifier: Classifier,
    waveform: Waveform,
    config: ListeningConfig,
    *,
    progress: Callable[[float], None] | None = None,
) -> Heard:
    """Listen to a track as ``core.inference.Engine`` does: the same detections, and the same answers up to rounding.

    The engine answers one window at a time, since the next one is yet to come. Here all are known; a batch takes a
    fraction of the time, and answers that no detector looks at, since nothing is said, are left out.

    Args:
        classifier: The model.
        waveform: The track, 16 kHz, -1 to 1, (n,).
        config: Of it only ``hop_s`` matters here.
        progress: Called with the seconds done; raising in it cancels.
    """
    plan = FramePlan.of_hop(classifier.checkpoint.config.front_end, config.hop_s)
    hop = plan.hop_samples
    n_hops = len(waveform) // hop
    # Before the track there is silence, as before any stream.
    padded = np.concatenate([np.zeros(CLIP_SAMPLES, np.float32), waveform])
    windows = np.lib.stride_tricks.sliding_window_view(padded, CLIP_SAMPLES)[hop::hop][:n_hops]
    utterances = tuple(utterances_along(waveform, hop))
    spoken = np.flatnonzero([bool(each) for each in utterances])
    answers = np.tile(silence(classifier.vocabulary), (n_hops, 1))
    stream = classifier.stream()
    asked = spoken if stream is None else np.arange(n_hops)
    for first in range(0, len(asked), WINDOWS_AT_ONCE):
        rows = asked[first : first + WINDOWS_AT_ONCE]
        # A page that listens meanwhile keeps the other processors.
        with in_one_thread():
            if stream is None:
                log_mel = log_mel_of_windows(classifier.log_mel, padded, (rows + 1) * hop, plan)
                answers[rows] = classifier.probabilities(log_mel)
            else:
                frames = plan.final(classifier.log_mel(windows[rows, -plan.part_samples :]))
                answers[rows] = [stream(each) for each in frames.split(1)]
        if progress:
            progress(float(rows[-1] + 1) * hop / SAMPLE_RATE)
    if stream is not None:
        answers[np.isin(asked, spoken, invert=True)] = silence(classifier.vocabulary)
    end_s = tuple((number + 1) * hop / SAMPLE_RATE for number in range(n_hops))
    return Heard(end_s, answers, utterances, classifier.vocabulary)


def hear_to_the_end(
    classifier: Classifier,
    waveform: Waveform,
    config: ListeningConfig,
    *,
    progress: Callable[[float], None] | None = None,
) -> Heard:
    """``hear`` for a recording that ends: as much silence follows it as its last word needs to be decided."""
    hop = FramePlan.of_hop(classifier.checkpoint.config.front_end, config.hop_s).hop_samples
    n_silent = -(-round(LISTENED_ON_S * SAMPLE_RATE) // hop) * hop
    return hear(classifier, np.pad(waveform, (0, n_silent)), config, progress=progress)


def detect(heard: Heard, config: ListeningConfig) -> list[Detection]:
    """The words that these settings detect in what was heard; the network is not asked again."""
    detector = Detector(config, heard.vocabulary)
    steps = zip(heard.end_s, heard.probabilities, heard.utterances, strict=True)
    found = (detector.update(end_s, answer, utterances)[1] for end_s, answer, utterances in steps)
    return [detection for detection in found if detection is not None]


def at_threshold(config: ListeningConfig, threshold: float) -> ListeningConfig:
    """The settings with one threshold for all words."""
    return replace(config, threshold=threshold, word_thresholds=())
