"""Every page of the app, light and dark: axe-core finds nothing serious, and figures follow."""

from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError, expect

from core.figures import style
from tests.browser.axe import assert_accessible, faults
from tests.browser.pages import (
    DESKTOP,
    PAGES,
    PHONE,
    WORK_S,
    assert_no_exception,
    figures,
    new_page,
    open_page,
    wait_until_calm,
)


def choose(page, theme):
    """Choose from the menu of the page, which is opened again where a page that was still coming closed it."""
    option = page.get_by_role("menuitemradio", name=theme)
    for _ in range(5):
        page.get_by_test_id("stMainMenu").get_by_role("button").first.click()
        with suppress(TimeoutError):
            option.click(timeout=10_000)
            break
    page.keyboard.press("Escape")


def background(element):
    return element.evaluate("element => getComputedStyle(element).backgroundColor")


def ground(theme):
    red, green, blue = bytes.fromhex((style.DARK[style.WHITE] if theme == "dark" else style.WHITE)[1:])
    return f"rgb({red}, {green}, {blue})"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_fault(browser, server, add_model, theme):
    add_model()
    page = new_page(browser, viewport=DESKTOP, color_scheme=theme)
    found = []
    for address in PAGES:
        open_page(page, server.url, address)
        assert_no_exception(page)
        found += [f"{address}: {fault}" for fault in faults(page)]
        for one in figures(page).all():
            assert background(one.locator(".main-svg").first) == ground(theme), address
    page.context.close()
    assert not found, "\n".join(found)


def test_the_first_place_has_none_on_a_phone(browser, server, add_model):
    add_model()
    page = new_page(browser, viewport=PHONE)
    page.goto(server.url)
    wait_until_calm(page)
    assert_accessible(page)
    page.context.close()


def test_the_check_finds_a_fault(browser):
    page = new_page(browser)
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><p style='color:#ccc'>pale</p></main></html>")
    (fault,) = faults(page)
    assert "color-contrast" in fault
    page.context.close()


def test_the_menu_turns_the_page_and_its_figures_dark_and_back(browser, server, add_model):
    add_model()
    page = new_page(browser, viewport=DESKTOP, color_scheme="light")
    page.goto(f"{server.url}/filterbank")
    expect(figures(page).first).to_be_visible(timeout=1000 * WORK_S)
    wait_until_calm(page)
    drawn = figures(page).first.locator(".main-svg").first
    for theme in ("dark", "light"):
        choose(page, theme.title())
        expect(drawn).to_have_css("background-color", ground(theme))
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground(theme))
    assert_no_exception(page)
    page.context.close()
