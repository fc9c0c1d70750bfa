"""What a person does and sees on the pages, in words that the tests can use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, TimeoutError, expect

from core.figures import style
from dashboard.shared import places
from tests.browser import reruns

SCREENS = Path(__file__).resolve().parents[2] / "dashboard" / "screens"
PAGES = sorted((path.stem for path in SCREENS.glob("[!_]*.py")), key=list(places.TABS).index)
"""Every page, those of a place one after the other: a way through all of them passes each about once."""

HEADINGS = {name: "Say one of ten words" if name == "live" else places.TABS[name].title for name in PAGES}

WAIT_S = 150
"""Longest wait for something to appear: a busy computer is no failure."""

WORK_S = 240
"""Longest wait for work that takes some seconds on an idle computer: clips made ready, an epoch, an evaluation."""

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 400, "height": 800}

HARMLESS = [
    # Opened at /data, Streamlit's page looks for its server below /data first, and then where it is.
    re.compile(r"404 \(Not Found\) http://127\.0\.0\.1:\d+/\w+/_stcore/(health|host-config)$"),
    # The server drops a clip when its page is left, which may be before the browser has fetched it.
    re.compile(r"404 \(Not Found\) http://127\.0\.0\.1:\d+/media/\w+\.wav$"),
]
"""Messages on the browser's console that are no fault of ours, each with its reason."""


