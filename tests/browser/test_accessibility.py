"""What axe-core finds on a phone, and the theme that is chosen from the menu; test_pages.py looks at every page."""

from contextlib import suppress

from playwright.sync_api import TimeoutError, expect

from tests.browser.axe import assert_accessible, faults
from tests.browser.pages import (
    PHONE,
    WORK_S,
    assert_no_exception,
    assert_turned,
    figures,
    new_page,
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


def test_the_first_place_has_no_serious_fault_on_a_phone(visit, add_model):
    add_model()
    assert_accessible(visit("live", size=PHONE))


def test_the_check_finds_a_fault(browser):
    page = new_page(browser)
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><p style='color:#ccc'>pale</p></main></html>")
    (fault,) = faults(page)
    assert "color-contrast" in fault
    page.context.close()


def test_the_menu_turns_the_page_and_its_figures_dark_and_back(visit, add_model):
    add_model()
    page = visit("filterbank")
    expect(figures(page).first).to_be_visible(timeout=1000 * WORK_S)
    wait_until_calm(page)
    for theme in ("dark", "light"):
        choose(page, theme.title())
        assert_turned(page, theme)
    assert_no_exception(page)
