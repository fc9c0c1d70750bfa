"""Listen for words with a model that Earshot exported. Needs Python 3.11 or newer, NumPy and ONNX Runtime.

    pip install numpy onnxruntime
    python earshot_runtime.py MODEL.onnx FILE.wav

Or from a program, with sound of 16 kHz in chunks of any length:

    model = Model("MODEL.onnx")
    for detection in listen(model, chunks):
        print(detection.word, detection.heard_s)

The words detected are those that Earshot itself detects in the same sound. A second of sound goes through the model
every hop (0.1 s, say), or, if it was exported for a stream, the new part alone; its answers are averaged and held
against thresholds, and each utterance counts once. While nothing stands out of the noise of the room, a model that
takes whole seconds is not asked at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import struct
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

FORMAT = 1
"""Version of what an exported file says about itself."""

SAMPLE_RATE = 16_000
CLIP_SAMPLES = 16_000
SILENCE_LABEL, UNKNOWN_LABEL = "_silence_", "_unknown_"

LARGEST_FILE_BYTES = 2**28
"""An exported model has a few MB; anything far beyond is none."""

MOST_OVER = 4.0
"""Peak up to which samples are a sound with too much gain, which is clipped at full scale (1.0)."""

SETTLED_SAMPLES = 3 * CLIP_SAMPLES
"""Silence after which a streaming model remembers nothing but silence."""

LISTENED_ON_S = 1.0
"""Silence that is heard after the end of a stream, so that its last word is decided."""

Waveform = NDArray[np.float32]
Array = NDArray[np.float64]


class EarshotError(Exception):
    """What went wrong, in a sentence for a person."""


@dataclass(frozen=True)
class Detection:
    """A word that was heard. Times are seconds of sound since the stream began."""

    word: str
    score: float
    """Averaged probability when it was detected, 0 to 1."""
    start_s: float
    end_s: float
    """Where its sound lies, as far as it had been heard."""
    heard_s: float
    """End of the second of sound that decided."""


@dataclass(frozen=True)
class Listening:
    """How answers along a stream become detections; ``dataclasses.replace`` makes one with another threshold."""

    average_s: float
    """Probabilities are averaged over this long (s)."""
    threshold: float
    """Averaged probability from which a word counts, 0 to 1."""
    word_thresholds: tuple[tuple[str, float], ...]
    """Words with a threshold of their own."""
    minimum_count: int
    """Decisions in a row in which a word must reach its threshold."""
    refractory_s: float
    """After a detection nothing is detected for this long (s)."""

    def threshold_of(self, word: str) -> float:
        """The threshold that holds for a word."""
        return dict(self.word_thresholds).get(word, self.threshold)


# The model


class Model:
    """An exported model.

    Args:
        path: The file.
        n_threads: Threads it computes with; a second of sound is too little work to share.

    Raises:
        EarshotError: If the file cannot be read, is damaged, or was not exported by Earshot.
    """

    def __init__(self, path: str | os.PathLike[str], n_threads: int = 1) -> None:
        self.path = Path(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
        options.log_severity_level = 4  # what is wrong is said here, once
        content = self._content()
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no base of their own
            raise EarshotError(f"{self.path} is damaged, or no ONNX model ({_first_line(error)}).") from error
        self.about = self._about(content)
        try:
            _number(self.about, "sample_rate", SAMPLE_RATE, SAMPLE_RATE)
            self.labels = _labels(self.about["labels"])
            self.hop_samples = int(_number(self.about, "hop_samples", 1, CLIP_SAMPLES))
            self.listening = _listening(self.about["listening"])
            self.streaming = bool(self.about.get("streaming", False))
        except (KeyError, TypeError, ValueError) as error:
            raise EarshotError(
                f"What {self.path} says about itself makes no sense ({error!r}). Export it again."
            ) from error
        self.name = str(self.about.get("run", self.path.stem))
        self._n_remembered = self._require_form()
        self._settled: Waveform | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The labels that are words."""
        return tuple(label for label in self.labels if label not in (SILENCE_LABEL, UNKNOWN_LABEL))

    def classify(self, waveform: NDArray[Any]) -> dict[str, float]:
        """Label by label the probability that a second of sound holds it, the most probable first.

        Args:
            waveform: 16 kHz, up to 16,000 samples, floating point in -1 to 1 or int16; silence fills up what lacks.

        Raises:
            EarshotError: If it is longer, or no row of samples.
        """
        samples = _checked(waveform)
        if not 0 < len(samples) <= CLIP_SAMPLES:
            raise EarshotError(
                f"A second has 1 to {CLIP_SAMPLES:,} samples, not {len(samples):,}; for more there is listen()."
            )
        row = self.probabilities(np.pad(samples, (0, CLIP_SAMPLES - len(samples)))[None])[0]
        return dict(sorted(zip(self.labels, row.tolist(), strict=True), key=lambda pair: -pair[1]))

    def probabilities(self, clips: Waveform) -> NDArray[np.float32]:
        """The answers to seconds of sound, (n_clips, 16000): probabilities, (n_clips, n_labels).

        For a streaming model each is a stream that follows silence.

        Raises:
            EarshotError: If the model cannot be run, or its answers are no numbers.
        """
        if not self.streaming:
            return self._run(["probabilities"], {"waveform": clips})[0]
        hop = self.hop_samples
        state = np.repeat(self.settled(), len(clips), axis=0)
        padded = np.pad(clips, ((0, 0), (-CLIP_SAMPLES % hop, 0)))
        for first in range(0, padded.shape[1], hop):
            answers, state = self.advance(padded[:, first : first + hop], state)
        return answers

    def advance(self, sound: Waveform, state: Waveform) -> tuple[NDArray[np.float32], Waveform]:
        """A streaming model's answers to the last second once a hop of sound has come, and what it remembers then.

        Args:
            sound: (n_streams, hop_samples).
            state: What it remembered before, (n_streams, n_numbers): ``settled`` where a stream begins.

        Raises:
            EarshotError: If the model cannot be run, or its answers are no numbers.
        """
        answers, after = self._run(["probabilities", "next_state"], {"sound": sound, "state": state})
        return answers, after

    def settled(self) -> Waveform:
        """What a streaming model remembers of long silence, (1, n_numbers)."""
        if self._settled is None:
            state = np.zeros((1, self._n_remembered), np.float32)
            for _ in range(-(-SETTLED_SAMPLES // self.hop_samples)):
                _, state = self.advance(np.zeros((1, self.hop_samples), np.float32), state)
            self._settled = state
        return self._settled

    def _run(self, outputs: list[str], inputs: dict[str, Waveform]) -> list[NDArray[np.float32]]:
        try:
            found: list[NDArray[np.float32]] = self._session.run(outputs, inputs)
        except Exception as error:  # its errors have no base of their own
            raise EarshotError(f"{self.path} cannot be run ({_first_line(error)}). Export it again.") from error
        if not np.isfinite(found[0]).all():
            raise EarshotError(f"The answers of {self.path} are no numbers. Train its model again.")
        return found

    def _content(self) -> bytes:
        try:
            size = self.path.stat().st_size
            content = self.path.read_bytes() if size <= LARGEST_FILE_BYTES else b""
        except (OSError, ValueError) as error:
            raise EarshotError(f"{self.path} cannot be read ({getattr(error, 'strerror', None) or error}).") from error
        if size > LARGEST_FILE_BYTES:
            raise EarshotError(f"{self.path} has {size:,} bytes; no model of Earshot is that large.")
        return content

    def _about(self, content: bytes) -> Mapping[str, Any]:
        """What the file says about itself, if it is as it was exported."""
        try:
            noted = self._session.get_modelmeta().custom_metadata_map
            text, checksum = noted.get("earshot"), noted.get("earshot_sha256")
        except UnicodeDecodeError as error:
            raise EarshotError(f"What {self.path} says about itself is damaged. Export it again.") from error
        if text is None:
            raise EarshotError(f"{self.path} is an ONNX model, but was not exported by Earshot.")
        if checksum and hashlib.sha256(_graph(content) + text.encode()).hexdigest() != checksum:
            raise EarshotError(f"{self.path} is damaged, or was changed after it was exported. Export it again.")
        try:
            about = json.loads(text)
        except (ValueError, RecursionError):
            about = None
        if not isinstance(about, dict):
            raise EarshotError(f"What {self.path} says about itself is no JSON table. Export it again.")
        if about.get("format") != FORMAT:
            raise EarshotError(
                f"{self.path} has the format {about.get('format')!r:.40}, and this program knows {FORMAT}. Use the "
                "earshot_runtime.py that was exported along with it."
            )
        return about

    def _require_form(self) -> int:
        """Check what goes in and comes out; gives how many numbers a streaming model remembers."""
        inputs = {one.name: one.shape[1:] for one in self._session.get_inputs()}
        outputs = {one.name: one.shape[1:] for one in self._session.get_outputs()}
        n_remembered = inputs.get("state", [0])[-1]
        taken = {"sound": [self.hop_samples], "state": [n_remembered]}
        fits = inputs == (taken if self.streaming else {"waveform": [CLIP_SAMPLES]})
        fits &= outputs.get("probabilities") == [len(self.labels)]
        if self.streaming:
            fits &= outputs.get("next_state") == [n_remembered] and isinstance(n_remembered, int)
        if not fits:
            what = "a hop of a stream" if self.streaming else "a second of sound"
            raise EarshotError(
                f"{self.path} does not turn {what} into probabilities of its {len(self.labels)} labels. "
                "Export it again."
            )
        return int(n_remembered)


def _graph(content: bytes) -> bytes:
    """The bytes of the graph in those of an ONNX file, which is a row of numbered fields (protocol buffers)."""
    graph, place = b"", 0

    def number() -> int:
        nonlocal place
        value, shift, byte = 0, 0, 128
        while byte & 128 and place < len(content):
            byte = content[place]
            value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
        return value

    while place < len(content):
        key = number()
        size = number() if key & 7 in (0, 2) else {1: 8, 5: 4}.get(key & 7, 0)
        if key & 7:  # otherwise the number was all of the field
            if key == _GRAPH:
                graph = content[place : place + size]
            place += size
    return graph


_GRAPH = 7 << 3 | 2
"""Begins the field of the graph: its number, and that a length follows."""


def _labels(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
        raise ValueError("labels are a list of texts")
    if len(set(values)) < len(values):
        raise ValueError("a label stands twice")
    return tuple(values)


def _listening(values: Any) -> Listening:
    thresholds = tuple((str(word), _number({word: share}, word, 0, 1)) for word, share in values["word_thresholds"])
    return Listening(
        average_s=_number(values, "average_s", 0, 5),
        threshold=_number(values, "threshold", 0, 1),
        word_thresholds=thresholds,
        minimum_count=int(_number(values, "minimum_count", 1, 100)),
        refractory_s=_number(values, "refractory_s", 0, 10),
    )


def _number(values: Any, name: str, low: float, high: float) -> float:
    value = values[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r:.40}, not {low} to {high}")
    return float(value)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _checked(samples: Any) -> Waveform:
    """Samples as a row of floats, -1 to 1."""
    samples = np.asarray(samples)
    if samples.ndim == 0:
        raise EarshotError("Sound comes in rows of samples. For one row, give listen() a list that holds it.")
    if samples.ndim != 1 or not (samples.dtype == np.int16 or np.issubdtype(samples.dtype, np.floating)):
        raise EarshotError(
            f"Sound is a row of floating-point samples in -1 to 1 or of int16, not {samples.dtype} of the shape "
            f"{samples.shape}."
        )
    floats = (samples / 32768 if samples.dtype == np.int16 else samples).astype(np.float32)
    peak = float(np.abs(floats).max(initial=0))
    if not peak <= MOST_OVER:
        raise EarshotError(f"The sound reaches {peak:g}; samples lie in -1 to 1. Divide them by their full scale.")
    row: Waveform = floats.clip(-1, 1)
    return row


# Where somebody speaks: sound that stands out of the room, and where new sound sets in


STEP_SAMPLES = 160
"""Samples from one level to the next: 10 ms."""

QUIETEST_DB = -100.0

HIGH_PASS = (0.9713821585893695, -0.942764317178739)
"""Butterworth high-pass of the first order at 150 Hz: gain, and the second coefficient below the fraction stroke."""

BANDS = (
    (0.0008325380595262241, -1.9380525535453659, 0.9493051652309984, -1.9651023574391608, 0.9692050660778221),
    (0.0014603163055277339, -1.9041896996431633, 0.9365063374203572, -1.939926603419721, 0.9555454233033825),
    (0.003199828966843966, -1.825552854094758, 0.907553316858275, -1.8904083122334876, 0.9327628019943862),
    (0.005542717210280686, -1.6978984651918863, 0.8813117089877571, -1.8038969618734846, 0.9086485956092432),
    (0.011857682643241163, -1.4350766492969795, 0.8285846063868538, -1.6370488354527104, 0.8648891953582492),
    (0.020083365564211222, -1.00598879870747, 0.7835125002954666, -1.3355354902233405, 0.8185594203228489),
    (0.0538020791021596, -0.13134811462297327, 0.6629307645765012, -0.7838982761969163, 0.694532903587898),
    (0.18669433311637842, 0.1629217923514546, 0.32719796013797364, 1.4827607826671607, 0.6409433532780013),
)
"""Butterworth band-passes of the second order between 150, 300, 500, 800, 1200, 1800, 2600, 4000 and 7000 Hz: gain, and
for each of two sections the coefficients below the fraction stroke but the first, which is 1."""


def sections() -> Array:
    """The high-pass and the band-passes as second-order sections: b0, b1, b2, a0, a1, a2 in (n_filters, 2, 6)."""
    gain, a1 = HIGH_PASS
    high_pass = [[gain, -gain, 0, 1, a1, 0], [1, 0, 0, 1, 0, 0]]
    bands = [[[g, 2 * g, g, 1, p1, p2], [1, -2, 1, 1, q1, q2]] for g, p1, p2, q1, q2 in BANDS]
    return np.array([high_pass, *bands])


class Powers:
    """Mean square of a stream behind the high-pass and each band-pass, step by step.

    A filter is linear. What comes out of it in a step, and its memory afterwards, are a matrix times what goes in and
    its memory before; so a step takes one multiplication, and not 160 in a row.
    """

    def __init__(self) -> None:
        filters = sections()
        n = STEP_SAMPLES + 4
        # Each sample of a step alone, and each of the four numbers that two sections remember alone.
        sound, states = np.eye(n)[:STEP_SAMPLES], np.eye(n)[STEP_SAMPLES:].reshape(2, 2, n)
        self._steps = np.stack([self._through(each, sound, states) for each in filters])
        self._states = np.zeros((len(filters), 4))
        self._waiting: Waveform = np.zeros(0, np.float32)

    @staticmethod
    def _through(filter_sections: Array, sound: Array, states: Array) -> Array:
        """Output and memory, (164, n), of n streams that are filtered side by side, as scipy's ``sosfilt`` does."""
        states = states.copy()
        output = []
        for value in sound:
            for (b0, b1, b2, _, a1, a2), state in zip(filter_sections, states, strict=True):
                filtered = b0 * value + state[0]
                state[0] = b1 * value - a1 * filtered + state[1]
                state[1] = b2 * value - a2 * filtered
                value = filtered  # what one section gives, the next one takes
            output.append(value)
        return np.stack([*output, *states.reshape(4, -1)])

    def hear(self, samples: Waveform) -> Array:
        """More of the stream; gives the steps that it completes, (n_filters, n_steps)."""
        waiting = np.concatenate([self._waiting, samples])
        n_steps = len(waiting) // STEP_SAMPLES
        whole, self._waiting = np.split(waiting, [n_steps * STEP_SAMPLES])
        powers = np.empty((len(self._steps), n_steps))
        for number, step in enumerate(whole.reshape(n_steps, STEP_SAMPLES).astype(np.float64)):
            inputs = np.concatenate([np.broadcast_to(step, (len(self._steps), STEP_SAMPLES)), self._states], axis=1)
            outputs = (self._steps @ inputs[:, :, None])[:, :, 0]
            powers[:, number] = np.square(outputs[:, :STEP_SAMPLES]).mean(axis=1)
            self._states = outputs[:, STEP_SAMPLES:]
        return powers


def to_db(power: Array) -> Array:
    """Mean square to dB of full scale, at least ``QUIETEST_DB``."""
    return 10 * np.log10(np.maximum(power, 10 ** (QUIETEST_DB / 10)))


def seconds(step: int) -> float:
    """When a step of a stream begins; what would lie before the stream begins with it."""
    return max(0, step) * STEP_SAMPLES / SAMPLE_RATE


SMOOTH_STEPS = 8
"""Steps that the level of a band is measured over: 80 ms, in which noise is steady within 2 dB."""

BEFORE_STEPS = 25
"""A band has risen if it is louder than at any time in the 250 ms before."""

KEPT_STEPS = 500
"""How long onsets are remembered: 5 s."""

ONSET_DB = 1.0
"""Rise, as the mean over the bands, from which there is new sound."""

HEARD_DB = 25.0
"""Bands this far below the loudest one, now or just before, do not count."""


class Onsets:
    """Follows the bands of a stream, and finds where some of them rise; what rises in all alike is only louder."""

    def __init__(self) -> None:
        self._powers = np.zeros((len(BANDS), SMOOTH_STEPS - 1))
        self._levels = to_db(np.zeros((len(BANDS), BEFORE_STEPS)))
        self._rising = False
        self._n_steps = 0
        self.steps: NDArray[np.int64] = np.zeros(0, np.int64)
        """Steps at which new sound set in, oldest first, as far as they are kept."""

    def hear(self, band_powers: Array) -> None:
        """More of the stream, one step at least: (n_bands, n_steps)."""
        powers = np.concatenate([self._powers, band_powers], axis=1)
        n_new = band_powers.shape[1]
        self._powers = powers[:, n_new:]
        now = to_db(sliding_window_view(powers, SMOOTH_STEPS, axis=1).mean(axis=2))
        levels = np.concatenate([self._levels, now], axis=1)
        self._levels = levels[:, n_new:]
        # What is heard now overlaps with what was heard less than SMOOTH_STEPS ago.
        n_before = BEFORE_STEPS - SMOOTH_STEPS + 1
        before = sliding_window_view(levels[:, : n_new - 1 + n_before], n_before, axis=1).max(axis=2)
        least = np.maximum(before.max(axis=0), now.max(axis=0)) - HEARD_DB
        rises = np.maximum(now - np.maximum(before, least), 0)
        rising = (rises - rises.min(axis=0)).mean(axis=0) > ONSET_DB
        begins = np.flatnonzero(rising & ~np.concatenate([[self._rising], rising[:-1]]))
        self._rising = bool(rising[-1])
        # A level belongs to the middle one of its steps.
        steps = np.concatenate([self.steps, self._n_steps - SMOOTH_STEPS // 2 + begins])
        self._n_steps += n_new
        self.steps = steps[steps >= self._n_steps - KEPT_STEPS]


LEVEL_STEPS = 3
"""Steps that a level is measured over: 30 ms, a few periods of the lowest voice."""

WINDOW_STEPS = CLIP_SAMPLES // STEP_SAMPLES

SEEN_STEPS = 2 * WINDOW_STEPS
"""Levels in which utterances are looked for: the window, and as much before it."""

HISTORY_STEPS = 500
"""Levels that the noise floor is taken from: 5 s."""

FLOOR_QUANTILE = 0.1

LOWEST_FLOOR_DB, HIGHEST_FLOOR_DB = -62.0, -25.0
"""Bounds of the noise floor."""

ABOVE_FLOOR_DB = 3.0
"""How far speech stands out."""

BELOW_LOUDEST_DB = 30.0
"""What lies this far below the loudest sound is an echo or a breath, and no beginning or end of a word."""

LONGEST_GAP_STEPS = 15
"""A silence up to this long, 150 ms, is part of a word."""


@dataclass(frozen=True)
class Utterance:
    """Sound between two pauses, in seconds since the stream began."""

    start_s: float
    end_s: float
    energy: float
    """Its energy in the last second, in no unit."""
    changed_s: float = math.inf
    """When new sound last set in: its beginning, or a later rise of some of its bands. Infinity where not known."""


class Speech:
    """Follows the level of a stream above a noise floor that follows the room."""

    def __init__(self) -> None:
        self._filters = Powers()
        self._onsets = Onsets()
        self._powers = np.zeros(LEVEL_STEPS - 1)
        self._levels = np.full(HISTORY_STEPS, QUIETEST_DB)
        self._n_steps = 0

    def hear(self, samples: Waveform) -> None:
        """More of the stream."""
        high_passed, *bands = self._filters.hear(samples)
        n_new = len(high_passed)
        if n_new == 0:
            return
        self._onsets.hear(np.stack(bands))
        powers = np.concatenate([self._powers, high_passed])
        self._powers = powers[n_new:]
        self._n_steps += n_new
        levels = to_db(sliding_window_view(powers, LEVEL_STEPS).mean(axis=1))
        self._levels = np.concatenate([self._levels, levels])[-HISTORY_STEPS:]

    def floor_db(self) -> float:
        """Level of the room while nobody speaks; at first the lowest, so that a word at the beginning is heard."""
        if self._n_steps < WINDOW_STEPS:
            return LOWEST_FLOOR_DB
        heard = np.sort(self._levels[-self._n_steps :])
        return float(heard[int(FLOOR_QUANTILE * len(heard))].clip(LOWEST_FLOOR_DB, HIGHEST_FLOOR_DB))

    def utterances(self) -> list[Utterance]:
        """What stands out in the last two seconds, cut at pauses, oldest first; none where the last one is quiet."""
        least_db = self.floor_db() + ABOVE_FLOOR_DB
        if self._levels[-WINDOW_STEPS:].max() <= least_db:
            return []
        levels = self._levels[-min(SEEN_STEPS, max(1, self._n_steps)) :]
        first_step = self._n_steps - len(levels)
        loud = np.flatnonzero(levels > max(least_db, levels.max() - BELOW_LOUDEST_DB))
        if len(loud) == 0:
            return []
        powers = np.where(np.arange(len(levels)) >= len(levels) - WINDOW_STEPS, 10 ** (levels / 10), 0.0)
        # A level belongs to the middle one of its steps.
        first_step -= LEVEL_STEPS // 2
        return [
            self._utterance(first_step + int(run[0]), first_step + int(run[-1]) + 1, float(powers[run].sum()))
            for run in np.split(loud, np.flatnonzero(np.diff(loud) > LONGEST_GAP_STEPS) + 1)
        ]

    def _utterance(self, start: int, end: int, energy: float) -> Utterance:
        """The sound between two steps."""
        onsets = self._onsets.steps
        # One that begins where the levels do, or a short gap later, has begun before, unless the stream begins there.
        is_cut = self._n_steps > SEEN_STEPS and start <= self._n_steps - SEEN_STEPS + LONGEST_GAP_STEPS
        begins = [] if is_cut else [seconds(start)]
        changed_s = max([*begins, *(seconds(int(step)) for step in onsets[onsets < end][-1:])], default=0.0)
        return Utterance(seconds(start), seconds(end), energy, changed_s)


# From answers to words: averaged, held against thresholds, and each utterance counted once


WINDOW_S = CLIP_SAMPLES / SAMPLE_RATE
"""Seconds of sound that an answer is about."""

FALLEN = 0.5
"""A word has fallen when its averaged probability is below this share of its threshold."""

REST_S = 0.3
"""Sound that goes on after a detection belongs to the detected word for this long: words are often known early."""

LATE_S = 0.15
"""A word is known up to this long after it ended, so sound may have set in that much earlier and still be another."""

SHORTEST_S = 0.1
"""Sound shorter than this is no word."""

GONE = 0.5
"""Share of a detected utterance that must have left the window before the same word counts again."""

ROUNDING_S = 1e-5


class Decisions:
    """Turns the answers along one stream into detections.

    A word stays in the window for a second, so it keeps its high probability long after it was detected. So each
    detection accounts for the utterance it was made in, and another one needs sound that is not accounted for yet. The
    same word needs more: its probability has fallen meanwhile, or a new utterance has begun and half of the old one has
    left the window.
    """

    def __init__(self, listening: Listening, labels: Sequence[str]) -> None:
        self._listening = listening
        self._labels = list(labels)
        self._answers: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._best, self._count = "", 0
        self._last: Detection | None = None
        self._armed = True

    def silence(self) -> None:
        """Nothing is being said."""
        self._begin_anew()

    def update(
        self, end_s: float, probabilities: NDArray[np.float32], utterances: Sequence[Utterance]
    ) -> Detection | None:
        """Hear the next answer.

        Args:
            end_s: End of its second of sound, in seconds since the stream began.
            probabilities: The answer, (n_labels,).
            utterances: What was said lately, oldest first; at least one.

        Returns:
            The word that is detected now, if there is one.
        """
        fresh = self._fresh(utterances, end_s)
        if self._said_again(utterances, end_s):
            self._begin_anew()
        smoothed = self._average(end_s, probabilities)
        best = self._labels[int(smoothed.argmax())]
        score = float(smoothed.max())
        last = self._last.word if self._last else ""
        if last and smoothed[self._labels.index(last)] < FALLEN * self._listening.threshold_of(last):
            self._armed = True
        if best in (SILENCE_LABEL, UNKNOWN_LABEL) or score < self._listening.threshold_of(best):
            self._best, self._count = "", 0
            return None
        self._count = self._count + 1 if best == self._best else 1
        self._best = best
        if self._count < self._listening.minimum_count or not fresh or not self._may_fire(best, end_s):
            return None
        sound = max(fresh, key=lambda utterance: utterance.energy)
        self._last = Detection(best, score, sound.start_s, min(sound.end_s, end_s), end_s)
        self._armed = False
        return self._last

    def _begin_anew(self) -> None:
        self._answers.clear()
        self._best, self._count = "", 0
        self._armed = True

    def _average(self, end_s: float, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        self._answers.append((end_s, probabilities))
        while self._answers[0][0] < end_s - self._listening.average_s + ROUNDING_S and len(self._answers) > 1:
            self._answers.popleft()
        average: NDArray[np.float32] = np.mean([answer for _, answer in self._answers], axis=0, dtype=np.float32)
        return average

    def _may_fire(self, word: str, end_s: float) -> bool:
        if self._last is None:
            return True
        rested = end_s - self._last.heard_s >= self._listening.refractory_s - ROUNDING_S
        return rested and (self._armed or word != self._last.word)

    def _accounted_s(self, utterances: Sequence[Utterance]) -> float:
        """Where the sound that belongs to the last detection ends."""
        if self._last is None:
            return 0.0
        ends = [u.end_s for u in utterances if u.start_s < self._last.end_s]
        return min(max(ends, default=self._last.end_s), self._last.heard_s + REST_S)

    def _fresh(self, utterances: Sequence[Utterance], end_s: float) -> list[Utterance]:
        """The sounds in the window that belong to no detection yet, and are long enough for a word."""
        begin = max(self._accounted_s(utterances), end_s - WINDOW_S)
        cut = [Utterance(max(u.start_s, begin), u.end_s, u.energy) for u in utterances if self._is_new(u)]
        return [utterance for utterance in cut if utterance.end_s - utterance.start_s >= SHORTEST_S]

    def _said_again(self, utterances: Sequence[Utterance], end_s: float) -> bool:
        """Whether a new utterance has begun, and enough of the detected one has left the window."""
        if self._last is None or self._armed:
            return False
        accounted_s = self._accounted_s(utterances)
        begun = any(
            u.start_s >= accounted_s and u.end_s - u.start_s >= SHORTEST_S and self._is_new(u) for u in utterances
        )
        gone_s = end_s - WINDOW_S - self._last.start_s
        return begun and gone_s >= GONE * (accounted_s - self._last.start_s)

    def _is_new(self, utterance: Utterance) -> bool:
        """Whether sound has set in since the last detection, and not only gone on."""
        return self._last is None or utterance.changed_s > min(self._last.end_s, self._last.heard_s - LATE_S)


# A stream


class Detector:
    """One model listening to one stream; how the sound is cut into chunks makes no difference.

    A decision is made at the end of every hop, on the last second; what came before the stream counts as silence.

    Args:
        model: The model; several detectors may share it.
        listening: How answers become detections; those that were exported with the model if none are given.
    """

    def __init__(self, model: Model, listening: Listening | None = None) -> None:
        self.model = model
        self.listening = listening or model.listening
        self.reset()

    def reset(self) -> None:
        """Forget the stream and begin another one."""
        self._finished = False
        self._n_heard = 0
        self._speech = Speech()
        self._decisions = Decisions(self.listening, self.model.labels)
        self._window: Waveform = np.zeros(CLIP_SAMPLES, np.float32)
        self._state = self.model.settled() if self.model.streaming else None
        self._window_end = 0
        self._waiting: Waveform = np.zeros(0, np.float32)

    @property
    def seconds(self) -> float:
        """Seconds of sound heard since the stream began."""
        return self._n_heard / SAMPLE_RATE

    def feed(self, samples: NDArray[Any]) -> list[Detection]:
        """Hear more of the stream, and give the words that are detected with it.

        Args:
            samples: (n,), 16 kHz, floating point in -1 to 1 or int16; n may be 0.

        Raises:
            EarshotError: If the stream has ended, or the samples are something else. Nothing was heard then.
        """
        if self._finished:
            raise EarshotError("This stream has ended. Begin another one first (reset).")
        heard = _checked(samples)
        self._n_heard += len(heard)
        return self._hear(heard)

    def finish(self) -> list[Detection]:
        """End the stream: decide about the last word as if silence followed."""
        if self._finished:
            return []
        self._finished = True
        hop = self.model.hop_samples
        n_hops = -(-round(LISTENED_ON_S * SAMPLE_RATE) // hop)
        return self._hear(np.zeros(n_hops * hop, np.float32))

    def _hear(self, samples: Waveform) -> list[Detection]:
        hop = self.model.hop_samples
        waiting = np.concatenate([self._waiting, samples])
        n_whole = len(waiting) - len(waiting) % hop
        self._waiting = waiting[n_whole:]
        found = [self._decide(waiting[first : first + hop]) for first in range(0, n_whole, hop)]
        return [detection for detection in found if detection is not None]

    def _decide(self, newest: Waveform) -> Detection | None:
        """The word detected at the end of one more hop, (hop_samples,)."""
        self._window = np.concatenate([self._window, newest])[-CLIP_SAMPLES:]
        self._window_end += len(newest)
        self._speech.hear(newest)
        utterances = self._speech.utterances()
        if self._state is not None:  # it has to hear everything, also what nobody asks about
            answers, self._state = self.model.advance(newest[None], self._state)
        if not utterances:
            self._decisions.silence()
            return None
        if self._state is None:
            answers = self.model.probabilities(self._window[None])
        found = self._decisions.update(self._window_end / SAMPLE_RATE, answers[0], utterances)
        if found is None:
            return None
        return Detection(found.word, found.score, found.start_s, min(found.end_s, self.seconds), found.heard_s)


def listen(model: Model, chunks: Iterable[NDArray[Any]], listening: Listening | None = None) -> Iterator[Detection]:
    """The words in a stream, each as soon as it is detected.

    Args:
        model: The model.
        chunks: The sound, 16 kHz, floating point in -1 to 1 or int16, in rows of any length.
        listening: How answers become detections; those that were exported with the model if none are given.
    """
    detector = Detector(model, listening)
    for chunk in chunks:
        yield from detector.feed(chunk)
    yield from detector.finish()


# Files


ZERO_CROSSINGS = 32
"""How far the filter of the resampler reaches, in periods of what it lets pass; more is sharper."""

PASSED = 0.94
"""Share of the lower one of the two rates' bands that is let pass."""


class Resampler:
    """A stream of any rate to 16 kHz, by a sinc under Hann's window.

    Args:
        rate: Samples per second of what comes.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._next = 0  # number of the next sample that goes out
        band = PASSED * min(1.0, SAMPLE_RATE / rate)
        self._reach = math.ceil(ZERO_CROSSINGS / band)
        # Samples that go out lie between those that come in at few different places, which recur.
        n_places = SAMPLE_RATE // math.gcd(rate, SAMPLE_RATE)
        distance = np.arange(-self._reach, self._reach + 1) - np.arange(n_places)[:, None] / n_places
        window = np.cos(np.pi / 2 * (distance / (self._reach + 1)).clip(-1, 1)) ** 2
        self._taps = (band * np.sinc(band * distance) * window).astype(np.float32)
        self._waiting: Waveform = np.zeros(self._reach, np.float32)
        self._first = -self._reach  # number of the first sample that waits

    def push(self, samples: Waveform) -> Waveform:
        """More of the stream, (n,); gives what is ready at 16 kHz."""
        if self.rate == SAMPLE_RATE:
            return samples
        waiting = np.concatenate([self._waiting, samples])
        n_reached = self._first + len(waiting) - self._reach
        end = max(self._next, -(-n_reached * SAMPLE_RATE // self.rate))
        places = np.arange(self._next, end, dtype=np.int64) * self.rate
        middle, rest = places // SAMPLE_RATE, places % SAMPLE_RATE
        width = 2 * self._reach + 1
        out = np.zeros(0, np.float32)
        if len(places):
            rows = sliding_window_view(waiting, width)[middle - self._reach - self._first]
            out = np.einsum("ij,ij->i", rows, self._taps[rest * len(self._taps) // SAMPLE_RATE]).clip(-1, 1)
        self._next = end
        needed = end * self.rate // SAMPLE_RATE - self._reach
        self._waiting, self._first = waiting[needed - self._first :], needed
        return out

    def finish(self) -> Waveform:
        """What is still on its way when the sound ends."""
        return self.push(np.zeros(0 if self.rate == SAMPLE_RATE else self._reach, np.float32))


# WAV files: what a damaged or odd header means, and many channels to one


MOST_CHANNELS = 64
WHOLE, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
WIDTHS = {WHOLE: (1, 2, 3, 4), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}
"""Kinds of samples by their number in the header, and how many bytes one may have."""

LEFT_OPEN = 0x7FFF_F000
"""Lengths from here on stand for "not known", as a program leaves it that writes to a pipe."""

MOST_CHUNKS = 10_000
TAIL_BYTES = 2**23
"""Bytes at the end of a file in which chunks behind the sound are looked for."""

CHUNKS_BEHIND = re.compile(
    rb"LIST|id3 |ID3 |fact|PEAK|cue |smpl|inst|bext|iXML|axml|_PMX|JUNK|junk|FLLR|PAD |DISP|acid|afsp|cart|chna|levl|"
    rb"plst|umid|minf|elm1|regn|note|labl|ltxt"
)

BLOCKS_A_SECOND = 50
"""Blocks in which channels are compared: 20 ms."""

COMPARED_HZ = 8_000
"""Channels are compared by the changes of their samples, this many a second: an offset counts nothing, voices do."""

REMEMBERED = math.exp(-1 / (0.1 * BLOCKS_A_SECOND))
"""Share that is remembered of what was compared, from one block to the next: a tenth of a second."""

CANCELLED, KEPT, STILL = 0.25, 0.5, 2e-8
"""Power of the channels' mean, where 1 is that of unrelated ones, below which they cancel each other, and above which
they no longer do; and their power below which nothing is to be heard."""

MEAN = -1


@dataclass(frozen=True)
class _Wav:
    """Where the sound of a WAV file lies, and how it is written."""

    kind: int
    n_channels: int
    rate: int
    width: int
    """Bytes of a sample."""
    start: int
    n_samples: int
    """Samples of each channel that are there ..."""
    n_said: int
    """... and that its header announces."""


def read_wav(path: str | os.PathLike[str]) -> Iterator[Waveform]:
    """The sound of a WAV file as one channel at 16 kHz, second by second.

    Samples may be whole numbers, floating point, A-law or mu-law. A length that the header leaves open, or gives as 0,
    is found. Channels become their mean, or where that cancels them a strong one.

    Raises:
        EarshotError: If it cannot be read, is damaged or holds no sound; and if it is cut off, after what is there.
    """
    try:
        with Path(path).open("rb") as file:
            wav = _header(file, path)
            scale = 1.0
            if wav.kind == FLOAT:
                scale = _full_scale(max(float(np.abs(one).max(initial=0)) for one in _mixed(file, wav)), path)
            resampler = Resampler(wav.rate)
            for mixed in _mixed(file, wav):
                yield resampler.push((mixed / np.float32(scale)).clip(-1, 1))
            yield resampler.finish()
    except (OSError, ValueError) as error:
        raise EarshotError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}).") from error
    if wav.n_samples < wav.n_said:
        there, said = wav.n_samples / wav.rate, wav.n_said / wav.rate
        raise EarshotError(f"{path} is cut off: {there:.1f} s of its {said:.1f} s are there.")


def _header(file: BinaryIO, path: str | os.PathLike[str]) -> _Wav:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    opening = file.read(12)
    form, data, long = b"", None, None
    if opening[:4] in (b"RIFF", b"RF64", b"BW64") and opening[8:] == b"WAVE":
        for name, start, said in _chunks(file, size):
            file.seek(start)
            if name == b"fmt ":
                form = file.read(min(said, 40))
            elif name == b"ds64":
                long = int.from_bytes(file.read(16)[8:], "little")
            elif name == b"data":
                data = start, long if long and said in (0, 0xFFFF_FFFF) else said
                break
    if len(form) < 16 or data is None:
        raise EarshotError(f"{path} is damaged, or no WAV file.")
    kind, n_channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if kind == EXTENSIBLE and len(form) >= 26:
        kind = int.from_bytes(form[24:26], "little")
    width = (bits + 7) // 8
    if width not in WIDTHS.get(kind, ()):
        raise EarshotError(
            f"{path} is damaged, or holds samples of a kind ({kind}, {bits} bits) that is not read here."
        )
    if not 4_000 <= rate <= 384_000 or not 1 <= n_channels <= MOST_CHANNELS:
        raise EarshotError(f"{path} has {n_channels} channels of {rate:,} samples a second; that cannot be heard.")
    start, said = data
    there = said if 0 < said <= size - start else _end_of_sound(file, start, size) - start
    if there < width * n_channels:
        raise EarshotError(f"{path} holds no sound: it has a header, but not one sample. Record it again.")
    n_said = said if 0 < said < LEFT_OPEN else there
    return _Wav(kind, n_channels, rate, width, start, *(n // (width * n_channels) for n in (there, n_said)))


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and said length of each chunk in turn."""
    place = 12
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        said = int.from_bytes(head[4:], "little")
        yield head[:4], place + 8, said
        place = min(place + 8 + said, size)
        file.seek(place)
        # One of odd length is followed by a byte, which some programs leave out.
        place += place % 2 and not re.fullmatch(rb"[A-Za-z0-9_( ][ -~]{3}", file.read(4))


def _end_of_sound(file: BinaryIO, start: int, size: int) -> int:
    """Where the sound ends: before the chunks that lie one behind the other and end exactly where the file does."""
    first = max(start, size - TAIL_BYTES)
    file.seek(first)
    tail = file.read()
    begins: dict[int, int] = {}
    for found in CHUNKS_BEHIND.finditer(tail, 0, max(0, len(tail) - 4)):
        place = found.start()
        n_bytes = int.from_bytes(tail[place + 4 : place + 8], "little")
        begins |= {first + place + 8 + n_bytes + padding: first + place for padding in (0, n_bytes % 2)}
    end = size
    while (begin := begins.get(end, end)) < end:
        end = begin
    return max(start, end)


def _mixed(file: BinaryIO, wav: _Wav) -> Iterator[Waveform]:
    """The sound as one channel, about a second at a time, as far from full scale as it is written."""
    mixer, block = _Mixer(wav), wav.rate // BLOCKS_A_SECOND
    file.seek(wav.start)
    for done in range(0, wav.n_samples, block * BLOCKS_A_SECOND):
        n_samples = min(block * BLOCKS_A_SECOND, wav.n_samples - done)
        content = file.read(n_samples * wav.n_channels * wav.width)
        rows = _samples(content, wav).reshape(n_samples, wav.n_channels)
        if wav.n_channels == 1:
            yield rows[:, 0].astype(np.float32)
        else:
            yield np.concatenate([mixer.mix(rows[at : at + block]) for at in range(0, n_samples, block)])


def _samples(content: bytes, wav: _Wav) -> NDArray[np.floating[Any]]:
    """Samples as floats; whole numbers become -1 to 1."""
    if wav.kind == FLOAT:
        return np.frombuffer(content, f"<f{wav.width}")
    if wav.kind in (A_LAW, MU_LAW):
        return _expanded(wav.kind)[np.frombuffer(content, np.uint8)]
    if wav.width == 1:  # without a sign
        return (np.frombuffer(content, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    # Their bytes become the upper ones of four.
    padded = np.zeros((len(content) // wav.width, 4), np.uint8)
    padded[:, 4 - wav.width :] = np.frombuffer(content, np.uint8).reshape(-1, wav.width)
    samples: Waveform = (padded.view("<i4")[:, 0] / 2**31).astype(np.float32)
    return samples


def _expanded(kind: int) -> Waveform:
    """What each byte of A-law or mu-law stands for (ITU-T G.711)."""
    code = np.arange(256) ^ (0x55 if kind == A_LAW else 0xFF)
    exponent, step = code >> 4 & 7, code & 15
    if kind == MU_LAW:
        size = ((2 * step + 33) << exponent + 2) - 132
    else:
        size = np.where(exponent > 0, (2 * step + 33) << exponent + 2, (2 * step + 1) << 3)
    positive = (code & 128 > 0) == (kind == A_LAW)
    return (np.where(positive, size, -size) / 32768).astype(np.float32)


def _full_scale(peak: float, path: str | os.PathLike[str]) -> float:
    """What floating-point samples of this peak reach at full scale: 1, or that of the whole numbers they are."""
    if not math.isfinite(peak):
        raise EarshotError(f"{path} holds samples that are no numbers; it is damaged.")
    if peak <= MOST_OVER:
        return 1.0
    for bits in (16, 24, 32):
        if 256 <= peak <= 1.25 * 2.0 ** (bits - 1):
            return 2.0 ** (bits - 1)
    raise EarshotError(f"{path} holds samples up to {peak:,.6g}, where 1 is full scale. Export it as 16-bit samples.")


class _Mixer:
    """Channels to one, block by block: their mean, or where that cancels them the first of the strong ones."""

    def __init__(self, wav: _Wav) -> None:
        self._step = max(1, wav.rate // COMPARED_HZ)
        self._powers = np.zeros(wav.n_channels + 1)
        self._choice, self._begun = MEAN, False

    def mix(self, block: NDArray[np.floating[Any]]) -> Waveform:
        """20 ms of the channels, (n, n_channels), as one, (n,)."""
        block = block.astype(np.float64)
        before, now = self._choose(np.diff(block[:: self._step], axis=0))
        old, new = (block.mean(axis=1) if one == MEAN else block[:, one] for one in (before, now))
        # From one choice to the next the sound fades.
        mixed: Waveform = (old + (new - old) * np.arange(1, len(block) + 1) / len(block)).astype(np.float32)
        return mixed

    def _choose(self, changes: Array) -> tuple[int, int]:
        """What was used before this block, and what from its end on: a channel, or the mean."""
        powers = [*np.square(changes).sum(axis=0), np.square(changes.mean(axis=1)).sum()]
        self._powers = REMEMBERED * self._powers + np.array(powers) / max(1, len(changes))
        channels, of_mean = self._powers[:-1], self._powers[-1]
        before = self._choice
        if channels.mean() > STILL:
            if not len(channels) * of_mean / channels.mean() < (CANCELLED if before == MEAN else KEPT):
                self._choice = MEAN
            elif before == MEAN or channels[before] < channels.max() / 4:
                self._choice = int(np.argmax(channels >= channels.max() / 2))
            if not self._begun:
                before, self._begun = self._choice, True  # there was nothing from which to fade
        return before, self._choice


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the words in a sound file; gives the program's exit status."""
    parser = argparse.ArgumentParser(prog="earshot_runtime.py", description="Print the words in a sound file.")
    parser.add_argument("model", help="the exported model (.onnx)")
    parser.add_argument("sound", help="the sound (.wav)")
    options = parser.parse_args(arguments)
    n_found = 0
    try:
        for one in listen(Model(options.model), read_wav(options.sound)):
            n_found += 1
            print(f"{one.start_s:7.2f} to {one.end_s:6.2f} s  {one.word}  {100 * one.score:.1f} %", flush=True)
    except EarshotError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever reads it has seen enough; Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    if not n_found:
        print("No word was detected.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
