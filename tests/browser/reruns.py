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

WHOLE_PAGE = ""
"""What Streamlit calls, among its fragments, the page that they stand on."""


class Conversation:
    """A socket of a page: what was asked and has no answer yet.

    A run answers what was asked before it began: that of the whole page everything, that of a fragment its own. No run
    answers for a fragment that the page has no longer, since Streamlit drops what is asked for it without a word: a
    microphone, say, whose message crosses the way to another page.

    "Finished early for a rerun" has two meanings. A run may really have given way to another, which then draws the same
    and is the answer. Or it was complete, and the next one, of another fragment, began before that was on its way:
    Streamlit's queue (ForwardMsgQueue.clear) then changes the word.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._asked: dict[str, bool] = {}  # by fragment: whether a run that answers it has begun
        self._fragments: set[str] = set()  # on the page, as far as the latest run of all of it has drawn them
        self._draws_all = False
        self._gave_way = False  # whether the run before said that it ended for another
        socket.on("framesent", self.on_sent)
        socket.on("framereceived", self.on_received)

    @property
    def is_answered(self) -> bool:
        """Whether nothing is asked any more."""
        return not self._asked

    @property
    def unanswered(self) -> str:
        """What is still asked, for the report of a test that waited in vain."""
        return f"asked {self._asked}, fragments {sorted(self._fragments)}, draws all {self._draws_all}"

    def on_sent(self, message: bytes | str) -> None:
        """Take note of a frame from the browser."""
        if not isinstance(message, bytes):
            return
        asked = BackMsg.FromString(message)
        if asked.WhichOneof("type") == "rerun_script":
            self._asked[asked.rerun_script.fragment_id] = False
            self._forget_the_gone()

    def on_received(self, message: bytes | str) -> None:
        """Take note of a frame from the server."""
        if not isinstance(message, bytes):
            return
        told = ForwardMsg.FromString(message)
        match told.WhichOneof("type"):
            case "new_session":
                self._begin(set(told.metadata.run.fragment_ids))
            case "delta" if told.delta.fragment_id:
                self._fragments.add(told.delta.fragment_id)
            case "stop_auto_rerun":  # a fragment has drawn itself without some that stood in it
                self._fragments -= set(told.stop_auto_rerun.fragment_ids)
                self._forget_the_gone()
            case "script_finished":
                self._finish(told.script_finished)

    def _begin(self, fragments: set[str]) -> None:
        self._draws_all = not fragments
        if self._draws_all:
            self._fragments = set()
        for one in self._asked:
            self._asked[one] |= self._draws_all or one in fragments
        if self._gave_way and not self._draws_all:
            self._asked = {one: begun for one, begun in self._asked.items() if not begun or one in fragments}
        self._gave_way = False

    def _finish(self, status: ForwardMsg.ScriptFinishedStatus.ValueType) -> None:
        self._gave_way = status == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        if self._gave_way:
            return  # the run that comes next tells what is answered
        self._draws_all = False
        self._asked = {one: begun for one, begun in self._asked.items() if not begun}  # else asked during this run
        self._forget_the_gone()

    def _forget_the_gone(self) -> None:
        if not self._draws_all and WHOLE_PAGE not in self._asked:
            self._asked = {one: begun for one, begun in self._asked.items() if one in self._fragments}


_last: WeakKeyDictionary[Page, Conversation] = WeakKeyDictionary()
"""The conversation of each page; one that went before ended with its document, which not every socket tells."""


def watch(page: Page) -> None:
    """Follow a page from its beginning: what it asks, and what the server answers."""
    page.on("websocket", lambda socket: _last.update({page: Conversation(socket)}))


def forget(page: Page) -> None:
    """Forget the conversation of a page that was left for one without any."""
    _last.pop(page, None)


def wait(page: Page, wait_s: float) -> None:
    """Wait until the server has answered everything that the page asked.

    Raises:
        AssertionError: If it takes longer than ``wait_s``.
    """
    page.evaluate(ALL_SENT)
    for _ in range(int(1000 * wait_s / STEP_MS)):
        if page in _last and _last[page].is_answered:
            return
        page.wait_for_timeout(STEP_MS)
    asked = _last[page].unanswered if page in _last else "it has no socket"
    raise AssertionError(f"{page.url} got no answer within {wait_s:g} s: {asked}")
