"""The frame around the pages."""

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from tests.dashboard.conftest import APP, PAGES, PROJECT, TITLES, assert_calm


@pytest.mark.parametrize("page", PAGES)
def test_a_bookmarked_page_opens_on_a_server_just_started(page):
    app = AppTest.from_file(str(APP), default_timeout=150).run()
    app.switch_page(f"screens/{page}.py").run()
    assert_calm(app)
    assert [title.value for title in app.title] == [TITLES[page]]
    assert PagesManager.uses_pages_directory is False, "app.py ran around the page"


def test_every_page_is_in_the_menu():
    app = AppTest.from_file(str(APP), default_timeout=150).run()
    for page in PAGES:
        app.switch_page(f"screens/{page}.py")  # raises for a page that is not in the menu


def test_the_file_that_is_served_draws_the_pages_also_where_it_is_run_by_itself():
    app = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=150).run()
    assert not app.exception
    assert app.title[0].value == TITLES["live"]
