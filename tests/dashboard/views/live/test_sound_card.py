"""The server's one sound card, shared by the pages of whoever sits at it."""

import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from core.errors import MicrophoneError
from dashboard.views.live import sound_card
from dashboard.views.live.sound_card import SoundCard, is_at_this_computer
from tests.core.microphone.fake_sounddevice import Device, FakeSounddevice
from tests.dashboard.conftest import wait_until

BLOCK_S = 0.05


@pytest.fixture
def sounddevice(monkeypatch):
    """A computer with two sound cards."""
    module = FakeSounddevice([Device("Built-in", takes_any_rate=True), Device("Headset", takes_any_rate=True)])
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


@pytest.fixture
def card(sounddevice):
    one = SoundCard()
    yield one
    for page in list(one._pages):
        one.leave(page)
    assert all(stream.closed for stream in sounddevice.opened)


class Page:
    """Remembers what it heard."""

    def __init__(self):
        self.samples = np.zeros(0, np.float32)
        self.rates = set()

    def hear(self, samples, rate):
        self.samples = np.concatenate([self.samples, samples])
        self.rates.add(rate)

    def wait_for(self, n_samples):
        wait_until(lambda: len(self.samples) >= n_samples, seconds=10)


def test_two_pages_hear_the_same_sound_each_from_when_it_came(card, sounddevice):
    first, second = Page(), Page()
    card.join("first", first.hear, None)
    sounddevice.opened[0].deliver(0.1)
    first.wait_for(800)
    card.join("second", second.hear, None)
    sounddevice.opened[0].deliver(0.2)
    first.wait_for(1600)
    second.wait_for(800)
    assert len(sounddevice.opened) == 1, "the card is opened once"
    assert np.unique(first.samples).tolist() == pytest.approx([0.1, 0.2])
    assert np.unique(second.samples).tolist() == pytest.approx([0.2])
    assert first.rates == second.rates == {16_000}


def test_the_last_page_to_leave_releases_the_card(card, sounddevice):
    for name in ("first", "second"):
        card.join(name, Page().hear, None)
    card.leave("first")
    assert sounddevice.opened[0].active
    card.leave("second")
    assert sounddevice.opened[0].closed
    page = Page()
    card.join("first", page.hear, None)
    sounddevice.opened[1].deliver()
    page.wait_for(800)


def test_a_page_that_asks_no_more_is_no_longer_heard_and_the_card_is_released(card, sounddevice, monkeypatch):
    monkeypatch.setattr(sound_card, "IDLE_S", 0.5)
    gone, there = Page(), Page()
    for name, page in (("gone", gone), ("there", there)):
        card.join(name, page.hear, None)
    began = time.monotonic()
    while time.monotonic() < began + 1:
        card.stay("there")
        sounddevice.opened[0].deliver()
        time.sleep(BLOCK_S)
    assert len(there.samples) > len(gone.samples) + 800
    wait_until(lambda: sounddevice.opened[0].closed, seconds=5)
    with pytest.raises(MicrophoneError, match="released"):
        card.stay("there")
    card.join("there", there.hear, None)
    assert sounddevice.opened[1].active, "the next press of Start opens it again"


def test_a_second_device_is_refused_while_another_page_listens(card, sounddevice):
    card.join("first", Page().hear, 0)
    with pytest.raises(MicrophoneError, match="another device"):
        card.join("second", Page().hear, 1)
    assert sounddevice.opened[0].active
    card.leave("first")
    card.join("second", Page().hear, 1)
    assert sounddevice.opened[1].active


def test_a_card_that_vanishes_is_explained_to_its_page(card, sounddevice):
    card.join("first", Page().hear, None)
    sounddevice.opened[0].deliver()
    sounddevice.opened[0].active = False
    wait_until(lambda: sounddevice.opened[0].closed, seconds=10)
    with pytest.raises(MicrophoneError, match="unplugged"):
        card.stay("first")


def test_a_card_that_is_busy_is_explained_and_can_be_tried_again(card, sounddevice):
    sounddevice.plugged[0].is_busy = True
    with pytest.raises(MicrophoneError, match="in use by another program"):
        card.join("first", Page().hear, None)
    sounddevice.plugged[0].is_busy = False
    card.join("first", Page().hear, None)
    assert sounddevice.opened[0].active


def test_the_clock_says_when_a_page_s_first_sample_was_recorded(card, sounddevice):
    card.join("first", Page().hear, None)
    for _ in range(20):
        sounddevice.opened[0].deliver()
        time.sleep(BLOCK_S)
    late = Page()
    before = 1000 * time.time()
    card.join("late", late.hear, None)
    sounddevice.opened[0].deliver()
    late.wait_for(800)
    # The block lay in the card until it was delivered.
    assert before - 1000 * BLOCK_S - 100 < card.zero_ms("late") < 1000 * time.time()
    assert card.zero_ms("late") - card.zero_ms("first") == pytest.approx(1000, abs=200)


@pytest.mark.parametrize(
    ("address", "headers", "near"),
    [
        (None, {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("127.0.0.2", {}, True),
        ("192.168.0.7", {}, False),
        ("2001:db8::1", {}, False),
        ("strange", {}, False),
        (None, {"X-Forwarded-For": "192.168.0.7"}, False),
        (None, {"Forwarded": "for=192.168.0.7"}, False),
        (None, {"Via": "1.1 proxy"}, False),
        (None, {"Accept": "text/html"}, True),
    ],
)
def test_the_card_is_only_for_people_at_this_computer(monkeypatch, address, headers, near):
    monkeypatch.setattr(st, "context", SimpleNamespace(ip_address=address, headers=headers))
    assert is_at_this_computer() is near
