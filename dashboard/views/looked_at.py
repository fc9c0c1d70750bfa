"""Which filter or bin is looked at, and in which view; and what is offered where there is nothing learned to see."""

from __future__ import annotations

import streamlit as st

from core.frontend.filter_facts import VIEW_NOTES, VIEWS, FilterFacts, View
from core.frontend.kernel_facts import KernelFacts
from core.runs import RunState
from dashboard.shared import defaults, picker, state
from dashboard.shared.widgets import choose
from dashboard.shared.wording import plain

FILTER, BIN = "filter", "bin"
"""The mel filter and the STFT bin that are looked at, on every page and in its address."""

FIRST = {FILTER: 10, BIN: 20}
"""The one looked at first where none changed."""


def choose_number(label: str, key: str, facts: FilterFacts | KernelFacts, *, help: str) -> int:
    """A filter or bin by a slider, which opens on the one that changed most.

    What a person chose stays when another model is looked at; what was only the first one becomes that model's.

    Args:
        label: What is chosen.
        key: ``FILTER`` or ``BIN``.
        facts: What became of each of them.
        help: What the question mark says.
    """
    n, changed = len(facts.gain), facts.most_changed
    first = min(FIRST[key], n - 1) if changed is None else changed
    defaults.follow(key, first, range(n))
    if n < 2:
        return 0
    number: int = st.slider(label, 0, n - 1, first, key=key, bind="query-params", persist_state="session", help=help)
    return number


def choose_view() -> View:
    """Whether learned filters are drawn as learned, or only their shape or gain; one choice for all pages."""
    titles = {view: title.capitalize() for view, title in VIEWS.items()}
    return choose(
        "Show",
        titles,
        "view",
        bind="query-params",
        help=" ".join(f"{title}: {VIEW_NOTES[view]}" for view, title in titles.items()),
    )


def offer_learned(run: RunState, what: str, *, kernels: bool = False) -> None:
    """That nothing was learned here, and the model to look at instead.

    Args:
        run: The model that is looked at.
        what: What was not trained, such as "mel filters".
        kernels: Whether the other model has to have trained its STFT kernels too.
    """
    name = run.config.title if run.config else run.name
    said, offered = st.columns([3, 2], vertical_alignment="center")
    said.info(
        f"{plain(name)}: its {what} are as they began, so there is nothing learned to see.", icon=":material/info:"
    )
    found = [one for one in picker.models() if one.config and (one.config.front_end.trains_stft or not kernels)]
    other = picker.best_with_learned_filters(found)
    if other is None or other.config is None or other.name == run.name:
        return
    offered.button(
        f"Look at {plain(other.config.title)}",
        key="see.learned",
        icon=":material/visibility:",
        on_click=state.use_model,
        args=(other.name,),
    )
