"""A run that is training, on the page: how far it is, its curve, and its filters as they move."""

from __future__ import annotations

import streamlit as st

from core import figures, runs
from core.records.filters import Filters
from core.runs import RunState
from dashboard.shared import state
from dashboard.shared.widgets import explained, show_figure, show_metrics
from dashboard.shared.wording import device, duration, percent, plain

POLL_S = 2.0
"""Seconds between two looks at a run that is training. Each draws two figures, in the server and in the browser, while
the run itself wants both processors."""

ENDED = "training.ended"
"""Session-state key: the run that somebody watched to its end, whose result stands first."""


def draw(run: RunState) -> None:
    """The panel of a run that is training; looks again every other second until it ends."""
    with st.container(border=True):
        st.fragment(run_every=POLL_S)(_watched)(run.name)


def _watched(name: str) -> None:
    run = runs.run_state(runs.run_folder(name))
    if not run.alive:
        # Who watched it wants to know what became of it.
        state.open_run(name)
        st.session_state[ENDED] = name
        st.rerun()
    stopping = runs.stop_requested(run.folder)
    left, right = st.columns([4, 1], vertical_alignment="center")
    what = run.config.title if run.config else ""
    left.markdown(f"**{plain(run.called)}** · {what} · {plain(run.dataset) or 'opening the data'}")
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
    curve, moving = st.columns(2)
    with curve:
        draw_curve(run, "watch")
    with moving:
        _draw_filters(run)


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


def draw_curve(run: RunState, place: str) -> None:
    """Accuracy and loss by epoch."""
    reports = runs.read_progress(run.folder)
    if not reports:
        st.caption("The curve begins after the first epoch.")
        return
    show_figure(figures.training_curves(reports), f"training.{place}.curves.{run.name}")


def draw_movement(run: RunState, place: str) -> None:
    """How far the filters moved, by epoch."""
    reports = runs.read_progress(run.folder)
    if reports:
        show_figure(figures.filter_movement(reports), f"training.{place}.movement.{run.name}")


def _draw_filters(run: RunState) -> None:
    """The mel filters as they move; where they are fixed, how far the kernels moved by now."""
    filters = moving(run)
    if filters is not None:
        show_figure(figures.mel_change(filters), f"training.watch.filters.{run.name}")
    elif run.config is not None and run.config.front_end.setting == "A":
        st.caption("The spectrogram is fixed: nothing of it moves.")
    else:
        draw_movement(run, "watch")


def moving(run: RunState) -> Filters | None:
    """The mel filters at the start and now; None where they are not trained, or nothing was shown of them yet."""
    if run.config is None or not run.config.front_end.trains_mel:
        return None
    kept, now = runs.evolution(run.folder), runs.moving_filters(run.folder)
    if not kept:
        return None
    if now is None or now.epoch < kept[-1].epoch or now.mel_basis.shape != kept[0].mel_basis.shape:
        now = kept[-1]
    front_end = run.config.front_end
    return Filters(
        initial=kept[0],
        learned=now,
        sample_rate=front_end.sample_rate,
        n_fft=front_end.n_fft,
        hop_length=front_end.hop_length,
        setting=front_end.setting,
    )
