"""Which trained model the pages look at: one choice, shared by all of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import runs
from core.data.demo import CAUTION, has_synthetic_voices
from core.runs import RunState
from dashboard.shared import state
from dashboard.shared.widgets import page_link
from dashboard.shared.wording import percent, plain


def models() -> list[RunState]:
    """Runs that have a model: the user's first, newest first, then the ones that came with the project."""
    return [run for run in runs.list_runs() if run.has_checkpoint]


def default_model(found: Sequence[RunState]) -> RunState | None:
    """The model that is looked at until a person chooses one: no training of the user's own changes it.

    Of the models that came with the project, or else of the user's, the one that did best on its validation clips;
    before that count real voices before synthetic ones, a network before a single layer, which is no listener, and
    learned filters before fixed ones, so that every page has something to show.
    """
    return max(found, key=_rank, default=None)


def _rank(run: RunState) -> tuple[bool, bool, bool, bool, float, str]:
    return (
        run.shipped,
        not has_synthetic_voices(*run.datasets),
        run.config is not None and run.config.model.name != "linear",
        run.config is not None and run.config.front_end.trains_mel,
        run.best_accuracy or 0.0,
        run.name,
    )


def best_with_learned_filters(found: Sequence[RunState]) -> RunState | None:
    """The first choice among the models whose mel filters were trained."""
    return default_model(
        [run for run in found if run.has_checkpoint and run.config and run.config.front_end.trains_mel]
    )


def title(run: RunState) -> str:
    """What a person reads in a list of models."""
    what = run.config.title if run.config else "settings unreadable"
    score = f" · validation {percent(run.best_accuracy)}" if run.best_accuracy is not None else ""
    # The name comes first: a narrow sidebar cuts the end off.
    return f"{run.name} · {what}{score}"


def chosen_model() -> RunState | None:
    """The run whose model is looked at now; None where nothing is trained."""
    found = {run.name: run for run in models()}
    return found.get(st.session_state.get(state.MODEL, ""), default_model(list(found.values())))


def draw(*, used: bool) -> None:
    """The picker, for the sidebar; on every page, since the choice stands in the page's address.

    Args:
        used: Whether the page looks at the chosen model.
    """
    found = {run.name: run for run in models()}
    default = default_model(list(found.values()))
    if default is None:
        st.sidebar.caption("No trained model yet.")
        return
    asked = st.query_params.get(state.MODEL)
    if asked is not None and asked not in found:
        # As code, in one line: an address is anybody's text.
        name = " ".join(asked[:80].replace("`", "'").split())
        st.warning(
            f"The address of this page asks for the model `{name}`, which is not here. Another one is shown.",
            icon=":material/link_off:",
        )
    with st.sidebar:
        # The default is the first option, which leaves the address as it is. What the options say goes into the
        # address too, so they are names alone.
        st.selectbox(
            "Trained model",
            sorted(found, key=lambda name: name != default.name),
            key=state.MODEL,
            bind="query-params",
            persist_state="session",
            help="Used by all pages under “Look inside”, and by Evaluation, Robustness and Live. Your own runs come "
            "before the models that came with the project, newest first.",
        )
        if used:
            _describe(found[st.session_state[state.MODEL]])
        else:
            st.caption("This page does not use it.")


def _describe(run: RunState) -> None:
    source = "Came with the project." if run.shipped else "Your own run."
    data = f" Trained on: {plain(run.dataset)}." if run.dataset else ""
    score = ""
    if run.best_accuracy is not None:
        score = f" Best epoch {run.best_epoch}: {percent(run.best_accuracy)} of its validation clips right."
    what = f" {run.config.title}." if run.config else " Its settings cannot be read."
    st.caption(f"**{run.name}**.{what} {source}{data}{score}")
    if run.alive:
        st.caption("Still training: the pages show its best epoch so far.")


def require_model(why: str) -> RunState:
    """The chosen run, or a friendly note with the next step, after which the page ends.

    Args:
        why: What the page would show, to complete "Train a model to …".
    """
    run = chosen_model()
    if run is None and any(run.alive for run in runs.list_runs()):
        st.info(
            f"The first model is still training. After its first epoch it is here, to {why}.",
            icon=":material/hourglass_top:",
        )
        page_link("training", "Watch it")
        st.stop()
    if run is None:
        st.info(
            f"Nothing is trained yet. Train a model to {why}: the linear model on the demo words "
            "(synthetic voices) takes a minute or two.",
            icon=":material/lightbulb:",
        )
        page_link("training", "Train a first model")
        st.stop()
    if run.config is None:
        st.warning(
            f"{run.name}: {plain(run.message)} The model itself is read from its own file.", icon=":material/warning:"
        )
    # The sidebar with the picker is folded away on a phone.
    st.caption(f"Model: {title(run)}")
    return run


def caution(run: RunState, *, offer: bool = True) -> None:
    """Where a model listens to a person: a warning if it has never heard one, and perhaps another one to take."""
    if not has_synthetic_voices(*run.datasets):
        return
    st.warning(f"{run.name} {CAUTION}.", icon=":material/smart_toy:")
    other = default_model([one for one in models() if not has_synthetic_voices(*one.datasets)])
    if offer and other is not None:
        st.button(
            f"Use {other.name}, which learned from real voices",
            key=f"caution.{run.name}",
            icon=":material/swap_horiz:",
            on_click=state.use_model,
            args=(other.name,),
        )
