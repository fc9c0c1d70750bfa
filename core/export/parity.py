"""The card of an exported file: the file beside the model it was made from, on the same sounds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import onnxruntime

from core.config import CLIP_SAMPLES
from core.data.source import Progress
from core.export import along
from core.export.compared import Logits, compared, in_parts, measured, median_ms
from core.export.model import INPUT, NEXT_STATE, PROBABILITIES, SOUND, STATE
from core.export.session import logits, open_session
from core.export.sounds import Clips, extreme_sounds
from core.inference.classifier import Classifier
from core.inference.frames import FramePlan, RollingLogMel
from core.records.arrays import Waveform
from core.records.export import About, ParityCard

MOST_CAUSAL, MOST_WINDOWED = 400, 40
"""Clips along a stream that are compared: a causal model answers all their hops at once, others one second a hop."""


def parity(
    file: str,
    says: About,
    classifier: Classifier,
    clips: Clips,
    forms: Mapping[str, bytes],
    progress: Progress | None = None,
    *,
    calibration: str = "",
) -> ParityCard:
    """Measure an exported file. Times are those of the threads that it may take here.

    Args:
        file: What it will be called.
        says: What it says about itself; a streaming file is asked hop by hop.
        classifier: The model that it was made from, on the CPU.
        clips: Real clips.
        forms: The file in "float32", and in "int8" if that was asked for.
        progress: Called with clips done, clips in all, and what is being done.
        calibration: Which clips the ranges of int8 were found on, if any were needed.

    Raises:
        ExportError: If ONNX Runtime cannot open a file.
    """
    asked = Streams(classifier, says.hop_samples) if says.streaming else Seconds(classifier)
    sessions = {form: open_session(content) for form, content in forms.items()}
    clips = asked.some_of(clips)
    sounds = {"clips": clips.waveforms, **extreme_sounds(clips.waveforms)}
    pairs = {name: (asked.model(one, progress), asked.file(sessions["float32"], one)) for name, one in sounds.items()}
    answers = {"float32": pairs["clips"][1]}
    if "int8" in forms:
        answers["int8"] = asked.file(sessions["int8"], clips.waveforms)
    forms_measured = {
        form: measured(form, asked.of_clips(answers[form]), clips, asked.file_ms(sessions[form], clips), len(content))
        for form, content in forms.items()
    }
    original = measured("original", asked.of_clips(pairs["clips"][0]), clips, asked.model_ms(clips), None)
    float32 = answers["float32"]
    return ParityCard(
        file=file,
        sha256=hashlib.sha256(forms.get("int8", forms["float32"])).hexdigest(),
        run=says.run,
        checkpoint=says.model_hash,
        clips=clips.title,
        data_key=clips.data_key,
        compared=tuple(compared(name, *pair) for name, pair in pairs.items()),
        original=original,
        float32=forms_measured["float32"],
        int8=forms_measured.get("int8"),
        same_in_int8=int((float32.argmax(axis=1) == answers.get("int8", float32).argmax(axis=1)).sum()),
        calibration=calibration,
        streaming=says.streaming,
    )


class Seconds:
    """How a file is asked that takes whole seconds of sound."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._model = classifier.checkpoint.model("cpu")

    def some_of(self, clips: Clips) -> Clips:
        """The clips that it is compared on."""
        return clips

    def model(self, waveforms: Waveform, progress: Progress | None) -> Logits:
        """The model's own logits, (n, n_labels)."""
        return in_parts(self._model, waveforms, progress)

    def file(self, session: onnxruntime.InferenceSession, waveforms: Waveform) -> Logits:
        """The file's."""
        return logits(session, waveforms)

    def of_clips(self, answers: Logits) -> Logits:
        """Those that are about a whole clip each."""
        return answers

    def model_ms(self, clips: Clips) -> float:
        """Time of one answer of the model (median, ms)."""
        one, asked = clips.waveforms[:1], self._classifier
        return median_ms(lambda: asked.probabilities(asked.log_mel(one)))

    def file_ms(self, session: onnxruntime.InferenceSession, clips: Clips) -> float:
        """And of the file."""
        one = clips.waveforms[:1]
        return median_ms(lambda: session.run([PROBABILITIES], {INPUT: one}))


class Streams:
    """How a file is asked that takes a stream hop by hop: clips follow each other, each ends with a hop."""

    def __init__(self, classifier: Classifier, hop: int) -> None:
        self._classifier, self._hop = classifier, hop
        self._spotter = classifier.checkpoint.model("cpu")
        config = classifier.checkpoint.config.front_end
        self._plan = FramePlan.of(config, n_new=hop // config.hop_length)
        self._most = MOST_CAUSAL if classifier.checkpoint.config.model.causal else MOST_WINDOWED

    def some_of(self, clips: Clips) -> Clips:
        """As many as can be compared in reasonable time: a second of a stream has ten answers."""
        return clips.spread(self._most)

    def model(self, waveforms: Waveform, progress: Progress | None) -> Logits:
        """The model's own logits at the end of each hop, (n_hops, n_labels)."""
        track = along.track_of(waveforms[: self._most], self._hop)
        parts: list[Logits] = []
        for part in along.of_model(self._spotter, track, self._plan):
            parts.append(part)
            if progress:
                progress(sum(map(len, parts)), len(track) // self._hop, "Comparing with the model")
        return np.concatenate(parts)

    def file(self, session: onnxruntime.InferenceSession, waveforms: Waveform) -> Logits:
        """The file's."""
        return along.of_file(session, along.track_of(waveforms[: self._most], self._hop), self._hop)

    def of_clips(self, answers: Logits) -> Logits:
        """Those at the ends of the clips."""
        n_hops = -(-CLIP_SAMPLES // self._hop)
        return answers[n_hops - 1 :: n_hops]

    def model_ms(self, clips: Clips) -> float:
        """Time of one hop of the model (median, ms)."""
        classifier, window = self._classifier, clips.waveforms[0]
        moving = RollingLogMel(classifier.log_mel, self._plan)
        stream = classifier.stream()
        ask = (lambda log_mel: stream(self._plan.final(log_mel))) if stream else classifier.probabilities
        return median_ms(lambda: ask(moving.advance(window)))

    def file_ms(self, session: onnxruntime.InferenceSession, clips: Clips) -> float:
        """And of the file."""
        given = {SOUND: clips.waveforms[:1, : self._hop], STATE: along.first_state(session)}
        return median_ms(lambda: session.run([PROBABILITIES, NEXT_STATE], given))
