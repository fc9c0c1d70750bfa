"""What several pages share: figures, errors, links, progress of background work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from core.errors import KeywordSpottingError, name_error, system_error
from core.sound.reading import Sound
from core.text import is_text
from dashboard.components import theme
from dashboard.shared import jobs, saving
from dashboard.shared.wording import duration, plain, size

POLL_S = 0.7
"""Seconds between two looks at background work."""

Option = TypeVar("Option")


def begin_page(title: str, sentence: str) -> None:
    """Title of a page, and what it is for, where the pointer rests on it."""
    st.title(title, help=sentence, anchor=False)


@contextmanager
def explained() -> Iterator[None]:
    """Show an error that is meant for people, or the system's, as its text; anything else is a bug and stays loud."""
    try:
        yield
    except KeywordSpottingError as error:
        st.error(plain(error), icon=":material/error:")
    except OSError as error:
        st.error(plain(system_error(error)), icon=":material/error:")
    except UnicodeEncodeError as error:
        if is_text(error.object):
            raise
        st.error(plain(name_error(error)), icon=":material/error:")


def choose(
    label: str, titles: Mapping[Option, str], key: str, *, place: Any = st, stays: bool = True, **more: Any
) -> Option:
    """One of a few things, side by side, each with its title; the first one until a person chooses.

    Args:
        label: What is chosen.
        titles: Title of each thing.
        key: Of the choice in the session.
        place: Where it is drawn.
        stays: Whether the choice stays when the page is left.
        more: What else Streamlit's control takes.
    """
    named = {"format_func": titles.__getitem__, "key": key, "persist_state": "session" if stays else None}
    chosen: Option = place.segmented_control(
        label, list(titles), default=next(iter(titles)), required=True, **named, **more
    )
    return chosen


def show_figure(figure: Any, key: str) -> None:
    """Draw a figure below its finding, in our own colours; ``key`` keeps its zoom when the page runs again."""
    saving.remember(figure, key)
    st.plotly_chart(on_this_page(figure), theme=None, key=key, config=saving.toolbar(), alt=say_finding(figure))


def show_clickable_figure(figure: Any, key: str, picked: Callable[[Any], None]) -> None:
    """Draw a figure whose points can be clicked; ``picked`` gets the ``customdata`` of the one that was."""

    def answer() -> None:
        points = st.session_state[key].selection.points
        if points:
            picked(points[0].get("customdata"))

    saving.remember(figure, key)
    events: dict[str, Any] = {"on_select": answer, "selection_mode": "points"}
    look: dict[str, Any] = {"theme": None, "config": saving.toolbar(), "alt": say_finding(figure)}
    st.plotly_chart(on_this_page(figure), key=key, **look, **events)


def say_finding(figure: Any) -> str:
    """Write what a figure shows, above it, and give it for screen readers."""
    # Imported with the first figure: the frame around the pages is there before that.
    from core.figures.style import finding_of

    finding = finding_of(figure)
    st.markdown(plain(finding))
    return finding


def on_this_page(figure: Any) -> Any:
    """The figure in the colours of the page, light or dark."""
    from core.figures.style import in_dark

    return in_dark(figure) if theme.is_dark() else figure


def show_metrics(*metrics: tuple[str, str] | tuple[str, str, str]) -> None:
    """Numbers in a row that wraps where it is narrow: label, value, and perhaps what it means."""
    with st.container(horizontal=True, gap="large"):
        for label, value, *note in metrics:
            st.metric(label, value, help=note[0] if note else None, width="content")


def show_notes(sound: Sound) -> None:
    """Say what had to be done to a sound to hear it; nothing for a plain one."""
    for note in sound.notes:
        st.caption(f":material/info: {plain(note)}")


def job_panel(name: str) -> bool:
    """Progress of a background job, with a button to cancel it; answers whether it is running.

    When it ends the whole page runs again; what went wrong stays until it is dismissed or tried again.
    """
    job = jobs.find(name)
    if job is None:
        return False
    if job.running:
        st.fragment(run_every=POLL_S)(_running_job)(name)
        return True
    if job.state == "failed":
        st.error(f"{plain(job.title)}: {plain(job.message)}", icon=":material/error:")
    elif job.state == "cancelled":
        st.info(f"{plain(job.title)} was cancelled. Nothing half-finished is used.", icon=":material/cancel:")
    if job.state != "done":
        st.button("Dismiss", key=f"job.dismiss.{name}", on_click=jobs.forget, args=(name,))
    return False


def _running_job(name: str) -> None:
    job = jobs.find(name)
    if job is None or not job.running:
        st.rerun()
    share = min(1.0, job.done / job.total) if job.total else 0.0
    st.progress(share, text=_job_text(job))
    st.button(
        "Cancelling …" if job.cancelling else "Cancel",
        key=f"job.cancel.{name}",
        on_click=jobs.cancel,
        args=(name,),
        disabled=job.cancelling,
    )


def _job_text(job: jobs.Job) -> str:
    if not job.total:
        return f"{plain(job.what or job.title)} …"
    if job.unit == "bytes":
        amount = f"{size(job.done)} of {size(job.total)}"
    else:
        amount = f"{job.done:,} of {job.total:,} {job.unit}".strip()
    left = job.seconds_left
    return f"{plain(job.what or job.title)}: {amount}" + (f", about {duration(left)} left" if left is not None else "")
