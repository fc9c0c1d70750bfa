"""What the address of a page says, a reload and a link bring: opened parts, the run in Train, the models in Noise."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from core import runs
from tests.browser.pages import (
    assert_no_exception,
    choose_model,
    click_menu,
    figure,
    main,
    wait_for_page,
    wait_until_calm,
)


def asked(page, name):
    """What the page's address says under a name."""
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True).get(name)


def test_an_opened_part_is_in_the_address_and_open_for_who_follows_it(visit, add_model):
    add_model()
    page = visit("filterbank")
    main(page).locator("summary").filter(has_text="Where they listen").click()
    expect(figure(page, "Where each mel filter listens")).to_be_visible()
    link = visit("live")
    link.goto(page.url)
    wait_for_page(link, "filterbank")
    expect(figure(link, "Where each mel filter listens")).to_be_visible()
    main(link).locator("summary").filter(has_text="Where they listen").click()
    wait_until_calm(link)
    link.reload()
    wait_for_page(link, "filterbank")
    assert link.locator(".st-key-filters\\.where details[open]").count() == 0
    assert_no_exception(link)


def test_the_run_opened_in_train_is_in_the_address(visit, add_model):
    for name in ("first", "second"):
        runs.write_label(add_model(name), runs.Label(note=f"Said of {name}."))
    page = visit("training")
    notes = main(page).get_by_text(re.compile(r"^Said of \w+\.$"))
    expect(notes).to_have_count(1)
    closed = "first" if "second" in notes.inner_text() else "second"
    row = main(page).get_by_role("button", name=re.compile(f"{closed}$"))
    row.click()
    expect(notes).to_have_text([f"Said of {closed}."])
    page.reload()
    wait_for_page(page, "training")
    expect(notes).to_have_text([f"Said of {closed}."])
    click_menu(page, "data")
    assert asked(page, "run") is None
    click_menu(page, "training")
    expect(notes).to_have_text([f"Said of {closed}."])
    assert asked(page, "run") == [closed]
    row.click()
    wait_until_calm(page)
    page.reload()
    wait_for_page(page, "training")
    expect(notes).to_have_count(0)
    assert_no_exception(page)


def test_the_models_compared_in_noise_are_in_the_address(visit, add_model, server):
    add_model("first")
    add_model("second")
    page = visit("live")
    page.goto(f"{server.url}/robustness?model=first&models.first=first&models.first=second")
    wait_for_page(page, "robustness")
    expect(compared(page)).to_have_text(["first", "second"])
    compared(page).filter(has_text="second").get_by_role("button").click()
    expect(compared(page)).to_have_text(["first"])
    page.reload()
    wait_for_page(page, "robustness")
    expect(compared(page)).to_have_text(["first"])
    choose_model(page, "second")
    expect(compared(page).first).to_have_text("second")
    assert asked(page, "models.first") is None
    assert_no_exception(page)


def compared(page):
    """The models that are chosen."""
    return page.get_by_role("group", name="Selected values").locator("[data-tag]")
