"""What a visitor listens with: the models on one stream of sound, what they heard, and the answers to the browser.

A ``Listener`` cannot be written as text, so it is no part of the session state: the server keeps one for every visitor
and forgets it some time after the visitor's last sign of life.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import streamlit as st
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from core.config import ListeningConfig
from core.errors import AudioError
from core.inference import Listening
from core.inference.classifier import Classifier
from core.records.answers import Detection
from core.records.arrays import Waveform
from dashboard.components.messages import Inbox, Message
from dashboard.views.live import listening_picture

KEY = "live.listener"
"""Session-state key: the name of the visitor's listener."""

MOST_HEARD = 100
"""Detections that are remembered, each with its second of sound (64 kB)."""

IDLE_S = 600.0
"""Seconds without a sign of life after which a listener is forgotten; it holds some 10 MB."""

MOST_LISTENERS = 16

NEWEST_KEPT = 20
"""Detections that a stream keeps for the listener to note: more than come between two looks at it."""

PUT_BACK = "\N{NO-BREAK SPACE}put back"
"""Follows the name of a model where its filters are put back to the textbook's; no run has such a name."""

_libraries = ThreadpoolController()
# One decision is too little work to share: on a busy computer, PyTorch's threads wait for each other many times longer
# than one of them would take for all of it. The limit holds for the thread that asks for it.


@dataclass(frozen=True, eq=False)
class Heard:
    """A detection as the page lists it."""

    number: int
    """Grows by one from detection to detection of a visitor, whichever models listened."""
    at: float
    """When it was decided (seconds since 1970)."""
    model: str
    detection: Detection
    clip: Waveform = field(repr=False)
    """The second that was decided on, 16 kHz, (16000,)."""


