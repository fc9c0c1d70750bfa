"""One training run on the page: watched while it goes on, explained when it has ended."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import figures, runs
from core.config import SETTINGS, RunConfig
from core.runs import RunState
from dashboard.shared import places, report_button, state
from dashboard.shared.widgets import explained, show_figure, show_metrics
from dashboard.shared.wording import device, duration, moment, percent, plain

POLL_S = 1.0
"""Seconds between two looks at a run that is training."""

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


def watch(run: RunState) -> None:
    """The panel of a run that is training; looks again every second until it ends."""
    with st.container(border=True):
        st.fragment(run_every=POLL_S)(_watched)(run.name)


def _watched(name: str) -> None:
    run = runs.run_state(runs.run_folder(name))
    if not run.alive:
        # Who watched it wants to know what became of it.
        st.session_state[state.RUN] = name
        st.rerun()
    stopping = runs.stop_requested(run.folder)
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.markdown(f"**{name}** · {run.config.title if run.config else ''} · {plain(run.dataset) or 'opening the data'}")
    with right, explained():
        if not stopping and st.button("Stop", key=f"training.stop.{name}", icon=":material/stop:", width="stretch"):
            runs.stop_run(run.folder)
            st.rerun(scope="fragment")
        if stopping and st.button("End it now", key=f"training.end.{name}", width="stretch"):
            runs.stop_run(run.folder, wait_s=1)
    st.progress(_share(run), text="Stopping after the current step …" if stopping else _where(run))
    speed = "–" if run.clips_per_second is None else f"{run.clips_per_second:,.0f} clips/s"
    show_metrics(
        ("Epoch", f"{min(run.epoch + 1, run.epochs)} of {run.epochs}"),
        ("Speed", speed),
        ("Time left", duration(run.seconds_left)),
        ("Best validation accuracy", percent(run.best_accuracy)),
    )
    curves(run, "watch")


def _share(run: RunState) -> float:
    step = run.step / run.steps if run.steps else 0.0
    return min(1.0, (run.epoch + step) / run.epochs) if run.epochs else 0.0


def _where(run: RunState) -> str:
    if run.message:
        return plain(run.message)
    if run.state == "starting":
        return "Starting: loading PyTorch and the data takes a few seconds."
    if run.epoch >= run.epochs:
        return "Finishing."
    step = f", step {run.step} of {run.steps}" if run.steps else ""
    where = f" · on the {plain(device(run.device))}" if run.device else ""
    return f"Epoch {run.epoch + 1} of {run.epochs}{step}{where}"


def curves(run: RunState, place: str) -> None:
    """Accuracy and loss by epoch, and how far the filters moved."""
    reports = runs.read_progress(run.folder)
    if not reports:
        st.caption("The curves begin after the first epoch.")
        return
    left, right = st.columns(2)
    with left:
        show_figure(figures.training_curves(reports), f"training.{place}.curves.{run.name}")
        st.caption("Validation clips are never trained on. When train rises and validation falls, it learns by heart.")
    with right:
        show_figure(figures.filter_movement(reports), f"training.{place}.movement.{run.name}")
        st.caption("0 % is the initial filterbank. A fixed part stays there.")


def details(run: RunState) -> None:
    """What became of a run, and what can be done with it."""
    words, icon, colour = STATES[run.state]
    head = st.container(horizontal=True, vertical_alignment="center")
    head.markdown(f"#### {run.name}")
    head.badge(words, icon=icon, color=colour)  # type: ignore[arg-type]
    if run.state in ("failed", "crashed", "broken"):
        st.error(plain(run.message) or "It ended without saying why.", icon=":material/error:")
    elif run.message:
        st.info(plain(run.message))
    show_metrics(
        ("Epochs", f"{run.epoch} of {run.epochs}"),
        ("Best validation accuracy", percent(run.best_accuracy)),
        ("Trained for", duration(run.trained_seconds) if run.trained_seconds else "–"),
        ("Device", plain(device(run.device)) or "–"),
    )
    st.caption(" · ".join(_facts(run)))
    _actions(run)
    curves(run, "details")
    log = runs.read_log(run.folder)
    if log:
        with st.expander("Log", expanded=run.state in ("failed", "crashed"), icon=":material/article:"):
            st.code(log, language=None)


def _facts(run: RunState) -> list[str]:
    facts = [f"Dataset: {plain(run.dataset)}"] if run.dataset else []
    if run.config:
        facts.append(f"Setting {run.config.front_end.setting}: {SETTINGS[run.config.front_end.setting]}")
        facts.append(f"seed {run.config.training.seed}")
    facts.append(f"last change {moment(run.changed)}")
    return facts


def _actions(run: RunState) -> None:
    row = st.container(horizontal=True)
    if run.has_checkpoint:
        with row:
            for page, text in (("filterbank", "Look at this model"), ("live", "Talk to it")):
                places.model_button(page, text, run.name, f"training.use.{page}")
    if run.has_checkpoint:
        with row:
            report_button.draw(run.folder, "training")
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
    if not run.shipped:
        with row.popover("Delete", icon=":material/delete:"):
            st.write(f"Delete {run.name} with its model, curves and evaluations? This cannot be undone.")
            if st.button("Yes, delete it", key="training.delete", type="primary"):
                with explained():
                    runs.delete_run(run.folder)
                    st.session_state.pop(state.RUN, None)
                    st.rerun()


def estimate(config: RunConfig, dataset: str, past: Sequence[RunState]) -> str:
    """How long a run should take, from the newest past run of its kind on this computer; empty if there is none."""
    for run in past:
        alike = (
            run.config is not None
            and not run.shipped
            and run.epoch > 0
            and run.dataset == dataset
            and (run.config.model, run.config.front_end) == (config.model, config.front_end)
        )
        if alike:
            an_epoch = run.trained_seconds / run.epoch
            total = an_epoch * config.training.epochs
            where = plain(device(run.device))
            return f"About {duration(total)}: {run.name} took {an_epoch:.1f} s an epoch on {where}."
    return ""


def table(past: list[RunState]) -> None:
    """All ended runs at a glance."""
    st.dataframe(
        [
            {
                "Run": run.name,
                "Model": run.config.title if run.config else "–",
                "State": STATES[run.state][0] + (", came with the project" if run.shipped else ""),
                "Epochs": f"{run.epoch} of {run.epochs}",
                "Best validation accuracy": percent(run.best_accuracy),
                "Trained for": duration(run.trained_seconds) if run.trained_seconds else "–",
                "Dataset": run.dataset or "–",
            }
            for run in past
        ],
        hide_index=True,
    )


def choose(past: list[RunState]) -> RunState:
    """The run whose details are shown: the one chosen, else the newest."""
    named = {run.name: run for run in past}
    if st.session_state.get(state.RUN) not in named:
        st.session_state[state.RUN] = past[0].name
    name = st.selectbox("Details of", list(named), key=state.RUN, persist_state="session")
    return named[name]
