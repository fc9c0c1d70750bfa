"""A run that has ended: what became of it, what a person says of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core import runs
from core.config import RunConfig
from core.runs import Label, RunState
from core.runs.label import LONGEST_NAME, LONGEST_NOTE
from core.training.presets import PRESETS
from dashboard.shared import places, report_button, saving, state
from dashboard.shared.widgets import explained, show_metrics
from dashboard.shared.wording import device, duration, moment, percent, plain
from dashboard.views.training import result, seeds, watching

STATES = {
    "starting": ("starting", ":material/hourglass_top:", "blue"),
    "running": ("training", ":material/play_circle:", "blue"),
    "done": ("finished", ":material/check_circle:", "green"),
    "stopped": ("stopped", ":material/stop_circle:", "gray"),
    "failed": ("failed", ":material/error:", "red"),
    "crashed": ("crashed", ":material/error:", "red"),
    "broken": ("unreadable", ":material/broken_image:", "red"),
}
"""How each state is said and shown: words, icon, colour."""

GONE = "training.gone"
"""Session-state key: names of the runs that were deleted last, to be had back at once."""


def details(run: RunState, found: Sequence[RunState]) -> None:
    """What became of a run, and what can be done with it."""
    if run.state in ("failed", "crashed", "broken"):
        st.error(plain(run.message) or "It ended without saying why.", icon=":material/error:")
    elif run.message:
        st.info(plain(run.message))
    said, drawn = st.columns(2, gap="large")
    with said:
        result.draw(run, found, "use")
        show_metrics(
            ("Epochs", f"{run.epoch} of {run.epochs}"),
            ("Best validation accuracy", percent(run.best_accuracy)),
            ("Trained for", duration(run.trained_seconds) if run.trained_seconds else "–"),
        )
        for line in run.label.note.splitlines():
            st.markdown(plain(line))
        st.caption(" · ".join(_facts(run)))
        _actions(run)
    with drawn:
        watching.draw_curve(run, "details")
    with st.expander("How far the filters moved", icon=":material/show_chart:"):
        watching.draw_movement(run, "details")
    log = runs.read_log(run.folder)
    if log:
        with st.expander("Log", expanded=run.state in ("failed", "crashed"), icon=":material/article:"):
            st.code(log, language=None)


def _facts(run: RunState) -> list[str]:
    facts = [f"Folder: {plain(run.name)}"] if run.label.name else []
    facts += [f"Dataset: {plain(run.dataset)}"] if run.dataset else []
    if run.config:
        if run.config.start.name:
            facts.append(f"begun with {plain(run.config.start.name)}")
        facts.append(f"seed {run.config.training.seed}")
    facts += [f"on the {plain(device(run.device))}"] if run.device else []
    facts.append(f"last change {moment(run.changed)}")
    return facts


def _actions(run: RunState) -> None:
    row = st.container(horizontal=True)
    if (
        run.resumable
        and run.epoch < run.epochs
        and row.button(
            "Resume", key="training.resume", icon=":material/play_arrow:", help="Goes on after the last finished epoch."
        )
    ):
        with explained():
            runs.resume_run(run.folder)
            st.rerun()
    with row.popover("Name, note, tags", icon=":material/edit:"):
        _label_form(run)
    if run.has_checkpoint:
        with row:
            report_button.draw(run.folder, "training")
            saving.button(
                "Download",
                partial(runs.as_zip, run.folder),
                f"{run.name}.zip",
                "training.download",
                note="The model, its settings and what was measured: unpacked among other runs it is one of them.",
            )
    if run.config is not None and run.config.preset in PRESETS and not run.config.start.name:
        with row:
            _repeat(run.config)
    if not run.shipped and row.button("Delete", key="training.delete", icon=":material/delete:"):
        delete([run])
        st.rerun()


def _label_form(run: RunState) -> None:
    with st.form(f"training.label.{run.name}", border=False):
        name = st.text_input(
            "Name", run.label.name, max_chars=LONGEST_NAME, key=f"training.label.name.{run.name}", placeholder=run.name
        )
        note = st.text_area("Note", run.label.note, max_chars=LONGEST_NOTE, key=f"training.label.note.{run.name}")
        tags = st.text_input(
            "Tags, with commas between them", ", ".join(run.label.tags), key=f"training.label.tags.{run.name}"
        )
        saved = st.form_submit_button("Save", key=f"training.label.save.{run.name}")
    if saved:
        with explained():
            runs.write_label(run.folder, Label(name=name.strip(), note=note.strip(), tags=runs.tags_from(tags)))
            st.rerun()


def _repeat(config: RunConfig) -> None:
    """Open the grid with the same training and three seeds."""
    if st.button(
        "Repeat with seeds",
        key="training.seeds",
        icon=":material/grid_on:",
        on_click=seeds.plan_seeds,
        args=(config,),
        help="One seed proves little: the same training three times, with a fixed spectrogram beside it.",
    ):
        places.go("grid")


def delete(gone: Sequence[RunState]) -> None:
    """Put runs into the trash; what could not be deleted is told, and the rest can be had back."""
    done = []
    for run in gone:
        with explained():
            runs.delete_run(run.folder)
            done.append(run.name)
    st.session_state[GONE] = done
    if st.session_state.get(state.RUN) in done:
        state.open_run("")
