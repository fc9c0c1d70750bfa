"""Folders that nobody expects, typed on a page or named before the start: a sentence, and another can be chosen."""

import shutil

import pytest

from core import runs
from tests.dashboard.conftest import GOOD, PAGES, TITLES, assert_calm, texts
from tests.odd_paths import ABSENT, IMPOSSIBLE, NOT_UTF8, each, lay_out

TYPED = [one for one in each(IMPOSSIBLE, ABSENT) if one.id not in ("half a character", "bytes that are no text")]
"""What a browser can send: text."""

NAMED = [one for one in each(IMPOSSIBLE) if one.id not in ("a zero byte", "half a character", "nothing", "a blank")]
"""What an environment can hold."""


@pytest.fixture(autouse=True)
def among_odd_files(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    lay_out(tmp_path / "here")


def assert_every_page_stands(open_page):
    """No page ends in a stack trace, and each has its title."""
    for page in PAGES:
        app = open_page(page)
        assert not app.exception, (page, app.exception[0].message)
        assert [title.value for title in app.title] == [TITLES[page]]


def choose_the_demo_words(app):
    app.radio("data.kind").set_value("demo").run()


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.usefixtures("own_run")
def test_a_typed_folder_that_cannot_be_is_told_and_every_page_goes_on(open_page, text):
    app = open_page("data")
    app.radio("data.kind").set_value("folder").run()
    app.text_input("data.root").set_value(text).run()
    assert not app.exception
    assert len(app.error) == (1 if text.strip() else 0)
    assert_every_page_stands(open_page)
    app = open_page("training")
    assert app.button("training.start").disabled
    app = open_page("data")
    assert app.text_input("data.root").value == text, "what was typed can be corrected"
    choose_the_demo_words(app)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("text", NAMED)
@pytest.mark.usefixtures("own_run")
def test_a_bad_folder_in_kws_data_is_told_and_another_can_be_chosen(open_page, monkeypatch, text):
    monkeypatch.setenv("KWS_DATA", text)
    assert_every_page_stands(open_page)
    app = open_page("data")
    assert "KWS_DATA is " in app.error[0].value
    choose_the_demo_words(app)
    assert not app.error


def test_a_dataset_whose_name_is_no_text_is_told_on_the_data_page(open_page, monkeypatch, tiny_root, tmp_path):
    shutil.copytree(tiny_root, tmp_path / NOT_UTF8)
    monkeypatch.setenv("KWS_DATA", str(tmp_path / NOT_UTF8))
    assert_every_page_stands(open_page)
    app = open_page("data")
    assert "is no text in UTF-8" in app.error[0].value
    assert app.text_input("data.root").value == str(tmp_path / "caf\\xe9")
    app.text_input("data.root").set_value(str(tiny_root)).run()
    assert_calm(app)


@pytest.mark.parametrize("text", TYPED)
def test_a_download_folder_that_cannot_be_is_told_and_nothing_is_fetched(open_page, text):
    app = open_page("data")
    app.radio("data.kind").set_value("folder").run()
    app.text_input("data.download_root").set_value(text).run()
    assert not app.exception
    if text in IMPOSSIBLE.values():
        assert "The folder is " in app.error[0].value
        assert "data.download" not in [button.key for button in app.button]
    else:
        assert_calm(app)


@pytest.mark.parametrize("text", NAMED)
@pytest.mark.parametrize("variable", ["KWS_CACHE", "KWS_RECORDINGS"])
@pytest.mark.usefixtures("own_run")
def test_a_folder_for_what_is_kept_that_cannot_be_ends_no_page(open_page, monkeypatch, variable, text):
    monkeypatch.setenv(variable, text)
    assert_every_page_stands(open_page)
    page = {"KWS_CACHE": "data", "KWS_RECORDINGS": "live"}[variable]
    assert f"{variable} is " in texts(open_page(page))


@pytest.mark.parametrize("text", NAMED)
def test_a_folder_for_runs_that_cannot_be_is_one_sentence_on_every_page(open_page, monkeypatch, text):
    monkeypatch.setenv("KWS_RUNS", text)
    for page in PAGES:
        app = open_page(page)
        assert not app.exception
        assert [error.value.startswith("KWS_RUNS is ") for error in app.error] == [True]


@pytest.mark.parametrize("variable", ["KWS_RUNS", "KWS_CACHE", "KWS_RECORDINGS"])
def test_folders_whose_names_no_page_can_show_are_refused_by_name(open_page, monkeypatch, tmp_path, variable):
    monkeypatch.setenv(variable, str(tmp_path / NOT_UTF8))
    for page in PAGES:
        app = open_page(page)
        assert not app.exception
        assert len(app.error) == 1
        assert f"{variable} names " in app.error[0].value


@pytest.mark.usefixtures("use_tiny_data")
def test_what_a_system_refuses_is_a_sentence_on_a_page(open_page, own_run, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied", str(own_run / "best.pt"))

    monkeypatch.setattr("dashboard.shared.cache.load_checkpoint", refuse)
    app = open_page("kernels")
    assert not app.exception
    assert "Permission denied" in app.error[0].value


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.usefixtures("use_tiny_data")
def test_a_name_for_a_run_that_cannot_be_is_told_and_no_run_begins(open_page, text, monkeypatch):
    monkeypatch.setattr("core.runs.folder._launch", lambda _folder: None)
    app = open_page("training")
    app.text_input("training.name").set_value(text).run()
    app.button("training.start").click().run()
    assert not app.exception
    if text.strip() and text != "loop":
        assert "cannot be called" in app.error[0].value
        assert runs.list_runs() == []
    assert GOOD not in texts(app)
