"""What the Kernels page shows: which bins of the STFT, their numbers, and which of them changed most."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core import figures
from core.frontend.filter_facts import View
from core.frontend.kernel_facts import KernelFacts
from core.records.filters import Filters
from core.runs import RunState
from dashboard.shared import cache
from dashboard.shared.widgets import choose, show_clickable_figure, show_figure
from dashboard.views.filterbank import accuracy_note, kept, n_validation

TUTORIAL_BINS = (2, 10, 20, 50)
"""The bins that the nnAudio tutorial draws."""

FIRST_BIN = 20
MOST = 8
"""Bins shown at once, at most."""

RANKED = 10
"""Bins that the ranking lists."""


def bin_title(filters: Filters, number: int) -> str:
    """Number and nominal frequency of a bin."""
    return f"Bin {number} · {number * filters.sample_rate / filters.n_fft:,.0f} Hz"


def bin_number(filters: Filters) -> int:
    """The bin that is looked at."""
    titles = [bin_title(filters, number) for number in range(len(filters.initial.stft_cos))]
    # Set here rather than as the box's default, since a click sets it too.
    st.session_state[_key(filters)] = min(st.session_state.get(_key(filters), FIRST_BIN), len(titles) - 1)
    number: int = st.selectbox(
        "Bin",
        range(len(titles)),
        format_func=titles.__getitem__,
        key=_key(filters),
        persist_state="session",
        help="Type a number or a frequency to find a bin.",
    )
    return number


def others(filters: Filters, number: int) -> list[int]:
    """More bins to show, on request; none as a rule, since each is a screen long on a phone."""
    if not st.toggle("Compare with other bins", key="kernels.compare", persist_state="session"):
        return []
    titles = [bin_title(filters, one) for one in range(len(filters.initial.stft_cos))]
    chosen = st.multiselect(
        "Other bins",
        range(len(titles)),
        default=[one for one in TUTORIAL_BINS if one < len(titles)],
        format_func=titles.__getitem__,
        key=f"kernels.others.{filters.n_fft}",
        persist_state="session",
        max_selections=MOST,
        help="The first four are those that the nnAudio tutorial draws.",
    )
    return [one for one in sorted(chosen) if one != number]


def _key(filters: Filters) -> str:
    # Another frame length has other bins, so it gets a choice of its own.
    return f"kernels.bin.{filters.n_fft}"


def one_bin(filters: Filters, facts: KernelFacts, number: int, view: View) -> None:
    """One pair of kernels over time and over frequency, with its numbers."""
    left, right = st.columns(2)
    with left:
        show_figure(figures.kernel_time(filters, number, view=view, title="Over time"), f"kernels.time.{number}")
        st.caption("The waves that a frame of sound is compared with. Dashed grey: initial. Solid blue: learned.")
    with right:
        near = st.session_state.get(f"kernels.near.{number}", False)
        figure = figures.kernel_spectrum(filters, number, view=view, near=near, title="Over frequency")
        show_figure(figure, f"kernels.spectrum.{number}")
        st.toggle("Only near the peak", key=f"kernels.near.{number}")
        st.caption("How strongly the pair answers a tone, whatever its phase; 20 dB less is a tenth.")
    st.dataframe(_numbers(facts, number), hide_index=True, height="content")
    st.caption(
        "Peak: the tone it answers most. Bandwidth: where it answers at least half as strongly in power (−3 dB). "
        "Leakage: of its answer to an even hiss, the share from outside the main lobe. Angle and cosine : sine "
        "(quadrature error): a perfect pair is 90° apart and equally strong, so that its answer does not flutter with "
        "the tone's phase. Shape change: what no gain explains."
    )


def _numbers(facts: KernelFacts, number: int) -> list[dict[str, str]]:
    before, after = facts.initial, facts.learned
    rows = (
        ("Peak", before.peak_hz, after.peak_hz, "{:,.0f} Hz", 1),
        ("Bandwidth", before.width_hz, after.width_hz, "{:,.1f} Hz", 1),
        ("Leakage", before.leakage, after.leakage, "{:.3f} %", 100),
        ("Angle off 90°", before.angle_deg, after.angle_deg, "{:+.2f}°", 1),
        ("Cosine : sine", before.balance_db, after.balance_db, "{:+.2f} dB", 1),
    )
    table = [
        {"": what, "Initial": _text(a[number] * unit, text), "Learned": _text(b[number] * unit, text)}
        for what, a, b, text, unit in rows
    ]
    gain, shape = facts.gain[number], facts.shape[number]
    table.append({"": "Gain", "Initial": "× 1", "Learned": _text(gain, "× {:.3g}")})
    table.append({"": "Shape change", "Initial": "–", "Learned": _text(100 * shape, "{:.2f} %")})
    return table


def _text(value: float, text: str) -> str:
    # Adding zero turns -0.0 into 0.0.
    return text.format(round(value, 6) + 0.0) if math.isfinite(value) else "–"


def changes(filters: Filters, facts: KernelFacts, number: int) -> None:
    """Which bins changed most; a click chooses one."""
    if not facts.in_order:
        st.info(
            "These kernels did not start as Fourier waves (a random start): bin numbers say nothing about pitch here, "
            "and a cosine and a sine have no reason to be a quarter turn apart.",
            icon=":material/shuffle:",
        )
    picture, table = st.columns([3, 2])
    with picture:
        figure = figures.kernel_changes(filters, facts, chosen=number)
        figure.update_traces(
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}}, selector={"mode": "markers"}
        )
        show_clickable_figure(figure, "kernels.changes", lambda picked: _pick(filters, picked))
        st.caption("A dot is a bin; on the dashed line it did not change. A click on a dot shows it above.")
    with table:
        _ranking(filters, facts)


def _pick(filters: Filters, number: Any) -> None:
    if number is not None:
        st.session_state[_key(filters)] = int(number)


def _ranking(filters: Filters, facts: KernelFacts) -> None:
    by = choose("Changed most in", {"shape": "Shape", "gain": "Gain"}, "kernels.by")
    order = [int(one) for one in facts.ranking(by)[:RANKED]]
    key = f"kernels.ranking.{by}"

    def picked() -> None:
        rows = st.session_state[key].selection.rows
        if rows:
            _pick(filters, order[rows[0]])

    st.dataframe(
        [
            {
                "Bin": bin_title(filters, one).removeprefix("Bin "),
                "Shape": _text(100 * facts.shape[one], "{:.1f} %"),
                "Gain": _text(facts.gain[one], "× {:.3f}"),
            }
            for one in order
        ],
        hide_index=True,
        height="content",
        key=key,
        on_select=picked,
        selection_mode="single-row",
    )
    st.caption("Tick a row to show its bin above.")


def evolution(run: RunState, filters: Filters, number: int, view: View) -> None:
    """One bin at every kept epoch, where kernels were kept."""
    snapshots, reports = cache.evolution(run.folder, filters)
    snapshots = [one for one in snapshots if one.stft_cos.size]
    if kept(snapshots, filters.trains_stft, "STFT kernels"):
        n = n_validation(run)
        figure = figures.kernel_evolution(snapshots, reports, filters.sample_rate, number, view=view, n_validation=n)
        show_figure(figure, "kernels.evolution")
        st.caption(f"Press play, or drag the slider: the rings move along with the response. {accuracy_note(run, n)}")
