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
from dashboard.shared import cache, saving
from dashboard.shared.folds import fold
from dashboard.shared.widgets import choose, explained, show_clickable_figure, show_figure
from dashboard.views.filterbank import accuracy_note, kept, n_validation
from dashboard.views.looked_at import BIN, choose_number, choose_view

TUTORIAL_BINS = (2, 10, 20, 50)
"""The bins that the nnAudio tutorial draws."""

MOST = 8
"""Bins shown at once, at most."""

RANKED = 10
"""Bins that the ranking lists."""


@st.fragment
def draw(run: RunState, filters: Filters, facts: KernelFacts) -> None:
    """One bin, and more on request; a slider or a switch redraws this alone."""
    with explained(), saving.part():
        pair = st.container()
        first = facts.most_changed
        number = choose_number(
            "Bin",
            BIN,
            facts,
            help="It opens on the bin that changed most. A click on a dot under “Which bins changed” chooses one too.",
        )
        with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
            view: View = "learned" if first is None else choose_view()
            near = st.toggle(
                "Only near the peak",
                key="near",
                bind="query-params",
                persist_state="session",
                help="Of how strongly the pair answers a tone, whatever its phase; 20 dB less is a tenth.",
            )
        with pair:
            one_bin(filters, number, view, near=near)
        if not facts.in_order:
            st.info(
                "These kernels did not start as Fourier waves (a random start): bin numbers say nothing about pitch "
                "here, and a cosine and a sine have no reason to be a quarter turn apart.",
                icon=":material/shuffle:",
            )
        fold("Its numbers", "kernels.numbers", lambda: numbers(facts, number))
        if first is not None:
            fold("Which bins changed", "kernels.changes", lambda: changes(filters, facts, number), icon="bar_chart")
        fold(
            "Compare with other bins",
            "kernels.others",
            lambda: other_bins(filters, facts, number, view, near=near),
            icon="compare",
        )
        fold("All bins", "kernels.all", lambda: every_bin(filters, view), icon="grid_on")
        if filters.trains_stft:
            fold("How it came about", "kernels.epochs", lambda: evolution(run, filters, number, view), icon="movie")


def bin_title(filters: Filters, number: int) -> str:
    """Number and nominal frequency of a bin."""
    return f"Bin {number} · {number * filters.sample_rate / filters.n_fft:,.0f} Hz"


def other_bins(filters: Filters, facts: KernelFacts, number: int, view: View, *, near: bool) -> None:
    """More bins, each with its numbers."""
    titles = [bin_title(filters, one) for one in range(len(filters.initial.stft_cos))]
    chosen = st.multiselect(
        "Other bins",
        range(len(titles)),
        default=[one for one in TUTORIAL_BINS if one < len(titles)],
        format_func=titles.__getitem__,
        key=f"kernels.others.{filters.n_fft}",
        persist_state="session",
        max_selections=MOST,
        help="The first four are those that the nnAudio tutorial draws. Type a number or a frequency to find a bin.",
    )
    for other in sorted(chosen):
        if other != number:
            st.subheader(titles[other], divider="gray")
            one_bin(filters, other, view, near=near)
            numbers(facts, other)


def one_bin(filters: Filters, number: int, view: View, *, near: bool) -> None:
    """One pair of kernels over time and over frequency."""
    left, right = st.columns(2)
    with left:
        show_figure(figures.kernel_time(filters, number, view=view, title="Over time"), f"kernels.time.{number}")
    with right:
        figure = figures.kernel_spectrum(filters, number, view=view, near=near, title="Over frequency")
        show_figure(figure, f"kernels.spectrum.{number}")


def numbers(facts: KernelFacts, number: int) -> None:
    """The numbers of one bin, initial and learned."""
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
    picture, table = st.columns([3, 2])
    with picture:
        figure = figures.kernel_changes(filters, facts, chosen=number)
        figure.update_traces(
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}}, selector={"mode": "markers"}
        )
        show_clickable_figure(figure, "kernels.changed", _pick)
        st.caption("A dot is a bin; on the dashed line it did not change. A click on a dot shows it above.")
    with table:
        _ranking(filters, facts)


def _pick(number: Any) -> None:
    if number is not None:
        st.session_state[BIN] = int(number)


def _ranking(filters: Filters, facts: KernelFacts) -> None:
    by = choose("Changed most in", {"shape": "Shape", "gain": "Gain"}, "kernels.by")
    order = [int(one) for one in facts.ranking(by)[:RANKED]]
    key = f"kernels.ranking.{by}"

    def picked() -> None:
        rows = st.session_state[key].selection.rows
        if rows:
            _pick(order[rows[0]])

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


def every_bin(filters: Filters, view: View) -> None:
    """All bins as maps."""
    show_figure(figures.kernel_heatmaps(filters, view=view), "kernels.heatmaps")
    st.caption(
        "A row is a bin, a column the frequency of a tone; bright is a strong answer. Fourier kernels form a straight "
        "line: each bin answers to its own pitch. Below: orange answers more strongly than before, blue less."
    )


def evolution(run: RunState, filters: Filters, number: int, view: View) -> None:
    """One bin at every kept epoch, where kernels were kept."""
    snapshots, reports = cache.evolution(run.folder, filters)
    snapshots = [one for one in snapshots if one.stft_cos.size]
    if kept(snapshots, filters.trains_stft, "STFT kernels"):
        n = n_validation(run)
        figure = figures.kernel_evolution(snapshots, reports, filters.sample_rate, number, view=view, n_validation=n)
        show_figure(figure, "kernels.evolution")
        st.caption(f"Press play, or drag the slider: the rings move along with the response. {accuracy_note(run, n)}")
