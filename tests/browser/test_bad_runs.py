"""A run whose every text wants to be taken for the page's own, in a real browser."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests import bad_runs
from tests.browser.pages import PAGES, assert_no_exception, click_menu, main


def test_no_page_asks_another_server_for_what_a_run_names(visit, server, monkeypatch):
    monkeypatch.setenv("KWS_RUNS", str(server.runs))
    bad_runs.make_hostile()
    page = visit("live")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        click_menu(page, name)
        assert_no_exception(page)
    click_menu(page, "training")
    expect(main(page)).to_contain_text("![pic](http")
    page.wait_for_timeout(500)
    here = urlsplit(server.url).netloc
    others = [url for url in asked if urlsplit(url).scheme in ("http", "https", "ws") and urlsplit(url).netloc != here]
    assert not others
    assert page.locator("img[src*='127.0.0.1:9'], a[href*='127.0.0.1:9']").count() == 0
