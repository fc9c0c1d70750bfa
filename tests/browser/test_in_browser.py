"""Try with the browser alone: words are heard in a frame of the page, and no sound comes to the server."""

import re
import time

import numpy as np
import pytest
from playwright.sync_api import expect

from core.config import SAMPLE_RATE
from core.export import web
from core.export.runtime.earshot_runtime import Model, Resampler, listen
from core.files.writing import make_folder
from tests.browser.axe import assert_accessible
from tests.browser.pages import (
    PHONE,
    WORK_S,
    assert_no_exception,
    assert_not_scrolled_sideways,
    main,
    wait_for_page,
    wait_until_calm,
)
from tests.browser.test_web_page import REMEMBER_SOUND, assert_the_same, browser, in_common, track, words_of

__all__ = ["browser", "track"]  # fixtures

REMEMBER_SETTINGS = """() => {
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
        if (message.kind === 'listening') document.documentElement.dataset.threshold = message.listening.threshold;
        post.call(this, message, ...rest);
    };
}"""
"""In the browser, before the page: of the settings that its worker is told, the threshold can be seen."""


@pytest.fixture(scope="module")
def runtime_at_hand(home):
    """ONNX Runtime Web is in the server's cache, so that it fetches nothing."""
    cache = home / "packs" / f"onnxruntime-web-{web.VERSION}"
    make_folder(cache)
    for name, content in web.runtime_files().items():
        (cache / name).write_bytes(content)


@pytest.fixture
def run(add_model, trained_models, runtime_at_hand):
    return add_model(kind="bcresnet" if "bcresnet" in trained_models else "linear")


@pytest.fixture
def alone(visit, run):
    """Try, where the browser listens alone."""
    page = visit("live", anew=True)
    choose(page)
    make = main(page).get_by_role("button", name="Make it ready")
    if make.count():
        make.click()
    ready(page)
    return page


def choose(page):
    main(page).get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="The browser alone").check(force=True)
    wait_until_calm(page)
    page.keyboard.press("Escape")


def ready(page):
    """The page in the frame, once it can listen."""
    part = page.frame_locator('iframe[title="The model in this browser"]').locator("body")
    expect(part).to_have_attribute("data-phase", "idle", timeout=1000 * WORK_S)
    return page.frame(url=re.compile("/listens/"))


def press(frame, name, phase):
    frame.get_by_role("button", name=name).click()
    expect(frame.locator("body")).to_have_attribute("data-phase", phase)


def test_words_are_heard_as_outside_the_browser_and_no_sound_is_sent(alone, home, track):
    sent, asked = [], []
    alone.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(len(text))))
    alone.add_init_script(f"({REMEMBER_SOUND})()")
    alone.reload()
    wait_for_page(alone, "live")
    frame = ready(alone)
    alone.on("request", lambda one: asked.append((one.method, one.url)))
    assert sent, "what the page tells the server is seen here"
    sent.clear()
    press(frame, "Start listening", "on")
    time.sleep(len(track) / SAMPLE_RATE)
    press(frame, "Stop", "idle")
    heard, rate = words_of(frame), frame.evaluate("rate")
    sound = np.concatenate([np.float32(block) for block in frame.evaluate("sent")])
    key = frame.url.split("/")[-2]
    model, resampler = Model(home / "packs" / "pages" / key / "model.onnx"), Resampler(rate)
    same = list(listen(model, [resampler.push(sound), resampler.finish()]))
    played = [one.word for one in listen(model, [track])]
    print(
        f"{len(sound) / rate:.1f} s heard, {len(heard)} words, {len(played)} in the file; to the server "
        f"{len(sent)} messages, {sum(sent)} bytes; {len(asked)} requests: {asked}"
    )
    assert_the_same(heard, same)
    assert len(sound) / rate >= 0.9 * len(track) / SAMPLE_RATE
    assert in_common([one["word"] for one in heard], played) >= len(played) - 2
    # A second of sound would be 16,000 samples or more.
    assert sum(sent) < SAMPLE_RATE / 4, "the server hears nothing"
    assert [one for one in asked if not one[1].endswith("/tap.js")] == [], "its sound program is all that is fetched"
    assert_no_exception(alone)


def test_a_setting_holds_at_once_and_listening_goes_on(alone):
    alone.add_init_script(f"({REMEMBER_SETTINGS})()")
    alone.reload()
    wait_for_page(alone, "live")
    frame = ready(alone)
    told = frame.locator("html")
    expect(told).to_have_attribute("data-threshold", re.compile(r"0\.\d+"))
    press(frame, "Start listening", "on")
    main(alone).get_by_role("button", name="Settings").click()
    threshold = alone.get_by_role("slider", name="Threshold").first
    threshold.press("End")
    expect(threshold).to_have_value("1")
    # A page that was loaded anew would not listen.
    expect(told).to_have_attribute("data-threshold", "1")
    expect(frame.locator("body")).to_have_attribute("data-phase", "on")


def test_it_fits_a_phone_turns_dark_and_can_be_used_by_everybody(alone):
    alone.set_viewport_size(PHONE)
    frame = ready(alone)
    for scheme, ground in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 24, 31)")):
        alone.emulate_media(color_scheme=scheme)
        expect(frame.locator("body")).to_have_css("background-color", ground)
        wait_until_calm(alone)
        assert_accessible(frame)
    assert_not_scrolled_sideways(alone)
    assert frame.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert frame.evaluate("document.documentElement.scrollHeight - document.documentElement.clientHeight") <= 0
    expect(frame.get_by_role("heading", level=1)).to_be_hidden()
    expect(frame.get_by_text("It listens for")).to_be_hidden()


def test_it_is_there_at_once_after_a_reload(alone):
    alone.reload()
    wait_for_page(alone, "live")
    expect(main(alone).get_by_text("Your sound stays in this browser.")).to_be_visible()
    expect(main(alone).locator(".ear")).to_have_count(0)
    began = time.monotonic()
    ready(alone)
    print(f"it listens after {time.monotonic() - began:.1f} s")
    expect(main(alone).get_by_role("button", name="Make it ready")).to_have_count(0)
