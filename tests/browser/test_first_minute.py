"""The first minute of somebody new: their own word on the screen, what learned filters change, a model of their own.

How long each step took is printed (``pytest -s``) and not asked for: a busy computer is no failure.
"""

import re
import time
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WORD
from tests.browser.models import copy_model, lend_demo_words, shipped_models
from tests.browser.pages import (
    WORK_S,
    assert_no_exception,
    click_menu,
    listen,
    new_page,
    wait_for_page,
    wait_until_calm,
)
from tests.browser.server import running_server

LAPTOP = {"width": 1280, "height": 800}


@contextmanager
def timed(step):
    """Say how long a step took."""
    began = time.monotonic()
    yield
    print(f"{step}: {time.monotonic() - began:.1f} s")


@pytest.fixture
def fresh(tmp_path):
    """A server just started, with a network that hears and whose filters learned."""
    models = shipped_models()
    if "bcresnet" not in models:
        pytest.skip("a linear model hears too few words: lay shipped models into checkpoints/")
    learned = next(path for path in models["bcresnet"].parent.glob("shipped-bcresnet-1-D"))
    lend_demo_words(tmp_path)
    with running_server(tmp_path) as server:
        copy_model(learned, server.runs / "first")
        yield server


def in_window(page, part):
    """Whether all of a part can be seen without scrolling."""
    box = part.bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def test_a_newcomer_sees_a_word_of_their_own_flips_the_filters_and_trains_on_a_model_to_try(browser, fresh):
    complaints = []
    page = new_page(browser, viewport=LAPTOP, permissions=["microphone"])
    listen(page, complaints)
    ear = page.locator(".ear")
    with timed("page up to own word on the screen"):
        with timed("  page up to the button"):
            page.goto(fresh.url, wait_until="commit")
            start = ear.get_by_role("button", name="Start listening")
            expect(start).to_be_visible()
        start.click()
        word = ear.locator(".heard")
        expect(word).to_contain_text(f"{WORD} ", timeout=1000 * WORK_S)
    wait_for_page(page, "live")
    for part in (ear.get_by_role("button", name="Stop"), word, ear.locator("canvas")):
        assert in_window(page, part)
    expect(ear.locator("h4")).to_have_text("Learned filters")
    expect(ear.locator(".beside")).to_contain_text("Textbook filters: ")
    with timed("textbook filters"):
        page.get_by_role("radio", name="Textbook filters").check(force=True)
        expect(ear.locator("h4")).to_have_text("Textbook filters")
        expect(ear.locator(".beside")).to_contain_text("Learned filters: ")
    expect(word).to_contain_text("%")
    with timed("learned filters"):
        page.get_by_role("radio", name="Learned filters").check(force=True)
        expect(ear.locator("h4")).to_have_text("Learned filters")
    ear.get_by_role("button", name="Stop").click()
    expect(ear).to_have_attribute("data-phase", "idle", timeout=1000 * WORK_S)
    wait_until_calm(page)

    click_menu(page, "training")
    with timed("train from a shipped model to the result card"):
        page.get_by_role("button", name="Start training").click()
        # Only the result card can be closed.
        expect(page.get_by_role("button", name="Close", exact=True)).to_be_visible(timeout=1000 * WORK_S)
    card = page.locator(".st-key-training_ended")
    expect(card.get_by_text("Score", exact=True)).to_be_visible()
    expect(card.get_by_text("clips it never saw")).to_be_visible()
    with timed("try it"):
        card.get_by_role("button", name="Try it").click()
        wait_for_page(page, "live")
        (mine,) = (folder.name for folder in fresh.runs.iterdir() if folder.name != "first")
        expect(page).to_have_url(re.compile(f"[?&]model={re.escape(mine)}(&|$)"))
        ear.get_by_role("button", name="Start listening").click()
        expect(ear.locator(".heard")).to_contain_text("%", timeout=1000 * WORK_S)
    ear.get_by_role("button", name="Stop").click()
    expect(ear).to_have_attribute("data-phase", "idle", timeout=1000 * WORK_S)
    assert_no_exception(page)
    assert not complaints
    page.context.close()
