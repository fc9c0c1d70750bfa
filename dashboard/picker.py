"""Which trained model the pages look at: one choice, shared by all of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import runs
from core.runs import RunState
from dashboard import state
from dashboard.widgets import page_link
from dashboard.wording import percent, plain


def models() -> list[RunState]:
    """Runs that have a model: the user's first, newest first, then the ones that came with the project."""
    return [run for run in runs.list_runs() if run.has_checkpoint]


def default_model(found: Sequence[RunState]) -> RunState | None:
    """The user's newest model, else the best one with learned filters, so that every page has something to show."""
    own = [run for run in found if not run.shipped]
    return next(iter(own), None) or best_with_learned_filters(found) or next(iter(found), None)


def best_with_learned_filters(found: Sequence[RunState]) -> RunState | None:
    """The model with trained mel filters that did best on its validation clips, real recordings before synthetic."""
    fitting = [run for run in found if run.has_checkpoint and run.config and run.config.front_end.trains_mel]
    return max(
        fitting,
        key=lambda run: ("synthetic" not in run.dataset, run.best_accuracy or 0.0),
        default=None,
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


def draw() -> None:
    """The picker, for the sidebar."""
    found = {run.name: run for run in models()}
    default = default_model(list(found.values()))
    if default is None:
        st.caption("No trained model yet.")
        return
    if st.session_state.get(state.MODEL) not in found or not st.session_state[state.MODEL_CHOSEN]:
        st.session_state[state.MODEL] = default.name
        st.session_state[state.MODEL_CHOSEN] = False
    st.selectbox(
        "Trained model",
        list(found),
        format_func={name: title(run) for name, run in found.items()}.__getitem__,
        key=state.MODEL,
        persist_state="session",
        on_change=_remember,
        help="Used by Filterbank, Kernels, Evaluation and Live. Your own runs come first, newest first.",
    )
    _describe(found[st.session_state[state.MODEL]])


def _remember() -> None:
    st.session_state[state.MODEL_CHOSEN] = True


def _describe(run: RunState) -> None:
    source = "Came with the project." if run.shipped else "Your own run."
    data = f" Trained on: {plain(run.dataset)}." if run.dataset else ""
    score = ""
    if run.best_accuracy is not None:
        score = f" Best epoch {run.best_epoch}: {percent(run.best_accuracy)} of its validation clips right."
    st.caption(f"**{run.name}**. {source}{data}{score}")
    if run.alive:
        st.caption("Still training: the pages show its best epoch so far.")


def require_model(why: str) -> RunState:
    """The chosen run, or a friendly note with the next step, after which the page ends.

    Args:
        why: What the page would show, to complete "Train a model to …".
    """
    run = chosen_model()
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
