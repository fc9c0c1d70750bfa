"""What the Filters page shows: which filter, seen how, and its numbers."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core import figures
from core.figures.frequency_axis import AXES, Axis
from core.frontend.filter_facts import (
    BANDS,
    VIEWS,
    BankFacts,
    FilterFacts,
    View,
    band_edges,
    band_shares,
    erb_hz,
    seen_as,
)
from core.records.filters import Filters, FilterSnapshot
from core.runs import RunState
from dashboard.shared import cache, clip_choice, saving
from dashboard.shared.folds import fold
from dashboard.shared.widgets import choose, explained, show_clickable_figure, show_figure
from dashboard.shared.wording import clips, plain
from dashboard.views.looked_at import FILTER, choose_number, choose_view

PICTURES = {
    "overlaid": "Overlaid",
    "apart": "One above the other",
    "maps": "Heat maps",
}
PICTURES_HELP = (
    "Overlaid and one above the other: each curve is a filter, high where it listens. Heat maps: a row is a filter, a "
    "column a frequency; orange grew in training, blue shrank, white stayed. A click on a dot chooses its filter."
)


@st.fragment
def draw(run: RunState, filters: Filters, facts: FilterFacts) -> None:
    """The bank with one filter brought out, and more on request; a slider redraws this alone."""
    with explained(), saving.part():
        bank = st.container()
        first = facts.most_changed
        number = choose_number(
            "Filter",
            FILTER,
            facts,
            help="It opens on the filter that changed most. A click on a dot in a figure chooses one too.",
        )
        with st.container(horizontal=True, gap="large"):
            picture = choose("Picture", PICTURES, "picture", bind="query-params", help=PICTURES_HELP)
            axis = choose_axis()
            view: View = "learned" if first is None else choose_view()
        with bank:
            every_filter(filters, number, picture, view, axis)
        fold(
            f"Filter {number} close up",
            "filters.one",
            lambda: one_filter(filters, facts, number, view, axis),
            icon="search",
        )
        if first is not None:
            fold("Gain and shape, filter by filter", "filters.gain", lambda: by_filter(facts, number), icon="bar_chart")
        fold(
            "Where they listen",
            "filters.where",
            lambda: where_they_listen(filters, facts, number, axis),
            icon="straighten",
        )
        fold(
            "Where the sensitivity went", "filters.bands", lambda: sensitivity(filters, view), icon="stacked_bar_chart"
        )
        if pcen := cache.learned_pcen(run.folder):
            fold(
                "What PCEN learned, band by band",
                "filters.pcen",
                lambda: show_figure(figures.pcen_bands(*pcen), "filterbank.pcen"),
                icon="compress",
            )
        fold("All numbers, filter by filter", "filters.numbers", lambda: all_numbers(facts))
        if filters.trains_mel:
            fold(
                "How it came about",
                "filters.epochs",
                lambda: evolution(run, filters, number, view, axis),
                icon="movie",
            )


def choose_axis() -> Axis:
    """Frequencies in Hz, or spaced by pitch."""
    return choose(
        "Frequency axis",
        AXES,
        "axis",
        bind="query-params",
        help="Spaced by pitch, the initial filters look equally wide.",
    )


def _pick(customdata: Any) -> None:
    """Look at the filter whose dot was clicked."""
    first = customdata[0] if isinstance(customdata, (list, tuple)) else customdata
    if first is not None:
        st.session_state[FILTER] = int(first)


def _show(figure: Any, key: str) -> None:
    """A figure whose dots choose a filter; the other dots do not fade, since the figure itself marks the chosen one."""
    figure.update_traces(
        selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}}, selector={"mode": "markers"}
    )
    show_clickable_figure(figure, key, _pick)


def every_filter(filters: Filters, number: int, picture: str, view: View, axis: Axis) -> None:
    """All filters in the kind of picture that is chosen."""
    drawn = {"overlaid": figures.overlaid_mel_filters, "apart": figures.mel_filters, "maps": figures.mel_heatmaps}
    _show(drawn[picture](filters, chosen=number, view=view, axis=axis), f"filterbank.{picture}")


def one_filter(filters: Filters, facts: FilterFacts, number: int, view: View, axis: Axis) -> None:
    """One filter close up, with its numbers."""
    picture, table = st.columns([3, 2])
    with picture:
        show_figure(figures.one_mel_filter(filters, number, view=view, axis=axis), "filterbank.one")
        st.caption(
            "Gain: how loud it is as a whole. Shape: which tones it prefers. Orange: as wide as the ear's filter."
        )
    with table:
        st.dataframe(_one_table(facts, number), hide_index=True, height="content")


def _one_table(facts: FilterFacts, number: int) -> list[dict[str, str]]:
    def both(what: str, text: Any) -> dict[str, str]:
        return {"": what, "Initial": text(facts.initial), "Learned": text(facts.learned)}

    return [
        both("Centre", lambda bank: _hz(bank.centre_hz[number])),
        both("Highest at", lambda bank: _hz(bank.peak_hz[number])),
        both("Bandwidth", lambda bank: _hz(bank.width_hz[number])),
        both("Ear's ERB there", lambda bank: _hz(float(erb_hz(bank.centre_hz[number])))),
        both("Peaks", lambda bank: _whole(bank.peaks[number])),
        both("Weight outside its start", lambda bank: _share(bank.outside[number])),
        both("Overlap, filter below", lambda bank: _share(bank.overlap_below[number])),
        both("Overlap, filter above", lambda bank: _share(bank.overlap_above[number])),
        {"": "Gain", "Initial": "× 1", "Learned": f"× {facts.gain[number]:.3g}"},
        {"": "Shape change", "Initial": "–", "Learned": _share(facts.shape[number])},
    ]


def _hz(value: float) -> str:
    return f"{value:,.0f} Hz" if math.isfinite(value) else "–"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def _whole(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else "–"


def by_filter(facts: FilterFacts, number: int) -> None:
    """Gain and shape of every filter, apart."""
    _show(figures.gain_by_filter(facts, chosen=number), "filterbank.gain")
    st.caption(
        "A dot on the dashed line did not change. A long stem above with a short one below was only made louder or "
        "quieter; the network behind can do the same by its own weights."
    )


def all_numbers(facts: FilterFacts) -> None:
    """The numbers of all filters, as a table."""
    st.dataframe(
        _table(facts),
        hide_index=True,
        height=420,
        column_config={
            name: st.column_config.NumberColumn(format=f"%.{digits}f")
            for digits, names in DIGITS.items()
            for name in names
        },
    )
    st.caption(
        "“from” is the initial value. Width: of a box as high as the filter and with its area. ERB: the same for a "
        "human ear (Glasberg and Moore, 1990). Outside: share of the weight outside the filter's initial band. Overlap "
        "with the neighbour below and above by number: 0 % nothing in common, 100 % the same shape."
    )


DIGITS = {
    0: ("Centre (Hz)", "from (Hz)", "Width (Hz)", "from  (Hz)", "ERB there (Hz)", "Peaks"),
    1: ("Shape change (%)", "Outside (%)", "Overlap below (%)", "Overlap above (%)"),
    3: ("Gain (×)",),
}
"""Digits behind the point, column by column."""


def _table(facts: FilterFacts) -> list[dict[str, float | int | None]]:
    start, now = facts.initial, facts.learned
    return [
        {
            "Filter": number,
            "Centre (Hz)": _known(now.centre_hz[number]),
            "from (Hz)": _known(start.centre_hz[number]),
            "Width (Hz)": _known(now.width_hz[number]),
            "from  (Hz)": _known(start.width_hz[number]),
            "ERB there (Hz)": _known(erb_hz(now.centre_hz[number])),
            "Gain (×)": _known(facts.gain[number]),
            "Shape change (%)": _known(100 * facts.shape[number]),
            "Peaks": _known(now.peaks[number]),
            "Outside (%)": _known(100 * now.outside[number]),
            "Overlap below (%)": _known(100 * now.overlap_below[number]),
            "Overlap above (%)": _known(100 * now.overlap_above[number]),
        }
        for number in range(len(facts.gain))
    ]


def _known(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def where_they_listen(filters: Filters, facts: FilterFacts, number: int, axis: Axis) -> None:
    """Centres and widths of all filters, and whether their order was kept."""
    st.write(order_sentence(facts))
    left, right = st.columns(2)
    with left:
        _show(figures.filter_spans(facts, filters.sample_rate, chosen=number, axis=axis), "filterbank.spans")
        st.caption("One row a filter. Where blue left grey, the filter moved; a longer blue bar listens more widely.")
    with right:
        _show(figures.filter_widths(facts, chosen=number), "filterbank.widths")
        st.caption("Below the dotted line a filter is narrower than the ear's, above it wider.")


def order_sentence(facts: FilterFacts) -> str:
    """Whether the filters still stand in the order of their pitch."""
    silent = int((~_heard(facts.learned)).sum())
    quiet = f" {silent} went silent." if silent else ""
    if not facts.ordered:
        return (
            "These filters did not start as single humps in order of pitch (a random start has no order), so there is "
            f"no order to keep or break, and “outside its start” says little.{quiet}"
        )
    swapped = facts.swapped
    if not swapped:
        return f"The order was kept: every filter still listens higher than the one before it.{quiet}"
    listed = ", ".join(f"{one} and {other}" for one, other in swapped[:8]) + (" …" if len(swapped) > 8 else "")
    pairs = f"{len(swapped)} pairs" if len(swapped) > 1 else "1 pair"
    return f"The order was broken: {pairs} of neighbours changed places ({listed}).{quiet}"


def _heard(bank: BankFacts) -> Any:
    return bank.centre_hz == bank.centre_hz


def sensitivity(filters: Filters, view: View) -> None:
    """Where the whole bank is sensitive, before and after."""
    titles = {kind: title[:1].upper() + title[1:] for kind, title in BANDS.items()}
    kind = choose("Bands", titles, "bands", bind="query-params", label_visibility="collapsed")
    edges = band_edges(kind, filters.sample_rate)
    shown = seen_as(filters, view)
    before, after = (band_shares(one.mel_basis, edges, filters.sample_rate) for one in (shown.initial, shown.learned))
    show_figure(figures.band_sensitivity(before, after, edges), "filterbank.bands_figure")
    st.caption(
        "All filters added up: of the power that an even hiss would leave in the mel spectrogram, the share that comes "
        f"from each band. Shown {VIEWS[view]}: switch above to see whether shapes or gains moved it."
    )


def evolution(run: RunState, filters: Filters, number: int, view: View, axis: Axis) -> None:
    """The filters at every kept epoch."""
    snapshots, reports = cache.evolution(run.folder, filters)
    if not kept(snapshots, filters.trains_mel, "mel filters"):
        return
    n = n_validation(run)
    show_figure(
        figures.mel_evolution(
            snapshots, reports, filters.sample_rate, chosen=number, view=view, axis=axis, n_validation=n
        ),
        "filterbank.evolution",
    )
    st.caption(f"Press play, or drag the slider: the rings below move along with the filters. {accuracy_note(run, n)}")


def n_validation(run: RunState) -> int | None:
    """Validation clips of a run, if its dataset is the one at hand."""
    pack = clip_choice.dataset()
    if pack is None or pack.title != run.dataset:
        return None
    return int((pack.splits == "validation").sum())


def accuracy_note(run: RunState, n: int | None) -> str:
    """What the accuracy along the way was measured on, and what it is worth."""
    on = f"{clips(n)} for validation" if n else "validation clips"
    sure = " (shaded: 95 % interval)" if n else "; choose its dataset under Train, Data to see how sure it is"
    return (
        f"Accuracy is on the {on} of {plain(run.dataset) or 'its dataset'}{sure}. The same clips chose the epoch that "
        f"the other figures show ({run.best_epoch or 'the best one'}), so it flatters a little."
    )


def kept(snapshots: list[FilterSnapshot], trained: bool, what: str) -> bool:
    """Whether there is an evolution to show; a note where there is none."""
    if not trained:
        st.info(f"The {what} are not trained in this setting, so nothing came about.", icon=":material/info:")
    elif len(snapshots) < 2:
        st.info(
            f"No {what} from along the way were kept with this model; runs trained here keep some.",
            icon=":material/info:",
        )
    return trained and len(snapshots) >= 2
