"""What of the spectrogram is trained: four cards to choose from, each with a picture of what moves."""

from __future__ import annotations

from math import cos, pi
from typing import cast

import streamlit as st

from core.config import SETTING_TITLES, SETTINGS, Setting
from core.figures import style

NOTES: dict[Setting, str] = {
    "A": "The textbook's stays as it is: the comparison for the others.",
    "B": "The bands of tones that are summed up move and change their shape.",
    "C": "The waves that the sound is compared with change.",
    "D": "Both change, together with the network.",
}
"""A sentence for each setting."""

KEY = "training.setting"
"""Session-state key: the chosen setting."""

WIDTH, HEIGHT = 150, 44
"""Of a picture (CSS pixels)."""


def choose() -> Setting:
    """The four cards; the one that was chosen stands out."""
    chosen = cast(Setting, st.session_state.setdefault(KEY, "D"))
    names = list(NOTES)
    for pair in (names[:2], names[2:]):
        for name, column in zip(pair, st.columns(2), strict=True):
            with column.container(border=True, gap="small", height="stretch"):
                st.image(picture(name), width="stretch", alt=SETTINGS[name])
                st.button(
                    SETTING_TITLES[name],
                    key=f"{KEY}.{name}",
                    type="primary" if name == chosen else "secondary",
                    icon=f":material/radio_button_{'checked' if name == chosen else 'unchecked'}:",
                    help=NOTES[name],
                    width="stretch",
                    on_click=_take,
                    args=(name,),
                )
    return chosen


def _take(name: Setting) -> None:
    st.session_state[KEY] = name


def picture(setting: Setting) -> str:
    """Two waves beside three mel filters, as SVG: dashed and grey as they were, solid and blue where they learn.

    >>> picture("B").count("stroke-dasharray")
    2
    """
    kernels, filters = setting in "CD", setting in "BD"
    paths = [_path(_wave(row, bent=kernels), learned=kernels) for row in range(2)]
    paths += [_path(points, learned=filters) for points in _triangles(moved=filters)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'fill="none" stroke-linejoin="round">{"".join(paths)}</svg>'
    )


def _path(points: list[tuple[float, float]], *, learned: bool) -> str:
    line = style.LEARNED_LINE if learned else style.INITIAL_LINE
    dashes = "" if learned else ' stroke-dasharray="4 3"'
    steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{steps}" stroke="{line["color"]}" stroke-width="{line["width"]}"{dashes}/>'


def _wave(row: int, *, bent: bool) -> list[tuple[float, float]]:
    """A wave under a window; a learned one is no longer even."""
    places = [step / 40 for step in range(41)]
    turns = 2 + 2 * row
    return [
        (4 + 60 * at, 12 + 21 * row - 9 * cos(2 * pi * turns * (at + 0.08 * bent * at * at)) * (1 - abs(2 * at - 1)))
        for at in places
    ]


def _triangles(*, moved: bool) -> list[list[tuple[float, float]]]:
    """Three mel filters; learned ones have moved and have other heights."""
    even = ((78, 90, 102, 30.0), (92, 108, 124, 30.0), (110, 128, 146, 30.0))
    shifted = ((76, 94, 100, 22.0), (90, 104, 126, 34.0), (116, 134, 146, 28.0))
    return [
        [(low, 40), (centre, 40 - height), (high, 40)] for low, centre, high, height in (shifted if moved else even)
    ]
