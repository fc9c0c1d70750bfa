"""Filters and kernels in a real browser: what a click chooses, what play moves, and what an address brings."""

from playwright.sync_api import expect

from tests.browser.pages import assert_no_exception, click_menu, figure, main, wait_for_page, wait_until_calm


def test_a_click_chooses_a_filter_or_bin_and_play_goes_through_the_epochs(visit, add_model):
    add_model()
    page = visit("filterbank")
    click_marker(figure(page, "learned over initial"), number=25)
    expect(main(page).get_by_text("Filter 25 close up")).to_be_visible()
    wait_until_calm(page)
    unfold(page, "How it came about")
    moving = figure(page, "came about")
    last = epoch_shown(moving)
    moving.get_by_text("▶ play").scroll_into_view_if_needed()
    click_middle(moving.get_by_text("▶ play"))
    page.wait_for_function(
        "([one, last]) => one._fullData.find(trace => trace.name === 'this epoch').x[0] < last",
        arg=[moving.element_handle(), last],
    )
    click_menu(page, "kernels")
    unfold(page, "Which bins changed")
    click_marker(figure(page, "Which bins changed"), number=50)
    expect(main(page).get_by_text("Bin 50 (1,667 Hz): ")).to_be_visible()
    assert_no_exception(page)


def test_a_link_a_reload_and_another_page_keep_the_filter_and_the_view(visit, add_model, server):
    add_model()
    page = visit("live")
    page.goto(f"{server.url}/filterbank?filter=12&view=Shapes+only&picture=Heat+maps")
    for moment in ("the link", "a reload"):
        wait_for_page(page, "filterbank")
        expect(page.get_by_role("slider", name="Filter"), moment).to_have_value("12")
        expect(page.get_by_role("radio", name="Shapes only"), moment).to_be_checked()
        expect(figure(page, "as a map"), moment).to_be_visible()
        page.reload()
    wait_for_page(page, "filterbank")
    page.get_by_role("slider", name="Filter").press("ArrowRight")
    expect(main(page).get_by_text("Filter 13 close up")).to_be_visible()
    click_menu(page, "hearing")
    expect(page.get_by_role("slider", name="Listen through filter")).to_have_value("13")
    assert "filter=13" in page.url
    page.locator(".st-key-tabs").get_by_role("link", name="Filters").click()
    wait_for_page(page, "filterbank")
    expect(main(page).get_by_text("Filter 13 close up")).to_be_visible()
    assert_no_exception(page)


def unfold(page, label):
    """Open a folded part of the page."""
    main(page).locator("summary").filter(has_text=label).click()
    wait_until_calm(page)


def epoch_shown(drawn):
    return drawn.evaluate("one => one._fullData.find(trace => trace.name === 'this epoch').x[0]")


def middle(mark):
    box = mark.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def click_middle(mark):
    """A click where something is drawn; plotly lays its own surface over it."""
    mark.page.mouse.click(*middle(mark))


def click_marker(drawn, number):
    """Click a marker of the figure's last row of markers; plotly counts a click only on what it points out."""
    mark = drawn.locator(".trace").filter(has=drawn.page.locator("path.point")).last.locator("path.point").nth(number)
    mark.scroll_into_view_if_needed()
    drawn.page.mouse.move(*middle(mark))
    expect(drawn.locator(".hoverlayer .hovertext").first).to_be_visible()
    click_middle(mark)
