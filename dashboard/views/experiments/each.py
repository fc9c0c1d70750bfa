"""Each experiment on the page: the first one in sight, the others folded away."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.figures import experiments as figures
from core.records.ablation import Experiment, ExperimentKind, Findings
from core.records.filters import Filters
from core.runs import RunState
from core.studies.ablation.kept import STUDY, why_older
from core.studies.ablation.plan import ABOUT_THE_BASIS
from dashboard.shared import cache, clip_choice, places, saving
from dashboard.shared.folds import fold
from dashboard.shared.widgets import explained, show_figure
from dashboard.shared.wording import plain
from dashboard.views.experiments import silenced
from dashboard.views.experiments.answers import ask
from dashboard.views.experiments.in_words import importance_verdict, verdict, way_verdict
from dashboard.views.experiments.numbers import numbers
from dashboard.views.experiments.question import Setup, choose


@st.fragment
def draw(run: RunState, filters: Filters) -> None:
    """What putting the basis back costs, or each filter is worth, and more on request; a slider redraws this alone."""
    with explained(), saving.part():
        say_older(run)
        top, folds = st.container(), st.container()
        with st.expander("On which clips, and how", icon=":material/tune:"):
            setup = choose(run, filters)
        with top:
            if filters.setting == "A":
                ask(setup, "occlusion", lambda found: _worth(found, filters, first=True))
            else:
                ask(setup, "swap", _parts_back)
                caution()
        with folds:
            _more(setup)
        if setup.data is None:
            clip_choice.need_dataset("No dataset is ready to ask the model on. Prepare one first.")


def _more(setup: Setup) -> None:
    """The other experiments; one without findings that cannot be measured is left out."""
    kinds: dict[ExperimentKind, tuple[str, str, Callable[[], None]]] = {
        "interpolation": ("From initial to learned", "trending_up", lambda: _way(setup)),
        "gain-shape": ("Gain or shape?", "call_split", lambda: ask(setup, "gain-shape", _gain_or_shape)),
        "mask": ("Silence a band", "volume_off", lambda: _silence(setup)),
        "occlusion": (
            "What each filter is worth",
            "leaderboard",
            lambda: ask(setup, "occlusion", lambda found: _worth(found, setup.filters)),
        ),
    }
    for kind, (label, icon, shown) in kinds.items():
        if setup.filters.setting == "A" and kind in (*ABOUT_THE_BASIS, "occlusion"):
            continue  # the last one stands above
        if setup.data is not None or (
            kind != "mask" and setup.found_elsewhere(Experiment(kind=kind, normalisation=setup.normalisation))
        ):
            fold(label, f"matters.{kind}", shown, icon=icon)


def say_older(run: RunState) -> None:
    """Say that what an earlier version kept is not read, as long as nothing was measured anew."""
    why = why_older(run.folder)
    if why and not cache.all_current(STUDY, run.folder):
        st.warning(plain(why), icon=":material/update:")


def caution() -> None:
    """What these experiments can tell and what they cannot."""
    st.caption(
        "The network was trained with the learned filters. What it loses without them says how much it relies on them, "
        "not what a network trained with other filters would reach: for that, compare a model with a fixed spectrogram "
        "(A) on the same clips."
    )
    places.link("compare", "Compare")


def _parts_back(found: Findings) -> None:
    show_figure(figures.accuracy_by_change(found, title="Parts back to initial"), "experiments.swap")
    st.caption("Below, an interval that holds zero: that part makes no clear difference.")
    verdict(found)
    fold("As numbers", "matters.numbers", lambda: numbers(found))


def _way(setup: Setup) -> None:
    step = st.slider(
        "How far the filters have gone", 0.0, 1.0, 0.5, 0.1, key="step", bind="query-params", persist_state="session"
    )

    def show(found: Findings) -> None:
        show_figure(figures.accuracy_on_the_way(found, step=step), "experiments.way")
        st.caption(
            "Left: the filters before training. Right: after it. A rising line says the network needs the change."
        )
        way_verdict(found)
        numbers(found)

    ask(setup, "interpolation", show)
    show_figure(figures.mel_filters_on_the_way(setup.filters, step), "experiments.filters")
    st.caption("Orange: the filters at the slider's place. Dashed grey: initial. Blue: learned.")


def _gain_or_shape(found: Findings) -> None:
    show_figure(figures.accuracy_by_change(found, title="Only the gain, or only the shape"), "experiments.gain")
    st.caption(
        "Gain is how loud a filter is as a whole, shape which tones it prefers. Only the gain: initial filters, as "
        "loud as learned ones. Only the shape: learned ones, as loud as initial."
    )
    verdict(found)
    numbers(found)


def _silence(setup: Setup) -> None:
    bins, mels = silenced.choose(setup.filters)
    silenced.show_selectable(figures.selectable_filters(setup.filters, bins=bins, mels=mels))
    st.caption("Drag sideways over squares, or tap one: above mel filters, below STFT bins. Orange is silenced.")

    def show(found: Findings) -> None:
        show_figure(figures.accuracy_by_change(found, title="With a part silenced"), "experiments.mask")
        verdict(found)
        numbers(found)

    if bins or mels:
        ask(setup, "mask", show, bins=bins, mels=mels)


def _worth(found: Findings, filters: Filters, *, first: bool = False) -> None:
    show_figure(figures.filter_importance(found, filters), "experiments.importance")
    st.caption(
        "Each point: what the model loses when one filter always says its mean. Below: where that filter listens."
    )
    importance_verdict(found)
    if first:
        fold("As numbers", "matters.numbers", lambda: numbers(found))
    else:
        numbers(found)
