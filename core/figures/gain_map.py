"""The map of gains: what each part of the spectrogram gains, where, as one picture whose cells can be clicked."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.config import SETTING_NAMES
from core.figures import style
from core.figures.findings.gains import where_it_pays
from core.figures.findings.phrases import signed_points
from core.studies.gain_map import CLEAN, QUESTIONS, Gain
from core.studies.grid_table import PCEN_TITLES, Factors

LEAST_RANGE = 1.0
"""Points that full colour stands for at the least: smaller gains are to look small."""

ROW_PX, ROW_SIGNS = 36, 22
"""Height of a row (pixels), and signs of a line of what stands beside it: two lines fit, on a phone too."""

Column = tuple[str, str, int]
# Model, basis and number of filters.


def gain_map(
    gains: Sequence[Gain], condition: str, *, chosen: Factors | None = None, title: str | None = None
) -> go.Figure:
    """What is gained in one condition.

    Args:
        gains: From ``studies.gain_map.gains``; may be empty.
        condition: One of the map's.
        chosen: What was trained in the cells to frame.
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "gains" and the markers "cells", which can be clicked; their ``customdata`` are the
        values of the ``Factors`` in the order of its fields.
    """
    here = [one for one in gains if one.condition == condition]
    finding = where_it_pays(gains, condition)
    title = title or ("Where learning pays" if condition == CLEAN else f"Where learning pays, in noise at {condition}")
    figure = go.Figure()
    if not here:
        style.panel_note(figure, "Nothing can be compared yet.")
        return style.finish(figure, title=title, finding=finding, height=200)
    rows = list(dict.fromkeys(_row(one) for one in sorted(here, key=_order)))
    columns = list(dict.fromkeys(_column(one.factors) for one in sorted(here, key=lambda one: one.factors.place)))
    across = [_heading(column, columns) for column in columns]
    values = np.full((len(rows), len(columns)), np.nan)
    texts = np.full(values.shape, "", object)
    for one in here:
        at = rows.index(_row(one)), columns.index(_column(one.factors))
        values[at] = 100 * one.gain
        texts[at] = _text(one)
    most = max(LEAST_RANGE, float(np.nanmax(np.abs(values))))
    figure.add_heatmap(
        x=across,
        y=rows,
        z=values,
        text=texts,
        texttemplate="%{text}",
        name="gains",
        hoverinfo="skip",
        colorscale=style.CHANGE_SCALE,
        zmin=-most,
        zmax=most,
        xgap=1,
        ygap=1,
        showscale=False,
    )
    figure.add_scatter(
        x=[across[columns.index(_column(one.factors))] for one in here],
        y=[_row(one) for one in here],
        mode="markers",
        name="cells",
        customdata=[list(vars(one.factors).values()) for one in here],
        text=[_hover(one) for one in here],
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "square", "size": 24, "opacity": 0, "color": style.INK},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )
    for one in here:
        if one.factors == chosen:
            i, j = rows.index(_row(one)), columns.index(_column(one.factors))
            around = {"x0": j - 0.5, "x1": j + 0.5, "y0": i - 0.5, "y1": i + 0.5}
            figure.add_shape(type="rect", **around, line={"color": style.INK, "width": 3}, name="chosen")
    looks = {"showgrid": False, "fixedrange": True}
    figure.update_xaxes(title_text="Mel filters", range=[-0.5, len(columns) - 0.5], type="category", **looks)
    texts_beside = ["<br>".join(textwrap.wrap(row, ROW_SIGNS)) for row in rows]
    figure.update_yaxes(tickvals=rows, ticktext=texts_beside)
    figure.update_yaxes(title_text="Gained by", range=[len(rows) - 0.5, -0.5], **looks)
    seeds = sorted({one.seeds for one in here})
    many = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
    note = f"Points gained, means over {many} seeds. Bold: more than chance, among all {len(gains)} differences (Holm)."
    figure.update_layout(hoverdistance=20, dragmode=False)
    height = max(150, ROW_PX * len(rows))
    return style.finish(figure, title=title, finding=finding, note=note, height=height, bottom=76)


def _order(one: Gain) -> tuple[int, int, str]:
    return list(QUESTIONS).index(one.question), list(PCEN_TITLES).index(one.factors.pcen), one.factors.setting


def _row(one: Gain) -> str:
    """What is gained by, and what is the same on both sides.

    >>> from core.studies.gain_map import Gain
    >>> _row(Gain("B", Factors("linear", "mel", 40, "B", "fixed"), "clean", 3, 0.01, (0, 0.02), 0.5, 0.5))
    'learned mel filters, PCEN'
    """
    factors = one.factors
    if one.question in SETTING_NAMES:
        return ", ".join(filter(None, (SETTING_NAMES[factors.setting], PCEN_TITLES[factors.pcen])))
    what = "PCEN" if one.question == "pcen" else "learned PCEN"
    return f"{what}, {SETTING_NAMES[factors.setting]}"


def _column(factors: Factors) -> Column:
    return factors.model, factors.basis, factors.n_mels


def _heading(column: Column, columns: Sequence[Column]) -> str:
    model, basis, n_mels = column
    parts = [str(n_mels)]
    if len({one[1] for one in columns}) > 1:
        parts.append("textbook" if basis == "mel" else basis)
    if len({one[0] for one in columns}) > 1:
        parts.append(model)
    return "<br>".join(parts)


def _text(one: Gain) -> str:
    text = signed_points(one.gain)
    return f"<b>{text}</b>" if one.is_clear else text


def _hover(one: Gain) -> str:
    factors = one.factors
    gain, low, high = (signed_points(share, digits=2) for share in (one.gain, *one.interval))
    return (
        f"{QUESTIONS[one.question]}<br>{factors.model}, {factors.title}, {SETTING_NAMES[factors.setting]}<br>"
        f"{gain} points (95 % interval {low} to {high}), {one.seeds} seeds<br>"
        f"p = {one.p:.2g}, corrected {one.adjusted_p:.2g}<br>click to see its trainings"
    )
