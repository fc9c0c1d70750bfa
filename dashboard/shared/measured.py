"""What is measured when a person asks for it: offered, carried out in the background, kept, and shown with its doubts.

How a result is loaded, made and kept is the caller's: each is a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import streamlit as st

from core.errors import DataError
from dashboard.shared import jobs
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


def kept(measure: Callable[[Progress], Result], save: Callable[[Result], object]) -> Work:
    """Work that measures, reporting how far it is, and then keeps the result."""

    def work(progress: Progress) -> None:
        save(measure(progress))

    return work


def in_turn(works: Sequence[Work]) -> Work:
    """Several pieces of work, one after the other; what is kept by then stays when one ends early."""

    def work(progress: Progress) -> None:
        for one in works:
            one(progress)

    return work
