"""Whether Streamlit has answered what a page asked: told by what goes over its socket.

What the page itself says ("notRunning") is of no use right after a click: it says so until the server begins to answer.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from playwright.sync_api import Page, WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

STEP_MS = 20
"""Time between two looks."""

ALL_SENT = "() => new Promise(sent => requestAnimationFrame(() => setTimeout(sent)))"
"""In the browser: after this, whatever a click asks of the server is on its way."""


class Conversation:
    """A socket of a page: whether something was asked, and whether the run that answers it has begun."""

    def __init__(self, socket: WebSocket) -> None:
        self.asked = self.begun = False
        socket.on("framesent", self.on_sent)
        socket.on("framereceived", self.on_received)

    def on_sent(self, message: bytes | str) -> None:
        if isinstance(message, bytes) and BackMsg.FromString(message).WhichOneof("type") == "rerun_script":
            self.asked, self.begun = True, False

    def on_received(self, message: bytes | str) -> None:
        if not isinstance(message, bytes):
            return
        kind = ForwardMsg.FromString(message).WhichOneof("type")
        if kind == "new_session":
            self.begun = True
        elif kind == "script_finished" and self.begun:  # else it ends a run that was asked for before
            self.asked = False


_last: WeakKeyDictionary[Page, Conversation] = WeakKeyDictionary()
"""The conversation of each page; one that went before ended with its document, which not every socket tells."""


def watch(page: Page) -> None:
    """Follow a page from its beginning: what it asks, and what the server answers."""
    page.on("websocket", lambda socket: _last.update({page: Conversation(socket)}))


def wait(page: Page, wait_s: float) -> None:
    """Wait until the server has answered everything that the page asked.

    Raises:
        AssertionError: If it takes longer than ``wait_s``.
    """
    page.evaluate(ALL_SENT)
    for _ in range(int(1000 * wait_s / STEP_MS)):
        if page in _last and not _last[page].asked:
            return
        page.wait_for_timeout(STEP_MS)
    raise AssertionError(f"{page.url} got no answer within {wait_s:g} s")
