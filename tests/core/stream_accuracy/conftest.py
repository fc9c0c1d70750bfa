"""A pack of tones whose silence is named after recordings, as the packs of real datasets have it."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import SAMPLE_RATE

SILENCE = "_silence_"


def name_silence(pack, split, name, hop_s=1.0):
    """The pack with the silence of a split called windows of one recording, ``hop_s`` apart."""
    files = pack.files.astype("U60")
    for number, row in enumerate(np.flatnonzero((pack.splits == split) & (pack.words == SILENCE))):
        files[row] = f"_background_noise_/{name}.wav@{hop_s * number:g}s"
    return replace(pack, files=files)


@pytest.fixture(scope="session")
def tap_pack(tone_pack):
    """Tones with "other" words; validation silence is 3 s of one recording, and test silence is nameless."""
    words = tone_pack.words.astype("U12")
    words[words == "_unknown_"] = "marvin"
    silence = words == SILENCE
    clips = tone_pack.clips.copy()
    clips[silence] = np.random.default_rng(3).normal(0, 800, (silence.sum(), SAMPLE_RATE)).astype(np.int16)
    return name_silence(replace(tone_pack, words=words, clips=clips), "validation", "running_tap")
