"""What is silenced: STFT bins and mel filters, by presets, as typed, or selected on the figure."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import ConfigError
from core.frontend.mel_scale import bin_frequencies
from core.records.filters import Filters
from core.studies.ablation.plan import PAPER_BINS, as_spans, parse_numbers
from dashboard.shared import saving
from dashboard.shared.widgets import on_this_page, say_finding
from dashboard.shared.wording import plain

BINS, MELS = "bins", "mels"
"""What is silenced, as written: STFT bins and mel filters; in the page's address too."""

PICK = "experiments.pick"
"""Key of the figure on which bins and filters are selected."""


def choose(filters: Filters) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """STFT bins and mel filters to silence, by presets or as typed; a selection on the plot writes them here."""
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    n_mels, n_bins = filters.initial.mel_basis.shape
    first, last = PAPER_BINS
    presets = {
        f"The paper's bins {first}–{last}": (f"{first}-{min(last, n_bins - 1)}", ""),
        "Below 500 Hz": (f"0-{int((hz < 500).sum()) - 1}", ""),
        "Above 4 kHz": (f"{int((hz <= 4000).sum())}-{n_bins - 1}", ""),
        "Every second mel filter": ("", ",".join(map(str, range(1, n_mels, 2)))),
        "Silence nothing": ("", ""),
    }
    with st.container(horizontal=True):
        for name, texts in presets.items():
            st.button(name, key=f"experiments.preset.{name}", on_click=_write, args=texts)
    left, right = st.columns(2)
    bin_text = left.text_input(
        "STFT bins to silence",
        key=BINS,
        bind="query-params",
        persist_state="session",
        placeholder="such as 25-49",
        help=f"Numbers from 0 to {n_bins - 1}; bin 25 is {hz[25]:,.0f} Hz." if n_bins > 25 else None,
    )
    mel_text = right.text_input(
        "Mel filters to silence",
        key=MELS,
        bind="query-params",
        persist_state="session",
        placeholder="such as 0,5-9",
        help=f"Numbers from 0 to {n_mels - 1}, low to high.",
    )
    try:
        bins = parse_numbers(bin_text, n_bins, "STFT bins") if bin_text else ()
        mels = parse_numbers(mel_text, n_mels, "mel filters") if mel_text else ()
    except ConfigError as error:
        st.warning(plain(error), icon=":material/warning:")
        return (), ()
    return bins, mels


def _write(bins: str, mels: str) -> None:
    st.session_state[BINS], st.session_state[MELS] = bins, mels


def show_selectable(figure: Any) -> None:
    """A figure on which bins and filters can be selected by dragging."""
    saving.remember(figure, PICK)
    look: dict[str, Any] = {"theme": None, "config": saving.toolbar(), "alt": say_finding(figure)}
    st.plotly_chart(on_this_page(figure), key=PICK, on_select=_picked, selection_mode=("box", "points"), **look)


def _picked() -> None:
    take_selection([point.get("customdata") for point in st.session_state[PICK].selection.points])


def take_selection(points: list[Any]) -> None:
    """Silence what was selected on the plot: pairs of "bin" or "mel" and a number."""
    chosen = [tuple(point) for point in points if point]
    for kind, key in (("bin", BINS), ("mel", MELS)):
        numbers = sorted({int(number) for one, number in chosen if one == kind})
        if numbers:
            st.session_state[key] = as_spans(tuple(numbers)).replace("–", "-")
