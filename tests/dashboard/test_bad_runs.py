"""The pages beside runs that were damaged, or made to do harm."""

import re

import pytest

from core import runs
from tests import bad_runs
from tests.dashboard.conftest import PAGES, texts

OPENS = re.compile(r"(?<!\\)\[[^\]]*\]\(|(?<!\\)<img|://127|:material/home|(?<!\\):red\[r|(?<!\\)\$a")
"""What a page would take for a picture, a link, HTML, an icon, a colour or mathematics."""


def every_text(app):
    """All that a page hands to Streamlit as Markdown, labels of widgets included."""
    kinds = ("metric", "button", "radio", "expander", "tab", "checkbox", "button_group", "download_button", "toggle")
    labels = [str(getattr(one, "label", "")) for kind in kinds for one in app.get(kind)]
    shown = [str(option) for one in app.get("radio") for option in one.options]
    return "\n".join([texts(app), *labels, *shown])


@pytest.mark.slow
@pytest.mark.usefixtures("use_tiny_data")
def test_every_page_opens_beside_every_bad_run(open_page, tmp_path):
    bad_runs.make_all(tmp_path / "executed")
    for page in PAGES:
        app = open_page(page)
        assert not app.exception, f"{page}: {app.exception[0].message}"
    assert not (tmp_path / "executed").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["evolution-other-shape", "evaluation-truth", "best-nan-filters", "status-deep"])
@pytest.mark.usefixtures("use_tiny_data")
def test_a_page_of_a_bad_run_says_what_it_can(open_page, tmp_path, name):
    kind, which = name.split("-", 1)
    for folder in bad_runs.make_all(tmp_path / "executed", kind).values():
        if folder.name != name:
            runs.delete_run(folder)
    for page in PAGES:
        app = open_page(page)
        assert not app.exception, f"{page}: {app.exception[0].message}"
        if page == "filterbank" and which == "nan-filters":
            assert any("no numbers" in error.value for error in app.error)


def test_a_broken_run_shows_its_reason_and_is_deleted_on_the_training_page(open_page, tmp_path):
    folder = bad_runs.make("broken", config=b"[" * 100_000)
    good = bad_runs.make("good")
    app = open_page("training")
    app.button("training.open.broken").click().run()
    assert any("lists within lists" in error.value for error in app.error)
    app.button("training.delete").click().run()
    assert not app.exception
    assert not folder.exists()
    assert good.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("use_tiny_data")
def test_what_a_run_says_about_itself_is_shown_letter_by_letter(open_page):
    bad_runs.make_hostile()
    bad_runs.make("broken", config=bad_runs.as_json({"preset": bad_runs.HOSTILE}))
    shown = ""
    for page in PAGES:
        app = open_page(page)
        assert not app.exception, f"{page}: {app.exception[0].message}"
        text = re.sub("(?<!\\\\)`[^`]*`", "", every_text(app))  # between backticks nothing has a meaning
        found = OPENS.search(text)
        assert not found, f"{page}: {text[max(0, found.start() - 100) : found.end() + 100]}"
        shown += texts(app)
    assert "pic" in shown, "no page shows what the run says"
