"""A second opinion on every word: an offline recogniser that knows none of the voices.

PocketSphinx and its American English model come as one package. It is given a grammar of the 35 words and nothing
else to choose from.
"""

from itertools import islice

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Config, Decoder
from words import WORDS


class Listener:
    """PocketSphinx, allowed to hear exactly one of the 35 words."""

    def __init__(self) -> None:
        """Load the acoustic model that the package ships, with the 35-word grammar."""
        # cmn="batch" levels each clip by itself: by default it remembers the clips before.
        self._decoder = Decoder(Config(lm=None, samprate=16_000, cmn="batch", loglevel="FATAL"))
        grammar = f"#JSGF V1.0; grammar words; public <word> = {' | '.join(WORDS)};"
        self._decoder.add_jsgf_string("words", grammar)
        self._decoder.activate_search("words")

    def guesses(self, clip: NDArray[np.float32], n: int = 3) -> list[str]:
        """The words it may have heard, likeliest first.

        Args:
            clip: Waveform at 16 kHz, shape (n_samples,), full scale ±1.
            n: How many different words at most.

        Returns:
            Up to ``n`` words; none if it heard no word at all.
        """
        self._decoder.start_stream()  # forget the noise of the clips before
        self._decoder.start_utt()
        pcm = np.clip(clip * 32_767, -32_768, 32_767).astype("<i2")
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard: list[str] = []
        best = self._decoder.hyp()
        if best is None:
            return heard
        # The list of further guesses is endless.
        for guess in [best, *islice(self._decoder.nbest() or (), 30)]:
            word = guess.hypstr.split("(")[0].strip() if guess and guess.hypstr else ""
            if word in WORDS and word not in heard:
                heard.append(word)
        return heard[:n]
