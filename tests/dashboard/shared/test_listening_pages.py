"""Pages that listen in a browser alone: what is served of them, as what, and to whom."""

import asyncio
import re
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers

from core.export import served
from core.export.web import PAGE
from dashboard import serving
from dashboard.shared.listening_pages import KINDS, address

KEY = "0123456789abcdef" * 2


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page that is ready, each of its files with its own name in it."""
    monkeypatch.setattr(served, "packs_folder", lambda: tmp_path)
    folder = tmp_path / "pages" / KEY
    folder.mkdir(parents=True)
    for name in served.NAMES:
        (folder / name).write_text(name)
    return folder


def ask(path, method="GET", host="127.0.0.1:8501"):
    """Status, headers and content of an answer of the whole server, without Streamlit's own part."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        await asyncio.Event().wait()  # the browser stays

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", host.encode())],
    }
    asyncio.run(Starlette(routes=serving.ROUTES, middleware=serving.MIDDLEWARE)(scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], Headers(raw=sent[0]["headers"]), content.decode()


def test_every_file_of_a_page_is_served_as_what_it_is(page):
    for name in served.NAMES:
        status, headers, content = ask(f"/listens/{KEY}/{name}")
        assert (status, content) == (200, name)
        assert headers["content-type"].split(";")[0] == KINDS[(page / name).suffix]
        assert headers["x-content-type-options"] == "nosniff"
    assert address(KEY) == f"/listens/{KEY}/index.html"


def test_the_page_may_stand_in_a_frame_of_this_server_and_of_no_other(page):
    meta = re.search(r'Content-Security-Policy" content="([^"]+)"', (PAGE / "index.html").read_text())[1]
    for name in ("index.html", "worker.js"):
        headers = ask(f"/listens/{KEY}/{name}")[1]
        assert headers["content-security-policy"] == f"{meta}; frame-ancestors 'self'"
        assert headers["x-frame-options"] == "SAMEORIGIN"
    for path in (
        "/",
        "/data",
        "/listens",
        "/listens/",
        f"/listens/{KEY}",
        f"/listens/{KEY}/a/b",
        f"/x/listens/{KEY}/a",
    ):
        assert ask(path)[1]["x-frame-options"] == "DENY", path


def test_nothing_else_is_served(page):
    (page / "secret.txt").write_text("mine")
    (page.parent / "index.html").write_text("mine")
    paths = ("secret.txt", "", "../index.html", "%2e%2e/index.html", "..%2findex.html", "index.html/", "//etc/hostname")
    for path in (
        *(f"/listens/{KEY}/{path}" for path in paths),
        "/listens/../index.html",
        f"/listens/{'0' * 32}/page.js",
    ):
        status, _, content = ask(path)
        assert status in (307, 404), path
        assert "mine" not in content, path
    assert ask(f"/listens/{KEY}/page.js", method="POST")[0] == 405


def test_a_foreign_name_is_refused_here_too(page):
    assert ask(f"/listens/{KEY}/page.js", host="evil.example")[0] == 403
