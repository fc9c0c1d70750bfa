"""A server that has just been started, from a folder of its own, and everything that a browser asks of it at once."""

import os
import re
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from core.config import SAMPLE_RATE
from dashboard.shared import places
from tests.browser.models import copy_model
from tests.browser.pages import (
    HEADINGS,
    PAGES,
    WAIT_S,
    WORK_S,
    assert_no_exception,
    click_menu,
    listen,
    main,
    new_page,
    new_tab,
    open_page,
    wait_for_page,
    wait_until_calm,
)
from tests.browser.server import PROJECT, running_server
from tests.browser.sounds import wav


@pytest.fixture
def fresh(tmp_path, trained_models):
    """A server that nobody has looked at yet; it holds one model."""
    with running_server(tmp_path) as server:
        copy_model(trained_models["linear"], server.runs / "browser")
        yield server


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, trained_models):
    """A server that was started in another folder than the project's."""
    home = tmp_path_factory.mktemp("home")
    with running_server(home, folder=tmp_path_factory.mktemp("elsewhere")) as server:
        copy_model(trained_models["linear"], server.runs / "browser")
        yield server


@pytest.fixture
def context(browser):
    """A browser with a memory of its own."""
    one = browser.new_context()
    yield one
    one.close()


def elements(url, name):
    """What a page sends to who opens it, without a browser: the elements of its first whole run, by kind."""
    ask = BackMsg()
    ask.rerun_script.page_name = "" if name == places.FIRST else name
    found = defaultdict(list)
    address = f"{url.replace('http', 'ws')}/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], origin=url, max_size=None) as socket:
        socket.send(ask.SerializeToString())
        for frame in socket:
            told = ForwardMsg.FromString(frame)
            match told.WhichOneof("type"):
                case "new_session":
                    found.clear()
                case "delta" if told.delta.WhichOneof("type") == "new_element":
                    element = told.delta.new_element
                    found[element.WhichOneof("type")].append(getattr(element, element.WhichOneof("type")))
                case "script_finished" if told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return found
    raise AssertionError(f"{name}: the server hung up")


def test_a_fresh_server_answers_all_pages_at_once_some_of_them_twice(fresh):
    # Each page imports what it needs: of those that come at the same moment none meets a module half imported.
    names = 2 * PAGES
    with ThreadPoolExecutor(len(names)) as visitors:
        answers = visitors.map(elements, [fresh.url] * len(names), names)
        for name, found in zip(names, answers, strict=True):
            assert [one.body for one in found["heading"] if one.tag == "h1"] == [HEADINGS[name]]
            assert not found["exception"], found["exception"]
    assert "Traceback" not in fresh.log.read_text()


def test_tabs_that_a_browser_opens_again_at_once_each_show_their_page(fresh, context):
    # Pages of several places, and the same one twice, as when a browser is started again with its old tabs.
    names = [pages[-1] for pages in places.PLACES.values()][::2]
    names.append(names[0])
    complaints = []
    tabs = [new_tab(context) for _ in names]
    for tab, name in zip(tabs, names, strict=True):
        listen(tab, complaints)
        tab.goto(f"{fresh.url}/{name}", wait_until="commit")
    for tab, name in zip(tabs, names, strict=True):
        wait_for_page(tab, name)
        assert_no_exception(tab)
        expect(tab.get_by_role("dialog")).to_have_count(0)
    # Each goes its own way from there.
    for tab, name in zip(tabs, names[1:] + names[:1], strict=True):
        click_menu(tab, name)
        assert_no_exception(tab)
    assert complaints == []
    assert "Traceback" not in fresh.log.read_text()


def test_a_server_started_from_another_folder_listens_to_this_computer_alone_and_tells_nobody(elsewhere, visit):
    visit("live", url=elsewhere.url)  # which complains of what is asked of another computer
    server = psutil.Process(elsewhere.process.pid)
    listens = {one.laddr.ip for one in server.net_connections("inet") if one.status == psutil.CONN_LISTEN}
    assert listens == {"127.0.0.1"}
    others = [one.raddr.ip for one in server.net_connections("inet") if one.raddr and one.raddr.ip != "127.0.0.1"]
    assert others == []


def test_addresses_typed_by_hand_lead_to_a_page(elsewhere, context):
    page = new_tab(context)
    for typed, name in {"overview": "live", "data/": "data", "data/words": "data"}.items():
        page.goto(f"{elsewhere.url}/{typed}")
        wait_for_page(page, name)
        expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(f"{elsewhere.url}/nosuchpage")
    expect(page.get_by_role("dialog")).to_contain_text("Page not found")
    wait_for_page(page, "live")


