"""The dashboard in a real browser: Chromium in front of `streamlit run dashboard/app.py`, with a word to hear."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser import reruns
from tests.browser.chromium import MAY_HEAR, launch
from tests.browser.models import copy_model, lend_demo_words, remove_runs, shipped_models, train_on_demo_words
from tests.browser.pages import DESKTOP, WAIT_S, listen, new_page, open_page
from tests.browser.server import PROJECT, running_server
from tests.browser.sounds import spoken, wav, with_pauses

WORD = "yes"
"""What the microphone hears."""

PAUSE_S = 0.4
"""Silence on each side of the word: of any three seconds of the looped signal, one holds the whole word."""


SHOTS = PROJECT / ".make" / "browser"
"""Where a failed test leaves a picture of what it saw."""

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.stash[FAILED] = report.failed
    return report


def is_ours(item):
    return Path(__file__).parent in item.path.parents


def pytest_collection_modifyitems(items):
    # At the end: while Playwright runs, an event loop does, and other tests may want one of their own.
    items.sort(key=is_ours)
    for item in items:
        if is_ours(item):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            # The first test waits for the server and for a trained model; each wait has a limit of its own.
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Folder of the server's runs and packs."""
    folder = tmp_path_factory.mktemp("home")
    lend_demo_words(folder)
    return folder


@pytest.fixture(scope="session")
def server(home):
    with running_server(home) as one:
        yield one


@pytest.fixture(scope="session")
def trained_models(home, tmp_path_factory):
    """Folders of trained models by kind: the shipped ones, or where there are none a linear one trained here."""
    found = shipped_models()
    if "linear" not in found:
        found["linear"] = train_on_demo_words(home, tmp_path_factory.mktemp("made"))
    return found


@pytest.fixture(autouse=True)
def no_runs_yet(server, home):
    """Every test begins with nothing trained and nothing recorded, and ends what it started."""
    yield
    remove_runs(server.runs)
    shutil.rmtree(home / "recordings", ignore_errors=True)


@pytest.fixture
def add_model(server, trained_models):
    """Lays a copy of a trained model among the user's runs."""

    def add(name="browser", kind="linear"):
        return copy_model(trained_models[kind], server.runs / name)

    return add


@pytest.fixture(scope="session")
def microphone(speech_commands_root, tmp_path_factory):
    """The sound file that stands for a microphone: somebody says ``WORD`` again and again."""
    path = tmp_path_factory.mktemp("microphone").resolve() / "word.wav"
    path.write_bytes(wav(with_pauses([spoken(speech_commands_root, WORD)], PAUSE_S)))
    return path


@pytest.fixture(scope="session")
def chromium():
    """Starts browsers, see ``launch``; there can be one Playwright at a time."""
    expect.set_options(timeout=1000 * WAIT_S)
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(chromium, microphone):
    one = launch(chromium, microphone, MAY_HEAR)
    yield one
    one.close()


@pytest.fixture(scope="session")
def tabs():
    """The tab of each browser that its visitors share: where pages were before, they come in a third of the time."""
    return {}


def clean_tab(browser, tabs):
    """A tab in which nobody has been: the shared one, or where there is none a new one; and what goes wrong in it."""
    if browser not in tabs:
        page, complaints = new_page(browser), []
        listen(page, complaints)
        tabs[browser] = page, complaints
    return tabs[browser]


def leave(page):
    """End a visit: the tab is as if nobody had been in it."""
    for other in page.context.pages:
        if other is not page:
            other.close()
    session = page.context.new_cdp_session(page)
    origin = page.evaluate("location.origin")
    page.goto("about:blank")
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    session.detach()
    page.context.clear_cookies()
    page.context.clear_permissions()
    page.emulate_media(color_scheme="null")
    page.mouse.move(0, 0)
    reruns.forget(page)


def names_our_code(log):
    """Whether a stack trace in the server's log passes through this project.

    One that does not is Streamlit's own: on a very busy computer two runs of one session can meet (each has a lock of
    its own), which ends one of them with "dictionary changed size during iteration"; the next one comes in a second.
    """
    # The trace is wrapped, also in the middle of a path.
    return re.search(rf"{re.escape(str(PROJECT))}/(core|dashboard)/", re.sub(r"\s+", "", log))


@pytest.fixture
def visit(browser, tabs, server, request):
    """Opens pages as a new visitor; at the end no browser has complained and the server has met no bug.

    The first one comes in the tab that the tests share, unless it shall be ``anew``: for what stays with a tab, such as
    a script that runs before its pages.
    """
    complaints, visitors = [], []
    logged = len(server.log.read_text())

    def open_it(name, size=DESKTOP, url=server.url, *, anew=False):
        if visitors or anew:
            page = new_page(browser)
            listen(page, complaints)
        else:
            page, _ = clean_tab(browser, tabs)
        visitors.append(page)
        page.context.grant_permissions(["microphone"])
        page.set_viewport_size(size)
        open_page(page, url, name)
        return page

    yield open_it
    failed = request.node.stash.get(FAILED, False)
    for number, page in enumerate(visitors):
        if failed and not page.is_closed():
            page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png")
        shared, said = tabs.get(browser, (None, []))
        if page is not shared:
            page.context.close()
            continue
        complaints += said
        if failed or page.is_closed():
            page.context.close()
            del tabs[browser]
        else:
            leave(page)
            said.clear()
    assert not complaints, "\n".join(complaints)
    log = server.log.read_text()[logged:]
    assert not names_our_code(log), log
