"""Every page, found by listing the folder, in each state that a user can meet it in."""

import re

import pytest
from playwright.sync_api import expect

from core import runs
from tests.browser.axe import OF_COLOUR, assert_accessible
from tests.browser.models import truncate
from tests.browser.pages import (
    DESKTOP,
    PAGES,
    PHONE,
    WORK_S,
    alerts,
    assert_drawn,
    assert_no_exception,
    assert_not_scrolled_sideways,
    assert_turned,
    assert_two_screens,
    axis_titles,
    chip,
    choose_model,
    click_menu,
    main,
    wait_for_page,
)

NEED_A_MODEL = (
    "evaluation", "mistakes", "filterbank", "hearing", "kernels", "live", "robustness", "false_alarms", "report",
    "export", "thresholds", "room",
)  # fmt: skip
SHOW_FIGURES = [
    name
    for name in PAGES
    if name not in ("compare", "false_alarms", "grid", "own_words", "report", "export", "robustness", "room", "speed")
]
"""Pages that draw something as soon as there is a model; Compare needs two, Grid many, Noise, False alarms and
Speed a measurement, Own words none, Your room a recording."""

NAME_A_DAMAGE = [
    name
    for name in SHOW_FIGURES
    if name not in ("data", "gain_map", "training", "evaluation", "mistakes", "thresholds")
]
"""Pages that read the model at once."""

HELP = {
    "data": "Play a clip",  # the demo words are made ready without being asked for
    "training": "No run has ended yet. The first one appears here",
    "gain_map": "none of which any training heard",  # the map came with the project
    "grid": "No grids yet. The first one appears here",
    "own_words": "Name the first word",
    "speed": "Nothing has been timed on this computer yet",
}
"""What a page tells somebody who has trained nothing; the others say that they need a model."""

UNITS = {"filterbank": ["Frequency (Hz)", "Weight"], "kernels": ["Time in the frame (ms)", "(Hz)", "(dB)"]}
"""What the axes of a page have to say."""


def test_the_menu_leads_to_every_page_while_nothing_is_trained_and_each_helps(visit):
    page = visit("live", size=PHONE)
    for name in PAGES:
        click_menu(page, name)
        expect(main(page)).to_contain_text(HELP.get(name, "Nothing is trained yet"), timeout=1000 * WORK_S)
        assert_no_exception(page)
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            assert_not_scrolled_sideways(page)
        if name in NEED_A_MODEL:
            way_out = main(page).get_by_role("link", name="Train a first model")
            expect(way_out).to_have_attribute("href", re.compile(r"^training\b"))
    click_menu(page, "live")
    way_out.click()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()


@pytest.mark.parametrize("name", ["training", "filterbank", "own_words"])
def test_a_page_opened_from_a_bookmark_shows_a_trained_model(visit, add_model, name):
    add_model()
    page = visit(name)
    assert_no_exception(page)
    if name in SHOW_FIGURES:
        assert_drawn(page)


@pytest.mark.parametrize(
    "pages", [PAGES[: len(PAGES) // 2], PAGES[len(PAGES) // 2 :]], ids=["one half", "the other half"]
)
def test_the_menu_leads_to_every_page_of_a_trained_model_which_is_for_everybody(visit, add_model, pages):
    add_model()
    page = visit(pages[0])
    for name in pages:
        click_menu(page, name)
        assert_no_exception(page)
        if name in SHOW_FIGURES:
            assert_drawn(page)
        assert_two_screens(page)
        titles = " ".join(axis_titles(page).all_text_contents())
        assert all(text in titles for text in UNITS.get(name, [])), titles
        assert_turned(page, "light")
        assert_accessible(page)
        page.emulate_media(color_scheme="dark")
        assert_turned(page, "dark")
        assert_accessible(page, OF_COLOUR)
        page.set_viewport_size(PHONE)
        assert_not_scrolled_sideways(page)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESKTOP)


def test_a_page_says_that_a_checkpoint_is_damaged(visit, add_model):
    truncate(add_model() / runs.BEST)
    page = visit("live")
    for name in NAME_A_DAMAGE:
        click_menu(page, name)
        assert_no_exception(page)
        expect(alerts(page).first).to_contain_text("best.pt in browser cannot be read: it is damaged")


def test_a_damaged_checkpoint_leaves_its_curves_and_the_other_model_to_see(visit, add_model):
    truncate(add_model("broken") / runs.BEST)
    add_model("whole")
    page = visit("training")
    assert_no_exception(page)
    assert_drawn(page)
    click_menu(page, "filterbank")
    choose_model(page, "broken")
    expect(alerts(page).first).to_contain_text("damaged")
    choose_model(page, "whole")
    assert_no_exception(page)
    assert_drawn(page)


def test_the_model_chosen_on_one_page_is_shown_on_the_others(visit, add_model):
    add_model("first")
    add_model("second")
    page = visit("filterbank")
    for name in ("first", "second"):
        choose_model(page, name)
        for other in ("kernels", "data", "live", "training", "evaluation", "speed", "filterbank"):
            click_menu(page, other)
            if other in NEED_A_MODEL:
                expect(chip(page)).to_contain_text(name)


def test_a_reload_and_a_link_bring_the_chosen_model(visit, add_model, server):
    for name in ("first", "second"):
        add_model(name)
    page = visit("filterbank")
    chosen = next(name for name in ("first", "second") if name not in chip(page).inner_text())
    choose_model(page, chosen)
    for name in ("filterbank", "training", "live"):
        click_menu(page, name)
        page.reload()
        wait_for_page(page, name)
        expect(chip(page)).to_contain_text(chosen)
    page.go_back()
    wait_for_page(page, "training")
    expect(chip(page)).to_contain_text(chosen)
    link = visit("live")
    link.goto(f"{server.url}/live?model={chosen}")
    wait_for_page(link, "live")
    expect(chip(link)).to_contain_text(chosen)


def test_the_overviews_link_opens_the_pictured_model(visit, add_model):
    add_model("linear")
    add_model("network", "bcresnet")
    page = visit("live")
    pictured = re.match(r"[\w-]+", main(page).get_by_text(", trained on ").inner_text()).group()
    main(page).get_by_role("button", name="See its filters").click()
    wait_for_page(page, "filterbank")
    expect(chip(page)).to_contain_text(pictured)
    assert_drawn(page)
    page.reload()
    wait_for_page(page, "filterbank")
    expect(chip(page)).to_contain_text(pictured)
