"""Who is answered: addresses, names, origins, and what the browser is told."""

import asyncio
import os
import subprocess
import sys

import pytest
from starlette.datastructures import Headers
from streamlit import config

from dashboard import serving
from tests.dashboard.conftest import PROJECT

OURS = "127.0.0.1:8501"


@pytest.fixture
def choose():
    """Sets an option of the server as its user would, for one test."""
    before = {}

    def choose_it(name, value):
        before.setdefault(name, (config.get_option(name), config.get_where_defined(name)))
        config.set_option(name, value)

    yield choose_it
    for name, (value, where) in before.items():
        config.set_option(name, value, where)


def answer(path="/", kind="http", **headers):
    """Status, headers and whether the pages were asked, for one request."""
    asked, sent = [], []

    async def pages(scope, receive, send):
        asked.append(scope["path"])
        await send(
            {"type": f"{kind}.response.start" if kind == "http" else "websocket.accept", "status": 200, "headers": []}
        )

    async def send(message):
        sent.append(message)

    headers = {"host": OURS} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": kind,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(serving.Guard(pages)(scope, None, send))
    return sent[0].get("status"), Headers(raw=sent[0].get("headers", [])), bool(asked)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "[::1]:8501", "LOCALHOST:8501"])
def test_this_computer_is_answered_under_each_of_its_own_names(kind, host):
    assert answer(kind=kind, host=host)[2]
    assert answer(kind=kind, host=host, origin=f"http://{host}")[2]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8501", "localhost@evil.example", "", "192.168.1.7:8501"]
)
def test_a_name_that_was_made_to_point_here_is_refused(kind, host):
    status, _, asked = answer(kind=kind, host=host)
    assert (status, asked) == (403, False)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1:8502", "http://127.0.0.1", "http://["],
)
def test_a_page_of_another_origin_is_refused_also_one_of_this_computer(kind, origin):
    status, _, asked = answer(kind=kind, origin=origin)
    assert (status, asked) == (403, False)


def test_names_and_origins_that_were_asked_for_are_answered(choose):
    choose("server.allowedHosts", ["ear.example"])
    choose("server.corsAllowedOrigins", ["https://ear.example"])
    assert answer(host="ear.example", origin="https://ear.example")[2]
    assert answer(host="ear.example:8501", origin="https://ear.example")[2]
    assert not answer(host="localhost:8501")[2]


def test_every_answer_forbids_frames_and_what_comes_from_elsewhere():
    for headers in (answer()[1], answer(host="evil.example")[1], answer("/overview")[1]):
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'self'" in policy
        assert "*" not in policy
        assert "http:" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("path", "led_to"), [("/overview", "/"), ("/overview/", "/"), ("/data/words/yes", "/data")])
def test_an_address_that_can_be_understood_leads_to_its_page(path, led_to):
    _, headers, asked = answer(path, sec_fetch_dest="document")
    assert not asked
    assert headers["location"] == led_to


@pytest.mark.parametrize(
    "path", ["/", "/data", "/data/_stcore/health", "/static/js/index.js", "/media/x.wav", "/nothing"]
)
def test_all_other_addresses_are_left_to_streamlit(path):
    assert answer(path, sec_fetch_dest="empty")[2]


def start(tmp_path, *options, **environment):
    """What the command says and how it ends, where it ends within a few seconds by itself."""
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(PROJECT / "dashboard" / "app.py"),
        "--server.port=0",
        *options,
    ]
    return subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_server_that_is_given_no_address_ends_with_one_sentence(tmp_path):
    # As `--server.address=$ADDRESS` does where nobody has set it; Streamlit would listen to everybody.
    ended = start(tmp_path, "--server.address=")
    assert ended.returncode == 1
    assert "add --server.address=127.0.0.1 to the command" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_beyond_this_computer_is_taken_when_named_and_said(choose, capsys):
    for address in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        choose("server.address", address)
        serving.check_address()
        assert capsys.readouterr().err == ""
    for address in ("0.0.0.0", "::", "192.168.1.7", "ear.example"):
        choose("server.address", address)
        serving.check_address()
        assert f"listens on {address}, as asked" in capsys.readouterr().err


def test_settings_are_read_beside_the_dashboard_whatever_the_user_s_own_say():
    assert config.get_where_defined("server.address") == str(PROJECT / "dashboard" / ".streamlit" / "config.toml")
    assert config.get_option("server.address") == "127.0.0.1"
    assert config.get_option("browser.gatherUsageStats") is False
