"""Spoken words as signals for the pages: real recordings where there are some, else voices of the demo words."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from core.config import SAMPLE_RATE
from core.data.pack import open_data


def spoken(root: Path | None, word: str, number: int = 0) -> np.ndarray:
    """One second in which a person says ``word``; from a test split, since models did not learn from it."""
    if root is None:
        pack = open_data(None)
        rows = np.flatnonzero((pack.splits == "official") & (pack.words == word))
        return pack.clip(int(rows[number]))
    folder = root / "SpeechCommands" / "speech_commands_test_set_v0.02" / word
    samples, rate = soundfile.read(sorted(folder.glob("*.wav"))[number], dtype="float32")
    assert rate == SAMPLE_RATE
    return np.pad(samples, (0, max(0, SAMPLE_RATE - len(samples))))[:SAMPLE_RATE]


def with_pauses(clips: list[np.ndarray], pause_s: float) -> np.ndarray:
    """The clips one after the other, with silence before, between and after them."""
    pause = np.zeros(round(pause_s * SAMPLE_RATE), np.float32)
    return np.concatenate([pause, *(part for clip in clips for part in (clip, pause))])


def wav(samples: np.ndarray) -> bytes:
    """Samples as the bytes of a 16-bit WAV file."""
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()
