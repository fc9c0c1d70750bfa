"""Filters and kernels in a real browser: what a click chooses, and what play moves."""

from playwright.sync_api import expect

from tests.browser.pages import assert_no_exception, click_menu, figure, wait_until_calm


def test_a_click_chooses_a_filter_or_bin_and_play_goes_through_the_epochs(visit, add_model):
    add_model()
    page = visit("filterbank")
    click_marker(figure(page, "learned over initial"), number=25)
    expect(page.get_by_role("heading", name="Filter 25 close up")).to_be_visible()
    wait_until_calm(page)
    moving = figure(page, "came about")
    last = epoch_shown(moving)
    moving.get_by_text("▶ play").scroll_into_view_if_needed()
    click_middle(moving.get_by_text("▶ play"))
    page.wait_for_function(
        "([one, last]) => one._fullData.find(trace => trace.name === 'this epoch').x[0] < last",
        arg=[moving.element_handle(), last],
    )
    click_menu(page, "kernels")
    click_marker(figure(page, "Which bins changed"), number=50)
    expect(page.get_by_role("combobox", name="Bin", exact=True)).to_have_value("Bin 50 · 1,667 Hz")
    assert_no_exception(page)


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
