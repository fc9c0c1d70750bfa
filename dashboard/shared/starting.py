"""What every page needs and takes seconds to import: the server begins with it before its first visitor comes.

All that can take long is imported by one thread, so that no page meets a library that is half there. The first page
draws its microphone meanwhile.
"""

from __future__ import annotations

import logging
import threading
from importlib import import_module

MODULES = (
    "pandas",  # first: a page that draws imports it too, and plotly must not meet it half there
    "torch",
    "core.figures",
    "dashboard.shared.cache",
    "dashboard.views.live.listening",
    "dashboard.views.live.introduction",
)
"""In the order in which they are wanted; with them comes nearly all that any page imports."""

log = logging.getLogger(__name__)

_thread: threading.Thread | None = None


def begin() -> None:
    """Begin to import; to be called once, by the server."""
    global _thread
    _thread = threading.Thread(target=_import_all, name="starting", daemon=True)
    _thread.start()


def is_done() -> bool:
    """Whether all is imported; also where nobody began, since pages import what they need themselves."""
    return _thread is None or not _thread.is_alive()


def wait() -> None:
    """Wait until all is imported."""
    if _thread is not None:
        _thread.join()


def _import_all() -> None:
    try:
        for name in MODULES:
            import_module(name)
    except Exception:
        # The page that needs it meets the same fault, and says so where a person sees it.
        log.exception("The server could not import all that its pages need.")
