"""Which trained model the pages look at: one choice, shared by all of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import runs
from core.data.demo import CAUTION, has_synthetic_voices
from core.runs import RunState
from core.text import shortened
from dashboard.shared import address, places, run_names, state
from dashboard.shared.wording import percent, plain

LONGEST_CHIP = 76
"""Letters of the chip: the five places stand beside it in one line."""


def models() -> list[RunState]:
    """Runs that have a model: the user's first, newest first, then the ones that came with the project."""
    return [run for run in runs.list_runs() if run.has_checkpoint]


def default_model(found: Sequence[RunState]) -> RunState | None:
    """The model that is looked at until a person chooses one: no training of the user's own changes it.

    Of the models that came with the project, or else of the user's, the one that did best on its validation clips;
    before that count real voices before synthetic ones, a network before a single layer, which is no listener, one
    that was trained for a noisy room, and learned filters before fixed ones, so that every page has something to show.
    """
    return max(found, key=_rank, default=None)


def _rank(run: RunState) -> tuple[bool, bool, bool, bool, bool, float, str]:
    return (
        run.shipped,
        not has_synthetic_voices(*run.datasets),
        run.config is not None and run.config.model.name != "linear",
        run.config is not None and run.config.augment.noise_snr_db is not None,
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
    # The name comes first: a narrow list cuts the end off.
    return f"{run.called} · {what}{score}"


def chosen_model() -> RunState | None:
    """The run whose model is looked at now; None where nothing is trained."""
    found = {run.name: run for run in models()}
    return found.get(st.session_state.get(state.MODEL, ""), default_model(list(found.values())))


def follow() -> list[RunState]:
    """Choose the model that the page's address names, and say so where there is none of that name; answers all models.

    Before anything is drawn that leads to another page, since the model goes along.
    """
    found = models()
    names = {run.name for run in found}
    if (anew := state.asked_anew(state.MODEL)) in names:
        st.session_state[state.MODEL] = anew
    asked = st.query_params.get(state.MODEL)
    if found and asked is not None and asked not in names:
        address.say_missing("the model", asked, "Another one is shown.")
    default = default_model(found)
    if default is not None and st.session_state.get(state.MODEL) not in names:
        st.session_state[state.MODEL] = default.name
    return found


def draw(models: Sequence[RunState]) -> None:
    """The chip at the head of every page: the model that is looked at; opened, all of them to choose from."""
    found = {run.name: run for run in models}
    default = default_model(models)
    if default is None:
        st.badge("No trained model yet", icon=":material/deployed_code:", color="gray")
        return
    names = sorted(found, key=lambda name: name != default.name)
    chip = _chip(found[st.session_state[state.MODEL]])
    with st.popover(chip, icon=":material/deployed_code:"), st.container(height=420):
        # Not bound to the address as other choices are: that would tell a page its model one step of the browser's
        # way back later than its name.
        st.radio(
            "Model",
            names,
            captions=[_describe(found[name]) for name in names],
            key=state.MODEL,
            on_change=_picked,
            persist_state="session",
            help="Every place looks at this model. Your own runs come before those that came with the project.",
        )


def _picked() -> None:
    state.use_model(st.session_state[state.MODEL])


def _chip(run: RunState) -> str:
    """The chosen model in a few words: what it is, and its score."""
    score = f" · {percent(run.best_accuracy)}" if run.best_accuracy is not None else ""
    return f"{shortened(run_names.in_full(run), LONGEST_CHIP)}{score}"


def _describe(run: RunState) -> str:
    what = f"**{run.config.title}.**" if run.config else "Its settings cannot be read."
    source = " Came with the project." if run.shipped else ""
    data = f" Trained on {plain(run.dataset)}." if run.dataset else ""
    score = ""
    if run.best_accuracy is not None:
        score = f" {percent(run.best_accuracy)} of its validation clips right (epoch {run.best_epoch})."
    alive = " Still training: this is its best epoch so far." if run.alive else ""
    return f"{what}{source}{data}{score}{alive}"


def require_model(why: str) -> RunState:
    """The chosen run, or a friendly note with the next step, after which the page ends.

    Args:
        why: What the page would show, to complete "Train a model to …".
    """
    run = chosen_model()
    if run is None:
        need_model(why)
        st.stop()
    warn(run)
    return run


def need_model(why: str) -> None:
    """That there is no model yet, and the next step."""
    if any(run.alive for run in runs.list_runs()):
        st.info(
            f"The first model is still training. After its first epoch it is here, to {why}.",
            icon=":material/hourglass_top:",
        )
        places.link("training", "Watch it")
        return
    st.info(
        f"Nothing is trained yet. Train a model to {why}: the linear model on the demo words "
        "(synthetic voices) takes a minute or two.",
        icon=":material/lightbulb:",
    )
    places.link("training", "Train a first model")


def warn(run: RunState) -> None:
    """Say that the settings of a run cannot be read, where they cannot."""
    if run.config is None:
        st.warning(
            f"{run.name}: {plain(run.message)} The model itself is read from its own file.", icon=":material/warning:"
        )


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
