"""Calls that may hang, made one after the other on a thread of their own, so that nobody waits for ever."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class OwnThread:
    """A thread that makes calls for others; it starts with the first one and never keeps the program from ending."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._lock = threading.Lock()

    def ask(self, call: Callable[[], Answer], wait_s: float, too_late: Callable[[Answer], object]) -> Answer:
        """What a call returns or raises.

        Args:
            call: Made when those before it are done.
            wait_s: The longest wait. A call that has not begun by then is never made.
            too_late: Is given an answer that comes later.

        Raises:
            TimeoutError: If there was no answer.
        """
        with self._lock:
            if not self._thread.is_alive():
                self._thread.start()
        future: Future[Answer] = Future()
        self._calls.put((future, call))
        try:
            return future.result(wait_s)
        except TimeoutError:
            if not future.cancel():
                future.add_done_callback(lambda done: done.exception() or too_late(done.result()))
            raise

    def _serve(self) -> None:
        while True:
            future, call = self._calls.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except Exception as error:  # noqa: BLE001 - whoever waits for the answer meets it
                    future.set_exception(error)
