"""The five places of the dashboard and their tabs, the head that stands above each, and the ways between them."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from dashboard.shared import address, state


class Tab(NamedTuple):
    """One page: its title, and its icon."""

    title: str
    icon: str


TABS = {
    "live": Tab("Try", ":material/mic:"),
    "training": Tab("Train", ":material/model_training:"),
    "own_words": Tab("Own words", ":material/record_voice_over:"),
    "room": Tab("Your room", ":material/meeting_room:"),
    "data": Tab("Data", ":material/library_music:"),
    "grid": Tab("Seeds", ":material/grid_on:"),
    "filterbank": Tab("Filters", ":material/equalizer:"),
    "kernels": Tab("Kernels", ":material/waves:"),
    "hearing": Tab("Listen", ":material/hearing:"),
    "experiments": Tab("Does it matter?", ":material/science:"),
    "gain_map": Tab("When it pays", ":material/grid_view:"),
    "evaluation": Tab("Score", ":material/fact_check:"),
    "mistakes": Tab("Mistakes", ":material/rule:"),
    "compare": Tab("Compare", ":material/balance:"),
    "robustness": Tab("Noise", ":material/noise_aware:"),
    "false_alarms": Tab("False alarms", ":material/notifications_active:"),
    "export": Tab("Export", ":material/output:"),
    "report": Tab("Report", ":material/description:"),
    "thresholds": Tab("Thresholds", ":material/tune:"),
    "speed": Tab("Speed", ":material/speed:"),
}
"""Every page by the name of its file, which is its address too."""

PLACES = {
    "Try": ("live",),
    "Train": ("training", "own_words", "room", "data", "grid"),
    "See": ("filterbank", "kernels", "hearing", "experiments", "gain_map"),
    "Judge": ("evaluation", "mistakes", "compare", "robustness", "false_alarms"),
    "Use": ("export", "report", "thresholds", "speed"),
}
"""The tabs of each place; the first one is where its link leads."""

FIRST = "live"
"""What stands at the address without a name."""

ICONS = {
    "Try": ":material/mic:",
    "Train": ":material/model_training:",
    "See": ":material/visibility:",
    "Judge": ":material/balance:",
    "Use": ":material/inventory_2:",
}


def pages() -> list[st.Page]:
    """All pages, for Streamlit."""
    return [
        st.Page(_file(name), title=tab.title, icon=tab.icon, url_path=name, default=name == FIRST)
        for name, tab in TABS.items()
    ]


def place_of(page: str) -> str:
    """The place that a page belongs to."""
    return next(place for place, names in PLACES.items() if page in names)


def draw_links(page: str) -> None:
    """The five places; the one that ``page`` belongs to is marked."""
    here = place_of(page)
    with st.container(horizontal=True, gap="small", key="places"):
        for place, names in PLACES.items():
            # The link of the place one is in leads to where one is, so that Streamlit marks it.
            _link(page if place == here else names[0], place, ICONS[place])


def draw_tabs(page: str) -> None:
    """The tabs of the place that ``page`` belongs to; nothing where it is the only one."""
    names = PLACES[place_of(page)]
    if len(names) > 1:
        with st.container(horizontal=True, gap="small", key="tabs"):
            for name in names:
                _link(name, TABS[name].title)


def link(page: str, label: str) -> None:
    """A link to another page."""
    _link(page, label, TABS[page].icon)


def _link(page: str, label: str, icon: str | None = None) -> None:
    st.page_link(_file(page), label=label, icon=icon, query_params=address.query(page))


def model_button(page: str, label: str, run: str, key: str) -> None:
    """A button that chooses the model of a run and opens a page that looks at it."""
    # Chosen before the page runs again, since the picker stands on it.
    if st.button(label, key=key, icon=TABS[page].icon, on_click=state.use_model, args=(run,)):
        go(page)


def go(page: str) -> None:
    """Leave for another page, from a button."""
    st.switch_page(_file(page), query_params=address.query(page))


def _file(page: str) -> str:
    return f"screens/{page}.py"
