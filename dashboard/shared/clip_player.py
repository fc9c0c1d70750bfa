"""Any clip of a dataset: chosen by split, word and number; heard, and seen as waveform and log-mel."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import figures
from core.config import KEYWORDS, SAMPLE_RATE, SILENCE_LABEL, UNKNOWN_WORDS
from core.data.pack import SPLITS, Pack
from core.data.source import split_title
from dashboard.shared import cache, wording
from dashboard.shared.widgets import show_figure
from dashboard.shared.wording import as_code, plain


def choose(pack: Pack, page: str, split: str = SPLITS[0], word: str = KEYWORDS[0]) -> int:
    """Number of a clip in the dataset, chosen by split, word and number within it; the first ones may be others."""
    left, middle, right = st.columns(3)
    splits = [name for name in dict.fromkeys((split, *SPLITS)) if (pack.splits == name).any()]
    split = left.selectbox("Split", splits, format_func=split_title, key=f"{page}.split", persist_state="session")
    in_split = pack.splits == split
    present = set(pack.words[in_split].tolist())
    usual = (word, *KEYWORDS, SILENCE_LABEL, *UNKNOWN_WORDS, *sorted(present))
    words = [name for name in dict.fromkeys(usual) if name in present]
    word = middle.selectbox("Word", words, format_func=_word_title, key=f"{page}.word", persist_state="session")
    rows = (in_split & (pack.words == word)).nonzero()[0]
    number = right.number_input(f"Clip (1 to {len(rows):,})", 1, len(rows), key=f"{page}.clip")
    return int(rows[int(number or 1) - 1])


def _word_title(label: str) -> str:
    return f"{wording.word(label)} (counts as unknown)" if label in UNKNOWN_WORDS else wording.word(label)


def draw(pack: Pack) -> None:
    """The player."""
    row = choose(pack, "data")
    clip = pack.clip(row)
    speaker = str(pack.speakers[row])
    who = f" · {'voice' if pack.synthetic else 'speaker'} {plain(speaker)}" if speaker else ""
    st.caption(f"{as_code(pack.files[row])}{who} · {plain(pack.title)}")
    st.audio(clip, sample_rate=SAMPLE_RATE)
    image, filters = cache.initial_log_mel(clip)
    wave, mel = st.columns(2)
    with wave:
        show_figure(figures.waveform(clip, SAMPLE_RATE), "data.waveform")
        st.caption("Air pressure over time: loud parts reach far from the middle line.")
    with mel:
        show_figure(log_mel_figure(image, filters), "data.log_mel")
        st.caption("The same second as a model sees it before training: bright is loud, low tones are at the bottom.")


def log_mel_figure(image: Any, filters: Any, start_s: float = 0.0) -> Any:
    """A log-mel spectrogram with its axes in seconds and Hz."""
    return figures.log_mel_image(
        image, hop_s=filters.hop_length / filters.sample_rate, filters=filters, start_s=start_s
    )
