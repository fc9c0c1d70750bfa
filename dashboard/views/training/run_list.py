"""All runs that have ended, a row each: open one, choose several, have deleted ones back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import runs
from core.figures.comparison import LOOKS
from core.runs import RunState
from dashboard.shared import address, places, state
from dashboard.shared.widgets import explained
from dashboard.shared.wording import moment, percent, plain
from dashboard.views.training import result, run_panel

PICK = "training.pick"
"""Begins the session-state keys of the boxes that choose a run."""


def draw(found: Sequence[RunState]) -> None:
    """The rows, those that came with the project folded away; below the opened one its details."""
    past = [run for run in found if not run.alive]
    own = [run for run in past if not run.shipped]
    _follow([run.name for run in found], own)
    st.header("Runs", anchor=False)
    _offer_back()
    if not own:
        st.info("No run has ended yet. The first one appears here when it has.", icon=":material/lightbulb:")
    _chosen([run for run in own if st.session_state.get(f"{PICK}.{run.name}")])
    for run in own:
        _row(run, found)
    shipped = [run for run in past if run.shipped]
    if shipped:
        is_open = any(run.name == st.session_state.get(state.RUN) for run in shipped)
        with st.expander(f"Came with the project ({len(shipped)})", expanded=is_open, icon=":material/inventory_2:"):
            for run in shipped:
                _row(run, found)
    _trash()


def _follow(names: Sequence[str], own: Sequence[RunState]) -> None:
    """Open the run that the page's address names; the newest of the user's own until one is chosen."""
    asked = state.asked_anew(state.RUN)
    if asked is not None and (not asked or asked in names):
        st.session_state[state.RUN] = asked
    elif asked:
        address.say_missing("the run", asked, "It may have been deleted.")
    if st.session_state.get(state.RUN) is None and own:
        st.session_state[state.RUN] = own[0].name


def _row(run: RunState, found: Sequence[RunState]) -> None:
    is_open = st.session_state.get(state.RUN) == run.name
    words, icon, colour = run_panel.STATES[run.state]
    with st.container(border=is_open, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if not run.shipped:
                st.checkbox(f"Choose {plain(run.called)}", key=f"{PICK}.{run.name}", label_visibility="collapsed")
            st.button(
                plain(run.called),
                key=f"training.open.{run.name}",
                type="tertiary",
                icon=":material/expand_more:" if is_open else ":material/chevron_right:",
                on_click=state.open_run,
                args=("" if is_open else run.name,),
            )
            st.badge(words, icon=icon, color=colour)  # type: ignore[arg-type]
            for tag in run.label.tags:
                st.badge(plain(tag), color="violet")
            st.caption(_what(run), width="content")
        if is_open:
            run_panel.details(run, found)


def _what(run: RunState) -> str:
    parts = [run.config.title if run.config else "settings unreadable"]
    if run.best_accuracy is not None:
        parts.append(f"validation {percent(run.best_accuracy)}")
    if run.dataset:
        parts.append(plain(run.dataset))
    return plain(parts[0]) + "".join(f" · {part}" for part in parts[1:])


def _chosen(picked: Sequence[RunState]) -> None:
    """What can be done with several runs at once."""
    if not picked:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f"**{len(picked)} chosen**")
        names = [run.name for run in picked if run.has_checkpoint]
        fits = 2 <= len(names) == len(picked) <= len(LOOKS)
        if st.button(
            "Compare",
            key="training.chosen.compare",
            icon=":material/balance:",
            disabled=not fits,
            help=None if fits else f"Two to {len(LOOKS)} runs that have a model.",
            on_click=result.choose_runs,
            args=(names,),
        ):
            places.go("compare")
        if st.button("Delete", key="training.chosen.delete", icon=":material/delete:"):
            run_panel.delete(picked)
            st.rerun()
        st.button("Choose none", key="training.chosen.none", on_click=_choose_none, args=(picked,))


def _choose_none(picked: Sequence[RunState]) -> None:
    for run in picked:
        st.session_state[f"{PICK}.{run.name}"] = False


def _offer_back() -> None:
    """What was deleted last, and a button that undoes it."""
    gone = [name for name in st.session_state.get(run_panel.GONE, ()) if _lies_in_trash(name)]
    if not gone:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f":material/delete: Deleted: {plain(', '.join(gone))}.")
        if st.button("Undo", key="training.undo", icon=":material/undo:"):
            _restore(gone)


def _lies_in_trash(name: str) -> bool:
    return any(one.name == name for one in runs.deleted_runs())


def _restore(names: Sequence[str]) -> None:
    with explained():
        for name in names:
            runs.restore_run(name)
        st.session_state[run_panel.GONE] = []
        state.open_run(names[0])
        st.rerun()


def _trash() -> None:
    deleted = runs.deleted_runs()
    if not deleted:
        return
    with st.expander(f"Deleted ({len(deleted)})", icon=":material/delete:"):
        st.caption(f"Each is kept for {runs.KEPT_DAYS} days.")
        for number, one in enumerate(deleted):
            newest = all(other.name != one.name for other in deleted[:number])
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{plain(one.name)}, deleted {moment(one.deleted)}")
                if newest and st.button("Restore", key=f"training.restore.{one.name}", icon=":material/undo:"):
                    _restore([one.name])
        if st.button("Remove all for good", key="training.empty", icon=":material/delete_forever:"):
            with explained():
                runs.empty_trash()
                st.rerun()
