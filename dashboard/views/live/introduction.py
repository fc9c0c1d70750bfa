"""Below the microphone: what learning filters did, with one picture, and the tour."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st

from core import figures, runs
from core.errors import KeywordSpottingError
from core.runs import RunState
from core.studies import claim
from core.studies.comparison import Difference, outcome, speaker_note
from dashboard.shared import cache, picker, places
from dashboard.shared.widgets import explained, show_figure
from dashboard.shared.wording import plain
from dashboard.views import tour


def draw() -> None:
    """What this is for, and the way through it."""
    found = runs.list_runs()
    with explained():
        _claim([run for run in found if run.has_checkpoint])
    with st.expander("Guided tour: the tutorial's four steps", icon=":material/tour:"):
        _tour(found)


def _claim(found: Sequence[RunState]) -> None:
    """One picture of the model whose filters changed most, and what that was worth, from what is kept with it."""
    trained = [run for run in found if run.config is not None and run.config.front_end.trains_mel]
    if not trained:
        return
    # Models that came with the project were measured on real voices.
    pool = _most_trained([run for run in trained if run.shipped] or trained)
    gains = {run.name: gain for run in pool if (gain := _gain(run, found)) is not None}
    gains = dict(zip(gains, claim.corrected(list(gains.values())), strict=True))
    by_gain = sorted(pool, key=lambda run: -gains[run.name].gain if run.name in gains else 1.0)
    shown, one = _picture(by_gain)
    if shown is None or one is None:
        return
    st.header("What learning filters is worth")
    if shown.name in gains:
        gain = gains[shown.name]
        others = [(_network(run), gains[run.name]) for run in by_gain if run.name in gains and run is not shown]
        st.markdown(
            f"{claim.what_it_gained(f'**{_network(shown)}**', gain)} {claim.what_others_gained(others)}",
            help=f"{plain(outcome(gain))} {plain(speaker_note(gain))}",
        )
    show_figure(figures.band_sensitivity(one.before, one.after, one.edges_hz), "overview.picture")
    st.caption(f"{plain(picker.title(shown))}, trained on {plain(shown.dataset)}.")
    places.model_button("filterbank", "See its filters", shown.name, "overview.closer")


def _most_trained(found: Sequence[RunState]) -> list[RunState]:
    """Of each network the models that learned most: kernels too, where there is one."""
    both = {run.config.model for run in found if run.config and run.config.front_end.trains_stft}
    return [run for run in found if run.config and (run.config.front_end.trains_stft or run.config.model not in both)]


def _gain(run: RunState, found: Sequence[RunState]) -> Difference | None:
    """A model beside the same network with textbook filters, on test clips both were measured on."""
    for other in found:
        if other.config is None or run.config is None or (other.shipped, other.dataset) != (run.shipped, run.dataset):
            continue
        if claim.is_the_same_but_fixed(run.config, other.config):
            both = [_kept(one) for one in (other, run)]
            for clips in sorted(set(both[0]) & set(both[1])):
                files = [(one.name, kept[clips]) for one, kept in zip((other, run), both, strict=True)]
                try:
                    return cache.differences(files, baseline=other.name)[0]
                except KeywordSpottingError:  # of other clips, though called the same: Compare says so
                    continue
    return None


def _kept(run: RunState) -> dict[tuple[str, str], Path]:
    """Evaluations of a run as it is, on clips that choose nothing."""
    kept = cache.standing_evaluations(run.folder)
    return {(dataset, protocol): path for (dataset, protocol), path in kept.items() if protocol != "validation"}


def _network(run: RunState) -> str:
    assert run.config
    network, *further = run.config.title.split(", ")
    return f"{network} in noise" if "in noise" in further else network


def _picture(found: Sequence[RunState]) -> tuple[RunState | None, claim.Sensitivity | None]:
    """The first model whose filters moved, or else the first one that can be read."""
    readable: tuple[RunState | None, claim.Sensitivity | None] = None, None
    for run in found:
        with suppress(KeywordSpottingError):  # a page that looks at the model says why it cannot be read
            one = claim.sensitivity(cache.filters(run.folder))
            if one.moved >= claim.WORTH_SHOWING:
                return run, one
            readable = (run, one) if readable[0] is None else readable
    return readable


def _tour(found: Sequence[RunState]) -> None:
    """The steps, each with what of it is done; the models that came with the project do not count."""
    own = [run for run in found if not run.shipped]
    st.caption("Each step is done by doing it. Models that came with the project do not count as done.")
    for number, step in enumerate(tour.STEPS, start=1):
        with st.container(border=True):
            st.subheader(f"{number}. {step.title}")
            st.write(step.text)
            with st.container(horizontal=True, vertical_alignment="center"):
                for name, is_done in step.parts:
                    done = is_done(own)
                    icon = ":material/check_circle:" if done else ":material/radio_button_unchecked:"
                    st.badge(
                        f"done: {name}" if done else f"to do: {name}", icon=icon, color="green" if done else "gray"
                    )
                for page, label in step.links:
                    places.link(page, label)
