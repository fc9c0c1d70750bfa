"""A long recording to listen to, laid out from the clips of a dataset, with what is said in it and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.config import PROTOCOLS, SAMPLE_RATE, SILENCE_LABEL
from core.data.pack import Pack
from core.errors import ConfigError, DataError
from core.records.arrays import Waveform
from core.records.listening import PlacedWord
from core.sound.levels import active_span
from core.studies.listening.noise import noise_bed, unheard_noise
from core.studies.listening.scoring import HIT_S

SPEECH_DB = -26.0
"""Level that every word is brought to, dB of full scale while it is spoken: the nominal level of ITU-T P.56 and G.191.
Only so do all words of a track have the stated signal-to-noise ratio."""


GAP_S = (1.0, 3.0)
"""Shortest and longest pause between words while keywords are said among others."""

TALK_GAP_S = (0.2, 0.8)
"""The same in talk without keywords, where words follow each other as in a sentence."""

KEYWORD_SHARE = 2 / 3
"""Share of keywords among the words of the first part."""

PARTS = (0.6, 0.85)
"""Shares of the track after which the keywords end, and the talk: what is left is noise alone."""

SHORTEST_MINUTES, LONGEST_MINUTES = 0.5, 120.0
SNR_DB = (-20.0, 60.0)

FRAME = SAMPLE_RATE // 100
"""Samples of a frame of 10 ms."""

EDGE = FRAME
"""Samples over which a clip fades in and out, so that its edges do not click."""


@dataclass(frozen=True, eq=False)
class Track:
    """A recording with the truth about it."""

    waveform: Waveform
    """Samples, 16 kHz, -1 to 1, shape (n,)."""
    placed: tuple[PlacedWord, ...]
    """Every word in it, keywords and others, in order of time."""
    noise: tuple[str, ...]
    """Names of the background recordings; empty where there is none."""


def build_track(pack: Pack, *, protocol: str, snr_db: float | None, seconds: float, seed: int = 0) -> Track:
    """Lay clips of one protocol out on a track.

    First keywords among other words, with pauses; then talk of other words alone; then noise alone (without noise
    the talk goes on to the end, since silence would only stretch the hours). A clip comes again only after all of its
    kind were used. The same seed gives the same words at the same times at every signal-to-noise ratio.

    Keywords are the words of the pack's vocabulary. One that calls nothing unknown may leave no other words, as the
    35-word protocol does: then there are keywords and noise, or keywords alone.

    Args:
        pack: The clips, with the labels that the model has.
        protocol: Which of them: one of ``config.PROTOCOLS``.
        snr_db: Power of a word while it is spoken over that of the background (dB); None for no background at all.
        seconds: Length of the track.
        seed: What the choice of clips, pauses and noise is drawn from.

    Raises:
        ConfigError: If a value is out of range.
        DataError: If the pack has no keywords, no other words or no unheard noise for that protocol.
    """
    _check(protocol, snr_db, seconds, seed)
    pack.indices(protocol)  # refuses what the model cannot be asked on
    # Words without a label are said all the same.
    rows = np.flatnonzero(pack.splits == protocol)
    is_keyword, is_silence = np.isin(pack.words[rows], pack.vocabulary.words), pack.words[rows] == SILENCE_LABEL
    keywords, others = rows[is_keyword], rows[~is_keyword & ~is_silence]
    for found, what in ((keywords, "keywords"), (others, "other words")):
        if len(found) == 0 and (pack.vocabulary.unknown or what == "keywords"):
            raise DataError(f"The {PROTOCOLS[protocol]} clips of {pack.title} hold no {what}. Choose another dataset.")
    noise = {} if snr_db is None else unheard_noise(pack, protocol)
    if snr_db is not None and not noise:
        raise DataError(f"{pack.title} has no noise that training did not hear; only a clean track can be made of it.")

    waveform = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    placed = list(_place(pack, keywords, others, waveform, np.random.default_rng((seed, 0)), alone=snr_db is None))
    if snr_db is not None:
        bed = noise_bed(noise, len(waveform), np.random.default_rng((seed, 1)))
        waveform += bed * np.float32(10 ** ((SPEECH_DB - snr_db) / 20))
    np.clip(waveform, -1, 1, out=waveform)
    return Track(waveform, tuple(placed), tuple(noise))


def _place(
    pack: Pack,
    keywords: NDArray[np.int64],
    others: NDArray[np.int64],
    waveform: Waveform,
    rng: np.random.Generator,
    *,
    alone: bool,
) -> Iterator[PlacedWord]:
    """Add the words to ``waveform``, one after the other, and say where they are."""
    seconds = len(waveform) / SAMPLE_RATE
    keyword_rows, other_rows = _shuffled(keywords, rng), _shuffled(others, rng)
    until = seconds if alone else PARTS[1] * seconds
    parts = [(PARTS[0] * seconds, KEYWORD_SHARE, GAP_S), (until, 0.0, TALK_GAP_S)]
    if len(others) == 0:
        parts = [(until, 1.0, GAP_S)]
    now = 0.0
    for until, keyword_share, gap_s in parts:
        # What was said before must be decided before the next part begins.
        now += HIT_S
        while True:
            row = next(keyword_rows if rng.random() < keyword_share else other_rows)
            clip = pack.clip(row)
            start, end = active_span(clip)
            first = round((now + rng.uniform(*gap_s)) * SAMPLE_RATE) - start
            if (first + len(clip)) / SAMPLE_RATE + HIT_S > until:
                break
            waveform[first : first + len(clip)] += _at_level(clip, start, end)
            now = (first + end) / SAMPLE_RATE
            yield PlacedWord(str(pack.words[row]), (first + start) / SAMPLE_RATE, now, str(pack.files[row]))


def _at_level(clip: Waveform, start: int, end: int) -> Waveform:
    """The clip with its word at ``SPEECH_DB`` and soft edges."""
    rms = float(np.sqrt(np.mean(np.square(clip[start:end]))))
    louder = clip * np.float32(10 ** (SPEECH_DB / 20) / max(rms, 1e-5))
    rising = np.linspace(0, 1, EDGE, endpoint=False, dtype=np.float32)
    louder[:EDGE] *= rising
    louder[-EDGE:] *= rising[::-1]
    return louder


def _shuffled(rows: NDArray[np.int64], rng: np.random.Generator) -> Iterator[int]:
    """The rows in random order, again and again."""
    while True:
        yield from rng.permutation(rows).tolist()


def _check(protocol: str, snr_db: float | None, seconds: float, seed: int) -> None:
    if protocol not in PROTOCOLS:
        raise ConfigError(f"There is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    low, high = SNR_DB
    if snr_db is not None and not low <= snr_db <= high:
        raise ConfigError(f"The signal-to-noise ratio is {snr_db!r} dB; it must lie between {low:g} and {high:g}.")
    if not 60 * SHORTEST_MINUTES <= seconds <= 60 * LONGEST_MINUTES:
        raise ConfigError(
            f"The track would last {seconds / 60:g} minutes; it must be {SHORTEST_MINUTES:g} to {LONGEST_MINUTES:g}."
        )
    if seed < 0:
        raise ConfigError(f"The seed is {seed}; it must be a whole number from 0 up.")