def test_no_other_web_page_can_frame_the_dashboard_or_talk_to_its_server(elsewhere, context):
    address = elsewhere.url.replace("127.0.0.1", "localhost")  # another origin than 127.0.0.1, on the same computer
    page = new_tab(context)
    page.goto(f"{address}/_stcore/health")  # a page of that origin: whose does not matter to the browser
    page.evaluate(
        "url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))", elsewhere.url
    )
    page.wait_for_timeout(1000)
    assert all("Earshot" not in frame.content() for frame in page.frames if frame.url.startswith("http"))
    came = page.evaluate(
        """url => new Promise(resolve => {
            const socket = new WebSocket(url, ['streamlit']);
            socket.onopen = () => resolve('open');
            socket.onerror = () => resolve('refused');
        })""",
        f"{elsewhere.url.replace('http', 'ws')}/_stcore/stream",
    )
    assert came == "refused"


def test_what_a_visitor_used_is_let_go_of_though_nobody_else_comes(browser, tmp_path, trained_models):
    with running_server(tmp_path, options=["--server.disconnectedSessionTTL=1"]) as server:
        copy_model(trained_models["linear"], server.runs / "browser")
        page = new_page(browser)
        open_page(page, server.url, "live")
        page.get_by_role("radio", name="Drop a file").check(force=True)
        hiss = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE)
        sound = {"name": "hiss.wav", "mimeType": "audio/wav", "buffer": wav(hiss)}
        main(page).locator('input[type="file"]').set_input_files(sound)
        # What is played is kept for those who look at the page, like figures and uploads.
        expect(main(page).locator("audio")).to_be_attached()
        played = main(page).locator("audio").evaluate("player => player.src")
        other = new_page(browser)
        assert other.request.get(played).ok
        page.context.close()
        deadline = time.monotonic() + WAIT_S
        while other.request.get(played).status != 404:
            assert time.monotonic() < deadline, "the server still has it"
            time.sleep(0.5)
        other.context.close()
        assert "Old sessions are kept" not in server.log.read_text()


SLOW_IMPORTS = """
import importlib.util, os, sys, time
from pathlib import Path

class Slow:
    def find_spec(self, name, path, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def wait(module):
            while Path(os.environ["SLOW"]).exists():
                time.sleep(0.05)
            execute(module)

        spec.loader.exec_module = wait
        return spec

sys.meta_path.insert(0, Slow())
"""
"""Run when the server's Python starts: PyTorch is not there as long as a file exists."""


def test_who_speaks_before_the_model_is_loaded_is_heard_by_it(browser, tmp_path, trained_models, monkeypatch):
    slow = tmp_path / "slow"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SLOW_IMPORTS)
    monkeypatch.setenv("SLOW", str(slow))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}{os.pathsep}{PROJECT}")
    slow.touch()
    with running_server(tmp_path) as server:
        copy_model(trained_models["linear"], server.runs / "browser")
        page = new_page(browser, permissions=["microphone"])
        page.goto(server.url)
        ear = page.locator(".ear")
        ear.get_by_role("button", name="Start listening").click()
        expect(ear).to_have_attribute("data-phase", "on")
        expect(ear).to_contain_text("The model is being loaded")
        expect(ear).to_have_attribute("data-captured", re.compile(r"^\d{5,}$"))
        assert ear.get_attribute("data-acknowledged") == "0"
        slow.unlink()
        expect(ear.locator("canvas")).to_be_visible()
        # The part that waited stays on the page until this run of it ends.
        wait_until_calm(page)
        expect(ear).to_have_count(1)
        expect(ear).not_to_contain_text("The model is being loaded")
        ear.get_by_role("button", name="Stop").click()
        expect(ear).to_have_attribute("data-phase", "idle", timeout=1000 * WORK_S)
        dataset = ear.evaluate("part => ({...part.dataset})")
        said = {name: int(value) for name, value in dataset.items() if value.isdigit()}
        # On a busy computer the model takes longer than the half minute that is kept; the rest is counted.
        assert said["captured"] == said["acknowledged"] + said["dropped"] == said["received"], said
        assert said["dropped"] == said["missing"], said
        assert said["acknowledged"] >= min(said["captured"], 29 * SAMPLE_RATE), said
        assert_no_exception(page)
        page.context.close()
