"""The server's own sound card, for visitors who sit at this computer: one card, shared by all of their pages."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import MicrophoneError
from core.microphone import Microphone

IDLE_S = 5.0
"""Seconds after which a page that says nothing no longer hears the card; the last one releases it."""

FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
"""Headers of requests that come through another computer, whatever their address looks like."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Hear = Callable[[NDArray[np.float32], int], None]


def is_at_this_computer() -> bool:
    """Whether the visitor's browser runs on the computer that the server runs on, as far as can be told."""
    address = st.context.ip_address
    try:
        near = address is None or _plain(ipaddress.ip_address(address)).is_loopback
    except ValueError:
        near = False
    return near and not any(st.context.headers.get(name) for name in FORWARDING)


def _plain(address: Address) -> Address:
    """An address of the older kind, where it is written as one of the newer kind."""
    return getattr(address, "ipv4_mapped", None) or address


@dataclass
class _Page:
    """A page that listens."""

    hear: Hear
    joined_s: float
    """Seconds of the card's sound that were there before it came."""
    last_asked: float


class SoundCard:
    """One microphone for several pages. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, _Page] = {}
        self._microphone: Microphone | None = None
        self._device: int | None = None
        self._given_s = 0.0

    def join(self, page: str, hear: Hear, device: int | None) -> None:
        """Let a page hear the card from now on.

        Raises:
            MicrophoneError: If the card cannot be used.
        """
        with self._lock:
            self._drop_silent_pages()
            microphone = self._microphone
            if microphone is None or not microphone.running or device != self._device:
                microphone = self._opened(device)
            microphone.touch()
            self._pages[page] = _Page(hear, self._given_s, time.monotonic())

    def stay(self, page: str) -> None:
        """Say that a page goes on listening; to be called again within ``IDLE_S``.

        Raises:
            MicrophoneError: If it can no longer hear the card.
        """
        with self._lock:
            self._drop_silent_pages()
            known, microphone = self._pages.get(page), self._microphone
            if known is None or microphone is None or not microphone.running:
                self._pages.pop(page, None)
                raise MicrophoneError(
                    (microphone and microphone.error)
                    or "The sound card was released, because this page had not asked for it for a while. Press Start."
                )
            known.last_asked = time.monotonic()
            microphone.touch()

    def leave(self, page: str) -> None:
        """A page no longer listens; the last one releases the card."""
        with self._lock:
            self._pages.pop(page, None)
            microphone = None if self._pages else self._microphone
        if microphone is not None:
            microphone.stop()

    def lost_s(self) -> float:
        """Seconds of sound that were lost since the card was opened."""
        return self._microphone.lost_s if self._microphone else 0.0

    def zero_ms(self, page: str) -> float:
        """When the first sample that a page heard was recorded, on the computer's clock (ms since 1970)."""
        known = self._pages.get(page)
        if known is None or self._microphone is None:
            return 0.0
        return 1000 * (time.time() - self._microphone.age_s(known.joined_s))

    def _opened(self, device: int | None) -> Microphone:
        """The card, opened with ``device``."""
        if self._pages:
            raise MicrophoneError(
                "Another page of this computer listens to another device, and the server hears one at a time. "
                "Choose the same device, or press Stop there."
            )
        if self._microphone is not None:
            self._microphone.stop()
        self._device, self._given_s = device, 0.0
        self._microphone = Microphone(self._hand_on, device=device, idle_s=IDLE_S)
        self._microphone.start()
        return self._microphone

    def _hand_on(self, samples: NDArray[np.float32], rate: int) -> None:
        with self._lock:
            self._drop_silent_pages()
            self._given_s += len(samples) / rate
            pages = list(self._pages.values())
        for page in pages:
            page.hear(samples, rate)

    def _drop_silent_pages(self) -> None:
        now = time.monotonic()
        self._pages = {name: page for name, page in self._pages.items() if now - page.last_asked <= IDLE_S}


@st.cache_resource(show_spinner=False)
def sound_card() -> SoundCard:
    """The one sound card of this server."""
    return SoundCard()