class Listener:
    """The models of one visitor on one stream of sound. Safe to use from several threads."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self.last_used = time.monotonic()
        self.trouble = ""
        """What is wrong with the sound, in plain words; empty if nothing is."""
        self.inbox = Inbox()
        self.latency_ms: dict[int, int] = {}
        """Time from the end of a word until it was on the screen, by the detection's number."""
        # Three locks, so that a page waits for no model that hears the sound card: for messages, which come in order;
        # for the stream; and for what is noted of it.
        self._taking, self._hearing, self._noting = threading.Lock(), threading.RLock(), threading.Lock()
        self._classifiers: dict[str, Classifier] = {}
        self._configs: dict[str, ListeningConfig] = {}
        self._put_back: dict[str, Classifier] = {}
        self._beside: deque[tuple[str, Detection]] = deque(maxlen=MOST_HEARD)
        self._listening: Listening | None = None
        self._heard: deque[Heard] = deque(maxlen=MOST_HEARD)
        self._n_heard = 0
        self._newest = 0  # number of the last of them, as the models that listen now count
        self._before_stream = 0  # of them, how many belong to earlier streams
        self._n_streams = 0
        self._fed = 0  # samples since the stream began
        self._all_fed = 0  # ... and since the press of Start; the models may have been changed meanwhile
        self._rate = 1
        self._drawn = ("", -1.0)

    @property
    def is_ready(self) -> bool:
        """Whether there is a model that hears."""
        return self._listening is not None

    @property
    def has_both(self) -> bool:
        """Whether the model hears through its learned filters and through the textbook's."""
        return bool(self._put_back)

    def use(self, classifiers: Mapping[str, Classifier], configs: Mapping[str, ListeningConfig]) -> None:
        """Listen with these models from now on; with the same as before nothing is interrupted."""
        if dict(classifiers) == self._classifiers and dict(configs) == self._configs:
            return
        with self._hearing:
            if dict(classifiers) != self._classifiers:
                self._classifiers = dict(classifiers)
                self._configs = {name: configs.get(name, ListeningConfig()) for name in classifiers}
                self._put_back = put_back(classifiers)
                everybody = {**classifiers, **{f"{name}{PUT_BACK}": one for name, one in self._put_back.items()}}
                each = self._configs | {f"{name}{PUT_BACK}": self._configs[name] for name in self._put_back}
                self._begin(Listening(everybody, each, keep_detections=NEWEST_KEPT))
            for name, config in configs.items():
                self.configure(name, config)

    def configure(self, name: str, config: ListeningConfig) -> None:
        """Set the knobs of one model, at once."""
        with self._hearing:
            if self._listening is not None and self._configs.get(name) != config:
                self._listening.configure(name, config)
                if name in self._put_back:
                    self._listening.configure(f"{name}{PUT_BACK}", config)
                self._configs[name] = config

    def take(self, message: Message) -> None:
        """Hear the sound of a message, unless it was heard before."""
        with self._taking:
            if self._listening is None:
                return  # not taken, so the browser will send it again
            if self.inbox.is_new_session(message):
                self._restart()
            samples = self.inbox.take(message)
            self._drawn = (message.stream, message.until_s)
            self._note_latencies(message.seen)
            if message.source == "browser" and len(samples):
                self.feed(samples, message.rate)

    def _restart(self) -> None:
        with self._hearing:
            if self._listening is not None:
                self._listening.reset()
                self._begin(self._listening)
            self.trouble, self._all_fed = "", 0

    def feed(self, samples: NDArray[Any], rate: int) -> None:
        """Hear more of the stream, from whatever source."""
        with self._hearing:
            if self._listening is None:
                return
            try:
                with _libraries.limit(limits=1, user_api="openmp"):
                    self._listening.feed(samples, rate)
            except AudioError as error:
                self.trouble = str(error)
            with self._noting:
                self._fed += len(samples)
                self._all_fed += len(samples)
                self._rate = rate
                self._note_detections(self._listening)

    def _begin(self, listening: Listening) -> None:
        """Begin another stream; what was detected before stays in the list."""
        with self._noting:
            if listening is not self._listening:
                self._listening, self._newest = listening, 0
            self._n_streams += 1
            self._fed = 0
            self._before_stream = self._n_heard
            self._beside.clear()

    def _note_detections(self, listening: Listening) -> None:
        for number, model, detection in listening.detections():
            if number > self._newest:
                self._newest = number
                if model.endswith(PUT_BACK):
                    self._beside.append((model.removesuffix(PUT_BACK), detection))
                    continue
                self._n_heard += 1
                self._heard.append(Heard(self._n_heard, time.time(), model, detection, listening.clip_of(number)))

    def _note_latencies(self, seen: tuple[tuple[int, int], ...]) -> None:
        with self._noting:
            known = {one.number for one in self._heard}
            all_of_them = self.latency_ms | dict(seen)
            self.latency_ms = {number: ms for number, ms in all_of_them.items() if number in known}

    def heard(self) -> list[Heard]:
        """What was detected, oldest first."""
        with self._noting:
            return list(self._heard)

    def recent(self, seconds: float) -> Waveform:
        """The last seconds of sound, 16 kHz, (n,).

        Raises:
            AudioError: If nothing was heard yet.
        """
        listening = self._listening
        end_s = listening.seconds if listening is not None else 0.0
        if listening is None or not end_s:
            raise AudioError("Nothing was heard yet. Press Start and say something first.")
        return listening.sound(max(0.0, end_s - seconds), end_s)

    def answer(self, looks: Mapping[str, listening_picture.Look], source: str, basis: str) -> dict[str, Any]:
        """What the browser has to know: which message was taken, and what is new since the one before.

        Args:
            looks: How each model is to be drawn.
            source: "browser" or "card".
            basis: "learned" or "initial": the filters to hear through; the answers through the others stand beside.
        """
        with self._noting:
            listening, stream = self._listening, f"{self._n_streams}.{basis}"
            own = [(one.model, one.detection, one.number) for one in self._heard if one.number > self._before_stream]
            # These count for themselves, and are in no list.
            other = [(name, detection, 0) for name, detection in self._beside]
            # Samples that the browser dropped count in its recording, but were never heard.
            recorded = self.inbox.received if source == "browser" else self._all_fed
            base_s = (recorded - self._fed) / self._rate
        seconds = listening.seconds if listening is not None else 0.0
        drawn_stream, until_s = self._drawn
        after_s = max(until_s if drawn_stream == stream else -1.0, seconds - listening_picture.LONGEST_S)
        shown, beside = (other, own) if basis == "initial" else (own, other)

        def recent(detections: list[tuple[str, Detection, int]], name: str) -> list[dict[str, Any]]:
            since = seconds - listening_picture.LONGEST_S
            return [
                _as_drawn(one, number) for model, one, number in detections if model == name and one.heard_s > since
            ]

        return {
            "listener": self.name,
            "answered": {"session": self.inbox.session, "number": self.inbox.number},
            "received": self.inbox.received,
            "missing": self.inbox.n_missing,
            "source": source,
            "stream": stream,
            "base_s": base_s,  # where in the recording this stream begins
            "seconds": round(seconds, 3),
            "trouble": self.trouble,
            "basis": basis,
            "lanes": [
                listening_picture.lane(listening, name + PUT_BACK * (basis == "initial"), looks[name], after_s)
                | {"name": name, "threshold": config.threshold, "thresholds": dict(config.word_thresholds)}
                | {"detections": recent(shown, name)}
                | {"beside": recent(beside, name) if name in self._put_back else None}
                for name, config in self._configs.items()
                if listening is not None and (basis == "learned" or name in self._put_back)
            ],
        }


def put_back(classifiers: Mapping[str, Classifier]) -> dict[str, Classifier]:
    """A model that listens alone, if its filters were trained, with these put back to the textbook's, by its name.

    Two models on one stream are enough for a slow computer.
    """
    if len(classifiers) > 1:
        return {}
    return {name: one.put_back() for name, one in classifiers.items() if one.checkpoint.config.front_end.setting != "A"}


def _as_drawn(found: Detection, number: int) -> dict[str, Any]:
    times = {name: round(getattr(found, name), 3) for name in ("start_s", "end_s", "heard_s")}
    return {"number": number, "word": found.word, "score": round(float(found.score), 3), **times}


def mine() -> Listener:
    """The listener of this visitor."""
    name = st.session_state.setdefault(KEY, uuid4().hex)
    with _registry_lock:
        listeners = _listeners()
        one = listeners.setdefault(name, Listener())
        one.last_used = time.monotonic()
        forget_idle()
    return one


def forget_idle() -> int:
    """Forget the listeners of those who went away long ago, and the oldest beyond a few; answers how many are left."""
    now = time.monotonic()
    with _registry_lock:
        listeners = _listeners()
        by_age = sorted(listeners, key=lambda key: -listeners[key].last_used)
        for place, key in enumerate(by_age):
            if place >= MOST_LISTENERS or now - listeners[key].last_used > IDLE_S:
                del listeners[key]
        return len(listeners)


_registry_lock = threading.RLock()


@st.cache_resource(show_spinner=False)
def _listeners() -> dict[str, Listener]:
    return {}
