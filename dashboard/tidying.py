"""Gives memory back once visitors have left: nobody else does, as long as nobody new comes.

Streamlit keeps the session of a closed page for some time, since the browser may come back, and lets go of it when the
next visitor comes: figures, recordings and uploaded files may stay for days.
"""

from __future__ import annotations

import asyncio
import logging
import sys

import streamlit as st
from streamlit import runtime

from core.fast.malloc import give_back
from dashboard.shared import starting

MARGIN_S = 5.0
"""Seconds after the time that Streamlit keeps a session."""

AGAIN_S = 60.0
"""Seconds from one look to the next while there is still something to be forgotten."""

LISTENER = "dashboard.views.live.listener"
"""Not imported here, since PyTorch comes with it and takes seconds."""

log = logging.getLogger(__name__)
_waiting: set[asyncio.Task[None]] = set()


def visitor_left() -> None:
    """A page was closed or has lost its connection: to be called by the server's event loop."""
    for task in _waiting:
        task.cancel()
    task = asyncio.get_running_loop().create_task(_tidy_later())
    _waiting.add(task)
    task.add_done_callback(_waiting.discard)


async def _tidy_later() -> None:
    await asyncio.sleep(st.get_option("server.disconnectedSessionTTL") + MARGIN_S)
    while True:
        forget_sessions()
        listener = sys.modules.get(LISTENER)
        left = listener.forget_idle() if listener and starting.is_done() else 0
        await asyncio.to_thread(give_back)
        if not left:
            return
        await asyncio.sleep(AGAIN_S)


def forget_sessions() -> None:
    """Let go of sessions whose time is over; to be called by the server's event loop, which owns them."""
    try:
        # Streamlit has no name for it: its storage lets go of old sessions when something else is stored.
        storage = runtime.get_instance()._session_mgr._session_storage  # type: ignore[attr-defined]
        for _, old in storage._cache.expire():
            # Its own loop still knows the last one that it served, which would stay for that alone.
            old.session.shutdown()
    except (AttributeError, RuntimeError, TypeError) as error:
        log.warning("Old sessions are kept until the next visitor comes (%s).", error)
