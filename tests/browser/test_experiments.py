"""The page “Does it matter?”: a band is chosen by dragging over the plot."""

import re

from playwright.sync_api import expect

from tests.browser.pages import WORK_S, assert_no_exception, click_menu, figure, main, wait_until_calm


def test_bins_are_selected_by_dragging_over_them(visit, add_model):
    add_model()
    page = visit("data")
    expect(main(page).get_by_role("heading", name=re.compile("^Demo words"))).to_be_visible(timeout=1000 * WORK_S)
    click_menu(page, "experiments")
    main(page).locator("summary").filter(has_text="Silence a band").click()
    wait_until_calm(page)
    chart = figure(page, "What shall the model not hear?")
    chart.scroll_into_view_if_needed()
    panel = chart.locator(".draglayer .x2y2 .nsewdrag, .draglayer .xy2 .nsewdrag").first.bounding_box()
    middle = panel["y"] + panel["height"] / 2
    page.mouse.move(panel["x"] + 0.3 * panel["width"], middle - 10)
    page.mouse.down()
    page.mouse.move(panel["x"] + 0.45 * panel["width"], middle + 10, steps=8)
    page.mouse.up()
    field = page.get_by_role("textbox", name="STFT bins to silence")
    expect(field).to_have_value(re.compile(r"^\d+-\d+$"))
    wait_until_calm(page)
    first, last = map(int, field.input_value().split("-"))
    assert 10 < first < last < 80
    expect(main(page).get_by_text(f"{last - first + 1} of 241 STFT bins")).to_be_visible()
    assert_no_exception(page)
