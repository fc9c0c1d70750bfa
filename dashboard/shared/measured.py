"""What is measured when a person asks for it: offered, carried out in the background, kept, and shown with its doubts.

How a result is loaded, made and kept is the caller's: each is a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import streamlit as st

from core.errors import DataError, RunError
from dashboard.shared import cache, jobs
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import job_panel
from dashboard.shared.wording import plain

Result = TypeVar("Result")

Work = Callable[[Progress], None]
"""What a job does."""


def shown(
    names: Sequence[str],
    load: Callable[[], Result | None],
    offer: Callable[[Result | None], None],
    *,
    outdated: Callable[[Result], str] = lambda _: "",
    again: bool = False,
    quiet: bool = False,
) -> Result | None:
    """What is kept of a measurement, below the progress of the jobs that measure it, or the offer to do so.

    Args:
        names: The jobs that measure it.
        load: Gives what is kept, or None; a ``DataError`` says that it cannot be read.
        offer: Draws the choices and the button; gets what is kept. Not called while one of the jobs goes on.
        outdated: Why what is kept does not hold any more; empty where it does.
        again: Offer it also where what is kept holds.
        quiet: Whether other programs disturb the measurement.
    """
    found, trouble = None, ""
    try:
        found = load()
    except DataError as error:
        trouble = plain(error)
    if any(job_panel(name) for name in names):
        if quiet:
            st.caption("Leave the computer alone meanwhile: other programs lengthen every time.")
        return found
    if found is not None:
        trouble = outdated(found)
    if trouble:
        st.warning(trouble, icon=":material/update:")
    if found is None or trouble or again:
        offer(found)
    return found


def button(
    label: str,
    key: str,
    name: str,
    title: str,
    work: Callable[[], Work],
    *,
    unit: jobs.Unit = "",
    icon: str | None = None,
    kind: Literal["primary", "secondary"] = "primary",
    disabled: bool = False,
) -> None:
    """A button that begins a job; ``work`` is called when it is pressed and gives what the job does."""
    if st.button(label, key=key, type=kind, icon=icon, disabled=disabled):
        jobs.start(name, title, work(), unit=unit)
        st.rerun()


def kept(
    measure: Callable[[Progress], Result],
    save: Callable[[Result], object],
    what: str,
    models: Sequence[Path] = (),
    remedy: str = "Make its folder writable.",
) -> Work:
    """Work that measures and then keeps the result.

    It raises ``RunError`` if one of the models was replaced meanwhile, or if the result cannot be written.

    Args:
        measure: Measures, and reports how far it is.
        save: Keeps what was measured.
        what: Name of the result, as the beginning of a sentence.
        models: Folders of the runs that are measured.
        remedy: What a person can do where it cannot be written.
    """

    def work(progress: Progress) -> None:
        before = [cache.model_stamp(model) for model in models]
        found = measure(progress)
        for model, stamp in zip(models, before, strict=True):
            if cache.model_stamp(model) != stamp:
                raise RunError(f"The model of {model.name} changed while it was measured. Measure again.")
        try:
            save(found)
        except OSError as error:
            raise RunError(f"{what} cannot be kept ({error.strerror}). {remedy}") from error

    return work


def in_turn(works: Sequence[Work]) -> Work:
    """Several pieces of work, one after the other; what is kept by then stays when one ends early."""

    def work(progress: Progress) -> None:
        for one in works:
            one(progress)

    return work
