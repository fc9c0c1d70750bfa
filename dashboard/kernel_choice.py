"""Which bins of the STFT are looked at."""

from __future__ import annotations

import streamlit as st

from core.results import Filters

TUTORIAL_BINS = (2, 10, 20, 50)
"""The bins that the nnAudio tutorial draws."""


def bin_title(filters: Filters, number: int) -> str:
    """Number and nominal frequency of a bin."""
    return f"Bin {number} · {number * filters.sample_rate / filters.n_fft:,.0f} Hz"


def bins(filters: Filters) -> list[int]:
    """The chosen bins, lowest first."""
    n_bins = len(filters.initial.stft_cos)
    titles = [bin_title(filters, number) for number in range(n_bins)]
    chosen = st.multiselect(
        "Bins",
        range(n_bins),
        default=[number for number in TUTORIAL_BINS if number < n_bins],
        format_func=titles.__getitem__,
        # Another frame length has other bins, so it gets a choice of its own.
        key=f"kernels.bins.{filters.n_fft}",
        persist_state="session",
        max_selections=8,
        help="Type a number or a frequency to find a bin.",
    )
    return sorted(chosen)