def listen(page: Page, complaints: list[str]) -> None:
    """Note down what goes wrong inside the browser, and whatever is asked of any other computer."""

    def on_console(message: ConsoleMessage) -> None:
        text = f"{message.text} {message.location['url']}"
        if message.type == "error" and not any(known.search(text) for known in HARMLESS):
            complaints.append(f"console: {text}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).hostname not in (None, "127.0.0.1"):
            complaints.append(f"a request to another computer: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on("request", on_request)


# Going places


def new_page(browser: Browser, **options: Any) -> Page:
    """A page of a new visitor, who waits as long as these tests do; ``options`` are those of the browser's context."""
    context = browser.new_context(**options)
    return new_tab(context)


def new_tab(context: BrowserContext) -> Page:
    """One more page of a visitor."""
    context.set_default_timeout(1000 * WAIT_S)
    page = context.new_page()
    reruns.watch(page)
    return page


def open_page(page: Page, url: str, name: str) -> None:
    """Open a page by its address, as from a bookmark."""
    page.goto(f"{url}/{'' if name == 'live' else name}")
    wait_for_page(page, name)


def click_menu(page: Page, name: str) -> None:
    """Open a page by its place and its tab."""
    place = places.place_of(name)
    here = urlsplit(page.url).path.strip("/") or places.FIRST
    if place != places.place_of(here):
        here = places.PLACES[place][0]
        page.locator(".st-key-places").get_by_role("link", name=place).click()
        wait_for_page(page, here)
    if name != here:
        page.locator(".st-key-tabs").get_by_role("link", name=places.TABS[name].title, exact=True).click()
    wait_for_page(page, name)


def chip(page: Page) -> Locator:
    """The chosen model, at the head of every page."""
    return page.locator(".st-key-head").get_by_test_id("stPopover")


def choose_model(page: Page, name: str) -> None:
    """Choose another model at the head of the page."""
    chip(page).get_by_role("button").click()
    page.get_by_role("radiogroup", name="Model").locator("label").filter(has_text=name).first.click()
    expect(chip(page)).to_contain_text(name)
    page.keyboard.press("Escape")
    wait_until_calm(page)


def wait_for_page(page: Page, name: str) -> None:
    """Wait until the page has its heading and nothing on it is still being computed."""
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS[name], timeout=1000 * WAIT_S)
    wait_until_calm(page)


def wait_until_calm(page: Page) -> None:
    """Wait until the page has drawn all that it is going to draw, also what was asked for a moment ago."""
    reruns.wait(page, WAIT_S)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def wait_until_still(page: Page, one: Locator) -> None:
    """Wait until a part of the page keeps its place: on a busy computer what stands above it may still come."""
    before = None
    while (place := one.bounding_box()) != before:
        before = place
        page.wait_for_timeout(1000)


# Looking


def main(page: Page) -> Locator:
    """The page below Streamlit's own bar."""
    return page.get_by_test_id("stMain")


def alerts(page: Page) -> Locator:
    """Coloured boxes: notes, warnings and errors."""
    return main(page).get_by_test_id("stAlert")


def assert_no_exception(page: Page) -> None:
    """No stack trace is on the page."""
    trace = page.get_by_test_id("stException")
    assert trace.count() == 0, trace.first.inner_text()


TOO_WIDE = """() => Math.max(
    ...[document.documentElement, ...document.querySelectorAll('[data-testid="stMain"]')]
        .map(one => one.scrollWidth - one.clientWidth)
)"""
"""Pixels by which the page is wider than its window."""


def assert_not_scrolled_sideways(page: Page) -> None:
    """Nothing is wider than the window, once the figures have been fitted to it."""
    try:
        page.wait_for_function(f"({TOO_WIDE})() <= 0")
    except TimeoutError as error:
        width = page.viewport_size["width"]
        raise AssertionError(f"{page.url} is {page.evaluate(TOO_WIDE)} pixels too wide at {width}") from error


def assert_two_screens(page: Page) -> None:
    """With its parts folded away, the page is at most twice as high as the window."""
    height, window = main(page).evaluate("one => one.scrollHeight"), page.viewport_size["height"]
    assert height <= 2 * window, f"{page.url} is {height} pixels high"


# Figures and colours


def figures(page: Page) -> Locator:
    """The figures that can be seen (not those of a closed tab)."""
    return page.locator(".js-plotly-plot:visible")


def figure(page: Page, title: str) -> Locator:
    """The figure with that text in it."""
    found = figures(page).filter(has_text=title)
    expect(found).to_have_count(1)
    return found


def assert_drawn(page: Page) -> None:
    """Every figure in sight has a size and marks that stand for data, not only axes."""
    expect(figures(page).first).to_be_visible(timeout=1000 * WORK_S)
    for one in figures(page).all():
        name = " ".join(one.locator(".gtitle").all_text_contents())
        box = one.locator(".main-svg").first.bounding_box()
        assert box, name
        assert min(box["width"], box["height"]) > 50, f"{name} is {box['width']} by {box['height']} pixels"
        marks = one.locator(".scatterlayer .trace path, .barlayer path, .heatmaplayer image, .gl-canvas")
        expect(marks.first, name).to_be_attached()


def axis_titles(page: Page) -> Locator:
    """The titles of all axes in sight; those of lower panels are called "x2title" and so on."""
    named = ", ".join(f'[class^="{axis}"][class$="title"]:visible' for axis in "xy")
    return figures(page).locator(named)


def data_of(figure: Locator, attribute: str, trace: int = 0) -> list:
    """The values that a figure was drawn from, as plotly holds them, in one row."""
    return figure.evaluate(
        """(one, [attribute, trace]) => {
            const values = Array.from(one._fullData[trace][attribute]);
            return values.flatMap(value => ArrayBuffer.isView(value) ? Array.from(value) : value);
        }""",
        [attribute, trace],
    )


END_TRANSITIONS = "() => document.getAnimations().forEach(one => one instanceof CSSTransition && one.finish())"
"""In the browser: no colour is on its way to another after this."""


def assert_turned(page: Page, theme: str) -> None:
    """The page and its figures have a light or a dark ground, once they have followed."""
    red, green, blue = bytes.fromhex((style.DARK[style.WHITE] if theme == "dark" else style.WHITE)[1:])
    for part in (page.get_by_test_id("stApp"), *(one.locator(".main-svg").first for one in figures(page).all())):
        expect(part).to_have_css("background-color", f"rgb({red}, {green}, {blue})")
    page.evaluate(END_TRANSITIONS)
